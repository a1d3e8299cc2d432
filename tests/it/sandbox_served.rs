//! The sandbox that `txwatch sandbox` serves is the one that is embedded.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;
use txwatch::config::Registry;
use txwatch::sandbox::scenarios;

use crate::support::rehearsal::Rehearsal;
use crate::support::schema::of_type;
use crate::support::txwatch::{Txwatch, txwatch};

/// How much faster than in real time scenarios are played, so that the longest take a few seconds.
const SPEED: &str = "20";
/// How many scenarios are played at a time. They mostly wait.
const PLAYED_AT_ONCE: usize = 16;

/// The exit code of a watch, and the status that the target had at last.
fn ending(command: Txwatch) -> (i32, Value, Vec<Value>) {
    let (output, records) = command.at_speed(SPEED).run_json();
    let result = of_type(&records, "result").last().unwrap_or(&Value::Null);
    (output.code, result["status"].clone(), records)
}

#[test]
fn every_scenario_of_every_provider_ends_alike_served_and_embedded() {
    let doubles = Registry::built_in().doubles();
    let mut all = Vec::new();
    for double in &doubles {
        for scenario in scenarios(&doubles).into_iter().filter(|scenario| double.plays(scenario)) {
            all.push((double.name(), scenario.name, double.wire_id(scenario.name).unwrap()));
        }
    }
    assert!(all.len() > 60, "{} scenarios", all.len());
    let (all, codes) = (Mutex::new(all), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..PLAYED_AT_ONCE {
            scope.spawn(|| {
                while let Some((provider, scenario, id)) = next(&all) {
                    let code = check(provider, scenario, &id);
                    *codes.lock().unwrap().entry(code).or_insert(0) += 1;
                }
            });
        }
    });
    let codes = codes.into_inner().unwrap();
    let ended: Vec<_> = codes.keys().copied().collect();
    assert_eq!(ended, [0, 10, 11, 12, 14, 75, 77], "{codes:?}");
}

fn next<T>(all: &Mutex<Vec<T>>) -> Option<T> {
    all.lock().unwrap().pop()
}

/// Plays a scenario in both ways, and returns its exit code.
fn check(provider: &str, scenario: &str, id: &str) -> i32 {
    // A server of its own, for the trouble of a server is that of everybody who asks it.
    let server = Rehearsal::of(txwatch(["sandbox"]).at_speed(SPEED));
    let served = ending(server.txwatch(&["watch", &format!("{provider}:{id}"), "-t", "60s"]));
    let target = format!("sandbox:{provider}/{scenario}");
    let embedded = ending(txwatch(["watch", &target, "-t", "60s"]));
    assert_eq!(
        (served.0, &served.1),
        (embedded.0, &embedded.1),
        "{provider}/{scenario}: served {:#?}, embedded {:#?}",
        served.2,
        embedded.2
    );
    served.0
}

#[test]
fn a_scenario_that_the_provider_does_not_play_is_said_at_once() {
    let server = Rehearsal::start();
    for (target, said) in [
        ("proof:quota", "the sandbox does not play 'quota' for proof, but for transak"),
        ("proof:hapy", "the sandbox has no scenario 'hapy'"),
        (
            // `cancelled` as a hash.
            "cspr:63616e63656c6c65640000000000000000000000000000000000000000000000",
            "the sandbox does not play 'cancelled' for cspr, but for proof, transak",
        ),
    ] {
        let output = server.txwatch(&["get", target]).run();
        output.fails(66, said);
        let output = server.txwatch(&["watch", target, "--appear-timeout", "1s"]).run();
        output.fails(66, said);
        assert!(output.stderr.contains("does not know it yet"), "{output:#?}");
    }
}
