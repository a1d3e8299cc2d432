//! What has to hold of a session as a whole.

use super::faults_model::LONGEST_WAIT;
use super::life::{Kind, MINUTE, Millis, SECOND};
use super::story::{Story, Target};
use super::witness::Record;
use super::world::{TICK, World};
use txwatch::driver::Broken;
use txwatch::engine::plan::Mode;
use txwatch::event::Closing;
use txwatch::exit::Code;
use txwatch::provider::Status;

/// How long a node lets pass before a transaction counts as expired that nobody saw expire.
const MARGIN: Millis = 3 * MINUTE;
/// How long it takes at most to notice that a connection is dead, and that a request is.
const DEAD: Millis = 45 * SECOND;
const HUNG: Millis = 20 * SECOND;
/// The longest time between two looks while push is healthy.
const SAFETY: Millis = 66 * SECOND;
/// How long one of many waits for its turn.
const TURN: Millis = 1_500;

impl World {
    /// When a target has to have its result at the latest, if everything goes as well as it has to.
    pub(super) fn latest(&self, target: usize) -> Millis {
        let due = self.targets_seen[target].due.map_or(Millis::MAX, |due| due + TICK);
        self.story.must_be_learnt(target).min(due)
    }
}

impl Story {
    /// An ending that lasts is learnt once nothing goes wrong any more: the last wait, the longest time
    /// between two looks, and a connection that is dead unnoticed are all that may stand before it.
    pub(super) fn must_be_learnt(&self, target: usize) -> Millis {
        let Target { scene, life, .. } = &self.targets[target];
        let many = self.members(*scene).len() as Millis;
        let scene = &self.scenes[*scene];
        let Some(last) = life.steps.last().filter(|_| scene.can_poll) else {
            return Millis::MAX;
        };
        // That a transaction expired is sure to be found only by a look, which push alone does not repeat.
        let is_inferred = (scene.kind, last.status) == (Kind::Casper, Status::Expired);
        let is_missed = self.mode == Mode::WatchPushOnly && (is_inferred || !last.pushed);
        let is_open = self.verdict(last.status).is_none();
        if is_open || is_missed || scene.faults_model.heals == Millis::MAX {
            return Millis::MAX;
        }
        let known =
            if is_inferred { last.at + MARGIN + scene.skew.abs() } else { last.at + scene.lag };
        let waits = HUNG + DEAD + LONGEST_WAIT * SECOND + SAFETY + many * TURN;
        let grace = if last.status.is_bad_ending() { scene.grace } else { 0 };
        known.max(scene.faults_model.heals) + waits + grace
    }
}

/// Checks the end of a session; `None` if it has none.
pub(super) fn check(
    world: &mut World,
    summary: Option<&Record>,
    ended: Option<Result<Closing, Broken>>,
) {
    let now = world.now();
    let Some(Ok(closing)) = ended else {
        return world.fault(format!("the session hangs or breaks: {ended:?}"));
    };
    let interrupt = world.story.interrupt.map_or(Millis::MAX, |(at, _)| at);
    if now > world.story.timeout.min(interrupt) + TICK {
        world.fault("the session ends after its deadline".to_owned());
    }
    let settled = world.targets_seen.iter().filter_map(|book| book.result);
    let reached = settled.clone().filter(|(_, code)| world.story.any && *code == Code::Ok);
    let done = reached.map(|(at, _)| at).min().or(settled.map(|(at, _)| at).max());
    if done.is_some_and(|done| now > done + TICK) {
        world.fault("the session goes on though it is done".to_owned());
    }
    let results: Vec<Code> =
        world.targets_seen.iter().filter_map(|book| book.result.map(|(_, code)| code)).collect();
    if results.len() != world.targets_seen.len() {
        world.fault(format!(
            "{} of {} targets have no result",
            world.targets_seen.len() - results.len(),
            world.targets_seen.len()
        ));
    }
    let any = world.story.any && results.contains(&Code::Ok);
    let expected = if any { Code::Ok } else { results.iter().max().copied().unwrap_or(Code::Ok) };
    let Some(summary) = summary else {
        return world.fault("there is no summary".to_owned());
    };
    if Code::from(&closing.summary) != expected || summary.exit != expected.number() {
        let (exit, closing) = (summary.exit, Code::from(&closing.summary));
        world.fault(format!("the exit is {closing}, the summary's {exit}, and not {expected}"));
    }
    let counted = |code: &Code| results.iter().filter(|other| other.name() == code.name()).count();
    let is_counted = |code: &Code| summary.outcomes.get(code.name()) == Some(&counted(code));
    if summary.targets != results.len() || !results.iter().all(is_counted) {
        world.fault(format!("the summary counts {:?}", summary.outcomes));
    }
}
