//! The test double: real protocols on loopback, so that a gate can be rehearsed before money moves.
//!
//! The id picks the scenario. An id's clock starts at the first touch, whichever protocol touches it,
//! and everything that happens afterwards is at fixed times from there.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

mod proof;
mod scenario;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::Failure;
use crate::error::nearest;
use crate::exit::Code;
use scenario::Scenario;

pub use scenario::SCENARIOS;

/// The token that the sandbox accepts. It opens nothing.
pub const TOKEN: &str = "rehearsal-token";

/// Where a sandbox target leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The provider that is played.
    pub provider: &'static str,
    /// The id on that provider's wire.
    pub id: String,
}

/// Reads `[PROVIDER/]SCENARIO[@NAME]`.
///
/// # Errors
/// No such scenario or provider.
pub fn address(text: &str) -> Result<Address, Failure> {
    let (provider, id) = match text.split_once('/') {
        Some(("proof", id)) => ("proof", id),
        Some((other, _)) => {
            let other = crate::render::clean(other).into_owned();
            return Err(crate::error::usage(format!("the sandbox does not play '{other}'"))
                .hint("it plays: proof"));
        }
        None => ("proof", text),
    };
    match Scenario::of(id) {
        Some(_) => Ok(Address { provider, id: id.to_owned() }),
        None => {
            let name = id.split('@').next().unwrap_or_default();
            let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            let failure = crate::error::usage(format!(
                "the sandbox has no scenario '{}'",
                crate::render::clean(name)
            ))
            .hint(format!("the scenarios are: {}", names.join(", ")));
            Err(match nearest(name, names) {
                Some(near) => failure.hint(format!("did you mean sandbox:{near}?")),
                None => failure,
            })
        }
    }
}

/// A sandbox that has its port, but does not serve yet.
pub struct Sandbox {
    listener: TcpListener,
    address: SocketAddr,
}

impl Sandbox {
    /// Takes a port.
    ///
    /// # Errors
    /// The address is not this machine's, or is in use.
    pub fn bind(address: SocketAddr) -> Result<Self, Failure> {
        if !address.ip().is_loopback() {
            return Err(crate::error::usage(format!(
                "the sandbox serves this machine only, and {address} is not its own"
            ))
            .hint("listen on 127.0.0.1:PORT, or leave --listen out"));
        }
        let bind = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Sandbox { listener, address })
        };
        bind().map_err(|error: io::Error| {
            let context = anyhow::Error::new(error)
                .context(format!("the sandbox cannot listen on {address}"));
            Failure::from_error(Code::Io, context)
        })
    }

    /// Its base address for requests.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until it is dropped. Needs a runtime.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let router = proof::router(Arc::new(Clocks::default()));
        axum::serve(listener, router).await
    }
}

/// When each id's scenario began.
struct Clocks {
    started: Mutex<HashMap<String, Start>>,
    /// Counts the ids, to wake whoever follows all of them.
    count: watch::Sender<usize>,
}

/// The beginning of an id's life, by both clocks, and how often it was asked for.
#[derive(Clone, Copy, Debug)]
struct Start {
    instant: Instant,
    wall: Timestamp,
    requests: u32,
    upgrades: u32,
}

impl Default for Clocks {
    fn default() -> Self {
        Clocks { started: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Clocks {
    /// The beginning of this id's life, which is now if it was never touched.
    fn touch(&self, id: &str, count: impl FnOnce(&mut Start)) -> Start {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let start = started.entry(id.to_owned()).or_insert_with(|| Start {
            instant: Instant::now(),
            wall: Timestamp::now(),
            requests: 0,
            upgrades: 0,
        });
        count(start);
        let start = *start;
        self.count
            .send_if_modified(|known| std::mem::replace(known, started.len()) != started.len());
        start
    }

    /// The beginnings of one id, or of every id that was touched.
    fn followed(&self, only: Option<&str>) -> Vec<(String, Start)> {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        match only {
            Some(id) => started.get(id).map(|start| (id.to_owned(), *start)).into_iter().collect(),
            None => started.iter().map(|(id, start)| (id.clone(), *start)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_provider_scenario_and_clock() {
        let happy = Address { provider: "proof", id: "happy".into() };
        assert_eq!(address("happy").unwrap(), happy);
        assert_eq!(address("proof/happy").unwrap(), happy);
        assert_eq!(address("happy@ci-7").unwrap().id, "happy@ci-7");
    }

    #[test]
    fn a_wrong_target_names_the_right_ones() {
        let failure = address("hapy").unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        assert!(failure.hints().iter().any(|hint| hint.contains("sandbox:happy")));
        assert!(address("paypal/happy").is_err());
        assert!(address("happy@").is_err());
    }

    #[test]
    fn only_loopback_is_served() {
        assert!(Sandbox::bind("192.0.2.1:0".parse().unwrap()).is_err());
        assert!(
            Sandbox::bind("127.0.0.1:0".parse().unwrap())
                .unwrap()
                .url()
                .starts_with("http://127.0.0.1:")
        );
    }
}
