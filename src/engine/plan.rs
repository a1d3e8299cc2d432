//! The plan of a command: everything that was configured, with the precedence of its sources applied.

use std::sync::Arc;
use std::time::Duration;

use super::ids::List;
use super::{ProfileId, TargetId};
use crate::credential::Credential;
use crate::event::Name;
use crate::lifecycle::{Expectation, Goal, Rules};
use crate::provider::{Id, Provider, Quota};
use crate::token_store::TokenStore;
use crate::warning::Warning;

/// The plan of a command.
#[derive(Clone)]
pub struct Plan {
    /// Watch, poll or get.
    pub mode: Mode,
    /// The profiles of the targets.
    pub profiles: List<ProfileId, Profile>,
    /// The targets, without duplicates.
    pub targets: List<TargetId, Target>,
    /// Whether all transactions of an account are followed; then there is one profile and no targets.
    pub account: bool,
    /// The statuses that count as success.
    pub goal: Goal,
    /// What must hold once the goal is reached.
    pub expectations: Vec<Expectation>,
    /// Whether the first target that reaches the goal ends the command.
    pub any: bool,
    /// The limit of the whole command, from its start.
    pub timeout: Option<Duration>,
    /// The time without a change after which there is a heartbeat.
    pub heartbeat: Option<Duration>,
    /// Whether personal data stays in the provider's JSON.
    pub show_personal: bool,
    /// Warnings to show at the start.
    pub notices: Vec<Warning>,
}

/// How changes of targets reach the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Push, with polling as a safety net and while push is down.
    Watch,
    /// Push, with one lookup after each subscription and no polling.
    WatchPushOnly,
    /// Polling only.
    Poll,
    /// One lookup.
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

/// A provider with the settings and options of a profile.
#[derive(Clone)]
pub struct Profile {
    /// The name in targets and messages.
    pub name: Arc<str>,
    /// The part of a target's name before the id, with the separator.
    pub prefix: Arc<str>,
    /// The configured provider.
    pub provider: Arc<dyn Provider>,
    /// The token.
    pub credential: Credential,
    /// Where issued tokens are kept; none if they are not.
    pub token_store: Option<TokenStore>,
    /// Whether it can be polled; without a token some providers only push.
    pub can_poll: bool,
    /// Limits of its requests, each of which holds.
    pub quotas: Vec<Quota>,
    /// From the end of a target's lookup to its next one while there is no push.
    pub interval: Duration,
    /// The same while push is live.
    pub safety_interval: Duration,
    /// How long after the start of the command an id may be unknown to the provider.
    pub appear_timeout: Option<Duration>,
    /// How long an outage may last, from the first unanswered attempt.
    pub max_outage: Option<Duration>,
    /// How long after it was observed a bad ending is accepted.
    pub grace: Duration,
}

/// A transaction to wait for.
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
    /// Whether targets are looked up only once.
    pub fn is_get(self) -> bool {
        matches!(self, Mode::Get { .. })
    }
}

impl Plan {
    /// The rules by which the targets of a profile are decided.
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
