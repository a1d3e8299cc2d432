//! The test double: real protocols on loopback, so that a gate can be rehearsed before money moves.
//!
//! The id picks the scenario. An id's clock starts at the first touch, whichever protocol touches it,
//! and everything that happens afterwards is at fixed times from there.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

pub mod casper;
mod clocks;
pub mod cspr;
mod hash;
mod player;
pub mod proof;
mod scenario;
mod serving;
pub mod transak;

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::error::FailureKind;
use crate::error::{Failure, nearest, usage};
use crate::render::clean;
use scenario::Script;

pub use player::Double;
pub use scenario::{SCENARIOS, Scenario};

/// The token that the sandbox accepts, Transak's access token and CSPR.cloud's too. It opens nothing.
pub const TOKEN: &str = "rehearsal-token";
/// The API key of Transak's partner.
pub const API_KEY: &str = "rehearsal-api-key";
/// The API secret that issues access tokens.
pub const API_SECRET: &str = "rehearsal-api-secret";
/// The key of the Pusher application.
pub const PUSHER_KEY: &str = "rehearsal-pusher-key";

/// Where a sandbox target leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The provider that is played.
    pub provider: &'static str,
    /// The id on that provider's wire.
    pub id: String,
}

/// Reads `[PROVIDER/]SCENARIO[@NAME]`; with Transak a partner's reference too, as
/// `transak/partner/SCENARIO[@NAME]`. The ids of Casper's providers are hashes.
///
/// # Errors
/// No such scenario or provider, or a name that is too long for a hash.
pub fn address(text: &str) -> Result<Address, Failure> {
    let (player, id) = match text.split_once('/') {
        Some((name, id)) => (player(name)?, id),
        None => (Double::Proof, text),
    };
    let name = match player {
        Double::Transak => id.strip_prefix(transak::server::PARTNER).unwrap_or(id),
        _ => id,
    };
    if Script::of(player, name).is_none() {
        return Err(no_scenario(player, name));
    }
    match player.wire_id(id) {
        Some(id) => Ok(Address { provider: player.name(), id }),
        None => {
            Err(usage(format!("'{}' is too long to be played by {}", clean(id), player.name()))
                .hint("its ids are hashes, which hold 32 bytes; give the clock a shorter name"))
        }
    }
}

fn player(name: &str) -> Result<Double, Failure> {
    Double::named(name).ok_or_else(|| {
        let names = Double::ALL.map(Double::name);
        usage(format!("the sandbox does not play '{}'", clean(name)))
            .hint(format!("it plays: {}", names.join(", ")))
    })
}

fn no_scenario(player: Double, id: &str) -> Failure {
    let name = id.split('@').next().unwrap_or_default();
    let plays = |scenario: &&Scenario| scenario.players().contains(&player);
    let names: Vec<_> = SCENARIOS.iter().filter(plays).map(|scenario| scenario.name).collect();
    let known = SCENARIOS.iter().find(|scenario| scenario.name == name);
    let (message, meant) = match known.and_then(|scenario| scenario.players().first()) {
        _ if names.contains(&name) => {
            (format!("'{}' names no clock", clean(id)), Some((player, name)))
        }
        Some(other) => {
            let message = format!("the sandbox does not play '{name}' for {}", player.name());
            (message, Some((*other, name)))
        }
        None => {
            let message = format!("the sandbox has no scenario '{}'", clean(name));
            (message, nearest(name, names.iter().copied()).map(|near| (player, near)))
        }
    };
    let failure = usage(message).hint(format!("the scenarios are: {}", names.join(", ")));
    match meant {
        Some((player, name)) => {
            failure.hint(format!("did you mean sandbox:{}?", player.path(name)))
        }
        None => failure,
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
            Failure::from_error(FailureKind::Io, context)
        })
    }

    /// The address at which a provider is asked.
    pub fn url(&self, player: Double) -> String {
        format!("http://{}{}", self.address, player.paths().0)
    }

    /// The address at which it pushes.
    pub fn push_url(&self, player: Double) -> String {
        let scheme = match player {
            Double::Casper => "http",
            _ => "ws",
        };
        format!("{scheme}://{}{}", self.address, player.paths().1)
    }

    /// Serves until it is dropped. Needs a runtime.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let router = proof::server::router()
            .merge(transak::server::router())
            .merge(cspr::server::router())
            .merge(casper::rpc::router());
        axum::serve(listener, router).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Hint;

    fn leads_to(text: &str) -> (&'static str, String) {
        let address = address(text).unwrap();
        (address.provider, address.id)
    }

    #[test]
    fn a_target_names_provider_scenario_and_clock() {
        assert_eq!(leads_to("happy"), ("proof", "happy".into()));
        assert_eq!(leads_to("proof/happy"), ("proof", "happy".into()));
        assert_eq!(leads_to("happy@ci-7"), ("proof", "happy@ci-7".into()));
        assert_eq!(leads_to("transak/quota@ci-7"), ("transak", "quota@ci-7".into()));
        assert_eq!(leads_to("transak/partner/happy"), ("transak", "partner/happy".into()));
        let hash = format!("6861707079{}", "0".repeat(54));
        assert_eq!(leads_to("cspr/happy"), ("cspr", hash.clone()));
        assert_eq!(leads_to("casper/happy"), ("casper", hash));
    }

    #[test]
    fn a_wrong_target_names_the_right_ones() {
        for (text, problem, hint) in [
            ("hapy", "has no scenario 'hapy'", "did you mean sandbox:happy?"),
            ("transak/hapy", "has no scenario 'hapy'", "did you mean sandbox:transak/happy?"),
            ("quota", "does not play 'quota' for proof", "did you mean sandbox:transak/quota?"),
            ("proof/quota", "does not play 'quota' for proof", "silent, drop"),
            ("transak/partner/nil", "has no scenario 'nil'", "shutdown, quota, stalled"),
            ("happy@", "names no clock", "did you mean sandbox:happy?"),
            ("casper/denied", "does not play 'denied' for casper", "did you mean sandbox:denied?"),
            ("cspr/refunded", "does not play 'refunded' for cspr", "silent, drop"),
            ("cspr/hapy", "has no scenario 'hapy'", "did you mean sandbox:cspr/happy?"),
            ("casper/happy@a-clock-of-a-build-number-7", "is too long", "hold 32 bytes"),
            ("paypal/happy", "does not play 'paypal'", "it plays: proof, transak, cspr, casper"),
            ("partner/happy", "does not play 'partner'", "it plays: proof, transak"),
        ] {
            let failure = address(text).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::Usage);
            assert!(failure.to_string().contains(problem), "{text}: {failure}");
            let mut hints = failure.hints().iter().filter_map(Hint::as_text);
            assert!(hints.any(|sentence| sentence.contains(hint)), "{text}: {:?}", failure.hints());
        }
    }

    #[test]
    fn only_loopback_is_served() {
        assert!(Sandbox::bind("192.0.2.1:0".parse().unwrap()).is_err());
        let sandbox = Sandbox::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(sandbox.url(Double::Proof).starts_with("http://127.0.0.1:"));
        assert!(sandbox.push_url(Double::Cspr).starts_with("ws://127.0.0.1:"));
        assert!(sandbox.push_url(Double::Casper).ends_with("/casper/events"));
    }
}
