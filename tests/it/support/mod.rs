//! What the tests share.

pub mod bless;
pub mod schema;
#[cfg(unix)]
pub mod terminal;
pub mod txwatch;
