//! The scenarios of answers that say nothing and of clocks that differ, for every provider that plays them.

use serde_json::Value;

use crate::support::rehearsal::Rehearsal;
use crate::support::schema::{connection_states, last_source, of_type, statuses};
use crate::support::txwatch::{CommandOutput, txwatch};

/// One test for each of these providers.
macro_rules! for_each {
    ($check:ident: $($provider:ident),+) => {
        mod $check {
            $(
                #[test]
                fn $provider() {
                    super::$check(stringify!($provider));
                }
            )+
        }
    };
}

/// So fast that a scenario is over soon, and so slow that every kind of answer comes before: waits after a failure
/// are not faster.
const SPEED: &str = "2";
const HAPPY: [&str; 3] = ["pending", "processing", "completed"];
/// CSPR.cloud has no word for what is in between.
const OF_CSPR: [&str; 2] = ["pending", "completed"];

fn run(name: &str, target: &str, arguments: &[&str]) -> (CommandOutput, Vec<Value>) {
    let arguments = [&[name, target, "--timeout", "90s"], arguments].concat();
    txwatch(&arguments).at_speed(SPEED).run_json()
}

/// Checks that a command rode everything out, and reported nothing but the truth.
fn is_ridden_out(output: &CommandOutput, records: &[Value]) {
    assert_eq!(output.code, 0, "{output:#?}");
    let statuses = statuses(records);
    assert!(statuses == HAPPY || statuses == OF_CSPR, "{output:#?}");
    assert!(!output.stderr.contains("NOT final"), "{output:#?}");
    for warning in of_type(records, "warning") {
        let code = warning["code"].as_str().unwrap();
        assert!(["sandbox", "bad_answer"].contains(&code), "{output:#?}");
    }
}

/// Which of the answers is a page with status 403.
const FORBIDDEN: usize = 6;

/// How many answers there are until each kind was there once between good ones.
fn answers(provider: &str) -> usize {
    if provider == "casper" { 13 } else { 10 }
}

for_each!(weather_is_polled_through: proof, transak, cspr, casper);

fn weather_is_polled_through(provider: &str) {
    let target = format!("sandbox:{provider}/weather");
    let (output, records) = run("poll", &target, &["-vv"]);
    is_ridden_out(&output, &records);
    assert_eq!(last_source(&records), "pull");
    let requests = output.stderr.matches("DEBUG > ").count();
    assert!(requests >= answers(provider), "{output:#?}");
    for kind in
        ["< 200 (70 bytes)", "< 200 (0 bytes)", "< 403", "(302) to https://maintenance.invalid"]
    {
        assert!(output.stderr.contains(kind), "'{kind}' did not come: {output:#?}");
    }
}

for_each!(weather_is_watched_through: proof, transak, cspr, casper);

fn weather_is_watched_through(provider: &str) {
    let target = format!("sandbox:{provider}/weather@watched");
    let (output, records) = run("watch", &target, &[]);
    is_ridden_out(&output, &records);
    assert!(connection_states(&records).contains(&"live"), "{output:#?}");
}

for_each!(weather_is_polled_through_by_a_watch: proof, transak, cspr, casper);

fn weather_is_polled_through_by_a_watch(provider: &str) {
    let target = format!("sandbox:{provider}/weather");
    let (output, records) = run("watch", &target, &["--transport", "poll"]);
    is_ridden_out(&output, &records);
    assert_eq!(last_source(&records), "pull");
}

for_each!(weather_is_told_by_a_single_look: proof, transak, cspr, casper);

/// `get` looks once, so it cannot tell weather from a wrong address, but never takes it for a status.
fn weather_is_told_by_a_single_look(provider: &str) {
    let sandbox = Rehearsal::start();
    let id = match provider {
        "cspr" | "casper" => format!("{}{}", "77656174686572", "0".repeat(50)),
        _ => "weather".to_owned(),
    };
    let target = format!("{provider}:{id}");
    for nth in 1..=answers(provider) {
        let mut command = sandbox.txwatch(&["get", &target]);
        // Or it would be asked for another token after a 403, and then once more for the order.
        command.command().env_remove("TXWATCH_TRANSAK_API_SECRET");
        let (output, records) = command.run_json();
        if nth % 3 == 1 {
            assert_eq!((output.code, statuses(&records).len()), (0, 1), "{nth}: {output:#?}");
        } else {
            let code = match nth {
                // A page with status 403 may also mean that the token is not accepted.
                FORBIDDEN => 77,
                // Errors of JSON-RPC that mean a limit of a proxy's.
                9.. if provider == "casper" => 75,
                _ => 76,
            };
            assert_eq!(output.code, code, "{nth}: {output:#?}");
            assert_eq!(statuses(&records), [] as [&str; 0], "{nth}: {output:#?}");
        }
    }
}

fn warnings<'a>(records: &'a [Value], code: &'a str) -> impl Iterator<Item = &'a Value> {
    of_type(records, "warning").filter(move |warning| warning["code"] == code)
}

for_each!(an_ending_older_than_a_push_is_believed_with_a_warning: proof, transak);

fn an_ending_older_than_a_push_is_believed_with_a_warning(provider: &str) {
    let target = format!("sandbox:{provider}/skewed@1");
    let (output, records) = run("watch", &target, &[]);
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), HAPPY, "{output:#?}");
    assert_eq!(last_source(&records), "pull");
    assert_eq!(warnings(&records, "stale_answer").count(), 1, "{output:#?}");
}

for_each!(a_clock_that_is_ahead_is_not_noticed_without_push: proof, transak);

fn a_clock_that_is_ahead_is_not_noticed_without_push(provider: &str) {
    let target = format!("sandbox:{provider}/skewed");
    let (output, records) = run("poll", &target, &[]);
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(warnings(&records, "stale_answer").count(), 0, "{output:#?}");
}

for_each!(where_no_time_is_reported_no_clock_differs: cspr, casper);

fn where_no_time_is_reported_no_clock_differs(provider: &str) {
    let target = format!("sandbox:{provider}/skewed");
    let output = txwatch(["watch", &target]).run();
    output.fails(2, &format!("the sandbox does not play 'skewed' for {provider}"));
    assert!(output.stderr.contains("did you mean sandbox:skewed?"), "{output:#?}");
}

#[test]
fn a_pushed_ending_that_seems_older_is_believed_where_nothing_can_be_asked() {
    let sandbox = Rehearsal::start();
    let mut command = sandbox.txwatch(&["watch", "transak:backdated", "--timeout", "60s"]);
    for secret in ["TXWATCH_TRANSAK_TOKEN", "TXWATCH_TRANSAK_API_SECRET"] {
        command.command().env_remove(secret);
    }
    let (output, records) = command.run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"), "{output:#?}");
    assert_eq!(warnings(&records, "stale_push").count(), 1, "{output:#?}");
}
