//! Subscribe, pull, follow, with the requests on the wire.

use serde_json::json;

use crate::support::proof::{ID, always_answering, command, push_path, record, rest_path, update};
use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::Script;
use crate::support::txwatch::TOKEN;

#[test]
fn it_subscribes_then_pulls_then_follows() {
    let reported = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::Await(reported.clone()),
                Step::json(&update(ID, "processing", 1)),
                Step::json(&update(ID, "completed", 2)),
            ])],
        )
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"pending\"");
    assert_eq!(output.code, 0, "{output:#?}");
    let changes: Vec<_> = of_type(&records, "status")
        .map(|change| (change["status"].as_str().unwrap(), change["source"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, [("pending", "pull"), ("processing", "push"), ("completed", "push")]);
    assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
    let last = of_type(&records, "status").last().unwrap();
    // Fields that only the pull had are kept; personal data is not shown.
    assert_eq!(last["transaction"]["network"], "TRC20");
    assert_eq!(last["occurred_at"], "2026-04-01T10:00:02Z");
    assert!(!output.stdout.contains("user-123"), "{output:#?}");
}

#[test]
fn requests_carry_the_token_and_no_origin() {
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .push(ID, [Reply::upgrade([])])
        .start();
    assert_eq!(command("watch", &server, &[]).run().code, 0);
    let bearer = format!("Bearer {TOKEN}");
    for request in server.requests() {
        assert_eq!(request.method, "GET");
        assert_eq!(request.header("Authorization"), Some(bearer.as_str()), "{request:?}");
        assert_eq!(request.header("Origin"), None, "{request:?}");
        assert_eq!(request.header("Cookie"), None, "{request:?}");
        assert_eq!(request.header("Accept-Encoding"), Some("identity"), "{request:?}");
        assert!(request.header("User-Agent").unwrap().starts_with("txwatch/"), "{request:?}");
    }
    let [upgrade, request] = server.requests().try_into().unwrap();
    assert_eq!(request.header("Accept"), Some("application/json"));
    assert_eq!(request.header("Upgrade"), None);
    assert_eq!(upgrade.header("Connection"), Some("Upgrade"));
    assert_eq!(upgrade.header("Upgrade"), Some("websocket"));
    assert_eq!(upgrade.header("Sec-WebSocket-Version"), Some("13"));
    assert_eq!(upgrade.header("Sec-WebSocket-Key").map(str::len), Some(24));
    assert_eq!(upgrade.header("Sec-WebSocket-Extensions"), None);
    assert_eq!(upgrade.header("Sec-WebSocket-Protocol"), None);
}

/// Removes the provider's times, so that only the local clock decides what is newer.
fn without_times(mut value: serde_json::Value) -> serde_json::Value {
    let fields = value.as_object_mut().unwrap();
    fields.retain(|key, _| !["updated_at", "created_at", "occurred_at"].contains(&key.as_str()));
    value
}

#[test]
fn a_slow_answer_never_replaces_a_newer_push() {
    let (requested, pushed) = (Gate::new(), Gate::new());
    let slow =
        Reply::json(&without_times(record(ID, "pending", 0))).opens(&requested).awaits(&pushed);
    let later = Reply::json(&without_times(record(ID, "completed", 0)));
    let dropped = Gate::new();
    let server = Script::new()
        .rest(ID, [slow, later])
        .push(
            ID,
            [
                Reply::upgrade([
                    Step::Await(requested),
                    Step::json(&without_times(update(ID, "processing", 0))),
                    Step::Await(dropped.clone()),
                    Step::Drop,
                ]),
                Reply::upgrade([]),
            ],
        )
        .start();
    let mut running = command("watch", &server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"processing\"");
    // The first lookup is answered only now; the lost connection causes the second one.
    pushed.open();
    dropped.open();
    let (_, records) = running.wait_json();
    assert_eq!(statuses(&records), ["processing", "completed"]);
}

#[test]
fn messages_about_other_transactions_are_ignored() {
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::json(&update("another", "failed", 5)),
                Step::json(&json!({"event": "hello"})),
                Step::json(&json!({"event": "tx.deleted", "merchant_transaction_id": ID})),
                // Without an id it is about the transaction of the connection.
                Step::json(&json!({"event": "tx.update", "status": "completed"})),
            ])],
        )
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let warnings: Vec<_> = of_type(&records, "warning").collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["code"], "bad_frame");
    assert!(warnings[0]["message"].as_str().unwrap().contains("another transaction"));
}

#[test]
fn statuses_of_the_widget_are_understood() {
    let statuses = [("new", "pending"), ("paid", "processing"), ("order_failed", "failed")];
    let steps: Vec<_> = statuses
        .iter()
        .zip(1..)
        .map(|((status, _), second)| Step::json(&update(ID, status, second)))
        .collect();
    let never = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "new", 0)).awaits(&never)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 10, "{output:#?}");
    let reported: Vec<_> = of_type(&records, "status")
        .map(|change| {
            (change["provider_status"].as_str().unwrap(), change["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(reported, statuses);
}

#[test]
fn an_unknown_status_is_warned_about_once_and_never_a_success() {
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "COMPLETED_ISH", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::json(&update(ID, "completed!", 1)),
                Step::json(&update(ID, "Completed", 2)),
            ])],
        )
        .start();
    let (output, records) =
        command("watch", &server, &["-t", "500ms", "--until", "pending"]).run_json();
    assert_eq!(output.code, 124, "{output:#?}");
    assert!(statuses(&records).iter().all(|status| *status == "unknown"));
    let warnings =
        of_type(&records, "warning").filter(|warning| warning["code"] == "unknown_status");
    assert_eq!(warnings.count(), 1);
    assert_eq!(of_type(&records, "status").last().unwrap()["provider_status"], "Completed");
}

#[test]
fn a_heartbeat_is_printed_while_nothing_changes() {
    let server = always_answering(Reply::json(&record(ID, "processing", 0)));
    let arguments = ["--heartbeat", "100ms", "-o", "json"];
    let mut running = command("watch", &server, &arguments).start_piped();
    for _ in 0..3 {
        let heartbeat = running.wait_for_stdout("\"heartbeat\"");
        assert!(heartbeat.contains("\"unsettled\":1"), "{heartbeat}");
    }
    running.signal("INT");
    assert_eq!(running.wait_json().0.code, 130);
    let mut running = command("watch", &server, &["--heartbeat", "100ms"]).start_piped();
    for _ in 0..3 {
        let heartbeat = running.wait_for_stderr(&format!("Z proof:{ID} still processing after "));
        assert!(heartbeat.contains("(live, last heard "), "{heartbeat}");
    }
    running.signal("INT");
    assert_eq!(running.wait().code, 130);
    let without = command("watch", &server, &["--heartbeat", "none", "-t", "400ms"]).run();
    assert!(!without.stderr.contains(" still processing"), "{without:#?}");
}
