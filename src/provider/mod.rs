//! Providers, sans-IO: the requests to make, and how to read the responses and messages.
//!
//! A provider opens no sockets. It turns ids into [`Lookup`]s, whose requests find out the status of transactions,
//! and into [`Feed`]s, which implement the protocol of a push connection. A provider consists of a folder here, its
//! double in the sandbox, and one row in the registry.

pub mod casper;
pub mod cspr;
mod definition;
mod feed;
mod id;
pub mod json;
mod listing;
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

pub use definition::{Definition, Explorer};
pub use feed::{Feed, FeedAction, FeedSignal};
pub use id::{Id, is_uuid, near_miss};
pub use json::remove_personal_data;
pub use listing::{Listed, Listing, ListingStep};
pub use lookup::{DenialReason, Lookup, Reading, SingleRequest, Step};
pub use report::{Attempt, PastStatus, Report};
pub use service::Provider;
pub use settings::{HTTP, HTTP_OR_WEBSOCKET, Secret, Setting, SettingKind, Settings};
pub use spec::{Pace, Quota, Spec};
pub use status::Status;
pub use token_issue::TokenIssue;
pub use transaction::{Amount, Coin, Kind, Transaction, Unit};
