//! What the tests share.

pub mod bless;
pub mod schema;
pub mod txwatch;
