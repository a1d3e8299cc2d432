//! Every scenario of the sandbox, played by every double, watched by the real loop over real sockets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use txwatch::driver::clock::Clock;
use txwatch::driver::{Env, SignalRequest, run_in};
use txwatch::engine::plan::Mode;
use txwatch::engine::{ListIndex, ProfileId};
use txwatch::error::FailureKind;
use txwatch::event::{Event, Outcome, TargetResult};
use txwatch::provider::{Definition, Id, Provider, Settings, Status};
use txwatch::sandbox::{Double, Fault, Sandbox, Scenario, Speed, Stage, TOKEN, scenarios};
use txwatch::transport::{Options, Transport};

use super::registry;
use super::session::{Recorder, plan};

/// How much faster than in real time they are played.
const SPEED: &str = "20";

/// A provider as the sandbox plays it, and a scenario.
struct Played {
    provider: Arc<dyn Provider>,
    double: Arc<dyn Double>,
    scenario: &'static Scenario,
    id: Id,
}

fn all_played(sandbox: &Sandbox, definition: &Arc<dyn Definition>) -> Vec<Played> {
    let name = definition.spec().name.clone();
    let doubles = sandbox.doubles();
    let double = doubles.iter().find(|double| *double.name() == *name);
    let Some(double) = double else { panic!("nobody plays {name}: its row has no double") };
    let mut settings = Settings::default();
    for (key, value) in sandbox.settings(&name) {
        settings.set(key, value);
    }
    let provider = definition.build_for_sandbox(&settings).unwrap();
    let is_played = |scenario: &&Scenario| double.plays(scenario);
    let played = |scenario: &'static Scenario| {
        let id = double.wire_id(scenario.name).unwrap();
        let id = definition.parse_id(&id).unwrap();
        Played { provider: provider.clone(), double: double.clone(), scenario, id }
    };
    scenarios(doubles).into_iter().filter(is_played).map(played).collect()
}

/// Watches a scenario to its end, and polls often, for time passes quickly.
async fn watch(played: &Played, mode: Mode) -> TargetResult {
    let mut plan = plan(&played.provider, TOKEN, std::slice::from_ref(&played.id), mode);
    let profile = &mut plan.profiles[ProfileId::at(0)];
    profile.interval = Duration::from_millis(50);
    profile.safety_interval = Duration::from_millis(50);
    let network = Transport::new(&Options::default()).unwrap();
    let env = Env { clock: Clock::start(), network, random: fastrand::Rng::new() };
    let mut recorder = Recorder::default();
    let never = async || -> SignalRequest { std::future::pending().await };
    run_in(env, Arc::new(plan), &mut recorder, never).await.unwrap();
    let results = recorder.0.into_iter().filter_map(|stamped| match stamped.event {
        Event::Result(result) => Some(result),
        _ => None,
    });
    results.last().unwrap()
}

/// The endings that a story comes to: where it goes on after one, whoever looks late sees the later one.
fn endings(played: &Played) -> Vec<Status> {
    let script = played.double.script(played.scenario.name).unwrap();
    let ending = |stage| match stage {
        Stage::Pending | Stage::Verified | Stage::Processing | Stage::OnHold => None,
        Stage::Completed => Some(Status::Completed),
        Stage::Failed => Some(Status::Failed),
        Stage::Cancelled => Some(Status::Cancelled),
        Stage::Expired => Some(Status::Expired),
        Stage::Refunded => Some(Status::Refunded),
    };
    script.story.iter().filter_map(|step| ending(step.stage)).collect()
}

fn check(played: &Played, result: &TargetResult) {
    let what = format!("{}/{}: {result:?}", played.double.name(), played.scenario.name);
    let refusal = match played.scenario.fault {
        Fault::Denied => Some(FailureKind::Denied),
        Fault::Quota => Some(FailureKind::Unreachable),
        _ => None,
    };
    if let Some(kind) = refusal {
        assert_eq!(result.outcome, Outcome::Failed(kind), "{what}");
        return;
    }
    let status = result.status.unwrap_or(Status::Unknown);
    assert!(endings(played).contains(&status), "{what}");
    assert_eq!(result.outcome == Outcome::Reached, status == Status::Completed, "{what}");
}

#[tokio::test]
async fn every_scenario_of_every_double_comes_to_its_ending() {
    let registry = registry();
    let speed = Speed::read(Some(SPEED)).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let sandbox = Sandbox::bind(address, &registry.doubles(), speed).unwrap();
    let all: Vec<_> =
        registry.iter().flat_map(|definition| all_played(&sandbox, definition)).collect();
    assert!(all.len() > 60, "{} scenarios", all.len());
    let server = tokio::spawn(sandbox.serve());
    let watches = all.iter().map(|played| watch(played, Mode::Watch));
    for (played, result) in all.iter().zip(join_all(watches).await) {
        check(played, &result);
    }
    server.abort();
}
