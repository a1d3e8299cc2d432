//! What has to hold of a command that has ended.

use super::checker::Record;
use super::time::{Millis, TICK};
use super::world::World;
use txwatch::driver::RunError;
use txwatch::event::Closing;
use txwatch::exit::Code;

/// Checks how a command ended; `ended` is `None` if it did not.
pub fn check_end(
    world: &mut World,
    summary: Option<&Record>,
    ended: Option<Result<Closing, RunError>>,
) {
    let Some(Ok(closing)) = ended else {
        return world.violation(format!("the command hangs or breaks: {ended:?}"));
    };
    let Some(summary) = summary else {
        return world.violation("there is no summary".to_owned());
    };
    check_time(world);
    let results: Vec<Code> = results(world).map(|(_, code)| code).collect();
    if results.len() != world.targets.len() {
        let missing = world.targets.len() - results.len();
        world.violation(format!("{missing} of {} targets have no result", world.targets.len()));
    }
    let any = world.scenario.any && results.contains(&Code::Ok);
    let expected = if any { Code::Ok } else { results.iter().max().copied().unwrap_or(Code::Ok) };
    let (exit, shown) = (Code::from(&closing.summary), summary.exit);
    if exit != expected || shown != expected.number() {
        world.violation(format!("the exit is {exit}, the summary's {shown}, and not {expected}"));
    }
    let counted = |code: &Code| results.iter().filter(|other| other == &code).count();
    let is_counted = |code: &Code| summary.outcomes.get(code.name()) == Some(&counted(code));
    if summary.targets != results.len() || !results.iter().all(is_counted) {
        world.violation(format!("the summary counts {:?}", summary.outcomes));
    }
}

fn results(world: &World) -> impl Iterator<Item = (Millis, Code)> {
    world.targets.iter().filter_map(|target| target.result)
}

/// It ended when everything was settled, and in time.
fn check_time(world: &mut World) {
    let now = world.now();
    let interrupt = world.scenario.interrupt.map_or(Millis::MAX, |(at, _)| at);
    if now > world.scenario.timeout.min(interrupt) + TICK {
        world.violation("the command ends after its deadline".to_owned());
    }
    let reached = results(world).filter(|(_, code)| world.scenario.any && *code == Code::Ok);
    let first_reached = reached.map(|(at, _)| at).min();
    let done = first_reached.or(results(world).map(|(at, _)| at).max());
    if done.is_some_and(|done| now > done + TICK) {
        world.violation("the command goes on though it is done".to_owned());
    }
}
