//! CSPR.cloud's REST and stream, against a scripted server.

use serde_json::{Value, json};

use crate::support::chain::{self, BLOCK, HASH, OTHER, created, cspr_command as command, record};
use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, txwatch};

fn error(status: u16, code: &str) -> Reply {
    chain::error(status, code, "details")
}

fn pending() -> Reply {
    record(HASH, "pending", Value::Null)
}

#[test]
fn it_subscribes_then_pulls_then_follows() {
    let reported = Gate::new();
    let steps = [
        Step::Text("Ping".to_owned()),
        Step::Await(reported.clone()),
        Step::json(&created(OTHER, Value::Null)),
        Step::Text("Ping".to_owned()),
        Step::json(&created(HASH, Value::Null)),
        Step::json(&created(HASH, Value::Null)),
    ];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(steps)]).deploy(HASH, [pending()]).start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"pending\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(of_type(&records, "warning").count(), 0, "a ping is not a message");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["provider_status"], "processed");
    assert_eq!(last["transaction"]["cost"], "1234567891");
    assert_eq!(last["transaction"]["block"], BLOCK);
    let [upgrade, lookup] = &server.requests()[..] else { panic!("two requests") };
    for request in [upgrade, lookup] {
        assert_eq!(request.header("Authorization"), Some(TOKEN), "the token without a scheme");
        assert_eq!(request.header("Persistent-Session"), None);
    }
}

#[test]
fn a_deploy_processed_with_an_error_has_failed() {
    let steps = [Step::json(&created(HASH, json!("User error: 1")))];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(steps)]).deploy(HASH, [pending()]).start();
    let output = command("watch", &server, &["-o", "human"]).run();
    assert_eq!(output.code, 10, "{output:#?}");
    assert!(output.stdout.contains("User error: 1  cost 1.234567891 CSPR"), "{output:#?}");

    let server =
        Script::new().deploy(HASH, [record(HASH, "processed", json!("Out of gas"))]).start();
    let (output, records) = command("poll", &server, &[]).run_json();
    assert_eq!(output.code, 10, "{output:#?}");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["error"], "Out of gas");
}

/// CSPR.cloud never pushes this ending.
#[test]
fn an_expiry_is_found_by_a_lookup() {
    let server = Script::new()
        .stream(HASH, [Reply::upgrade([])])
        .deploy(HASH, [record(HASH, "expired", Value::Null)])
        .start();
    let output = command("watch", &server, &[]).run();
    assert_eq!(output.code, 12, "{output:#?}");
}

#[test]
fn the_status_timeout_is_not_final() {
    let server = Script::new()
        .deploy(
            HASH,
            [record(HASH, "timeout", Value::Null), record(HASH, "processed", Value::Null)],
        )
        .start();
    let (output, records) = command("poll", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
}

#[test]
fn a_new_deploy_may_not_be_known_yet() {
    let server = Script::new()
        .deploy(HASH, [error(404, "not_found"), record(HASH, "processed", Value::Null)])
        .start();
    let output = command("poll", &server, &["-i", "100ms"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output.stderr.contains("does not know it yet (404 (not_found: details))"),
        "{output:#?}"
    );

    let server = Script::new().deploy(HASH, [error(404, "not_found")]).start();
    command("get", &server, &[]).run().fails(66, "CSPR.cloud does not know");
}

#[test]
fn every_error_has_its_code() {
    for (reply, code, needle) in [
        (error(401, "unauthorized"), 77, "refused the token: 401 (unauthorized: details)"),
        (error(403, "access_denied"), 77, "refused the token: 403 (access_denied: details)"),
        (error(400, "invalid_input"), 76, "it answered 400 (invalid_input: details)"),
        (error(429, "quota"), 75, "429 (quota: details)"),
        (Reply::status(404, "<html>"), 76, "without a JSON body"),
    ] {
        let server = Script::new().deploy(HASH, [reply]).start();
        command("get", &server, &[]).run().fails(code, needle);
    }
    let server = Script::new()
        .stream(HASH, [error(401, "unauthorized")])
        .deploy(HASH, [error(401, "unauthorized")])
        .start();
    let output = command("watch", &server, &[]).run();
    output.fails(77, "401 (unauthorized: details)");
}

#[test]
fn all_targets_share_one_connection() {
    let both = format!("{HASH},{OTHER}");
    let steps =
        [Step::json(&created(OTHER, Value::Null)), Step::json(&created(HASH, json!("Out of gas")))];
    let server = Script::new()
        .stream(&both, [Reply::upgrade(steps)])
        .deploy(HASH, [pending()])
        .deploy(OTHER, [record(OTHER, "pending", Value::Null)])
        .start();
    let upper = format!("cspr:deploy-{}", OTHER.to_ascii_uppercase());
    let output = txwatch(["watch", &upper, &format!("cspr:{HASH}")]).cspr(&server.url()).run();
    assert_eq!(output.code, 10, "{output:#?}");
    assert!(output.stdout.contains(&format!("{upper}\tcompleted")), "{output:#?}");
}

#[test]
fn a_configured_persistent_session_is_sent() {
    let steps = [Step::json(&created(HASH, Value::Null))];
    let server =
        Script::new().stream(HASH, [Reply::upgrade(steps)]).deploy(HASH, [pending()]).start();
    let command = command("watch", &server, &[]).env("TXWATCH_CSPR_PERSISTENT_SESSION", "ci-7");
    assert_eq!(command.run().code, 0);
    let upgrade = server.requests().remove(0);
    assert_eq!(upgrade.header("Persistent-Session"), Some("ci-7"));
}

#[test]
fn a_token_is_required_and_never_sent_unencrypted() {
    let target = format!("cspr:{HASH}");
    txwatch(["get", &target]).run().fails(78, "profile cspr has no token");
    let remote = txwatch(["get", &target]).cspr("http://192.0.2.1:9");
    remote.run().fails(78, "would send its token unencrypted");
    let invalid = txwatch(["get", &target])
        .cspr("http://127.0.0.1:9")
        .env("TXWATCH_CSPR_PERSISTENT_SESSION", "a b");
    invalid.run().fails(78, "persistent_session");
}

#[test]
fn config_check_needs_no_transaction() {
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "cspr"]).cspr(&server.url()).run();
    let unknown = "0".repeat(64);
    let server = Script::new().deploy(&unknown, [error(404, "not_found")]).start();
    let output = check(&server);
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stdout.contains("token accepted"), "{output:#?}");
    let server = Script::new().deploy(&unknown, [error(401, "unauthorized")]).start();
    check(&server).fails(77, "refused the token: 401");
    let server = Script::new().deploy(&unknown, [Reply::status(404, "<html>")]).start();
    check(&server).fails(76, "without a JSON body");
}
