//! The scenarios, as data: what happens when, and how the wire misbehaves meanwhile.

use std::time::Duration;

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, which is the id.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What happens to the transaction, by milliseconds of its life.
    pub(super) story: &'static [Step],
    /// How the wire misbehaves.
    pub(super) quirk: Quirk,
}

/// A change of status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    millis: u64,
    /// The provider's word.
    pub(super) word: &'static str,
}

/// A misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quirk {
    None,
    /// Push never speaks.
    Silent,
    /// The connection is lost between these two times, and refused meanwhile.
    Drop(Duration, Duration),
    /// The first answers are 502 and 429.
    Flaky,
    /// Unknown until this time.
    Late(Duration),
    /// Every message comes twice.
    Duplicate,
    /// Every message is followed by the one before it.
    Reorder,
    /// Broken frames between good ones.
    Garbage,
    /// 401 everywhere.
    Denied,
}

const fn step(millis: u64, word: &'static str) -> Step {
    Step { millis, word }
}

const HAPPY: &[Step] = &[step(0, "pending"), step(1_500, "processing"), step(5_000, "completed")];
const SHORT: &[Step] = &[step(0, "pending"), step(1_000, "processing"), step(3_000, "completed")];

const fn scenario(
    name: &'static str,
    about: &'static str,
    story: &'static [Step],
    quirk: Quirk,
) -> Scenario {
    Scenario { name, about, story, quirk }
}

/// Every scenario.
pub static SCENARIOS: &[Scenario] = &[
    scenario("happy", "completes within five seconds", HAPPY, Quirk::None),
    scenario(
        "failed",
        "fails",
        &[step(0, "pending"), step(1_000, "processing"), step(3_000, "failed")],
        Quirk::None,
    ),
    scenario(
        "cancelled",
        "is cancelled by the user",
        &[step(0, "pending"), step(2_000, "cancelled")],
        Quirk::None,
    ),
    scenario(
        "expired",
        "runs out of time",
        &[step(0, "pending"), step(2_000, "expired")],
        Quirk::None,
    ),
    scenario(
        "refunded",
        "is paid back",
        &[step(0, "pending"), step(1_000, "processing"), step(3_000, "refunded")],
        Quirk::None,
    ),
    scenario(
        "revived",
        "fails, is retried by the user and completes; rehearse --grace with it",
        &[
            step(0, "pending"),
            step(1_000, "failed"),
            step(3_000, "processing"),
            step(5_000, "completed"),
        ],
        Quirk::None,
    ),
    scenario(
        "slow",
        "takes a minute; rehearse --timeout with it",
        &[step(0, "pending"), step(20_000, "processing"), step(60_000, "completed")],
        Quirk::None,
    ),
    scenario("silent", "completes, but push never says so", SHORT, Quirk::Silent),
    scenario(
        "drop",
        "completes while the connection is lost",
        SHORT,
        Quirk::Drop(Duration::from_millis(1_500), Duration::from_millis(6_000)),
    ),
    scenario("flaky", "completes among 502s and 429s", SHORT, Quirk::Flaky),
    scenario(
        "late",
        "is unknown for two seconds",
        // Pending for longer than a look takes to come, so that it is seen.
        &[step(0, "pending"), step(4_000, "processing"), step(5_000, "completed")],
        Quirk::Late(Duration::from_millis(2_000)),
    ),
    scenario("duplicate", "every message comes twice", SHORT, Quirk::Duplicate),
    scenario("reorder", "older messages come after newer ones", SHORT, Quirk::Reorder),
    scenario("garbage", "broken messages come between good ones", SHORT, Quirk::Garbage),
    scenario("denied", "no token is accepted", SHORT, Quirk::Denied),
];

impl Scenario {
    /// The scenario that an id (`NAME` or `NAME@CLOCK`) picks.
    pub(super) fn of(id: &str) -> Option<&'static Scenario> {
        let (name, clock) = id.split_once('@').unwrap_or((id, "-"));
        match clock.is_empty() {
            true => None,
            false => SCENARIOS.iter().find(|scenario| scenario.name == name),
        }
    }

    /// The step that an age lies in.
    pub(super) fn at(&self, age: Duration) -> &'static Step {
        let past = self.story.iter().rev().find(|step| step.at() <= age);
        past.unwrap_or(&self.story[0])
    }

    /// The next step after an age, with its place in the story.
    pub(super) fn after(&self, age: Duration) -> Option<(usize, &'static Step)> {
        self.story.iter().enumerate().find(|(_, step)| step.at() > age)
    }
}

impl Step {
    /// The age of the transaction at this step.
    pub(super) fn at(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}
