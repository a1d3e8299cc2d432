//! What a command is to do, with every question of precedence answered.

use std::sync::Arc;
use std::time::Duration;

use super::ids::List;
use super::{ProfileId, TargetId};
use crate::credential::Credential;
use crate::event::Name;
use crate::lifecycle::{Expectation, Goal, Rules};
use crate::provider::{Id, Provider};
use crate::warning::Warning;

/// A checked command.
#[derive(Clone)]
pub struct Plan {
    /// Watch, poll or get.
    pub mode: Mode,
    /// The profiles that the targets use.
    pub profiles: List<ProfileId, Profile>,
    /// What is waited for, each only once.
    pub targets: List<TargetId, Target>,
    /// Whether every transaction of the (only) profile's account is followed, and no named target.
    pub account: bool,
    /// What counts as success.
    pub goal: Goal,
    /// What must hold then.
    pub expectations: Vec<Expectation>,
    /// Whether the first target that reaches the goal ends the command.
    pub any: bool,
    /// For the whole command.
    pub timeout: Option<Duration>,
    /// How often to give a sign of life when nothing changes.
    pub heartbeat: Option<Duration>,
    /// Whether personal data stays in the provider's JSON.
    pub show_personal: bool,
    /// What has to be said before anything happens.
    pub notices: Vec<Warning>,
}

/// What feeds the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Push, with requests underneath.
    Watch,
    /// Push, with one request after each subscription and none besides.
    WatchPushOnly,
    /// Requests only.
    Poll,
    /// One request.
    Get {
        /// Whether the status decides the exit code.
        exit_status: bool,
    },
}

impl Mode {
    /// Whether push connections are opened.
    pub fn pushes(self) -> bool {
        matches!(self, Mode::Watch | Mode::WatchPushOnly)
    }
}

/// A provider with its settings.
#[derive(Clone)]
pub struct Profile {
    /// Its name in targets and messages.
    pub name: Arc<str>,
    /// What goes before an id of it in a target's name.
    pub prefix: Arc<str>,
    /// The provider, configured.
    pub provider: Arc<dyn Provider>,
    /// Its token.
    pub credential: Credential,
    /// Whether it can be polled, and not only listened to.
    pub can_poll: bool,
    /// How often it is polled while polling carries the watch.
    pub interval: Duration,
    /// How often it is polled while push is healthy.
    pub safety_interval: Duration,
    /// How long an unknown id may take to appear.
    pub appear_timeout: Option<Duration>,
    /// How long nothing may be heard.
    pub max_outage: Option<Duration>,
    /// How long a bad ending is held.
    pub grace: Duration,
}

/// One transaction to wait for.
#[derive(Clone)]
pub struct Target {
    /// Its names.
    pub name: Name,
    /// Its id.
    pub id: Id,
    /// Its profile.
    pub profile: ProfileId,
}

impl Mode {
    /// Whether this is a single look.
    pub fn is_get(self) -> bool {
        matches!(self, Mode::Get { .. })
    }
}

impl Plan {
    /// The fold's rules for the targets of a profile.
    pub fn rules(&self, profile: ProfileId) -> Rules {
        let profile = &self.profiles[profile];
        Rules {
            goal: self.goal.clone(),
            grace: profile.grace,
            allows_reopen: profile.provider.allows_reopen(),
            forbids_transition: profile.provider.forbids_transition(),
        }
    }
}
