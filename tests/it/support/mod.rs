//! What the tests share.

pub mod proof;
pub mod running;
pub mod schema;
pub mod script;
pub mod server;
pub mod bless;
pub mod schema;
#[cfg(unix)]
pub mod terminal;
pub mod txwatch;
