//! Seeded chaos: the real loop on a simulated network, in a time that is simulated too.
//!
//! A seed stands for a [`story`]: providers with their transactions, and faults_model that drops, repeats,
//! delays and refuses. The providers are played through their real formats, and what the session says is
//! read from its JSON. Whoever is told of a fault can replay it: the same seed is the same story, down to
//! the millisecond.

mod faults_model;
mod life;
mod network;
mod peers;
mod rules;
mod story;
mod verdict;
mod wire;
mod witness;
mod world;

use std::env;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use network::Net;
use story::{Story, wall};
use txwatch::driver::clock::Clock;
use txwatch::driver::{Env, run_in};
use txwatch::event::ViewSize;
use witness::Witness;
use world::{Shared, World};

/// How many seeds are played, unless `TXWATCH_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;
/// Over how many tests they are spread, so that they run at once.
const SHARES: u64 = 4;
/// The test that replays `TXWATCH_SIM_SEED`.
const REPLAY: &str = "simulator::replay";
/// Longer than any session; one that still runs hangs.
const FOR_EVER: Duration = Duration::from_secs(60 * 60);

/// What came of a seed.
struct Played {
    faults: Vec<String>,
    log: Vec<String>,
}

/// Plays a seed, and takes a panic for a fault.
fn play(seed: u64, verbose: bool) -> Played {
    std::panic::catch_unwind(|| play_to_the_end(seed, verbose))
        .unwrap_or_else(|_| Played { faults: vec!["it panics".to_owned()], log: Vec::new() })
}

fn play_to_the_end(seed: u64, verbose: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (shared, _) = runtime.block_on(perform(seed, verbose, None));
    // In which order the runtime drops what is left is no part of the story.
    let log = shared.lock().unwrap().log.take().unwrap_or_default();
    drop(runtime);
    let faults = std::mem::take(&mut shared.lock().unwrap().faults);
    Played { faults, log }
}

/// Plays a seed, perhaps with a live view; answers the world, and when the view was drawn.
async fn perform(seed: u64, verbose: bool, room: Option<ViewSize>) -> (Shared, Vec<Duration>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let story = Story::of(seed);
    let plan = Arc::new(story.plan());
    let interrupt = story.interrupt;
    let clock = Clock::start_at(wall(0));
    let world = World::new(story, clock, random.fork(), verbose);
    let shared = Arc::new(Mutex::new(world));
    let env = Env { clock, network: Net(shared.clone()), random: random.fork() };
    let interrupted = async || match interrupt {
        Some((at, signal)) => {
            let due = Duration::from_millis(at.unsigned_abs());
            sleep(due.saturating_sub(clock.now().elapsed)).await;
            signal
        }
        None => std::future::pending().await,
    };
    let mut witness = Witness::new(shared.clone(), room);
    let session = run_in(env, plan, &mut witness, interrupted);
    let ended = timeout(FOR_EVER, session).await;
    verdict::check(&mut shared.lock().unwrap(), witness.summary.as_ref(), ended.ok());
    (shared, witness.drawn)
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// Plays every seed of a share.
fn play_share(share: u64) {
    let first = number("TXWATCH_SIM_FIRST").unwrap_or_default();
    let seeds = number("TXWATCH_SIM_SEEDS").unwrap_or(SEEDS);
    for seed in (first..first + seeds).filter(|seed| seed % SHARES == share) {
        let Played { faults, .. } = play(seed, false);
        assert!(faults.is_empty(), "{}", blame(seed, &faults));
    }
}

/// What is said of a seed that failed.
fn blame(seed: u64, faults: &[String]) -> String {
    format!(
        "seed {seed} breaks a promise:\n  {}\nits whole story:\n  {}\n",
        faults.join("\n  "),
        replay_command(seed)
    )
}

fn replay_command(seed: u64) -> String {
    format!("TXWATCH_SIM_SEED={seed} cargo test --test it {REPLAY} -- --exact --nocapture")
}

#[test]
fn seeds_of_the_first_share() {
    play_share(0);
}

#[test]
fn seeds_of_the_second_share() {
    play_share(1);
}

#[test]
fn seeds_of_the_third_share() {
    play_share(2);
}

#[test]
fn seeds_of_the_fourth_share() {
    play_share(3);
}

/// Plays one seed and prints its story, if one is asked for.
#[test]
fn replay() {
    let asked = number("TXWATCH_SIM_SEED");
    let seed = asked.unwrap_or_default();
    let Played { faults, log } = play(seed, true);
    if asked.is_some() {
        println!("{}", log.join("\n"));
    }
    assert!(faults.is_empty(), "{}", blame(seed, &faults));
}

/// Writes the stories of the seeds to the folder `TXWATCH_SIM_STORIES`, and how all of them end to a file.
#[test]
#[ignore = "for comparing two versions"]
fn stories() {
    let folder = env::var_os("TXWATCH_SIM_STORIES").expect("TXWATCH_SIM_STORIES names a folder");
    let folder = std::path::PathBuf::from(folder);
    let first = number("TXWATCH_SIM_FIRST").unwrap_or_default();
    let seeds = number("TXWATCH_SIM_SEEDS").unwrap_or(1_000);
    let mut endings = String::new();
    for seed in first..first + seeds {
        let Played { faults, log } = play(seed, true);
        let is_ending = |line: &&String| {
            line.contains(r#""type":"result""#) || line.contains(r#""type":"summary""#)
        };
        for line in log.iter().filter(is_ending) {
            endings.push_str(&format!("{seed} {line}\n"));
        }
        std::fs::write(folder.join(format!("{seed}.log")), log.join("\n") + "\n").unwrap();
        assert!(faults.is_empty(), "{}", blame(seed, &faults));
    }
    std::fs::write(folder.join("endings.txt"), endings).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_view_is_drawn_ten_times_a_second_at_most() {
    for seed in 0..10 {
        let (shared, drawn) = perform(seed, false, Some(ViewSize { every: 1, some: 1 })).await;
        assert_eq!(shared.lock().unwrap().faults, [] as [&str; 0], "seed {seed}");
        let gaps = drawn.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.min().is_none_or(|gap| gap >= Duration::from_millis(100)), "seed {seed}");
        assert!(!drawn.is_empty());
    }
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    for seed in 0..50 {
        let (one, other) = (play(seed, true).log, play(seed, true).log);
        let first = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!(first, None, "seed {seed}");
        assert_eq!(one.len(), other.len(), "seed {seed}");
    }
}

#[test]
fn the_command_that_replays_a_seed_names_the_test_that_does() {
    let name = format!("{}::replay", module_path!());
    assert_eq!(name.split_once("::").map(|(_, name)| name), Some(REPLAY));
    let command = replay_command(4711);
    assert!(command.contains("TXWATCH_SIM_SEED=4711") && command.contains(REPLAY));
    assert!(blame(4711, &["late".to_owned()]).contains(&command));
}
