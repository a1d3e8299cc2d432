//! What the tests share.

pub mod schema;
pub mod txwatch;
