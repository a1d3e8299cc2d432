//! Access tokens: issued for the API secret, renewed, and never shown.

use serde_json::{Value, json};
use txwatch::protocol::jwt;

use super::{FAR, SECRET, with_secret};
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::transak::{ID, REFRESH, command, error, issued, order_path, record};
use crate::support::txwatch::{API_KEY, CommandOutput, command_for};

fn no_secret_is_shown(output: &CommandOutput, tokens: &[&str]) {
    for secret in tokens.iter().chain(&[SECRET]) {
        assert!(!output.stdout.contains(secret), "{output:#?}");
        assert!(!output.stderr.contains(secret), "{output:#?}");
    }
}

#[test]
fn a_missing_token_is_issued_for_the_secret() {
    let server = Script::new()
        .route(REFRESH, [issued("issued-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let output = with_secret(command("poll", &server, &["-vv"])).run();
    assert_eq!(output.code, 0, "{output:#?}");
    let [refresh, lookup] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!((refresh.method.as_str(), refresh.path.as_str()), ("POST", REFRESH));
    assert_eq!(refresh.header("api-secret"), Some(SECRET));
    assert_eq!(refresh.header("Content-Type"), Some("application/json"));
    let body: Value = serde_json::from_str(&refresh.body).unwrap();
    assert_eq!(body, json!({ "apiKey": API_KEY }));
    assert_eq!(lookup.header("access-token"), Some("issued-token-1"));
    no_secret_is_shown(&output, &["issued-token-1"]);
}

#[test]
fn a_rejected_token_that_was_issued_is_replaced_once() {
    let refused = || error(401, "Unauthorized", "Authorization Required");
    let both = || [issued("issued-token-1", FAR), issued("issued-token-2", FAR)];
    let server = Script::new()
        .route(REFRESH, both())
        .order(ID, [refused(), record(ID, "COMPLETED", 1)])
        .start();
    let output = with_secret(command("poll", &server, &[])).run();
    assert_eq!(output.code, 0, "{output:#?}");
    let tokens = server.header_values(&order_path(ID), "access-token");
    assert_eq!(tokens, ["issued-token-1", "issued-token-2"]);

    let server = Script::new().route(REFRESH, both()).order(ID, [refused()]).start();
    let output = with_secret(command("poll", &server, &[])).run();
    output.fails(77, "Transak refused the token: 401 (Unauthorized: Authorization Required)");
    assert_eq!(server.request_count(REFRESH), 2, "it is replaced once");
    no_secret_is_shown(&output, &["issued-token-1", "issued-token-2"]);
}

#[test]
fn an_expired_token_is_replaced_before_anything_is_asked() {
    let old = jwt::sign(&json!({ "exp": 1_700_000_000 }), b"transak").unwrap();
    let server = Script::new()
        .route(REFRESH, [issued("issued-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let command = with_secret(command("get", &server, &[])).env("TXWATCH_TRANSAK_TOKEN", &old);
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.paths(), [REFRESH.to_owned(), order_path(ID)]);
    no_secret_is_shown(&output, &[&old]);
}

#[test]
fn a_wrong_api_secret_is_reported() {
    let wrong = error(400, "Bad Request", "Invalid api-secret. Please generate a new one");
    let server = Script::new().route(REFRESH, [wrong]).start();
    let output = with_secret(command("get", &server, &[])).run();
    output.fails(77, "Transak issued no token: 400 (Bad Request: Invalid api-secret.");
    assert!(output.stderr.contains("TXWATCH_TRANSAK_API_SECRET"), "{output:#?}");
    no_secret_is_shown(&output, &[]);
}

#[test]
fn an_unavailable_issuer_is_retried() {
    let busy = Reply::status(503, "busy");
    let server = Script::new()
        .route(REFRESH, [busy, issued("issued-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let output = with_secret(command("poll", &server, &[])).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.request_count(REFRESH), 2);
}

#[test]
fn an_api_secret_needs_its_api_key() {
    let server = Script::new().start();
    let command = with_secret(command("get", &server, &[])).env("TXWATCH_TRANSAK_API_KEY", "");
    command.run().fails(78, "no api_key to go with it");
}

#[test]
fn secrets_are_sent_unencrypted_to_loopback_only() {
    let remote = |name: &str, arguments: &[&str]| {
        command_for(name, &format!("transak:{ID}"), arguments).transak("http://192.0.2.1:9")
    };
    let output = remote("get", &[]).transak_token().run();
    output.fails(78, "would send its token unencrypted over http:// to 192.0.2.1");
    with_secret(remote("get", &[])).run().fails(78, "unencrypted");
    // The channel of an order needs no secret.
    let output = remote("watch", &["--max-outage", "1ms", "-t", "5s"]).run();
    assert_eq!(output.code, 75, "{output:#?}");
}
