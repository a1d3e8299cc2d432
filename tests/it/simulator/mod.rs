//! The simulator: the real driver and engine, the real feeds and decoders, on a simulated network in paused
//! time.
//!
//! A seed stands for a [`Scenario`](scenario::Scenario): providers with their transactions, and faults that
//! drop, repeat, delay and refuse. The providers speak their real formats, and what the command says is
//! read from its JSON. All that is random comes from the seed, so whoever is told of a violation can replay
//! it, down to the millisecond.
//!
//! - [`scenario`], [`history`], [`fault_model`], [`ambiguity`] and [`providers`] say what happens;
//! - [`network`] and [`connection`] make it happen, in the [`World`];
//! - [`checker`], [`pacing`], [`deadlines`] and [`end_checks`] hold the command against it, with what the
//!   [`ledgers`] keep.

mod ambiguity;
mod checker;
mod connection;
mod deadlines;
mod deliveries;
mod end_checks;
mod fault_model;
mod history;
mod ledgers;
mod network;
mod pacing;
mod plan;
mod providers;
mod scenario;
mod snapshot;
mod time;
mod world;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs, panic};

use tokio::time::{sleep, timeout};

use checker::RecordChecker;
use end_checks::check_end;
use network::SimulatedNetwork;
use scenario::Scenario;
use time::{duration, wall};
use txwatch::config::Registry;
use txwatch::driver::clock::Clock;
use txwatch::driver::{Env, SignalRequest, run_in};
use txwatch::event::ViewSize;
use world::{SharedWorld, World};

/// How many seeds are run, unless `TXWATCH_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;
/// Over how many tests they are spread, so that they run at once.
const SHARES: u64 = 4;
/// The test that replays `TXWATCH_SIM_SEED`.
const REPLAY: &str = "simulator::replay";
/// Longer than any command; one that still runs hangs.
const FOREVER: Duration = Duration::from_secs(60 * 60);

/// What came of a seed.
struct Run {
    violations: Vec<String>,
    /// What happened, a line each, with the seconds since the command began.
    log: Vec<String>,
}

/// Runs a seed, and takes a panic for a violation.
fn run(seed: u64, verbose: bool) -> Run {
    panic::catch_unwind(|| run_to_the_end(seed, verbose))
        .unwrap_or_else(|_| Run { violations: vec!["it panics".to_owned()], log: Vec::new() })
}

fn run_to_the_end(seed: u64, verbose: bool) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (world, _) = runtime.block_on(simulate(seed, verbose, None));
    // In which order the runtime drops what is left is not up to the seed.
    let log = world.lock().unwrap().log.take().unwrap_or_default();
    drop(runtime);
    let violations = std::mem::take(&mut world.lock().unwrap().violations);
    Run { violations, log }
}

/// Runs a seed, perhaps with a live view; answers the world, and when the view was drawn.
async fn simulate(
    seed: u64,
    verbose: bool,
    view_size: Option<ViewSize>,
) -> (SharedWorld, Vec<Duration>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let scenario = Scenario::from_seed(seed);
    let plan = Arc::new(scenario.plan());
    let interrupt = scenario.interrupt;
    let clock = Clock::start_at(wall(0));
    let world = Arc::new(Mutex::new(World::new(scenario, clock, random.fork(), verbose)));
    let env = Env { clock, network: SimulatedNetwork(world.clone()), random: random.fork() };
    let interrupted = async || match interrupt {
        Some((at, signal)) => {
            sleep(duration(at).saturating_sub(clock.now().elapsed)).await;
            SignalRequest::End(signal)
        }
        None => std::future::pending().await,
    };
    let mut checker = RecordChecker::new(world.clone(), view_size);
    let ended = timeout(FOREVER, run_in(env, plan, &mut checker, interrupted)).await;
    check_end(&mut world.lock().unwrap(), checker.summary.as_ref(), ended.ok());
    (world, checker.drawn)
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// The seeds that are asked for.
fn seeds(usually: u64) -> impl Iterator<Item = u64> {
    let first = number("TXWATCH_SIM_FIRST").unwrap_or_default();
    first..first + number("TXWATCH_SIM_SEEDS").unwrap_or(usually)
}

/// Runs every seed of a share.
fn run_share(share: u64) {
    for seed in seeds(SEEDS).filter(|seed| seed % SHARES == share) {
        assert_holds(seed, &run(seed, false));
    }
}

fn assert_holds(seed: u64, run: &Run) {
    assert!(run.violations.is_empty(), "{}", report(seed, &run.violations));
}

/// What is said of a seed that failed.
fn report(seed: u64, violations: &[String]) -> String {
    format!(
        "seed {seed} breaks a promise:\n  {}\nits whole log:\n  {}\n",
        violations.join("\n  "),
        replay_command(seed)
    )
}

fn replay_command(seed: u64) -> String {
    format!("TXWATCH_SIM_SEED={seed} cargo test --test it {REPLAY} -- --exact --nocapture")
}

#[test]
fn seeds_of_the_first_share() {
    run_share(0);
}

#[test]
fn seeds_of_the_second_share() {
    run_share(1);
}

#[test]
fn seeds_of_the_third_share() {
    run_share(2);
}

#[test]
fn seeds_of_the_fourth_share() {
    run_share(3);
}

/// Runs one seed and prints its log, if one is asked for.
#[test]
fn replay() {
    let asked = number("TXWATCH_SIM_SEED");
    let seed = asked.unwrap_or_default();
    let run = run(seed, true);
    if asked.is_some() {
        println!("{}", run.log.join("\n"));
    }
    assert_holds(seed, &run);
}

/// Writes the log of each seed to the folder `TXWATCH_SIM_LOGS`, and the results and summaries of all of
/// them to `endings.txt`: what two versions say of the same seeds can then be compared.
#[test]
#[ignore = "writes files"]
fn logs() {
    let folder = env::var_os("TXWATCH_SIM_LOGS").expect("TXWATCH_SIM_LOGS names a folder");
    let folder = PathBuf::from(folder);
    let is_ending = |line: &&String| {
        [r#""type":"result""#, r#""type":"summary""#].iter().any(|kind| line.contains(kind))
    };
    let mut endings = String::new();
    for seed in seeds(1_000) {
        let run = run(seed, true);
        let lines = run.log.iter().filter(is_ending);
        endings.extend(lines.map(|line| format!("{seed} {line}\n")));
        fs::write(folder.join(format!("{seed}.log")), run.log.join("\n") + "\n").unwrap();
        assert_holds(seed, &run);
    }
    fs::write(folder.join("endings.txt"), endings).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_view_is_drawn_ten_times_a_second_at_most() {
    for seed in 0..10 {
        let (world, drawn) =
            simulate(seed, false, Some(ViewSize { all_rows: 1, partial_rows: 1 })).await;
        assert_eq!(world.lock().unwrap().violations, [] as [&str; 0], "seed {seed}");
        let gaps = drawn.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.min().is_none_or(|gap| gap >= Duration::from_millis(100)), "seed {seed}");
        assert!(!drawn.is_empty());
    }
}

#[test]
fn a_seed_is_the_same_scenario_each_time() {
    for seed in 0..50 {
        let (one, other) = (run(seed, true).log, run(seed, true).log);
        let first = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!(first, None, "seed {seed}");
        assert_eq!(one.len(), other.len(), "seed {seed}");
    }
}

#[test]
fn every_provider_of_the_registry_is_simulated() {
    for definition in Registry::built_in().iter() {
        let name = &definition.spec().name;
        assert_eq!(*providers::simulated(name).name(), **name);
    }
}

#[test]
fn the_command_that_replays_a_seed_names_the_test_that_does() {
    let name = format!("{}::replay", module_path!());
    assert_eq!(name.split_once("::").map(|(_, name)| name), Some(REPLAY));
    let command = replay_command(4711);
    assert!(command.contains("TXWATCH_SIM_SEED=4711") && command.contains(REPLAY));
    assert!(report(4711, &["late".to_owned()]).contains(&command));
}
