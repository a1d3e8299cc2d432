//! Profiles that lead to a sandbox, as `txwatch sandbox` serves it: they are treated as targets of the embedded one.

use std::time::Duration;

use super::loading::Config;
use crate::credential::Credential;
use crate::error::Failure;
use crate::provider::{Pace, Provider, Settings};

/// How often a profile is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// While there is no push.
    pub interval: Duration,
    /// While push is live.
    pub safety_interval: Duration,
}

impl From<&Pace> for Intervals {
    fn from(pace: &Pace) -> Self {
        Intervals { interval: pace.interval, safety_interval: pace.safety_interval }
    }
}

impl Config {
    /// The polling intervals of a profile that leads to a sandbox: everything it asks is on this machine, and it has
    /// what opens nothing else. None if it does not.
    ///
    /// # Errors
    /// The speed of the sandbox is not usable.
    #[cfg(feature = "sandbox")]
    pub(super) fn sandbox_intervals(
        &self,
        provider: &dyn Provider,
        settings: &Settings,
        credential: &Credential,
    ) -> Result<Option<Intervals>, Failure> {
        use crate::sandbox::{self, Double, Speed};
        use crate::wire::is_loopback;

        let spec = provider.spec();
        let requests = provider.requests(&spec.probe_id);
        let is_here = requests.iter().all(|request| is_loopback(&request.url));
        let token = credential.token.as_ref().and_then(|token| token.text());
        let is_reached = |double: &dyn Double| {
            let asks = |path: &str| requests.iter().any(|request| request.url.path() == path);
            sandbox::is_reached_with(double, token, settings.get("api_key"), asks)
        };
        let mut doubles = self.registry.doubles().into_iter();
        let double = doubles.find(|double| *double.name() == *spec.name);
        if !is_here || !double.is_some_and(|double| is_reached(double.as_ref())) {
            return Ok(None);
        }
        let speed = Speed::read(self.environment.get(Speed::VARIABLE))?;
        let (interval, safety_interval) = sandbox::intervals(speed);
        Ok(Some(Intervals { interval, safety_interval }))
    }

    #[cfg(not(feature = "sandbox"))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)]
    pub(super) fn sandbox_intervals(
        &self,
        _: &dyn Provider,
        _: &Settings,
        _: &Credential,
    ) -> Result<Option<Intervals>, Failure> {
        Ok(None)
    }
}
