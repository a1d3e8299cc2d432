//! What the measurements are made with.

pub(crate) mod child;
pub(crate) mod machine;
pub(crate) mod server;
pub(crate) mod table;
