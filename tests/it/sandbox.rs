//! Every scenario of the sandbox, through the real transport.

use crate::support::schema::{of_type, statuses};
use crate::support::txwatch::txwatch;

/// Watches a scenario in JSON; checks the exit code and the statuses shown.
fn watch(scenario: &str, code: i32, expected: &[&str]) -> Vec<serde_json::Value> {
    let (ended, records) = txwatch(["watch", scenario]).run_json();
    assert_eq!(ended.code, code, "{ended:#?}");
    assert_eq!(statuses(&records), expected, "{ended:#?}");
    assert!(of_type(&records, "warning").any(|warning| warning["code"] == "sandbox"), "{ended:#?}");
    records
}

const HAPPY: &[&str] = &["pending", "processing", "completed"];

#[test]
fn happy_completes() {
    let records = watch("sandbox:happy", 0, HAPPY);
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["crypto_amount"], "99.50");
    assert_eq!(last["source"], "push");
}

#[test]
fn failed_cancelled_expired_and_refunded_end_badly() {
    watch("sandbox:failed", 10, &["pending", "processing", "failed"]);
    watch("sandbox:cancelled", 11, &["pending", "cancelled"]);
    watch("sandbox:expired", 12, &["pending", "expired"]);
    watch("sandbox:refunded", 14, &["pending", "processing", "refunded"]);
}

#[test]
fn silent_push_is_carried_by_the_safety_look() {
    let records = watch("sandbox:silent", 0, &["pending", "completed"]);
    assert!(of_type(&records, "status").all(|status| status["source"] == "pull"));
}

#[test]
fn drop_loses_the_connection_but_not_the_ending() {
    let records = watch("sandbox:drop", 0, HAPPY);
    let states: Vec<_> =
        of_type(&records, "connection").map(|event| event["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"lost") && states.contains(&"polling"), "{states:?}");
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "pull");
}

#[test]
fn flaky_is_borne() {
    let (ended, records) = txwatch(["watch", "sandbox:flaky"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
}

#[test]
fn late_appears_after_a_while() {
    let records = watch("sandbox:late", 0, HAPPY);
    assert!(of_type(&records, "warning").any(|warning| warning["code"] == "not_seen_yet"));
}

#[test]
fn duplicate_and_reorder_show_each_change_once() {
    watch("sandbox:duplicate", 0, HAPPY);
    watch("sandbox:reorder", 0, HAPPY);
}

#[test]
fn garbage_is_warned_about_and_ignored() {
    let records = watch("sandbox:garbage", 0, HAPPY);
    assert!(
        of_type(&records, "warning").filter(|warning| warning["code"] == "bad_frame").count() >= 5
    );
}

#[test]
fn denied_is_denied() {
    watch("sandbox:denied", 77, &[]);
}

#[test]
fn slow_outlasts_a_short_timeout() {
    let (ended, _) = txwatch(["watch", "sandbox:slow", "-t", "1s"]).run_json();
    assert_eq!(ended.code, 124);
    assert!(ended.stderr.contains("NOT final"), "{}", ended.stderr);
    assert!(ended.stderr.contains("txwatch watch sandbox:slow --timeout 1s"), "{}", ended.stderr);
}

#[test]
fn revived_needs_grace() {
    watch("sandbox:revived", 10, &["pending", "failed"]);
    let (ended, records) = txwatch(["watch", "sandbox:revived", "--grace", "10s"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "failed", "processing", "completed"]);
}

#[test]
fn clocks_are_apart() {
    let targets = ["sandbox:happy", "sandbox:cancelled@a", "sandbox:cancelled@b"];
    let (ended, records) = txwatch(["watch"].into_iter().chain(targets)).run_json();
    assert_eq!(ended.code, 11, "{ended:#?}");
    assert_eq!(of_type(&records, "result").count(), 3);
}

#[test]
fn poll_and_get_see_the_same() {
    let (ended, records) = txwatch(["poll", "sandbox:failed"]).run_json();
    assert_eq!(ended.code, 10);
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    assert!(of_type(&records, "connection").next().is_none());
    let (ended, records) = txwatch(["get", "sandbox:failed"]).run_json();
    assert_eq!(ended.code, 0);
    assert_eq!(statuses(&records), ["pending"]);
    let (ended, _) = txwatch(["get", "sandbox:failed", "--exit-status"]).run_json();
    assert_eq!(ended.code, 20);
}

/// `txwatch get ID --until completed && ship` must not ship what is pending.
#[test]
fn a_look_that_asks_for_something_says_by_its_code_whether_it_is_so() {
    let get = |arguments: &[&str]| txwatch(["get", "sandbox:failed"].iter().chain(arguments)).run();
    for (arguments, code) in [
        (&["--until", "completed"][..], 20),
        (&["--any"], 20),
        (&["--until", "pending"], 0),
        (&["--until", "pending", "--any"], 0),
        (&["--until", "pending", "--expect", "fiat_currency=USD"], 13),
    ] {
        assert_eq!(get(arguments).code, code, "{arguments:?}");
    }
    let by_variable = txwatch(["get", "sandbox:failed"]).env("TXWATCH_UNTIL", "completed").run();
    assert_eq!(by_variable.code, 20);
}

/// In the process Transak is played whole: its push too, not only its REST.
#[test]
fn transak_is_played_without_a_server_of_its_own() {
    for (scenario, code) in [("quota", 75), ("partner/happy", 0), ("denied", 77)] {
        let target = format!("sandbox:transak/{scenario}");
        let ended = txwatch(["watch", &target]).run();
        assert_eq!(ended.code, code, "{ended:#?}");
    }
    let (ended, records) =
        txwatch(["watch", "sandbox:transak/happy", "--transport", "push"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    // The ending comes from the lookup that confirms the push.
    let sources: Vec<_> = of_type(&records, "status").map(|status| &status["source"]).collect();
    assert_eq!(sources, ["pull", "push", "pull"]);
}

#[test]
fn an_account_is_played_under_names_that_can_be_watched_again() {
    let (ended, records) = txwatch(["watch", "--all", "--any", "-p", "sandbox"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    for status in of_type(&records, "status") {
        let target = status["target"].as_str().unwrap();
        assert!(target.starts_with("sandbox:transak/"), "{target}");
    }
}
