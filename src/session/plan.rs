//! What a command is to do, with every question of precedence answered.

use std::sync::Arc;
use std::time::Duration;

use crate::lifecycle::{Expectation, Goal, Rules};
use crate::provider::{Id, Provider};
use crate::render::Name;
use crate::transport::Credential;

/// A checked command.
#[derive(Clone)]
pub struct Plan {
    /// Watch, poll or get.
    pub mode: Mode,
    /// The profiles that the targets use.
    pub profiles: Vec<Profile>,
    /// What is waited for, each only once.
    pub targets: Vec<Target>,
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
    /// What has to be said before anything happens: a stable word for scripts and a sentence.
    pub notices: Vec<(&'static str, String)>,
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
    /// Whether it can be asked, and not only listened to.
    pub asks: bool,
    /// How often it is asked while requests carry the watch.
    pub interval: Duration,
    /// How often it is asked while push is healthy.
    pub safety: Duration,
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
    /// The index of its profile in the plan.
    pub profile: usize,
}

impl Plan {
    /// The fold's rules for the targets of a profile.
    pub fn rules(&self, profile: usize) -> Rules {
        let profile = &self.profiles[profile];
        Rules {
            goal: self.goal.clone(),
            grace: profile.grace,
            revives: profile.provider.revives(),
            precludes: profile.provider.precludes(),
        }
    }
}
