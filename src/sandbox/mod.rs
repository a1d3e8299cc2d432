//! The test double: real protocols on loopback, so that a gate can be rehearsed before money moves.
//!
//! The id picks the scenario. An id's clock starts at the first touch, whichever protocol touches it,
//! and everything that happens afterwards is at fixed times from there.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

mod clocks;
mod proof;
mod scenario;
mod serving;

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::error::{Failure, nearest, usage};
use crate::exit::Code;
use crate::render::clean;
use scenario::Play;

pub use scenario::{Player, SCENARIOS, Scenario};

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
            let other = clean(other).into_owned();
            return Err(
                usage(format!("the sandbox does not play '{other}'")).hint("it plays: proof")
            );
        }
        None => ("proof", text),
    };
    match Play::of(Player::Proof, id) {
        Some(_) => Ok(Address { provider, id: id.to_owned() }),
        None => {
            let name = id.split('@').next().unwrap_or_default();
            let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            let failure = usage(format!("the sandbox has no scenario '{}'", clean(name)))
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
            return Err(usage(format!(
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
        let router = proof::router();
        axum::serve(listener, router).await
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
