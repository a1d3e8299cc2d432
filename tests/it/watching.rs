//! Subscribe, pull, follow; and what is on the wire.

use serde_json::json;

use crate::support::proof::{ID, record, update};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server, push, rest};
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

/// `watch` of the one transaction.
fn watch(server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("proof:{ID}");
    let all = ["watch", &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url())
}

#[test]
fn it_subscribes_then_pulls_then_follows() {
    let shown = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::Await(shown.clone()),
                Step::json(&update(ID, "processing", 1)),
                Step::json(&update(ID, "completed", 2)),
            ])],
        )
        .start();
    let mut running = watch(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"pending\"");
    shown.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    let changes: Vec<_> = of_type(&records, "status")
        .map(|change| (change["status"].as_str().unwrap(), change["source"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, [("pending", "pull"), ("processing", "push"), ("completed", "push")]);
    assert_eq!(server.targets(), [push(ID), rest(ID)]);
    let last = of_type(&records, "status").last().unwrap();
    // What the pull said and the push did not is still known; what is personal is not told.
    assert_eq!(last["transaction"]["network"], "TRC20");
    assert_eq!(last["occurred_at"], "2026-04-01T10:00:02Z");
    assert!(!ended.stdout.contains("user-123"), "{ended:#?}");
}

#[test]
fn requests_carry_the_token_and_no_origin() {
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .push(ID, [Reply::upgrade([])])
        .start();
    assert_eq!(watch(&server, &[]).run().code, 0);
    let bearer = format!("Bearer {TOKEN}");
    for seen in server.seen() {
        assert_eq!(seen.method, "GET");
        assert_eq!(seen.header("Authorization"), Some(bearer.as_str()), "{seen:?}");
        assert_eq!(seen.header("Origin"), None, "{seen:?}");
        assert_eq!(seen.header("Cookie"), None, "{seen:?}");
        assert_eq!(seen.header("Accept-Encoding"), None, "{seen:?}");
        assert!(seen.header("User-Agent").unwrap().starts_with("txwatch/"), "{seen:?}");
    }
    let [upgrade, request] = server.seen().try_into().unwrap();
    assert_eq!(request.header("Accept"), Some("application/json"));
    assert_eq!(request.header("Upgrade"), None);
    assert_eq!(upgrade.header("Connection"), Some("Upgrade"));
    assert_eq!(upgrade.header("Upgrade"), Some("websocket"));
    assert_eq!(upgrade.header("Sec-WebSocket-Version"), Some("13"));
    assert_eq!(upgrade.header("Sec-WebSocket-Key").map(str::len), Some(24));
    assert_eq!(upgrade.header("Sec-WebSocket-Extensions"), None);
    assert_eq!(upgrade.header("Sec-WebSocket-Protocol"), None);
}

/// No time of the provider's own, so that only our clock tells what is newer.
fn timeless(mut value: serde_json::Value) -> serde_json::Value {
    let fields = value.as_object_mut().unwrap();
    fields.retain(|key, _| !["updated_at", "created_at", "occurred_at"].contains(&key.as_str()));
    value
}

#[test]
fn a_slow_answer_never_overtakes_a_push() {
    let (asked, pushed) = (Gate::new(), Gate::new());
    let slow = Reply::json(&timeless(record(ID, "pending", 0))).opens(&asked).awaits(&pushed);
    let later = Reply::json(&timeless(record(ID, "completed", 0)));
    let dropped = Gate::new();
    let server = Script::new()
        .rest(ID, [slow, later])
        .push(
            ID,
            [
                Reply::upgrade([
                    Step::Await(asked),
                    Step::json(&timeless(update(ID, "processing", 0))),
                    Step::Await(dropped.clone()),
                    Step::Drop,
                ]),
                Reply::upgrade([]),
            ],
        )
        .start();
    let mut running = watch(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"processing\"");
    // The answer to the first look is given only now; then something else to wait for.
    pushed.open();
    dropped.open();
    let ended = running.end();
    assert_eq!(statuses(&records(&ended.stdout, ended.code)), ["processing", "completed"]);
}

#[test]
fn what_is_not_about_the_transaction_is_ignored() {
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::json(&update("somebody-elses", "failed", 5)),
                Step::json(&json!({"event": "hello"})),
                Step::json(&json!({"event": "tx.deleted", "merchant_transaction_id": ID})),
                // Without an id it can only be about the connection's own.
                Step::json(&json!({"event": "tx.update", "status": "completed"})),
            ])],
        )
        .start();
    let (ended, records) = watch(&server, &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warnings: Vec<_> = of_type(&records, "warning").collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["code"], "bad_frame");
    assert!(warnings[0]["message"].as_str().unwrap().contains("another transaction"));
}

#[test]
fn the_widgets_words_are_understood() {
    let words = [("new", "pending"), ("paid", "processing"), ("order_failed", "failed")];
    let steps: Vec<_> = words
        .iter()
        .zip(1..)
        .map(|((word, _), second)| Step::json(&update(ID, word, second)))
        .collect();
    let never = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "new", 0)).awaits(&never)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    let (ended, records) = watch(&server, &[]).run_json();
    assert_eq!(ended.code, 10, "{ended:#?}");
    let shown: Vec<_> = of_type(&records, "status")
        .map(|change| {
            (change["provider_status"].as_str().unwrap(), change["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(shown, words);
}

#[test]
fn an_unknown_word_is_warned_about_once_and_never_a_success() {
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
    let (ended, records) = watch(&server, &["-t", "500ms", "--until", "pending"]).run_json();
    assert_eq!(ended.code, 124, "{ended:#?}");
    assert!(statuses(&records).iter().all(|status| *status == "unknown"));
    let warned = of_type(&records, "warning").filter(|warning| warning["code"] == "unknown_status");
    assert_eq!(warned.count(), 1);
    assert_eq!(of_type(&records, "status").last().unwrap()["provider_status"], "Completed");
}

#[test]
fn a_sign_of_life_is_given_when_nothing_changes() {
    let server = || {
        Script::new()
            .rest(ID, [Reply::json(&record(ID, "processing", 0))])
            .push(ID, [Reply::upgrade([])])
            .start()
    };
    let arguments = ["--heartbeat", "100ms", "-t", "900ms"];
    let (ended, records) = watch(&server(), &arguments).run_json();
    assert_eq!(ended.code, 124);
    let beats: Vec<_> = of_type(&records, "heartbeat").collect();
    assert!(beats.len() >= 3 && beats.iter().all(|beat| beat["unsettled"] == 1), "{ended:#?}");
    let ended = watch(&server(), &arguments).run();
    let beat = format!("Z proof:{ID} still processing after ");
    let beats: Vec<_> = ended.stderr.lines().filter(|line| line.contains(&beat)).collect();
    assert!(beats.len() >= 3 && beats[0].contains("live, last heard"), "{ended:#?}");
    let silent = watch(&server(), &["--heartbeat", "none", "-t", "400ms"]).run();
    assert!(!silent.stderr.contains(" still processing"), "{silent:#?}");
}
