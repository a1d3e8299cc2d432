//! CSPR.cloud's REST and stream, against a scripted server.

use serde_json::{Value, json};

use crate::support::chain::{self, BLOCK, HASH, OTHER, created, record};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("cspr:{HASH}");
    let all = [name, &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).cspr(&server.url())
}

fn error(status: u16, code: &str) -> Reply {
    chain::error(status, code, "it says")
}

fn pending() -> Reply {
    record(HASH, "pending", Value::Null)
}

#[test]
fn it_listens_then_asks_then_follows() {
    let looked = Gate::new();
    let story = [
        Step::Text("Ping".to_owned()),
        Step::Await(looked.clone()),
        Step::json(&created(OTHER, Value::Null)),
        Step::Text("Ping".to_owned()),
        Step::json(&created(HASH, Value::Null)),
        Step::json(&created(HASH, Value::Null)),
    ];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(story)]).deploy(HASH, [pending()]).start();
    let mut running = command("watch", &server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"pending\"");
    looked.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(of_type(&records, "warning").count(), 0, "a ping is no news");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["provider_status"], "processed");
    assert_eq!(last["transaction"]["cost"], "1234567891");
    assert_eq!(last["transaction"]["block"], BLOCK);
    let [upgrade, look] = &server.seen()[..] else { panic!("two requests") };
    for seen in [upgrade, look] {
        assert_eq!(seen.header("Authorization"), Some(TOKEN), "bare, without a scheme");
        assert_eq!(seen.header("Persistent-Session"), None);
    }
}

#[test]
fn what_was_processed_with_an_error_has_failed() {
    let story = [Step::json(&created(HASH, json!("User error: 1")))];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(story)]).deploy(HASH, [pending()]).start();
    let ended = command("watch", &server, &["-o", "human"]).run();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert!(ended.stdout.contains("User error: 1  cost 1.234567891 CSPR"), "{ended:#?}");

    let server =
        Script::new().deploy(HASH, [record(HASH, "processed", json!("Out of gas"))]).start();
    let (ended, records) = command("poll", &server, &[]).run_json();
    assert_eq!(ended.code, 10, "{ended:#?}");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["error"], "Out of gas");
}

/// An ending that never arrives by push.
#[test]
fn an_expiry_is_found_by_asking() {
    let server = Script::new()
        .stream(HASH, [Reply::upgrade([])])
        .deploy(HASH, [record(HASH, "expired", Value::Null)])
        .start();
    let ended = command("watch", &server, &[]).run();
    assert_eq!(ended.code, 12, "{ended:#?}");
}

#[test]
fn a_timeout_of_a_listener_is_no_ending() {
    let server = Script::new()
        .deploy(
            HASH,
            [record(HASH, "timeout", Value::Null), record(HASH, "processed", Value::Null)],
        )
        .start();
    let (ended, records) = command("poll", &server, &["-i", "100ms"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
}

#[test]
fn one_that_was_just_sent_may_not_be_known_yet() {
    let server = Script::new()
        .deploy(HASH, [error(404, "not_found"), record(HASH, "processed", Value::Null)])
        .start();
    let ended = command("poll", &server, &["-i", "100ms"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stderr.contains("does not know it yet (404 (not_found: it says))"), "{ended:#?}");

    let server = Script::new().deploy(HASH, [error(404, "not_found")]).start();
    command("get", &server, &[]).run().fails(66, "CSPR.cloud does not know");
}

#[test]
fn every_error_has_its_code() {
    for (reply, code, told) in [
        (error(401, "unauthorized"), 77, "refused the token: 401 (unauthorized: it says)"),
        (error(403, "access_denied"), 77, "refused the token: 403 (access_denied: it says)"),
        (error(400, "invalid_input"), 76, "it answered 400 (invalid_input: it says)"),
        (error(429, "quota"), 75, "429 (quota: it says)"),
        (Reply::status(404, "<html>"), 76, "without a JSON body"),
    ] {
        let server = Script::new().deploy(HASH, [reply]).start();
        command("get", &server, &[]).run().fails(code, told);
    }
    let server = Script::new()
        .stream(HASH, [error(401, "unauthorized")])
        .deploy(HASH, [error(401, "unauthorized")])
        .start();
    let ended = command("watch", &server, &[]).run();
    ended.fails(77, "401 (unauthorized: it says)");
}

#[test]
fn all_targets_are_on_one_connection() {
    let both = format!("{HASH},{OTHER}");
    let story =
        [Step::json(&created(OTHER, Value::Null)), Step::json(&created(HASH, json!("Out of gas")))];
    let server = Script::new()
        .stream(&both, [Reply::upgrade(story)])
        .deploy(HASH, [pending()])
        .deploy(OTHER, [record(OTHER, "pending", Value::Null)])
        .start();
    let upper = format!("cspr:deploy-{}", OTHER.to_ascii_uppercase());
    let ended = txwatch(["watch", &upper, &format!("cspr:{HASH}")]).cspr(&server.url()).run();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert!(ended.stdout.contains(&format!("{upper}\tcompleted")), "{ended:#?}");
}

#[test]
fn a_persistent_session_is_sent_where_it_is_asked_for() {
    let story = [Step::json(&created(HASH, Value::Null))];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(story)]).deploy(HASH, [pending()]).start();
    let command = command("watch", &server, &[]).env("TXWATCH_CSPR_PERSISTENT_SESSION", "ci-7");
    assert_eq!(command.run().code, 0);
    let upgrade = server.seen().remove(0);
    assert_eq!(upgrade.header("Persistent-Session"), Some("ci-7"));
}

#[test]
fn a_token_is_required_and_never_sent_in_the_clear() {
    let target = format!("cspr:{HASH}");
    txwatch(["get", &target]).run().fails(78, "profile cspr has no token");
    let far = txwatch(["get", &target]).cspr("http://192.0.2.1:9");
    far.run().fails(78, "would send its token unencrypted");
    let odd = txwatch(["get", &target])
        .cspr("http://127.0.0.1:9")
        .env("TXWATCH_CSPR_PERSISTENT_SESSION", "a b");
    odd.run().fails(78, "persistent_session");
}

#[test]
fn a_profile_is_checked_without_a_transaction() {
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "cspr"]).cspr(&server.url()).run();
    let nobody = "0".repeat(64);
    let server = Script::new().deploy(&nobody, [error(404, "not_found")]).start();
    let ended = check(&server);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stdout.contains("token accepted"), "{ended:#?}");
    let server = Script::new().deploy(&nobody, [error(401, "unauthorized")]).start();
    check(&server).fails(77, "refused the token: 401");
    let server = Script::new().deploy(&nobody, [Reply::status(404, "<html>")]).start();
    check(&server).fails(76, "without a JSON body");
}
