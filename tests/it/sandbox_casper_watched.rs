//! Every scenario of CSPR.cloud's and of a Casper node's, through the binary and the real transport.

use serde_json::Value;

use crate::support::casper::hash;
use crate::support::rehearsal::Rehearsal;
use crate::support::schema::{of_type, statuses};
use crate::support::txwatch::{CommandOutput, txwatch};

const BOTH: [&str; 2] = ["cspr", "casper"];

/// Runs a command about a scenario of a sandbox within its process, in JSON.
fn command(name: &str, scenario: &str, options: &[&str]) -> (CommandOutput, Vec<Value>) {
    let target = format!("sandbox:{scenario}");
    txwatch([name, &target].into_iter().chain(options.iter().copied())).run_json()
}

/// Watches a scenario; checks the exit code and the statuses shown.
fn watch(scenario: &str, code: i32, expected: &[&str]) -> Vec<Value> {
    let (ended, records) = command("watch", scenario, &[]);
    assert_eq!(ended.code, code, "{ended:#?}");
    assert_eq!(statuses(&records), expected, "{ended:#?}");
    records
}

fn last(records: &[Value]) -> &Value {
    of_type(records, "status").last().expect("a status")
}

fn states(records: &[Value]) -> Vec<&str> {
    of_type(records, "connection").map(|event| event["state"].as_str().unwrap()).collect()
}

const HAPPY: &[&str] = &["pending", "completed"];

#[test]
fn happy_completes_by_push() {
    for provider in BOTH {
        let records = watch(&format!("{provider}/happy"), 0, HAPPY);
        let last = last(&records);
        assert_eq!(
            (&last["source"], &last["provider_status"]),
            (&"push".into(), &"processed".into())
        );
        assert_eq!(last["id"], hash("happy"));
        assert_eq!(last["transaction"]["cost"], "1012452500");
        assert_eq!(last["transaction"]["block"], "b10c".repeat(16));
    }
}

#[test]
fn a_deploy_is_found_where_a_transaction_is_not() {
    for name in ["casper/happy@deploy", "casper/failed@deploy-2", "cspr/happy@deploy"] {
        let code = if name.contains("failed") { 10 } else { 0 };
        let (ended, _) = command("watch", name, &[]);
        assert_eq!(ended.code, code, "{ended:#?}");
    }
}

#[test]
fn what_was_processed_with_an_error_failed() {
    for provider in BOTH {
        let records = watch(&format!("{provider}/failed"), 10, &["pending", "failed"]);
        let last = last(&records);
        assert_eq!(
            (&last["source"], &last["provider_status"]),
            (&"push".into(), &"processed".into())
        );
        assert_eq!(last["transaction"]["error"], "User error: 60001");
    }
}

#[test]
fn what_expired_is_told_by_some_and_found_out_of_others() {
    for (scenario, source) in
        [("cspr/expired", "pull"), ("casper/expired", "pull"), ("casper/lapsed", "pull")]
    {
        let records = watch(scenario, 12, &["pending", "expired"]);
        assert_eq!(last(&records)["source"], source, "{scenario}");
    }
}

/// The node's clock called it expired, and its blocks did not prove it.
#[test]
fn a_stuck_node_expires_nothing() {
    for name in ["watch", "poll"] {
        let (ended, records) = command(name, "casper/stuck", &["-i", "100ms"]);
        assert_eq!(ended.code, 0, "{ended:#?}");
        let statuses = statuses(&records);
        assert_eq!((statuses.first(), statuses.last()), (Some(&"pending"), Some(&"completed")));
        assert!(!statuses.contains(&"expired"), "{ended:#?}");
        let warnings: Vec<_> =
            of_type(&records, "warning").filter(|it| it["code"] == "expiry_not_proven").collect();
        assert_eq!(warnings.len(), 1, "{ended:#?}");
        let message = warnings[0]["message"].as_str().unwrap();
        assert!(message.contains("reactor_state \"CatchUp\""), "{message}");
        assert!(message.contains("its last block is 40m"), "{message}");
    }
}

#[test]
fn what_was_in_a_block_stays_there() {
    let statuses = ["pending", "processing", "completed"];
    watch("casper/lagging", 0, &statuses);
    let (ended, records) = command("poll", "casper/lagging", &["-i", "100ms"]);
    assert_eq!((ended.code, self::statuses(&records)), (0, statuses.to_vec()), "{ended:#?}");
}

#[test]
fn silent_push_is_carried_by_the_safety_look() {
    for provider in BOTH {
        let records = watch(&format!("{provider}/silent"), 0, HAPPY);
        assert!(of_type(&records, "status").all(|status| status["source"] == "pull"));
        assert!(!states(&records).contains(&"lost"));
    }
}

#[test]
fn drop_loses_the_connection_but_not_the_ending() {
    for provider in BOTH {
        let (ended, records) = command("watch", &format!("{provider}/drop"), &[]);
        assert_eq!((ended.code, statuses(&records).last()), (0, Some(&"completed")), "{ended:#?}");
        let states = states(&records);
        assert!(states.contains(&"lost") && states.contains(&"polling"), "{states:?}");
        assert_eq!(last(&records)["source"], "pull");
    }
}

#[test]
fn a_node_that_restarts_is_listened_to_again() {
    // The time that we take to come back is our own.
    let (ended, records) = txwatch(["watch", "sandbox:casper/restart"]).in_real_time().run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "processing", "completed"], "{ended:#?}");
    let states = states(&records);
    let lost = states.iter().position(|state| *state == "lost").expect("it was never lost");
    assert!(states[lost..].contains(&"live"), "{states:?}");
    assert_eq!(last(&records)["source"], "push");
}

#[test]
fn flaky_is_borne() {
    for provider in BOTH {
        let (ended, records) = command("watch", &format!("{provider}/flaky"), &[]);
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert_eq!(statuses(&records).last(), Some(&"completed"));
        assert!(states(&records).contains(&"lost"), "{ended:#?}");
    }
}

#[test]
fn late_appears_after_a_while() {
    for provider in BOTH {
        let records = watch(&format!("{provider}/late"), 0, HAPPY);
        assert!(of_type(&records, "warning").any(|warning| warning["code"] == "not_seen_yet"));
    }
}

#[test]
fn duplicate_and_reorder_show_each_change_once() {
    for provider in BOTH {
        watch(&format!("{provider}/duplicate"), 0, HAPPY);
        watch(&format!("{provider}/reorder"), 0, HAPPY);
    }
}

#[test]
fn garbage_is_warned_about_and_ignored() {
    for provider in BOTH {
        // What is not understood is looked up, so that more is seen of what a node does not push.
        let all = ["pending", "processing", "completed"];
        let expected = if provider == "casper" { &all[..] } else { HAPPY };
        let records = watch(&format!("{provider}/garbage"), 0, expected);
        let warnings = of_type(&records, "warning");
        let bad = warnings.filter(|warning| warning["code"] == "bad_frame").count();
        assert!(bad >= 5, "{provider}: {bad}");
    }
}

#[test]
fn denied_is_denied_by_whoever_asks_for_a_token() {
    watch("cspr/denied", 77, &[]);
    let (ended, _) = command("get", "cspr/denied", &[]);
    assert_eq!(ended.code, 77, "{ended:#?}");
    let (ended, _) = command("watch", "casper/denied", &[]);
    assert_eq!(ended.code, 2, "{ended:#?}");
    assert!(ended.stderr.contains("does not play 'denied' for casper"), "{ended:#?}");
}

#[test]
fn slow_outlasts_a_short_timeout() {
    for provider in BOTH {
        let (ended, _) = command("watch", &format!("{provider}/slow"), &["-t", "1s"]);
        assert_eq!(ended.code, 124, "{ended:#?}");
        assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
    }
}

#[test]
fn what_no_chain_does_is_refused() {
    for provider in BOTH {
        for scenario in ["cancelled", "refunded", "revived", "quota"] {
            let ended = txwatch(["watch", &format!("sandbox:{provider}/{scenario}")]).run();
            assert_eq!(ended.code, 2, "{ended:#?}");
            let problem = format!("the sandbox does not play '{scenario}' for {provider}");
            assert!(ended.stderr.contains(&problem), "{ended:#?}");
        }
    }
}

#[test]
fn poll_and_get_see_the_same() {
    for (scenario, code, ending) in [
        ("cspr/failed", 10, "failed"),
        ("casper/failed", 10, "failed"),
        ("cspr/expired", 12, "expired"),
        ("casper/expired", 12, "expired"),
        ("casper/happy@deploy", 0, "completed"),
    ] {
        let (ended, records) = command("poll", scenario, &[]);
        assert_eq!(ended.code, code, "{ended:#?}");
        assert_eq!(statuses(&records).last(), Some(&ending));
        assert!(of_type(&records, "connection").next().is_none());
    }
    for provider in BOTH {
        let of = |scenario| format!("{provider}/{scenario}");
        let (ended, records) = command("get", &of("failed"), &[]);
        assert_eq!((ended.code, statuses(&records)), (0, vec!["pending"]), "{ended:#?}");
        let (ended, _) = command("get", &of("failed"), &["--exit-status"]);
        assert_eq!(ended.code, 20);
        let (ended, _) = command("get", &of("late"), &[]);
        assert_eq!(ended.code, 66, "{ended:#?}");
    }
}

/// The worst ending is the command's, and each provider's targets share a connection.
#[test]
fn all_providers_are_watched_in_one_command() {
    let targets = [
        "sandbox:happy",
        "sandbox:transak/happy",
        "sandbox:cspr/happy",
        "sandbox:cspr/expired@b",
        "sandbox:casper/happy",
        "sandbox:casper/happy@deploy",
    ];
    let arguments = ["watch", "--timeout", "30s"].into_iter().chain(targets);
    let (ended, records) = txwatch(arguments).run_json();
    assert_eq!(ended.code, 12, "{ended:#?}");
    let of = |target: &str| {
        let mut results = of_type(&records, "result").filter(|result| result["target"] == target);
        results.next().expect("a result")["outcome"].clone()
    };
    for target in targets {
        let expected = if target.contains("expired") { "expired" } else { "ok" };
        assert_eq!(of(target), expected, "{target}");
    }
    let (ended, records) = txwatch(["watch", "--timeout", "2s"].into_iter().chain(targets.map(
        |target| match target {
            "sandbox:casper/happy" => "sandbox:casper/slow",
            other => other,
        },
    )))
    .run_json();
    assert_eq!(ended.code, 124, "{ended:#?}");
    assert_eq!(of_type(&records, "result").count(), targets.len());
}

#[test]
fn a_server_is_watched_by_its_hashes() {
    let sandbox = Rehearsal::start();
    let cloud = format!("cspr:{}", hash("happy"));
    let node = format!("casper:deploy-{}", hash("failed@deploy").to_ascii_uppercase());
    let (ended, records) = sandbox.txwatch(&["watch", &cloud, &node, "proof:happy"]).run_json();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(of_type(&records, "result").count(), 3);
    let token = sandbox.variable("CSPR_TOKEN");
    assert!(!ended.stdout.contains(token) && !ended.stderr.contains(token), "{ended:#?}");
    let ended = sandbox.txwatch(&["config", "check", "-p", "cspr"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let ended = sandbox.txwatch(&["config", "check", "-p", "casper"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
}
