//! What a seed stands for: who waits for what, what becomes of it, and what goes wrong meanwhile.

use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;

use super::faults_model::FaultModel;
use super::life::{Kind, Life, MINUTE, Millis, SECOND};
use txwatch::config::Registry;
use txwatch::credential::Credential;
use txwatch::engine::ListIndex;
use txwatch::engine::ProfileId;
use txwatch::engine::plan::{self, Mode, Plan};
use txwatch::error::Signal;
use txwatch::event::Name;
use txwatch::exit::Code;
use txwatch::lifecycle::Goal;
use txwatch::provider::Status;
use txwatch::provider::{Id, Settings};

/// The token of every profile.
pub(super) const TOKEN: &str = "a-token-of-the-simulation";
/// What the wall clock shows when a session begins.
const WALL: i64 = 1_750_000_000;

/// A session that is to be simulated.
pub(super) struct Story {
    pub(super) mode: Mode,
    pub(super) any: bool,
    pub(super) until: Vec<Status>,
    pub(super) timeout: Millis,
    pub(super) interrupt: Option<(Millis, Signal)>,
    pub(super) scenes: Vec<Scene>,
    pub(super) targets: Vec<Target>,
}

/// A provider with its faults_model.
pub(super) struct Scene {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) can_poll: bool,
    pub(super) grace: Millis,
    pub(super) appear: Millis,
    pub(super) outage: Millis,
    pub(super) faults_model: FaultModel,
    /// How far its clock is ahead of ours.
    pub(super) skew: Millis,
    /// Whether its reports carry times, so that they may come in any order.
    pub(super) is_timed: bool,
    /// Whether its answers tell times in whole seconds.
    pub(super) coarse: bool,
    /// Whether it is of an older or odder make.
    pub(super) older: bool,
    /// How much older than now its answers may be: they come from a copy that lags.
    pub(super) lag: Millis,
}

/// A transaction that is waited for.
pub(super) struct Target {
    pub(super) scene: usize,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) life: Life,
}

impl Story {
    /// The story of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mode = match random.u8(..10) {
            0..7 => Mode::Watch,
            7 => Mode::WatchPushOnly,
            _ => Mode::Poll,
        };
        let mut scenes: Vec<_> =
            (0..random.usize(1..=2)).map(|index| Scene::of(index, mode, &mut random)).collect();
        // Now and then so many that requests have to wait for each other, or for a quota.
        let count = match random.u8(..) {
            0 => random.usize(30..80),
            1..16 => random.usize(6..16),
            _ => random.usize(1..=4),
        };
        if count > 16 {
            let kind = Kind::Cspr;
            scenes = vec![Scene {
                kind,
                name: "cspr-0".to_owned(),
                can_poll: true,
                lag: 0,
                ..scenes.swap_remove(0)
            }];
        }
        let targets = (0..count).map(|index| Target::of(index, &scenes, &mut random)).collect();
        let mut story = Story {
            mode,
            any: random.u8(..5) == 0,
            until: goal(&mut random),
            timeout: random.i64(SECOND..5 * MINUTE),
            interrupt: (random.u8(..20) == 0).then(|| {
                let code = [Signal::Interrupt, Signal::Terminate][random.usize(..2)];
                (random.i64(0..3 * MINUTE), code)
            }),
            scenes,
            targets,
        };
        if random.u8(..6) > 0 {
            story.timeout = story.timeout.max(story.long_enough());
        }
        story
    }

    /// So long that every ending has to be learnt.
    fn long_enough(&self) -> Millis {
        let latest = (0..self.targets.len()).map(|target| self.must_be_learnt(target));
        latest.filter(|latest| *latest < Millis::MAX).max().unwrap_or_default() + SECOND
    }

    /// The members of a scene.
    pub(super) fn members(&self, scene: usize) -> Vec<usize> {
        let targets = self.targets.iter().enumerate();
        targets.filter(|(_, target)| target.scene == scene).map(|(index, _)| index).collect()
    }

    /// What a report of this status decides, if it does.
    pub(super) fn verdict(&self, status: Status) -> Option<Code> {
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

    /// The command as a user would have given it.
    pub(super) fn plan(&self) -> Plan {
        let until: Vec<_> = self.until.iter().map(|status| status.name()).collect();
        let goal: Goal = until.join(",").parse().unwrap();
        Plan {
            mode: self.mode,
            profiles: self.scenes.iter().map(Scene::profile).collect(),
            targets: self.targets.iter().map(|target| target.planned(&self.scenes)).collect(),
            account: false,
            goal,
            expectations: Vec::new(),
            any: self.any,
            timeout: Some(span(self.timeout)),
            heartbeat: None,
            show_personal: false,
            notices: Vec::new(),
        }
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

impl Scene {
    fn of(index: usize, mode: Mode, random: &mut Rng) -> Self {
        let kind = Kind::ALL[random.usize(..4)];
        let is_timed = kind == Kind::Transak || (kind == Kind::Proof && random.u8(..4) > 0);
        let listens_only = kind == Kind::Transak && mode != Mode::Poll && random.u8(..6) == 0;
        Scene {
            kind,
            name: format!("{}-{index}", kind.name()),
            can_poll: !listens_only,
            grace: match random.u8(..3) {
                0 => random.i64(SECOND..MINUTE),
                _ => 0,
            },
            appear: random.i64(10..90) * SECOND,
            outage: random.i64(30..300) * SECOND,
            faults_model: FaultModel::of(random),
            skew: if random.bool() { random.i64(-5 * MINUTE..5 * MINUTE) } else { 0 },
            is_timed,
            coarse: random.bool(),
            older: random.bool(),
            // Whoever looks only once is answered with the newest.
            lag: if is_timed && mode != Mode::WatchPushOnly && random.bool() {
                random.i64(0..5 * SECOND)
            } else {
                0
            },
        }
    }

    /// A time of ours by its clock.
    pub(super) fn clock(&self, at: Millis) -> Timestamp {
        wall(at + self.skew)
    }

    fn profile(&self) -> plan::Profile {
        let registry = Registry::built_in();
        let definition = registry.find(self.kind.name()).unwrap();
        let spec = definition.spec();
        let mut settings = Settings::default();
        settings.set("url", format!("https://{}.example", self.name));
        settings.set("push_url", format!("{}://{}.example/push", self.scheme(), self.name));
        if self.kind == Kind::Transak {
            settings.set("api_key", "key".to_owned());
        }
        let credential = if self.kind == Kind::Casper || !self.can_poll {
            Credential::none()
        } else {
            Credential::fixed(TOKEN, "a seed".to_owned()).unwrap()
        };
        plan::Profile {
            name: self.name.as_str().into(),
            prefix: format!("{}:", self.name).into(),
            provider: definition.build(&settings).unwrap(),
            credential,
            can_poll: self.can_poll,
            interval: spec.pace.interval,
            safety: spec.pace.safety,
            appear_timeout: Some(span(self.appear)),
            max_outage: Some(span(self.outage)),
            grace: span(self.grace),
        }
    }

    fn scheme(&self) -> &'static str {
        match self.kind {
            Kind::Casper => "https",
            _ => "wss",
        }
    }
}

impl Target {
    fn of(index: usize, scenes: &[Scene], random: &mut Rng) -> Self {
        let scene = random.usize(..scenes.len());
        let Scene { kind, name, .. } = &scenes[scene];
        let id = match kind {
            Kind::Proof => format!("order-{index}"),
            Kind::Transak if random.u8(..4) == 0 => format!("partner/ref-{index}"),
            Kind::Transak => format!("order-{index}"),
            Kind::Cspr | Kind::Casper => format!("{index:064x}"),
        };
        let life = Life::of(*kind, random);
        Target { scene, name: format!("{name}:{id}"), id, life }
    }

    fn planned(&self, scenes: &[Scene]) -> plan::Target {
        let name = Name {
            target: self.name.as_str().into(),
            provider: scenes[self.scene].kind.name().into(),
            id: self.id.as_str().into(),
        };
        plan::Target { name, id: Id::new(&self.id), profile: ProfileId::at(self.scene) }
    }
}

/// A time of the session by our wall clock.
pub(super) fn wall(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(WALL * 1_000 + at).unwrap()
}

fn span(millis: Millis) -> Duration {
    Duration::from_millis(millis.unsigned_abs())
}
