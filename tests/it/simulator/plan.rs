//! A scenario as the command line would have understood it.

use super::scenario::{ProviderSetup, Scenario, TargetSetup};
use super::time::duration;
use txwatch::credential::Credential;
use txwatch::engine::plan::{Plan, Profile, Target};
use txwatch::engine::{ListIndex, ProfileId};
use txwatch::event::Name;
use txwatch::lifecycle::Goal;
use txwatch::provider::{Id, SettingKind, Settings};

/// The token of every profile.
pub const TOKEN: &str = "a-token-of-the-simulation";

impl Scenario {
    /// The command as a user would have given it.
    pub fn plan(&self) -> Plan {
        let until: Vec<_> = self.until.iter().map(|status| status.name()).collect();
        let goal: Goal = until.join(",").parse().unwrap();
        Plan {
            mode: self.mode,
            profiles: self.providers.iter().map(ProviderSetup::profile).collect(),
            targets: self.targets.iter().map(|target| target.planned(&self.providers)).collect(),
            account: false,
            goal,
            expectations: Vec::new(),
            any: self.any,
            timeout: Some(duration(self.timeout)),
            heartbeat: None,
            show_personal: false,
            notices: Vec::new(),
        }
    }
}

impl ProviderSetup {
    fn profile(&self) -> Profile {
        let provider = self.definition.build(&self.settings()).unwrap();
        let credential = if provider.is_public() || !self.can_poll {
            Credential::none()
        } else {
            Credential::value(TOKEN, "a seed".to_owned()).unwrap()
        };
        Profile {
            name: self.name.as_str().into(),
            prefix: format!("{}:", self.name).into(),
            provider,
            credential,
            token_store: None,
            quotas: self.spec.pace.quotas.clone(),
            can_poll: self.can_poll,
            interval: self.spec.pace.interval,
            safety_interval: self.spec.pace.safety_interval,
            appear_timeout: Some(duration(self.appear_timeout)),
            max_outage: Some(duration(self.max_outage)),
            grace: duration(self.grace),
        }
    }

    /// Every address is of the provider's own host.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for setting in &self.spec.settings {
            if let SettingKind::Url(schemes) = setting.kind {
                let scheme = if schemes.contains(&"wss") { "wss" } else { "https" };
                let path = if setting.key == "url" { "" } else { "/push" };
                let address = format!("{scheme}://{}.example{path}", self.name);
                settings.set(setting.key.clone(), address);
            }
        }
        for (key, value) in self.simulated.settings() {
            settings.set(*key, *value);
        }
        settings
    }
}

impl TargetSetup {
    fn planned(&self, providers: &[ProviderSetup]) -> Target {
        let name = Name {
            target: self.name.as_str().into(),
            provider: providers[self.provider].spec.name.clone(),
            id: self.id.as_str().into(),
        };
        Target { name, id: Id::new(&self.id), profile: ProfileId::at(self.provider) }
    }
}
