//! Targets of the embedded sandbox, and its server. Builds without the sandbox have the same functions, which fail.

#[cfg(feature = "sandbox")]
pub(super) use embedded::{EmbeddedSandbox, candidates, is_scenario, resolve};
#[cfg(not(feature = "sandbox"))]
pub(super) use missing::{EmbeddedSandbox, candidates, is_scenario, resolve};

use std::sync::Arc;
use std::time::Duration;

use crate::credential::Credential;
use crate::provider::Provider;

/// A profile of a provider in the sandbox.
pub(super) struct SandboxProfile {
    /// The provider, with the URLs of the sandbox.
    pub(super) provider: Arc<dyn Provider>,
    /// The token that the sandbox accepts.
    pub(super) credential: Credential,
    /// The polling interval while there is no push.
    pub(super) interval: Duration,
    /// The polling interval while push is live.
    pub(super) safety_interval: Duration,
}

#[cfg(feature = "sandbox")]
mod embedded {
    use std::sync::Arc;

    use clap_complete::engine::CompletionCandidate;

    use super::SandboxProfile;
    use crate::cli::context::shorten;
    use crate::config::{Config, Registry, SANDBOX};
    use crate::credential::Credential;
    use crate::error::{Failure, usage};
    use crate::provider::{Id, Settings, Spec};
    use crate::sandbox::{self, Sandbox, Speed, TOKEN};
    use crate::warning::{Warning, WarningCode};

    /// The provider of a scenario, and the id in that provider's form.
    pub(in crate::cli) fn resolve(
        id: &str,
        registry: &Registry,
    ) -> Result<(Arc<Spec>, Id), Failure> {
        let address = sandbox::address(id, &registry.doubles())?;
        let definition = registry.find(address.provider).ok_or_else(no_double)?;
        let wire_id = definition
            .parse_id(&address.id)
            .map_err(|error| usage(format!("'{}' is not a scenario: {error}", shorten(id))))?;
        Ok((definition.spec(), wire_id))
    }

    /// Whether this text is a target after `sandbox:`.
    pub(in crate::cli) fn is_scenario(text: &str, registry: &Registry) -> bool {
        sandbox::address(text, &registry.doubles()).is_ok()
    }

    /// All targets of the sandbox, with descriptions.
    pub(in crate::cli) fn candidates(registry: &Registry) -> Vec<CompletionCandidate> {
        let doubles = registry.doubles();
        let scenarios = sandbox::scenarios(&doubles);
        let mut candidates = Vec::new();
        for double in &doubles {
            for scenario in scenarios.iter().filter(|scenario| double.plays(scenario)) {
                let path = sandbox::path(double.as_ref(), scenario.name, &doubles);
                let candidate = CompletionCandidate::new(format!("{SANDBOX}:{path}"));
                candidates.push(candidate.help(Some(scenario.about.into())));
            }
        }
        candidates
    }

    /// The embedded sandbox, whose port is bound when the first target needs it.
    #[derive(Default)]
    pub(in crate::cli) struct EmbeddedSandbox(Option<Sandbox>);

    impl EmbeddedSandbox {
        /// The profile of a provider in the sandbox, with a notice the first time.
        pub(in crate::cli) fn profile(
            &mut self,
            spec: &Spec,
            config: &Config,
        ) -> Result<(SandboxProfile, Option<Warning>), Failure> {
            let (sandbox, notice) = match &self.0 {
                Some(sandbox) => (sandbox, None),
                None => {
                    let speed = Speed::read(config.environment.get(Speed::VARIABLE))?;
                    let doubles = config.registry.doubles();
                    let sandbox = Sandbox::bind(([127, 0, 0, 1], 0).into(), &doubles, speed)?;
                    let notice = "this is the sandbox: a rehearsal on this machine, no money moves";
                    let notice = Warning::new(WarningCode::Sandbox, notice);
                    (&*self.0.insert(sandbox), Some(notice))
                }
            };
            let mut settings = Settings::default();
            for (key, value) in sandbox.settings(&spec.name) {
                settings.set(key, value);
            }
            let definition = config.registry.find(&spec.name).ok_or_else(no_double)?;
            let (interval, safety_interval) = sandbox::intervals(sandbox.speed());
            let profile = SandboxProfile {
                provider: definition.build_for_sandbox(&settings).map_err(usage)?,
                credential: Credential::value(TOKEN, "the sandbox".to_owned())?,
                interval,
                safety_interval,
            };
            Ok((profile, notice))
        }

        /// Whether a target needs it.
        pub(in crate::cli) fn is_needed(&self) -> bool {
            self.0.is_some()
        }

        /// Serves in the background, if a target needs it. Has to be called within a tokio runtime.
        pub(in crate::cli) fn serve(self) {
            if let Some(sandbox) = self.0 {
                tokio::spawn(sandbox.serve());
            }
        }
    }

    fn no_double() -> Failure {
        usage("the sandbox plays nobody")
    }
}

#[cfg(not(feature = "sandbox"))]
mod missing {
    use std::sync::Arc;

    use clap_complete::engine::CompletionCandidate;

    use super::SandboxProfile;
    use crate::config::{Config, Registry, SANDBOX};
    use crate::error::{Failure, usage};
    use crate::provider::{Id, Spec};
    use crate::warning::Warning;

    pub(in crate::cli) fn resolve(_id: &str, _: &Registry) -> Result<(Arc<Spec>, Id), Failure> {
        Err(usage("this build of txwatch has no sandbox"))
    }

    pub(in crate::cli) fn is_scenario(_text: &str, _: &Registry) -> bool {
        false
    }

    pub(in crate::cli) fn candidates(_: &Registry) -> Vec<CompletionCandidate> {
        Vec::new()
    }

    #[derive(Default)]
    pub(in crate::cli) struct EmbeddedSandbox();

    impl EmbeddedSandbox {
        pub(in crate::cli) fn profile(
            &mut self,
            _: &Spec,
            config: &Config,
        ) -> Result<(SandboxProfile, Option<Warning>), Failure> {
            Err(config.unknown_profile(SANDBOX))
        }

        pub(in crate::cli) fn is_needed(&self) -> bool {
            false
        }

        pub(in crate::cli) fn serve(self) {}
    }
}
