//! Proof, played.

pub mod format;
pub(super) mod server;
