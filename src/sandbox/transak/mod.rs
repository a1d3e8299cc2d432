//! Transak, played: REST, and Pusher Channels.

mod channel;
mod connection;
pub mod format;
mod market;
mod order;
pub mod pusher;
pub(super) mod server;
mod socket;
