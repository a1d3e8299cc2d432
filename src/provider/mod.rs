//! Providers, sans-IO: what to ask, and how to read what comes back.
//!
//! A provider never opens anything. It turns ids into [`Lookup`]s, whose questions find out where transactions
//! stand, and into [`Feed`]s, which say what to send on a push connection and what was meant. A provider is a
//! folder here, its double in the sandbox, and one row in the registry.

pub mod casper;
pub mod cspr;
mod definition;
mod feed;
mod id;
pub mod json;
mod lookup;
pub mod proof;
mod report;
mod service;
mod settings;
mod spec;
mod status;
#[cfg(test)]
mod testing;
mod token_issue;
mod transaction;
pub mod transak;

pub use definition::Definition;
pub use feed::{Feed, FeedAction, FeedSignal};
pub use id::Id;
pub use json::without_personal_data;
pub use lookup::{Lookup, Reading, SingleRequest, Step};
pub use report::{Attempt, Passed, Report};
pub use service::Provider;
pub use settings::{HTTP, HTTP_OR_WEBSOCKET, Secret, Setting, SettingKind, Settings};
pub use spec::{Pace, Quota, Spec};
pub use status::Status;
pub use token_issue::TokenIssue;
pub use transaction::{Amount, Coin, Kind, Transaction, Unit};
