//! The rules of watching, without a socket or a clock: a [`World`] plays provider, network and time.

mod account;
mod chance;
mod clocks;
mod listening;
mod quotas;
mod rules;
mod shown;
mod storms;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::credential::Credential;
use crate::engine::plan::{Profile, Target};
use crate::event::{Event, Name};
use crate::lifecycle::Goal;
use crate::provider::{Feed, Id, Pace, Provider, Reading, Settings, Spec};
use crate::provider::{Report, Status};
use crate::transport::Error;
use crate::wire::{Auth, Request, Response};

static SPEC: Spec = Spec {
    name: "fake",
    title: "Fake",
    settings: &[],
    pace: Pace { interval: Duration::from_secs(5), safety: Duration::from_secs(60), quotas: &[] },
    id_shape: "anything",
    personal: &["partneruserid"],
    account: true,
    probe_id: "nobody",
    check_id: |_| Ok(()),
    canonical: str::to_owned,
    cost: crate::provider::Unit::Fiat,
    build: |_: &Settings| Err("only made here".to_owned()),
};

struct Fake(&'static Spec);

impl Provider for Fake {
    fn spec(&self) -> &'static Spec {
        self.0
    }

    fn snapshots(&self, id: &Id, _now: jiff::Timestamp) -> Vec<Request> {
        vec![Request::get(format!("https://fake.example/{id}").parse().unwrap(), Auth::Bearer)]
    }

    fn read(&self, _id: &Id, _response: &Response, _now: jiff::Timestamp) -> Reading {
        Reading::Bad("nothing is read here".to_owned())
    }

    fn feeds(&self, _ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        Vec::new()
    }

    fn push_name(&self) -> &'static str {
        "fake"
    }

    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Failed && to != Status::Failed
    }
}

/// A plan for so many targets `fake:0`, `fake:1`, … of one profile.
fn plan(mode: Mode, targets: usize) -> Plan {
    let target = |index: usize| Target {
        name: Name {
            target: format!("fake:{index}").into(),
            provider: "fake",
            id: index.to_string().into(),
        },
        id: Id::new(&index.to_string()),
        profile: 0,
    };
    Plan {
        mode,
        account: false,
        profiles: vec![Profile {
            name: "fake".into(),
            prefix: "fake:".into(),
            provider: Arc::new(Fake(&SPEC)),
            credential: Credential::fixed("a-fixed-token", "a test".to_owned()).unwrap(),
            can_poll: true,
            interval: Duration::from_secs(5),
            safety: Duration::from_secs(60),
            appear_timeout: Some(Duration::from_secs(60)),
            max_outage: Some(Duration::from_secs(300)),
            grace: Duration::ZERO,
        }],
        targets: (0..targets).map(target).collect(),
        goal: Goal::default(),
        expectations: Vec::new(),
        any: false,
        timeout: Some(Duration::from_secs(1800)),
        heartbeat: None,
        show_personal: false,
        notices: Vec::new(),
    }
}

/// Plays what is around a [`Watch`], and remembers what it did.
struct World {
    watch: Watch,
    now: Duration,
    /// How far the wall clock is ahead of where it would be, had nobody set it.
    ahead: jiff::SignedDuration,
    /// What was to be done since [`World::take`] was last called, but for what was shown.
    done: Vec<String>,
    events: Vec<Event>,
}

impl World {
    /// One feed for all targets, if the mode has any.
    fn new(plan: Plan) -> Self {
        let targets =
            plan.targets.iter().enumerate().map(|(index, target)| (target.id.clone(), index));
        let routes = if plan.mode.pushes() {
            vec![Route {
                profile: 0,
                targets: targets.collect(),
                account: plan.account,
                authenticated: true,
            }]
        } else {
            Vec::new()
        };
        let watch = Watch::new(Arc::new(plan), routes, fastrand::Rng::with_seed(7));
        let mut world = World {
            watch,
            now: Duration::ZERO,
            ahead: jiff::SignedDuration::ZERO,
            done: Vec::new(),
            events: Vec::new(),
        };
        world.input(Input::Begun);
        world
    }

    /// A watch of one target whose push is live and whose first look found it pending.
    fn watching(plan: Plan) -> Self {
        let mut world = World::new(plan);
        world.feed(FeedInput::Live);
        world.subscribe();
        for target in 0..world.watch.plan.targets.len() {
            world.pulled(target, Ok(report(Status::Pending, None)));
        }
        world.take();
        world
    }

    fn input(&mut self, input: Input) {
        let wall = jiff::Timestamp::UNIX_EPOCH + self.now + self.ahead;
        let now = Now { elapsed: self.now, wall };
        for command in self.watch.handle(now, input) {
            match command {
                Command::Emit(stamped) => self.events.push(stamped.event),
                Command::Pull(pull) => self.done.push(format!("pull {}", pull.target)),
                Command::Open(_) => self.done.push("open".to_owned()),
                Command::Close(_) => self.done.push("close".to_owned()),
                Command::Forget(_, id) => self.done.push(format!("forget {id}")),
                Command::Renew(_) => self.done.push("renew".to_owned()),
            }
        }
    }

    fn feed(&mut self, input: FeedInput) {
        self.input(Input::Feed(0, input));
    }

    fn subscribe(&mut self) {
        let ids = self.watch.plan.targets.iter().map(|target| target.id.clone()).collect();
        self.feed(FeedInput::Subscribed(ids));
    }

    fn push(&mut self, target: usize, status: Status, clock: Option<i64>) {
        self.feed(FeedInput::Observed(Id::new(&target.to_string()), report(status, clock)));
    }

    fn lose(&mut self, error: Error, retry_in: u64) {
        let retry_in = Duration::from_secs(retry_in);
        self.feed(FeedInput::Lost { error, attempt: 1, retry_in, generation: 0 });
    }

    /// The request for a target comes back, asked at this very moment.
    fn pulled(&mut self, target: usize, report: Result<Box<Report>, Reading>) {
        let reading = report.map_or_else(|reading| reading, Reading::Observed);
        self.answer(target, Ok((reading, None)));
    }

    fn answer(&mut self, target: usize, answer: Result<(Reading, Option<Duration>), Error>) {
        let generation = self.watch.profiles[0].generation;
        self.input(Input::Pulled(target, Pulled { asked: self.now, generation, answer }));
    }

    /// Lets time pass until something is done or shown, at most until this second.
    fn wait_until(&mut self, second: u64) {
        let end = Duration::from_secs(second);
        let (done, shown) = (self.done.len(), self.events.len());
        while let Some(due) = self.watch.wake_at().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Woken);
            if self.done.len() > done || self.events.len() > shown {
                return;
            }
        }
        if self.exit().is_none() {
            self.now = self.now.max(end);
        }
    }

    /// What was done since the last call.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }

    fn exit(&self) -> Option<Code> {
        self.watch.finished()
    }

    fn results(&self) -> Vec<(String, Code)> {
        let results = self.events.iter().filter_map(|event| match event {
            Event::Result(outcome) => Some((outcome.name.target.to_string(), outcome.code)),
            _ => None,
        });
        results.collect()
    }

    fn statuses(&self) -> Vec<Status> {
        let statuses = self.events.iter().filter_map(|event| match event {
            Event::Status(change) => Some(change.status),
            _ => None,
        });
        statuses.collect()
    }

    fn warnings(&self) -> Vec<&'static str> {
        let warnings = self.events.iter().filter_map(|event| match event {
            Event::Warning { code, .. } => Some(*code),
            _ => None,
        });
        warnings.collect()
    }

    fn connections(&self) -> Vec<&'static str> {
        let states = self.events.iter().filter_map(|event| match event {
            Event::Connection(connection) => Some(connection.state.name()),
            _ => None,
        });
        states.collect()
    }
}

/// A report, timed by the provider at this second if at all.
fn report(status: Status, clock: Option<i64>) -> Box<Report> {
    let mut report = Report::new(status, status.name());
    report.occurred_at = clock.map(|second| jiff::Timestamp::from_second(second).unwrap());
    Box::new(report)
}

fn unreachable() -> Error {
    Error::closed(Some(1006), "gone")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
