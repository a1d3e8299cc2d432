//! Shared by the tests: commands, servers, proxies, terminals, and the messages of the providers.

pub mod bless;
pub mod canary;
pub mod casper;
pub mod chain;
pub mod echo;
pub mod faulty;
pub mod hostile;
pub mod hostile_samples;
pub mod issuer;
pub mod peers;
pub mod proof;
pub mod provider;
pub mod proxy;
#[cfg(unix)]
pub mod reflow;
pub mod rehearsal;
pub mod running;
pub mod schema;
pub mod script;
pub mod server;
pub mod serving;
#[cfg(unix)]
pub mod terminal;
pub mod tls;
pub mod transak;
pub mod txwatch;
