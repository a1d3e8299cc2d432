//! What the tests share.

pub mod proof;
pub mod proxy;
pub mod running;
pub mod schema;
pub mod script;
pub mod server;
pub mod tls;
pub mod txwatch;
