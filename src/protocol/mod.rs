//! What several providers speak. It knows none of them.

mod connection;
pub mod json_rpc;
pub mod jwt;
pub mod pusher;

pub use connection::{Closed, KeepAlive, Refusal, RefusalKind, Reopen};
