//! A Casper node, played: JSON-RPC, and its stream of events.

mod events;
pub mod format;
pub(super) mod rpc;
mod transaction;

pub(super) use transaction::{ERROR, is_deploy};
