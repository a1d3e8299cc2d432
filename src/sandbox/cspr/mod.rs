//! CSPR.cloud, played: REST, and its stream of deploys.

mod deploy;
pub mod format;
pub(super) mod server;
mod stream;
