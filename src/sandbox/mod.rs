//! The test double: real protocols on loopback, so that a gate can be rehearsed before money moves.
//!
//! The id picks the scenario. Its run begins when the id is asked for first, by whatever protocol, and
//! everything that happens afterwards is at fixed times from there: see [`Schedule`]. What can go wrong is in
//! [`Fault`]. Each provider's double is a folder: its wire format as pure functions, which tests and benchmarks
//! use as well, and a server that says what the schedule and the faults decide. With [`Speed`] a test runs
//! scenarios faster than real time.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

pub mod casper;
pub mod cspr;
mod double;
mod fault;
mod hash;
pub mod proof;
mod run_answer;
mod scenario;
mod schedule;
mod serving;
mod speed;
pub mod transak;
mod weather;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::error::{Failure, FailureKind, nearest, usage};

pub use double::{Double, Endpoints, played_by, scenarios};
pub use fault::{ConnectionFault, Fault, RequestFault};
pub use run_answer::tell;
pub use scenario::{Event, SHORT, Scenario, Script, Stage, Step, scenario, step};
pub use schedule::{EventQueue, Run, Schedule};
pub use speed::Speed;
pub use weather::Weather;

/// The token that the sandbox accepts, Transak's access token and CSPR.cloud's too. It opens nothing.
pub const TOKEN: &str = "rehearsal-token";
/// The API key of Transak's partner.
pub const API_KEY: &str = "rehearsal-api-key";
/// The API secret that issues access tokens.
pub const API_SECRET: &str = "rehearsal-api-secret";
/// The key of the Pusher application.
pub const PUSHER_KEY: &str = "rehearsal-pusher-key";

/// The doubles of a sandbox. A target that names no provider is the first one's.
pub type Doubles = [Arc<dyn Double>];

/// How often a sandbox of this speed is polled: while there is no push, and while push is live. More often than the
/// providers, for it is on this machine, and its scenarios are short.
pub fn intervals(speed: Speed) -> (Duration, Duration) {
    (speed.real(Duration::from_secs(1)), speed.real(Duration::from_secs(5)))
}

/// Whether a profile that has these and asks on this machine can only be meant for a sandbox: neither opens anything
/// elsewhere. Of a provider without secrets the path tells it.
pub fn is_reached_with(
    double: &dyn Double,
    token: Option<&str>,
    api_key: Option<&str>,
    asks: impl Fn(&str) -> bool,
) -> bool {
    token == Some(TOKEN)
        || api_key == Some(API_KEY)
        || (double.secrets().is_empty() && asks(double.endpoints().path))
}

/// Where a sandbox target leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The provider that is played.
    pub provider: &'static str,
    /// The id on that provider's wire.
    pub id: String,
}

/// Reads `[PROVIDER/]SCENARIO[@NAME]`; a provider may have something before the scenario, as
/// `transak/partner/SCENARIO[@NAME]`.
///
/// # Errors
/// No such scenario or provider, or a name that is too long for the provider's ids.
pub fn address(text: &str, doubles: &Doubles) -> Result<Address, Failure> {
    let (double, id) = match (text.split_once('/'), doubles) {
        (Some((name, id)), _) => (named(name, doubles)?, id),
        (None, [first, ..]) => (first.as_ref(), text),
        (None, []) => return Err(usage("the sandbox plays nobody")),
    };
    let name = double.scenario_id(id);
    if double.script(name).is_none() {
        let (problem, meant) = no_scenario(double, name, doubles);
        let played = scenarios(doubles).into_iter().filter(|scenario| double.plays(scenario));
        let names: Vec<_> = played.map(|scenario| scenario.name).collect();
        let failure = usage(problem).hint(format!("the scenarios are: {}", names.join(", ")));
        return Err(match meant {
            Some(target) => failure.hint(format!("did you mean sandbox:{target}?")),
            None => failure,
        });
    }
    match double.wire_id(id) {
        Some(id) => Ok(Address { provider: double.name(), id }),
        None => Err(usage(format!("'{}' is too long to be played by {}", id, double.name()))
            .hint("its ids are hashes, which hold 32 bytes; give the clock a shorter name")),
    }
}

/// How a scenario is asked for behind `sandbox:`.
pub fn path(double: &dyn Double, scenario: &str, doubles: &Doubles) -> String {
    match doubles.first() {
        Some(first) if first.name() == double.name() => scenario.to_owned(),
        _ => format!("{}/{scenario}", double.name()),
    }
}

fn named<'a>(name: &str, doubles: &'a Doubles) -> Result<&'a dyn Double, Failure> {
    let double = doubles.iter().find(|double| double.name() == name);
    double.map(AsRef::as_ref).ok_or_else(|| {
        let names: Vec<_> = doubles.iter().map(|double| double.name()).collect();
        usage(format!("the sandbox does not play '{}'", name))
            .hint(format!("it plays: {}", names.join(", ")))
    })
}

/// Why nothing is played for an id, as a sentence for people, and the target that is most likely meant.
fn no_scenario(double: &dyn Double, id: &str, doubles: &Doubles) -> (String, Option<String>) {
    let name = id.split('@').next().unwrap_or_default();
    let all = scenarios(doubles);
    let names = || all.iter().filter(|scenario| double.plays(scenario)).map(|it| it.name);
    if names().any(|it| it == name) {
        return (format!("'{id}' names no clock"), Some(path(double, name, doubles)));
    }
    let Some(scenario) = all.iter().find(|scenario| scenario.name == name) else {
        let near = nearest(name, names()).map(|near| path(double, near, doubles));
        return (format!("the sandbox has no scenario '{name}'"), near);
    };
    let players = played_by(scenario, doubles);
    let problem =
        format!("the sandbox does not play '{name}' for {}, but for {players}", double.name());
    let player = doubles.iter().find(|other| other.plays(scenario));
    (problem, player.map(|player| path(player.as_ref(), name, doubles)))
}

/// A sandbox that has its port, but does not serve yet.
pub struct Sandbox {
    listener: TcpListener,
    address: SocketAddr,
    doubles: Vec<Arc<dyn Double>>,
    speed: Speed,
}

impl Sandbox {
    /// Takes a port.
    ///
    /// # Errors
    /// The address is not this machine's, or is in use.
    pub fn bind(address: SocketAddr, doubles: &Doubles, speed: Speed) -> Result<Self, Failure> {
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
            Ok(Sandbox { listener, address, doubles: doubles.to_vec(), speed })
        };
        bind().map_err(|error: io::Error| {
            let context = anyhow::Error::new(error)
                .context(format!("the sandbox cannot listen on {address}"));
            Failure::from_error(FailureKind::Io, context)
        })
    }

    /// What it plays.
    pub fn doubles(&self) -> &Doubles {
        &self.doubles
    }

    /// How fast it plays.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// The settings of a profile whose provider has this name; none if it is not played.
    pub fn settings(&self, provider: &str) -> Vec<(&'static str, String)> {
        let double = self.doubles.iter().find(|double| double.name() == provider);
        let settings = double.map(|double| {
            let Endpoints { path, push_path, push_scheme } = double.endpoints();
            let url = format!("http://{}{path}", self.address);
            let push_url = format!("{push_scheme}://{}{push_path}", self.address);
            double.settings(url, push_url)
        });
        settings.unwrap_or_default()
    }

    /// Serves until it is dropped. Needs a runtime.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let all = self.doubles.clone();
        let router = self.doubles.into_iter().fold(Router::new(), |router, double| {
            let scripts = {
                let double = double.clone();
                move |id: &str| double.script(id)
            };
            let explanation = {
                let (double, all) = (double.clone(), all.clone());
                move |id: &str| no_scenario(double.as_ref(), id, &all).0
            };
            let schedule = Schedule::new(scripts, self.speed).explained(explanation);
            let schedule = Arc::new(schedule);
            router.merge(double.router(schedule))
        });
        axum::serve(listener, router).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Hint;

    fn doubles() -> [Arc<dyn Double>; 4] {
        [
            Arc::new(proof::ProofDouble),
            Arc::new(transak::TransakDouble),
            Arc::new(cspr::CsprDouble),
            Arc::new(casper::CasperDouble),
        ]
    }

    fn leads_to(text: &str) -> (&'static str, String) {
        let address = address(text, &doubles()).unwrap();
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
            ("transak/partner/nil", "has no scenario 'nil'", "shutdown, quota, stalled, backdated"),
            ("happy@", "names no clock", "did you mean sandbox:happy?"),
            ("casper/denied", "does not play 'denied' for casper", "did you mean sandbox:denied?"),
            ("cspr/refunded", "does not play 'refunded' for cspr", "silent, drop"),
            ("cspr/hapy", "has no scenario 'hapy'", "did you mean sandbox:cspr/happy?"),
            ("casper/happy@a-clock-of-a-build-number-7", "is too long", "hold 32 bytes"),
            ("paypal/happy", "does not play 'paypal'", "it plays: proof, transak, cspr, casper"),
            ("partner/happy", "does not play 'partner'", "it plays: proof, transak"),
        ] {
            let failure = address(text, &doubles()).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::Usage);
            assert!(failure.to_string().contains(problem), "{text}: {failure}");
            let mut hints = failure.hints().iter().filter_map(Hint::as_text);
            assert!(hints.any(|sentence| sentence.contains(hint)), "{text}: {:?}", failure.hints());
        }
    }

    #[test]
    fn only_loopback_is_served() {
        let bind = |address: &str| Sandbox::bind(address.parse().unwrap(), &doubles(), Speed::REAL);
        assert!(bind("192.0.2.1:0").is_err());
        let sandbox = bind("127.0.0.1:0").unwrap();
        let setting = |provider: &str, key: &str| {
            let settings = sandbox.settings(provider);
            settings.into_iter().find(|(name, _)| *name == key).unwrap().1
        };
        assert!(setting("proof", "url").starts_with("http://127.0.0.1:"));
        assert!(setting("cspr", "push_url").starts_with("ws://127.0.0.1:"));
        assert!(setting("casper", "push_url").ends_with("/casper/events"));
    }
}
