//! What the measurements are made with.

pub(crate) mod build;
pub(crate) mod child;
pub(crate) mod crowd;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod machine;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod pusher;
pub(crate) mod runs;
pub(crate) mod server;
pub(crate) mod table;
