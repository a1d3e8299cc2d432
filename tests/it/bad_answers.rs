//! Servers that answer something else.

use crate::support::proof::{ID, error, record};
use crate::support::script::Reply;
use crate::support::server::{Script, Server, rest};
use crate::support::txwatch::{Ended, Txwatch, txwatch};

fn poll(server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("proof:{ID}");
    let all = ["poll", &target, "-i", "100ms"].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url())
}

fn answered(reply: Reply) -> (Ended, usize) {
    let server = Script::new().rest(ID, [reply]).start();
    let (ended, _) = poll(&server, &[]).run_json();
    (ended, server.asked(&rest(ID)))
}

fn flood(size: usize) -> Vec<u8> {
    let mut body = record(ID, "completed", 0).to_string().into_bytes();
    body.resize(size, b' ');
    body
}

#[test]
fn an_answer_that_makes_no_sense_is_named_and_not_asked_for_again() {
    let with_status = |status| {
        let mut record = record(ID, "completed", 0);
        record["status"] = status;
        record
    };
    let cases = [
        (Reply::status(200, "<!DOCTYPE html><h1>Sign in</h1>"), "it is HTML or XML, not JSON"),
        (Reply::status(200, ""), "it is empty"),
        (Reply::status(204, ""), "it is empty"),
        (Reply::status(200, "null"), "it is null, not a JSON object"),
        (Reply::status(200, "[]"), "it is an array, not a JSON object"),
        (Reply::status(200, "{\"status\":\"completed\""), "it is not JSON"),
        (Reply::status(200, b"{\"status\":\"\xff\"}".to_vec()), "it is not valid UTF-8"),
        (Reply::status(200, b"\x1f\x8b\x08rest".to_vec()), "it is compressed"),
        (Reply::json(&with_status(3.into())), "its status is a number, not a word"),
        (Reply::json(&with_status(serde_json::Value::Null)), "its status is null, not a word"),
        (Reply::json(&with_status("".into())), "its status is empty"),
        (Reply::json(&serde_json::json!({"merchant_transaction_id": ID})), "it has no status"),
        (Reply::json(&record("another", "completed", 0)), "another transaction's record"),
        (Reply::status(418, "short and stout"), "it answered 418 without a JSON body"),
        (
            Reply::status(400, error("invalid_request", "missing_param")),
            "it answered 400 (invalid_",
        ),
        (Reply::status(200, flood(16 * 1024 * 1024 + 1)), "is larger than 16 MiB"),
    ];
    for (reply, needle) in cases {
        let (ended, asked) = answered(reply);
        ended.fails(76, needle);
        assert_eq!(asked, 1, "{ended:#?}");
        let errors = ended.stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{ended:#?}");
    }
}

#[test]
fn a_body_of_just_the_limit_is_read() {
    let (ended, _) = answered(Reply::status(200, flood(16 * 1024 * 1024)));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// Once the server was understood, a bad answer or two may be an accident.
#[test]
fn an_accident_between_good_answers_is_borne() {
    let pending = || Reply::json(&record(ID, "pending", 0));
    let html = || Reply::status(200, "<html>");
    let server = Script::new()
        .rest(ID, [pending(), html(), html(), Reply::json(&record(ID, "completed", 1))])
        .start();
    let (ended, records) = poll(&server, &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warned = records.iter().filter(|record| record["code"] == "bad_answer").count();
    assert_eq!(warned, 2);
    let server = Script::new().rest(ID, [pending(), html()]).start();
    poll(&server, &[]).run().fails(76, "it is HTML or XML, not JSON");
    assert_eq!(server.asked(&rest(ID)), 4);
}

/// An answer that breaks off may be whole the next time.
#[test]
fn what_is_no_answer_at_all_is_an_outage() {
    for (raw, needle) in [
        (&b""[..], "failed: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\"", "failed: "),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "failed: "),
    ] {
        let server = Script::new().rest(ID, [Reply::raw(raw)]).start();
        let ended = poll(&server, &["--max-outage", "0s"]).run();
        ended.fails(75, "Proof could not be reached: the request to http://127.0.0.1:");
        ended.fails(75, needle);
        assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
    }
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let other = Script::new().start();
    let elsewhere = other.url() + &rest(ID);
    for (status, location) in [
        (301, elsewhere.as_str()),
        (302, &elsewhere),
        (307, &elsewhere),
        (308, &elsewhere),
        (302, "http://proof.invalid/login?next=x"),
        (302, "javascript:alert(1)"),
    ] {
        let moved = || Reply::status(status, "").header("Location", location);
        let server = Script::new().rest(ID, [moved()]).start();
        let ended = poll(&server, &[]).run();
        ended.fails(76, &format!("redirects ({status}) to "));
        assert!(ended.stderr.contains("the token would go along"), "{ended:#?}");
        // A WebSocket's upgrade is held to the same.
        let server = Script::new().push(ID, [moved()]).start();
        let watch = txwatch(["watch", &format!("proof:{ID}")]).proof(&server.url()).run();
        watch.fails(76, &format!("redirects ({status}) to "));
    }
    assert!(other.seen().is_empty(), "{:#?}", other.seen());
}

#[test]
fn a_redirect_on_the_same_origin_is_followed() {
    let moved = Reply::status(307, "").header("Location", "/v2/transaction");
    let server = Script::new()
        .rest(ID, [moved])
        .route("/v2/transaction", [Reply::json(&record(ID, "completed", 0))])
        .start();
    assert_eq!(poll(&server, &[]).run().code, 0);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("Authorization"), seen[0].header("Authorization"));
    // One that goes round in circles ends.
    let around = Reply::status(302, "").header("Location", &rest(ID));
    let server = Script::new().rest(ID, [around]).start();
    poll(&server, &[]).run().fails(76, "redirects (302)");
    assert!(server.asked(&rest(ID)) <= 6);
}

#[test]
fn both_generations_of_error_bodies_are_told() {
    let older = |status, slug: &str| {
        let body = serde_json::json!({"error": slug, "message": "m", "request_id": "r"});
        Reply::status(status, body.to_string())
    };
    for (reply, code, needle) in [
        (
            Reply::status(403, error("forbidden", "forbidden_origin")),
            77,
            "403 (forbidden: forbidden_",
        ),
        (older(403, "offramp_disabled"), 77, "403 (offramp_disabled: m)"),
        (older(401, "unauthorized"), 77, "401 (unauthorized: m)"),
        (Reply::status(401, "<html>"), 77, "401 without a JSON body"),
        (older(404, "transaction_not_found"), 66, "404 (transaction_not_found: m)"),
        (older(429, "rate_limit_exceeded"), 75, "429 (rate_limit_exceeded: m)"),
        (
            Reply::status(502, error("upstream_error", "provider_error")),
            75,
            "502 (upstream_error: ",
        ),
    ] {
        let server = Script::new().rest(ID, [reply]).start();
        let ended = poll(&server, &["--appear-timeout", "0s", "--max-outage", "0s"]).run();
        ended.fails(code, needle);
    }
}
