//! The protocols that several providers use: Pusher Channels, JSON-RPC, JSON Web Tokens.

mod connection;
pub mod json;
pub mod json_rpc;
pub mod jwt;
pub mod pusher;

pub use connection::{Closed, KeepAlive, Reconnect, Refusal, RefusalKind};
