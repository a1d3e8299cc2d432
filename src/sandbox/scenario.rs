//! The scenarios, as data: what happens when, and how the wire misbehaves meanwhile. The words for it
//! are in the file of each provider.

use std::time::Duration;

use super::player::Double::{self, Casper, Cspr, Proof, Transak};
use Stage::{
    Cancelled, Completed, Expired, Failed, OnHold, Pending, Processing, Refunded, Verified,
};

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, which is the id.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    story: &'static [Step],
    quirk: Fault,
    players: &'static [Double],
    /// Those with whom something else happens.
    instead: &'static [(Double, &'static [Step])],
}

/// A scenario as one provider plays it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    /// What happens to the transaction, by milliseconds of its life.
    pub(super) story: &'static [Step],
    /// How the wire misbehaves.
    pub(super) quirk: Fault,
}

/// A change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    millis: u64,
    /// Where the transaction is from then on.
    pub(super) stage: Stage,
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    /// The payment is good, and nothing is delivered yet.
    Verified,
    Processing,
    OnHold,
    Completed,
    Failed,
    Cancelled,
    Expired,
    Refunded,
}

/// A misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
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
    /// No token is accepted anywhere.
    Denied,
    /// The server says that it goes away, and is away between these two times.
    Shutdown(Duration, Duration),
    /// No connection is left for us.
    Quota,
    /// The connection dies without a sign after its first message.
    Stalled,
    /// The server is away between these two times, and counts its events anew.
    Restart(Duration, Duration),
    /// Push never tells of the ending.
    Untold,
}

/// What happens on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The transaction takes this step of its story.
    Step(usize),
    /// The connection is lost.
    Lost,
}

const fn step(millis: u64, stage: Stage) -> Step {
    Step { millis, stage }
}

const HAPPY: &[Step] = &[step(0, Pending), step(1_500, Processing), step(5_000, Completed)];
const SHORT: &[Step] = &[step(0, Pending), step(1_000, Processing), step(3_000, Completed)];

/// Those who move money; a chain cancels nothing and pays nothing back.
const PAYMENTS: &[Double] = &[Proof, Transak];

/// A scenario that everybody plays alike.
const fn scenario(
    name: &'static str,
    about: &'static str,
    story: &'static [Step],
    quirk: Fault,
) -> Scenario {
    Scenario { name, about, story, quirk, players: &Double::ALL, instead: &[] }
}

/// Every scenario.
pub static SCENARIOS: &[Scenario] = &[
    // A chain is not asked at the moment at which it tells.
    scenario("happy", "completes within five seconds", HAPPY, Fault::None)
        .instead(&[(Cspr, SHORT), (Casper, SHORT)]),
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
    )
    .only(PAYMENTS),
    scenario("expired", "runs out of time", &[step(0, Pending), step(2_000, Expired)], Fault::None),
    scenario(
        "refunded",
        "is paid back",
        &[step(0, Pending), step(1_000, Processing), step(3_000, Refunded)],
        Fault::None,
    )
    .only(PAYMENTS),
    scenario(
        "revived",
        "fails, then is retried (Proof) or paid back (Transak); rehearse --grace with it",
        &[step(0, Pending), step(1_000, Failed), step(3_000, Processing), step(5_000, Completed)],
        Fault::None,
    )
    .only(PAYMENTS)
    .instead(&[(Transak, &[step(0, Pending), step(1_000, Failed), step(4_000, Refunded)])]),
    scenario(
        "slow",
        "takes a minute; rehearse --timeout with it",
        &[step(0, Pending), step(20_000, Processing), step(60_000, Completed)],
        Fault::None,
    )
    .instead(&[(
        Transak,
        &[
            step(0, Pending),
            step(20_000, Verified),
            step(30_000, OnHold),
            step(45_000, Processing),
            step(60_000, Completed),
        ],
    )]),
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
        // Pending for longer than a look takes to come, so that it is seen.
        &[step(0, Pending), step(4_000, Processing), step(5_000, Completed)],
        Fault::Late(Duration::from_millis(2_000)),
    ),
    scenario("duplicate", "every message comes twice", SHORT, Fault::Duplicate),
    scenario("reorder", "older messages come after newer ones", SHORT, Fault::Reorder)
        .instead(&[(Casper, &[step(0, Pending), step(3_000, Completed)])]),
    scenario("garbage", "broken messages come between good ones", SHORT, Fault::Garbage),
    // A node asks nobody for a token.
    scenario("denied", "no token is accepted", SHORT, Fault::Denied).only(&[Proof, Transak, Cspr]),
    scenario(
        "shutdown",
        "completes although the push server goes away for two seconds",
        &[step(0, Pending), step(1_500, Processing), step(6_000, Completed)],
        Fault::Shutdown(Duration::from_millis(1_600), Duration::from_millis(3_600)),
    )
    .only(&[Transak]),
    scenario("quota", "there are too many connections already", SHORT, Fault::Quota)
        .only(&[Transak]),
    scenario(
        "stalled",
        "the connection dies without a sign; completes after a minute",
        &[step(0, Pending), step(1_500, Processing), step(60_000, Completed)],
        Fault::Stalled,
    )
    .only(&[Transak]),
    scenario(
        "restart",
        "completes after the node restarted and counts its events anew",
        &[step(0, Pending), step(1_000, Processing), step(6_000, Completed)],
        Fault::Restart(Duration::from_millis(1_500), Duration::from_millis(2_500)),
    )
    .only(&[Casper]),
    scenario(
        "lapsed",
        "runs out of time, and push never says so",
        &[step(0, Pending), step(2_000, Expired)],
        Fault::Untold,
    )
    .only(&[Casper]),
];

impl Scenario {
    const fn only(self, players: &'static [Double]) -> Self {
        Scenario { players, ..self }
    }

    const fn instead(self, instead: &'static [(Double, &'static [Step])]) -> Self {
        Scenario { instead, ..self }
    }

    /// Those who play it.
    pub fn players(&self) -> &'static [Double] {
        self.players
    }

    /// Their names, unless it is everybody.
    pub fn played_by(&self) -> String {
        let names: Vec<_> = self.players.iter().map(|player| player.name()).collect();
        if names.len() == Double::ALL.len() { "all".to_owned() } else { names.join(", ") }
    }
}

impl Script {
    /// What a player plays for an id, which is `NAME` or `NAME@CLOCK`.
    pub(super) fn of(player: Double, id: &str) -> Option<Script> {
        let (name, clock) = id.split_once('@').unwrap_or((id, "-"));
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name)?;
        if clock.is_empty() || !scenario.players.contains(&player) {
            return None;
        }
        let instead = scenario.instead.iter().find(|(other, _)| *other == player);
        let story = instead.map_or(scenario.story, |(_, story)| story);
        Some(Script { story, quirk: scenario.quirk })
    }

    /// The place in the story of the step that an age lies in.
    pub(super) fn at(&self, age: Duration) -> usize {
        self.story.iter().rposition(|step| step.at() <= age).unwrap_or(0)
    }

    /// What happens next on a connection on which everything up to this age was told, if anything was.
    pub(super) fn next(&self, told: Option<Duration>) -> Option<(Duration, Event)> {
        let is_new = |at: Duration| told.is_none_or(|told| at > told);
        let step = self.story.iter().position(|step| is_new(step.at()));
        let step = step.map(|index| (self.story[index].at(), Event::Step(index)));
        let lost = match self.quirk {
            Fault::Drop(from, _) | Fault::Shutdown(from, _) | Fault::Restart(from, _) => {
                Some((from, Event::Lost))
            }
            _ => None,
        };
        let lost = lost.filter(|(at, _)| is_new(*at));
        [step, lost].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The steps that push tells of when one is taken.
    pub(super) fn told(&self, index: usize) -> Vec<usize> {
        match self.quirk {
            Fault::Silent => Vec::new(),
            Fault::Duplicate => vec![index, index],
            Fault::Reorder => vec![index, index.saturating_sub(1)],
            Fault::Untold if index + 1 == self.story.len() => Vec::new(),
            _ => vec![index],
        }
    }

    /// Whether the server is away at this age.
    pub(super) fn is_away(&self, age: Duration) -> bool {
        match self.quirk {
            Fault::Drop(from, until)
            | Fault::Shutdown(from, until)
            | Fault::Restart(from, until) => (from..until).contains(&age),
            _ => false,
        }
    }
}

impl Step {
    /// The age of the transaction at this step.
    pub(super) fn at(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(player: Double, id: &str) -> Vec<Stage> {
        let play = Script::of(player, id).unwrap();
        play.story.iter().map(|step| step.stage).collect()
    }

    #[test]
    fn every_story_goes_forward_from_the_beginning() {
        for scenario in SCENARIOS {
            for player in scenario.players() {
                let story = Script::of(*player, scenario.name).unwrap().story;
                assert_eq!(story[0].at(), Duration::ZERO, "{}", scenario.name);
                assert!(story.is_sorted_by(|a, b| a.at() < b.at()), "{}", scenario.name);
            }
        }
    }

    #[test]
    fn a_scenario_may_be_played_by_some_and_differently() {
        assert!(Script::of(Proof, "quota").is_none());
        assert!(Script::of(Transak, "quota@ci-7").is_some());
        assert!(Script::of(Transak, "quota@").is_none());
        assert!(Script::of(Cspr, "restart").is_none() && Script::of(Casper, "revived").is_none());
        assert_eq!(stages(Proof, "revived"), [Pending, Failed, Processing, Completed]);
        assert_eq!(stages(Transak, "revived"), [Pending, Failed, Refunded]);
    }

    #[test]
    fn what_happens_next_is_the_first_thing_that_was_not_told() {
        let play = Script::of(Transak, "drop").unwrap();
        let mut told = None;
        let mut happened = Vec::new();
        while let Some((at, event)) = play.next(told) {
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
