//! Every scenario of Transak's, through the binary and the real transport.

use serde_json::Value;

use crate::support::rehearsal::Rehearsal;
use crate::support::schema::{of_type, statuses};
use crate::support::txwatch::{CommandOutput, txwatch};

/// Every second of a scenario.
const OFTEN: &[&str] = &["-i", "100ms"];

/// Runs a command about an order of a sandbox of its own, in JSON.
fn command(name: &str, id: &str, options: &[&str]) -> (CommandOutput, Vec<Value>) {
    command_at(Rehearsal::start(), name, id, options)
}

fn command_at(
    sandbox: Rehearsal,
    name: &str,
    id: &str,
    options: &[&str],
) -> (CommandOutput, Vec<Value>) {
    let target = format!("transak:{id}");
    let arguments: Vec<_> = [name, &target].into_iter().chain(options.iter().copied()).collect();
    let (ended, records) = sandbox.txwatch(&arguments).run_json();
    for secret in ["TRANSAK_TOKEN", "TRANSAK_API_SECRET"] {
        let secret = sandbox.variable(secret);
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{ended:#?}");
    }
    (ended, records)
}

/// Watches an order; checks the exit code and the statuses shown.
fn watch(id: &str, code: i32, expected: &[&str]) -> Vec<Value> {
    watch_at(Rehearsal::start(), id, code, expected)
}

fn watch_at(sandbox: Rehearsal, id: &str, code: i32, expected: &[&str]) -> Vec<Value> {
    let (ended, records) = command_at(sandbox, "watch", id, OFTEN);
    assert_eq!(ended.code, code, "{ended:#?}");
    assert_eq!(statuses(&records), expected, "{ended:#?}");
    records
}

fn states(records: &[Value]) -> Vec<&str> {
    of_type(records, "connection").map(|event| event["state"].as_str().unwrap()).collect()
}

/// Where the changes come from; an ending that was pushed, from the lookup that confirms it.
fn sources(records: &[Value]) -> Vec<&str> {
    of_type(records, "status").map(|status| status["source"].as_str().unwrap()).collect()
}

const HAPPY: &[&str] = &["pending", "processing", "completed"];

#[test]
fn happy_completes() {
    let records = watch("happy", 0, HAPPY);
    assert_eq!(sources(&records), ["pull", "push", "pull"]);
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["provider_status"], "COMPLETED");
    assert_eq!(last["data"]["conversionPrice"].to_string(), "0.0006130127560164107");
    assert_eq!(last["transaction"]["crypto_amount"], "0.01759347");
    for personal in ["192.0.2.1", "rehearsal-user", "REHEARSAL-WALLET", "told to"] {
        assert!(!records.iter().any(|record| record.to_string().contains(personal)), "{personal}");
    }
}

#[test]
fn a_partners_reference_leads_to_the_same_order() {
    let records = watch("partner/happy", 0, HAPPY);
    assert_eq!(sources(&records), ["pull", "push", "pull"]);
}

#[test]
fn failed_cancelled_expired_and_refunded_end_badly() {
    watch("failed", 10, &["pending", "processing", "failed"]);
    watch("cancelled", 11, &["pending", "cancelled"]);
    watch("expired", 12, &["pending", "expired"]);
    watch("refunded", 14, &["pending", "processing", "refunded"]);
}

#[test]
fn revived_is_paid_back_within_grace() {
    watch("revived", 10, &["pending", "failed"]);
    let (ended, records) = command("watch", "revived", &["--grace", "5s"]);
    assert_eq!(ended.code, 14, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "failed", "refunded"]);
}

#[test]
fn drop_loses_the_connection_but_not_the_ending() {
    let records = watch("drop", 0, HAPPY);
    let states = states(&records);
    assert!(states.contains(&"lost") && states.contains(&"polling"), "{states:?}");
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "pull");
}

#[test]
fn flaky_is_borne() {
    let (ended, records) = command("watch", "flaky", OFTEN);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
    assert!(states(&records).contains(&"lost"), "{ended:#?}");
}

#[test]
fn late_appears_after_a_while() {
    let records = watch("late", 0, HAPPY);
    assert!(of_type(&records, "warning").any(|warning| warning["code"] == "not_seen_yet"));
}

#[test]
fn duplicate_and_reorder_show_each_change_once() {
    watch("duplicate", 0, HAPPY);
    watch("reorder", 0, HAPPY);
}

#[test]
fn garbage_is_warned_about_and_ignored() {
    let records = watch("garbage", 0, HAPPY);
    let warnings = of_type(&records, "warning");
    assert!(warnings.filter(|warning| warning["code"] == "bad_frame").count() >= 10);
}

#[test]
fn denied_and_quota_are_refused_in_different_ways() {
    watch("denied", 77, &[]);
    let (ended, records) = command("watch", "quota", &[]);
    assert_eq!(ended.code, 75, "{ended:#?}");
    let result = of_type(&records, "result").next().unwrap();
    assert_eq!(result["outcome"], "unreachable");
    assert!(ended.stderr.contains("What was not heard is not known"), "{ended:#?}");
    // REST has no such quota.
    let (ended, _) = command("poll", "quota", OFTEN);
    assert_eq!(ended.code, 0, "{ended:#?}");
}

#[test]
fn shutdown_is_come_back_from_without_a_storm() {
    // The time that we take to come back is our own.
    let records = watch_at(Rehearsal::start_in_real_time(), "shutdown", 0, HAPPY);
    let lost: Vec<_> =
        of_type(&records, "connection").filter(|event| event["state"] == "lost").collect();
    assert!((2..=10).contains(&lost.len()), "{lost:#?}");
    assert!(lost[0]["reason"].as_str().unwrap().contains("4200"), "{lost:#?}");
}

#[test]
fn slow_outlasts_a_short_timeout() {
    let (ended, _) = command("watch", "slow", &["-t", "1s"]);
    assert_eq!(ended.code, 124, "{ended:#?}");
    assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
}

#[test]
fn silent_push_is_carried_by_the_safety_look() {
    // The sandbox's own profile, which looks more often than once a minute.
    let (ended, records) = txwatch(["watch", "sandbox:transak/silent"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"], "{ended:#?}");
    assert!(of_type(&records, "status").all(|status| status["source"] == "pull"));
    assert!(!states(&records).contains(&"lost"));
}

#[test]
fn a_stalled_connection_is_noticed_and_replaced() {
    // The answer to a ping is waited for half a minute, and the order must not be completed before.
    let sandbox = Rehearsal::of(txwatch(["sandbox"]).at_speed("1.5"));
    let records = watch_at(sandbox, "stalled", 0, HAPPY);
    let states = states(&records);
    let lost = states.iter().position(|state| *state == "lost").expect("it was never noticed");
    assert!(states[lost..].contains(&"live"), "{states:?}");
    let at = |record: &Value| record["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let processing = of_type(&records, "status").nth(1).unwrap();
    let lost = of_type(&records, "connection").find(|event| event["state"] == "lost").unwrap();
    let noticed = at(lost).duration_since(at(processing));
    assert!(noticed.as_secs() <= 45, "{noticed:?}");
}

#[test]
fn every_order_of_the_account_is_followed() {
    let sandbox = Rehearsal::start();
    let arguments = ["watch", "--all", "-p", "transak", "-o", "json"];
    let mut running = sandbox.txwatch(&arguments).start_piped();
    running.wait_for_stdout("\"status\":\"failed\"");
    running.signal("INT");
    let ended = running.wait();
    assert_eq!(ended.code, 130, "{ended:#?}");
    for order in ["transak:happy@all-1", "transak:failed@all-2", "transak:cancelled@all-3"] {
        assert!(ended.stdout.contains(order), "no {order}: {ended:#?}");
    }
}

#[test]
fn an_access_token_is_issued_when_there_is_none() {
    let sandbox = Rehearsal::start();
    let mut command = sandbox.txwatch(&["get", "transak:failed"]);
    command.command().env_remove("TXWATCH_TRANSAK_TOKEN");
    let ended = command.run();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "transak:failed\tpending\n"), "{ended:#?}");
}

#[test]
fn poll_and_get_see_the_same() {
    let (ended, records) = command("poll", "failed", OFTEN);
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    assert!(of_type(&records, "connection").next().is_none());
    for id in ["failed", "partner/failed"] {
        let (ended, records) = command("get", id, &[]);
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert_eq!(statuses(&records), ["pending"]);
    }
    let (ended, _) = command("get", "failed", &["--exit-status"]);
    assert_eq!(ended.code, 20);
    let (ended, _) = command("get", "late", &[]);
    assert_eq!(ended.code, 66, "{ended:#?}");
    let (ended, _) = command("get", "denied", &[]);
    assert_eq!(ended.code, 77, "{ended:#?}");
}

#[test]
fn both_providers_are_watched_in_one_command() {
    let sandbox = Rehearsal::start();
    let arguments = ["watch", "proof:cancelled", "transak:expired", "transak:cancelled@b"];
    let (ended, records) = sandbox.txwatch(&arguments).run_json();
    assert_eq!(ended.code, 12, "{ended:#?}");
    assert_eq!(of_type(&records, "result").count(), 3);
}

/// A newer order with the same reference expires while the older one is paid.
#[test]
fn of_several_attempts_the_completed_one_counts() {
    let (ended, records) = command("watch", "partner/attempts", OFTEN);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"), "{ended:#?}");
    assert!(!statuses(&records).contains(&"expired"), "{ended:#?}");
    let (ended, records) = command("poll", "partner/attempts", OFTEN);
    assert_eq!(ended.code, 0, "{ended:#?}");
    let mut warnings = of_type(&records, "warning").filter(|it| it["code"] == "several_orders");
    let warning = warnings.next().unwrap()["message"].as_str().unwrap();
    assert!(warning.contains("attempts (COMPLETED) counts"), "{warning}");
    assert!(warning.contains("the other is attempts-again (EXPIRED)"), "{warning}");
}
