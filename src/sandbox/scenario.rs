//! The scenarios, as data: what happens to a transaction when, and what goes wrong meanwhile.

use std::time::Duration;

use super::fault::Fault;
use Stage::{
    Cancelled, Completed, Expired, Failed, OnHold, Pending, Processing, Refunded, Verified,
};

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, which is an id.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What happens to the transaction, from the beginning.
    pub story: &'static [Step],
    /// What goes wrong meanwhile.
    pub fault: Fault,
}

/// A scenario as one provider plays it.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// What happens to the transaction, from the beginning.
    pub story: &'static [Step],
    /// What goes wrong meanwhile.
    pub fault: Fault,
}

/// A change of a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The age of the transaction then, in milliseconds.
    millis: u64,
    /// Where it is from then on.
    pub stage: Stage,
}

/// Where a transaction is. Each double has its provider's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was made.
    Pending,
    /// The payment is good, and nothing is delivered yet.
    Verified,
    /// It is delivered or executed.
    Processing,
    /// Somebody looks into it.
    OnHold,
    /// It went well.
    Completed,
    /// It went wrong.
    Failed,
    /// The user has cancelled it.
    Cancelled,
    /// Its time is over.
    Expired,
    /// The user has the money back.
    Refunded,
}

/// What happens next in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The transaction takes this step of its story.
    Step(usize),
    /// Connections are lost.
    Lost,
}

/// A step of a story.
pub const fn step(millis: u64, stage: Stage) -> Step {
    Step { millis, stage }
}

/// A scenario.
pub const fn scenario(
    name: &'static str,
    about: &'static str,
    story: &'static [Step],
    fault: Fault,
) -> Scenario {
    Scenario { name, about, story, fault }
}

const HAPPY: &[Step] = &[step(0, Pending), step(1_500, Processing), step(5_000, Completed)];
/// A story that is over soon.
pub const SHORT: &[Step] = &[step(0, Pending), step(1_000, Processing), step(3_000, Completed)];

/// The scenarios of every double that can show them. A double may have others besides.
pub(super) static COMMON: &[Scenario] = &[
    scenario("happy", "completes within five seconds", HAPPY, Fault::None),
    scenario(
        "failed",
        "fails",
        &[step(0, Pending), step(1_000, Processing), step(3_000, Failed)],
        Fault::None,
    ),
    scenario(
        "cancelled",
        "is cancelled by the user",
        &[step(0, Pending), step(2_000, Cancelled)],
        Fault::None,
    ),
    scenario("expired", "runs out of time", &[step(0, Pending), step(2_000, Expired)], Fault::None),
    scenario(
        "refunded",
        "is paid back",
        &[step(0, Pending), step(1_000, Processing), step(3_000, Refunded)],
        Fault::None,
    ),
    scenario(
        "revived",
        "fails, then is retried (Proof) or paid back (Transak); rehearse --grace with it",
        &[step(0, Pending), step(1_000, Failed), step(3_000, Processing), step(5_000, Completed)],
        Fault::None,
    ),
    scenario(
        "slow",
        "takes a minute; rehearse --timeout with it",
        &[step(0, Pending), step(20_000, Processing), step(60_000, Completed)],
        Fault::None,
    ),
    scenario("silent", "completes, but push never says so", SHORT, Fault::Silent),
    scenario(
        "drop",
        "completes while the connection is lost",
        SHORT,
        Fault::Drop(Duration::from_millis(1_500), Duration::from_millis(6_000)),
    ),
    scenario("flaky", "completes among 502s and 429s", SHORT, Fault::Flaky),
    scenario(
        "late",
        "is unknown for two seconds",
        // Pending for longer than a lookup takes to come, so that it is seen.
        &[step(0, Pending), step(4_000, Processing), step(5_000, Completed)],
        Fault::Late(Duration::from_millis(2_000)),
    ),
    scenario("duplicate", "every message comes twice", SHORT, Fault::Duplicate),
    scenario("reorder", "older messages come after newer ones", SHORT, Fault::Reorder),
    scenario("garbage", "broken messages come between good ones", SHORT, Fault::Garbage),
    scenario("denied", "no token is accepted", SHORT, Fault::Denied),
    scenario(
        "weather",
        "completes after half a minute, among answers that say nothing: HTML, 403 pages, redirects",
        &[step(0, Pending), step(2_000, Processing), step(30_000, Completed)],
        Fault::Weather,
    ),
    scenario(
        "skewed",
        "the clock of push is a minute ahead; completes, but push never says so",
        &[step(0, Pending), step(1_500, Processing), step(4_000, Completed)],
        Fault::Skewed(Duration::from_secs(60)),
    ),
];

impl Script {
    /// The place in the story of the step that an age lies in.
    pub fn at(&self, age: Duration) -> usize {
        self.story.iter().rposition(|step| step.at() <= age).unwrap_or(0)
    }

    /// What happens next on a connection on which everything up to this age was told, if anything was.
    pub(super) fn next(&self, told: Option<Duration>) -> Option<(Duration, Event)> {
        let is_new = |at: Duration| told.is_none_or(|told| at > told);
        let step = self.story.iter().position(|step| is_new(step.at()));
        let step = step.map(|index| (self.story[index].at(), Event::Step(index)));
        let lost = self.fault.loses_connections_at().filter(|at| is_new(*at));
        let lost = lost.map(|at| (at, Event::Lost));
        [step, lost].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The age at a step by the clock of push.
    pub(super) fn pushed_at(&self, step: usize) -> Duration {
        self.story[step].at() + self.fault.push_is_ahead(step, self.story.len() - 1)
    }

    /// The steps that push tells of when one is taken.
    pub fn messages(&self, step: usize) -> Vec<usize> {
        self.fault.messages(step, self.story.len() - 1)
    }
}

impl Step {
    /// The age of the transaction at this step.
    pub fn at(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}

impl Stage {
    /// Whether nothing has to follow it.
    pub(super) fn is_final(self) -> bool {
        !matches!(self, Pending | Verified | Processing | OnHold)
    }
}
