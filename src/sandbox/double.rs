//! What the sandbox needs to know to play a provider.

use std::sync::Arc;

use axum::Router;

use super::fault::Fault;
use super::scenario::{COMMON, Scenario, Script, Stage, Step};
use super::schedule::Schedule;

/// A provider as the sandbox plays it. Which scenarios it plays follows from what it can show.
pub trait Double: Send + Sync {
    /// The provider's name, as in the registry.
    fn name(&self) -> &'static str;

    /// Whether the provider's transactions come to this stage.
    fn has_stage(&self, stage: Stage) -> bool;

    /// Whether the provider can misbehave like this.
    fn has_fault(&self, fault: Fault) -> bool;

    /// Whether a transaction of the provider may go on after an ending.
    fn has_reopening(&self) -> bool {
        false
    }

    /// What happens in place of the common stories, by the names of their scenarios.
    fn stories(&self) -> &'static [(&'static str, &'static [Step])] {
        &[]
    }

    /// Scenarios that no other provider plays, with stages and faults of any kind.
    fn scenarios(&self) -> &'static [Scenario] {
        &[]
    }

    /// The `NAME[@CLOCK]` in a target, which may have something before it.
    fn scenario_id<'a>(&self, id: &'a str) -> &'a str {
        id
    }

    /// The id on the provider's wire; none if it is too long to be one.
    fn wire_id(&self, id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    /// The id that [`wire_id`](Double::wire_id) was made from; none if this was made from no text.
    fn read_wire_id(&self, wire_id: &str) -> Option<String> {
        Some(wire_id.to_owned())
    }

    /// An id for the introduction, where ids on the wire cannot be read.
    fn example_id(&self) -> Option<&'static str> {
        None
    }

    /// Where it is served.
    fn endpoints(&self) -> Endpoints;

    /// The settings of a profile that reaches it at these addresses.
    fn settings(&self, url: String, push_url: String) -> Vec<(&'static str, String)>;

    /// The secrets of such a profile.
    fn secrets(&self) -> &'static [(&'static str, &'static str)];

    /// Its routes. All doubles are served on one port, so paths must be its own; the fallback is Proof's.
    fn router(&self, schedule: Arc<Schedule>) -> Router;
}

/// Where a double is served.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// The path behind the sandbox's address for requests.
    pub path: &'static str,
    /// The same for push.
    pub push_path: &'static str,
    /// `ws` or `http`.
    pub push_scheme: &'static str,
}

impl dyn Double + '_ {
    /// What it plays for an id, which is `NAME` or `NAME@CLOCK`.
    pub fn script(&self, id: &str) -> Option<Script> {
        let (name, clock) = id.split_once('@').unwrap_or((id, "-"));
        let scenario = COMMON.iter().chain(self.scenarios()).find(|it| it.name == name)?;
        if clock.is_empty() || !self.plays(scenario) {
            return None;
        }
        Some(Script { story: self.story_of(scenario), fault: scenario.fault })
    }

    /// Whether it plays a scenario: it can show everything in it, or has another story or the whole of its own.
    pub fn plays(&self, scenario: &Scenario) -> bool {
        let is_in = |all: &[Scenario]| all.iter().any(|other| other.name == scenario.name);
        if is_in(self.scenarios()) || !is_in(COMMON) {
            return is_in(self.scenarios());
        }
        let story = self.story_of(scenario);
        let shows = |step: &Step| self.has_stage(step.stage);
        let reopens = story.iter().rev().skip(1).any(|step| step.stage.is_final());
        self.has_fault(scenario.fault)
            && story.iter().all(shows)
            && (self.has_reopening() || !reopens)
    }

    fn story_of(&self, scenario: &Scenario) -> &'static [Step] {
        let other = self.stories().iter().find(|(name, _)| *name == scenario.name);
        other.map_or(scenario.story, |(_, story)| story)
    }
}

#[cfg(test)]
impl Schedule {
    /// A double's schedule in real time.
    pub(super) fn of(double: impl Double + 'static) -> Arc<Self> {
        let scripts = move |id: &str| (&double as &dyn Double).script(id);
        Arc::new(Schedule::new(scripts, super::speed::Speed::REAL))
    }
}

#[cfg(test)]
impl super::schedule::Run {
    /// A run that begins now.
    pub(super) fn of(double: impl Double + 'static, id: &str) -> Self {
        Schedule::of(double).begin(id).unwrap()
    }
}

/// Every scenario that one of these doubles plays.
pub fn scenarios(doubles: &[Arc<dyn Double>]) -> Vec<&'static Scenario> {
    let all = COMMON.iter().chain(doubles.iter().flat_map(|double| double.scenarios()));
    all.filter(|scenario| doubles.iter().any(|double| double.plays(scenario))).collect()
}

/// The names of the doubles that play a scenario; `all` if each of them does.
pub fn played_by(scenario: &Scenario, doubles: &[Arc<dyn Double>]) -> String {
    let players = doubles.iter().filter(|double| double.plays(scenario));
    let names: Vec<_> = players.map(|double| double.name()).collect();
    if names.len() == doubles.len() { "all".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::sandbox::scenario::Event;
    use crate::sandbox::scenario::Stage::{Completed, Failed, Pending, Processing, Refunded};
    use crate::sandbox::{casper, cspr, proof, transak};

    const PROOF: &dyn Double = &proof::ProofDouble;
    const TRANSAK: &dyn Double = &transak::TransakDouble;
    const CSPR: &dyn Double = &cspr::CsprDouble;
    const CASPER: &dyn Double = &casper::CasperDouble;

    fn all() -> [Arc<dyn Double>; 4] {
        [
            Arc::new(proof::ProofDouble),
            Arc::new(transak::TransakDouble),
            Arc::new(cspr::CsprDouble),
            Arc::new(casper::CasperDouble),
        ]
    }

    fn stages(double: &dyn Double, id: &str) -> Vec<Stage> {
        let script = double.script(id).unwrap();
        script.story.iter().map(|step| step.stage).collect()
    }

    #[test]
    fn every_story_goes_forward_from_the_beginning() {
        for scenario in scenarios(&all()) {
            for double in all().iter().filter(|double| double.plays(scenario)) {
                let story = double.script(scenario.name).unwrap().story;
                assert_eq!(story[0].at(), Duration::ZERO, "{}", scenario.name);
                assert!(story.is_sorted_by(|a, b| a.at() < b.at()), "{}", scenario.name);
            }
        }
    }

    #[test]
    fn a_scenario_may_be_played_by_some_and_differently() {
        assert!(PROOF.script("quota").is_none());
        assert!(TRANSAK.script("quota@ci-7").is_some());
        assert!(TRANSAK.script("quota@").is_none());
        assert!(CSPR.script("restart").is_none() && CASPER.script("revived").is_none());
        assert_eq!(stages(PROOF, "revived"), [Pending, Failed, Processing, Completed]);
        assert_eq!(stages(TRANSAK, "revived"), [Pending, Failed, Refunded]);
    }

    #[test]
    fn who_plays_what_follows_from_what_it_can_show() {
        let played_by = |name: &str| {
            let doubles = all();
            let scenario = scenarios(&doubles).into_iter().find(|it| it.name == name).unwrap();
            let players = doubles.iter().filter(|double| double.plays(scenario));
            players.map(|double| double.name()).collect::<Vec<_>>().join(" ")
        };
        let everybody = "proof transak cspr casper";
        for (names, players) in [
            (
                "happy failed expired slow silent drop flaky late duplicate reorder garbage weather",
                everybody,
            ),
            ("cancelled refunded revived skewed", "proof transak"),
            ("denied", "proof transak cspr"),
            ("shutdown attempts quota stalled backdated", "transak"),
            ("restart lapsed stuck lagging", "casper"),
        ] {
            for name in names.split(' ') {
                assert_eq!(played_by(name), players, "{name}");
            }
        }
        assert_eq!(scenarios(&all()).len(), 26);
    }

    #[test]
    fn what_happens_next_is_the_first_thing_that_was_not_told() {
        let script = TRANSAK.script("drop").unwrap();
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
