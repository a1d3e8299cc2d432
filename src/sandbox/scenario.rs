//! The scenarios, as data: what happens to a transaction when, and what goes wrong meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::double::Double;
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
static COMMON: &[Scenario] = &[
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
];

impl Scenario {
    /// Every scenario that one of these doubles plays.
    pub fn all<'a>(doubles: impl IntoIterator<Item = &'a dyn Double>) -> Vec<&'static Scenario> {
        let doubles: Vec<_> = doubles.into_iter().collect();
        let own = doubles.iter().flat_map(|double| double.scenarios());
        let all = COMMON.iter().chain(own);
        all.filter(|scenario| doubles.iter().any(|double| scenario.is_played_by(*double))).collect()
    }

    /// Whether a double plays it: it can show everything in it, or has another story or the whole of its own.
    pub fn is_played_by(&self, double: &dyn Double) -> bool {
        let is_in = |all: &[Scenario]| all.iter().any(|other| other.name == self.name);
        if is_in(double.scenarios()) || !is_in(COMMON) {
            return is_in(double.scenarios());
        }
        let story = self.story_of(double);
        let shows = |step: &Step| double.has_stage(step.stage);
        let reopens = story.iter().rev().skip(1).any(|step| step.stage.is_final());
        double.has_fault(self.fault)
            && story.iter().all(shows)
            && (double.has_reopening() || !reopens)
    }

    /// The names of the doubles that play it, unless all of them do.
    pub fn played_by(&self, doubles: &[Arc<dyn Double>]) -> String {
        let players = doubles.iter().filter(|double| self.is_played_by(double.as_ref()));
        let names: Vec<_> = players.map(|double| double.name()).collect();
        if names.len() == doubles.len() { "all".to_owned() } else { names.join(", ") }
    }

    fn story_of(&self, double: &dyn Double) -> &'static [Step] {
        let other = double.stories().iter().find(|(name, _)| *name == self.name);
        other.map_or(self.story, |(_, story)| story)
    }
}

impl Script {
    /// What a double plays for an id, which is `NAME` or `NAME@CLOCK`.
    pub fn of(double: &dyn Double, id: &str) -> Option<Script> {
        let (name, clock) = id.split_once('@').unwrap_or((id, "-"));
        let scenario = COMMON.iter().chain(double.scenarios()).find(|it| it.name == name)?;
        if clock.is_empty() || !scenario.is_played_by(double) {
            return None;
        }
        Some(Script { story: scenario.story_of(double), fault: scenario.fault })
    }

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
    fn is_final(self) -> bool {
        !matches!(self, Pending | Verified | Processing | OnHold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{casper, cspr, proof, transak};

    const PROOF: &dyn Double = &proof::ProofDouble;
    const TRANSAK: &dyn Double = &transak::TransakDouble;
    const CSPR: &dyn Double = &cspr::CsprDouble;
    const CASPER: &dyn Double = &casper::CasperDouble;
    const ALL: [&dyn Double; 4] = [PROOF, TRANSAK, CSPR, CASPER];

    fn stages(double: &dyn Double, id: &str) -> Vec<Stage> {
        let script = Script::of(double, id).unwrap();
        script.story.iter().map(|step| step.stage).collect()
    }

    #[test]
    fn every_story_goes_forward_from_the_beginning() {
        for scenario in Scenario::all(ALL) {
            for double in ALL.iter().filter(|double| scenario.is_played_by(**double)) {
                let story = Script::of(*double, scenario.name).unwrap().story;
                assert_eq!(story[0].at(), Duration::ZERO, "{}", scenario.name);
                assert!(story.is_sorted_by(|a, b| a.at() < b.at()), "{}", scenario.name);
            }
        }
    }

    #[test]
    fn a_scenario_may_be_played_by_some_and_differently() {
        assert!(Script::of(PROOF, "quota").is_none());
        assert!(Script::of(TRANSAK, "quota@ci-7").is_some());
        assert!(Script::of(TRANSAK, "quota@").is_none());
        assert!(Script::of(CSPR, "restart").is_none() && Script::of(CASPER, "revived").is_none());
        assert_eq!(stages(PROOF, "revived"), [Pending, Failed, Processing, Completed]);
        assert_eq!(stages(TRANSAK, "revived"), [Pending, Failed, Refunded]);
    }

    #[test]
    fn who_plays_what_follows_from_what_it_can_show() {
        let played_by = |name: &str| {
            let scenario = Scenario::all(ALL).into_iter().find(|it| it.name == name).unwrap();
            let players = ALL.into_iter().filter(|double| scenario.is_played_by(*double));
            players.map(Double::name).collect::<Vec<_>>().join(" ")
        };
        let everybody = "proof transak cspr casper";
        for (names, players) in [
            (
                "happy failed expired slow silent drop flaky late duplicate reorder garbage",
                everybody,
            ),
            ("cancelled refunded revived", "proof transak"),
            ("denied", "proof transak cspr"),
            ("shutdown quota stalled", "transak"),
            ("restart lapsed", "casper"),
        ] {
            for name in names.split(' ') {
                assert_eq!(played_by(name), players, "{name}");
            }
        }
        assert_eq!(Scenario::all(ALL).len(), 20);
    }

    #[test]
    fn what_happens_next_is_the_first_thing_that_was_not_told() {
        let script = Script::of(TRANSAK, "drop").unwrap();
        let mut told = None;
        let mut happened = Vec::new();
        while let Some((at, event)) = script.next(told) {
            happened.push((at.as_millis(), event));
            told = Some(at);
        }
        let expected = [
            (0, Event::Step(0)),
            (1_000, Event::Step(1)),
            (1_500, Event::Lost),
            (3_000, Event::Step(2)),
        ];
        assert_eq!(happened, expected);
    }
}
