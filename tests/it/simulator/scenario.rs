//! What a seed stands for: who waits for what, what becomes of it, and what goes wrong meanwhile.

use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;

use super::fault_model::FaultModel;
use super::history::History;
use super::providers::{self, Simulated};
use super::time::{MINUTE, Millis, SECOND, wall};
use txwatch::config::Registry;
use txwatch::engine::plan::Mode;
use txwatch::error::Signal;
use txwatch::exit::Code;
use txwatch::provider::{Definition, Secret, SettingKind, Spec, Status};

/// A command that is to be simulated, and what surrounds it.
pub struct Scenario {
    pub mode: Mode,
    pub any: bool,
    pub until: Vec<Status>,
    pub timeout: Millis,
    pub interrupt: Option<(Millis, Signal)>,
    pub providers: Vec<ProviderSetup>,
    pub targets: Vec<TargetSetup>,
}

/// A profile, and the provider behind it.
pub struct ProviderSetup {
    pub definition: Arc<dyn Definition>,
    pub spec: Arc<Spec>,
    pub simulated: &'static dyn Simulated,
    /// The profile's name, and its host's.
    pub name: String,
    pub can_poll: bool,
    pub grace: Millis,
    pub appear_timeout: Millis,
    pub max_outage: Millis,
    pub faults: FaultModel,
    /// How far its clock is ahead of ours.
    pub clock_skew: Millis,
    /// How far the clocks of its pushes and of its answers are ahead of that.
    pub push_ahead: Millis,
    pub answer_ahead: Millis,
    /// Whether its reports carry times, so that they may come in any order.
    pub is_timed: bool,
    /// Whether its answers give times in whole seconds.
    pub whole_seconds: bool,
    /// Whether it is an older version, or one with other habits.
    pub is_older: bool,
    /// How old its answers are: they come from a replica that lags.
    pub lag: Millis,
    /// Of a chain: until when its node is stuck.
    pub stuck_until: Millis,
    /// Of a chain: how far one of two nodes is behind that take turns; none if there is one node.
    pub backend_lag: Millis,
}

/// A transaction that is waited for.
pub struct TargetSetup {
    /// The index of its provider.
    pub provider: usize,
    pub name: String,
    pub id: String,
    pub history: History,
}

impl Scenario {
    /// The scenario of a seed. What is drawn in which order decides what the seed stands for.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mode = match random.u8(..10) {
            0..7 => Mode::Watch,
            7 => Mode::WatchPushOnly,
            _ => Mode::Poll,
        };
        let mut providers: Vec<_> = (0..random.usize(1..=2))
            .map(|index| ProviderSetup::random(index, mode, &mut random))
            .collect();
        // Now and then so many that requests have to wait for each other, or for a quota.
        let count = match random.u8(..) {
            0 => random.usize(30..80),
            1..16 => random.usize(6..16),
            _ => random.usize(1..=4),
        };
        if count > 16 {
            providers = vec![providers.swap_remove(0).with_quota()];
        }
        let targets =
            (0..count).map(|index| TargetSetup::random(index, &providers, &mut random)).collect();
        let mut scenario = Scenario {
            mode,
            any: random.u8(..5) == 0,
            until: goal(&mut random),
            timeout: random.i64(SECOND..5 * MINUTE),
            interrupt: (random.u8(..20) == 0).then(|| {
                let signal =
                    [Signal::Interrupt, Signal::Terminate, Signal::HangUp][random.usize(..3)];
                (random.i64(0..3 * MINUTE), signal)
            }),
            providers,
            targets,
        };
        if random.u8(..6) > 0 {
            scenario.timeout = scenario.timeout.max(scenario.long_enough());
        }
        scenario
    }

    /// So long that every ending has to be learnt.
    fn long_enough(&self) -> Millis {
        let latest = (0..self.targets.len()).map(|target| self.learnt_by(target));
        latest.filter(|latest| *latest < Millis::MAX).max().unwrap_or_default() + SECOND
    }

    /// The targets of a provider.
    pub fn targets_of(&self, provider: usize) -> Vec<usize> {
        let targets = self.targets.iter().enumerate();
        targets.filter(|(_, target)| target.provider == provider).map(|(index, _)| index).collect()
    }

    /// How a target ends that is reported in this status, if that decides it.
    pub fn outcome_of(&self, status: Status) -> Option<Code> {
        let happy = [Status::Pending, Status::Processing, Status::Completed];
        let place = |status| happy.iter().position(|step| *step == status);
        let is_met = self.until.iter().any(|goal| {
            *goal == status || place(*goal).zip(place(status)).is_some_and(|(goal, now)| goal < now)
        });
        match status {
            _ if is_met => Some(Code::Ok),
            Status::Completed => Some(Code::Mismatch),
            Status::Failed => Some(Code::Failed),
            Status::Cancelled => Some(Code::Cancelled),
            Status::Expired => Some(Code::Expired),
            Status::Refunded => Some(Code::Refunded),
            Status::Pending | Status::Processing | Status::OnHold | Status::Unknown => None,
        }
    }
}

/// How far one of a provider's clocks is ahead: usually not at all, at times up to a year.
fn ahead(random: &mut Rng) -> Millis {
    const YEAR: Millis = 365 * 24 * 60 * MINUTE;
    match random.u8(..20) {
        0..2 => random.i64(SECOND..MINUTE),
        2 => random.i64(SECOND..YEAR),
        _ => 0,
    }
}

fn goal(random: &mut Rng) -> Vec<Status> {
    match random.u8(..10) {
        0 => vec![Status::Processing],
        1 => vec![Status::Completed, Status::Refunded],
        2 => vec![Status::Failed],
        _ => vec![Status::Completed],
    }
}

impl ProviderSetup {
    fn random(index: usize, mode: Mode, random: &mut Rng) -> Self {
        let registry = Registry::built_in();
        let rows: Vec<_> = registry.iter().collect();
        let definition = rows[random.usize(..rows.len())].clone();
        let spec = definition.spec();
        let simulated = providers::simulated(&spec.name);
        let is_timed = simulated.has_times(random);
        let is_chain = simulated.infers_expiry();
        let only_listens = token_is_optional(&spec) && mode != Mode::Poll && random.u8(..6) == 0;
        ProviderSetup {
            name: format!("{}-{index}", spec.name),
            definition,
            spec,
            simulated,
            can_poll: !only_listens,
            grace: match random.u8(..3) {
                0 => random.i64(SECOND..MINUTE),
                _ => 0,
            },
            appear_timeout: random.i64(10..90) * SECOND,
            max_outage: random.i64(30..300) * SECOND,
            faults: FaultModel::random(random),
            clock_skew: if random.bool() { random.i64(-5 * MINUTE..5 * MINUTE) } else { 0 },
            push_ahead: if is_timed { ahead(random) } else { 0 },
            answer_ahead: if is_timed { ahead(random) } else { 0 },
            is_timed,
            whole_seconds: random.bool(),
            is_older: random.bool(),
            // Whoever looks only once is answered with the newest.
            lag: if is_timed && mode != Mode::WatchPushOnly && random.bool() {
                random.i64(0..5 * SECOND)
            } else {
                0
            },
            stuck_until: if is_chain && random.u8(..4) == 0 {
                random.i64(0..6 * MINUTE)
            } else {
                0
            },
            backend_lag: if is_chain && random.u8(..3) == 0 {
                random.i64(10 * SECOND..10 * MINUTE)
            } else {
                0
            },
        }
    }

    /// How far the node behind that backend is behind, by its answers.
    pub fn backend_lag(&self, lags: bool) -> Millis {
        if lags { self.backend_lag } else { 0 }
    }

    /// How far the node's last block is behind.
    pub fn behind(&self, now: Millis, lags: bool) -> Millis {
        const STUCK: Millis = 40 * MINUTE;
        if now < self.stuck_until { STUCK } else { self.backend_lag(lags) }
    }

    /// The same, as a provider that allows so many requests and no more.
    fn with_quota(self) -> Self {
        let registry = Registry::built_in();
        let has_quota = |row: &&Arc<dyn Definition>| !row.spec().pace.quotas.is_empty();
        let definition = registry.iter().find(has_quota).unwrap().clone();
        let spec = definition.spec();
        ProviderSetup {
            name: format!("{}-0", spec.name),
            simulated: providers::simulated(&spec.name),
            definition,
            spec,
            can_poll: true,
            lag: 0,
            stuck_until: 0,
            backend_lag: 0,
            push_ahead: 0,
            answer_ahead: 0,
            ..self
        }
    }

    /// Whether the times in its pushes cannot be compared with those in its answers.
    pub fn has_two_clocks(&self) -> bool {
        self.can_poll && self.push_ahead != self.answer_ahead
    }

    /// Whether anybody could have sent its pushes, though lookups can confirm them.
    pub fn has_unsigned_pushes(&self) -> bool {
        self.can_poll && !self.simulated.signs_pushes()
    }

    /// A time of ours by its clock.
    pub fn clock(&self, at: Millis) -> Timestamp {
        wall(at + self.clock_skew)
    }
}

/// Whether a node that is so far behind knows it.
pub fn is_catching_up(behind: Millis) -> bool {
    behind >= 5 * MINUTE
}

/// Whether a profile without a token can still listen.
fn token_is_optional(spec: &Spec) -> bool {
    let is_token = |kind: &SettingKind| *kind == SettingKind::Secret(Secret::Token);
    spec.settings.iter().any(|setting| is_token(&setting.kind) && !setting.required)
}

impl TargetSetup {
    fn random(index: usize, providers: &[ProviderSetup], random: &mut Rng) -> Self {
        let provider = random.usize(..providers.len());
        let ProviderSetup { simulated, name, .. } = &providers[provider];
        let id = simulated.id(index, random);
        let history = History::random(*simulated, random);
        TargetSetup { provider, name: format!("{name}:{id}"), id, history }
    }
}
