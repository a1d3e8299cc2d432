//! Answers that are malformed, truncated, redirects or errors.

use crate::support::proof::{ID, command, error, record, rest_path};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, Txwatch};

fn poll(server: &Server, arguments: &[&str]) -> Txwatch {
    command("poll", server, &[&["-i", "100ms"], arguments].concat())
}

/// Runs a command with a server that always answers this. Returns how often it was asked as well.
fn answered(subcommand: &str, reply: Reply) -> (CommandOutput, usize) {
    let server = Script::new().rest(ID, [reply]).start();
    let (output, _) = command(subcommand, &server, &["-i", "100ms"]).run_json();
    (output, server.request_count(&rest_path(ID)))
}

/// A completed record, padded to this many bytes.
fn padded(size: usize) -> Vec<u8> {
    let mut body = record(ID, "completed", 0).to_string().into_bytes();
    body.resize(size, b' ');
    body
}

#[test]
fn a_malformed_answer_ends_a_single_lookup() {
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
        (Reply::status(200, b"\xff\xfe{\0}\0".to_vec()), "it is UTF-16 or UTF-32, not UTF-8"),
        (Reply::status(200, b"\x1f\x8b\x08rest".to_vec()), "it is compressed (gzip)"),
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
        (Reply::status(200, padded(16 * 1024 * 1024 + 1)), "is larger than 16 MiB"),
    ];
    for (reply, needle) in cases {
        let (output, requests) = answered("get", reply);
        output.fails(76, needle);
        assert_eq!(requests, 1, "{output:#?}");
        let errors = output.stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{output:#?}");
    }
}

#[test]
fn a_body_of_exactly_the_limit_is_read() {
    let (output, _) = answered("poll", Reply::status(200, padded(16 * 1024 * 1024)));
    assert_eq!(output.code, 0, "{}", output.stderr);
}

/// The provider's own record, which cannot be trusted: one key says two things.
fn ambiguous() -> Reply {
    Reply::status(200, r#"{"status":"failed","status":"completed"}"#)
}

#[test]
fn the_first_answers_mean_a_wrong_address_once_they_were_repeated() {
    let moved = Reply::status(302, "").header("Location", "http://proof.invalid/login");
    for (reply, needle) in [
        (Reply::status(200, "<html>"), "it is HTML or XML, not JSON"),
        (ambiguous(), "it has the key status twice"),
        (moved, "redirects (302) to http://proof.invalid"),
    ] {
        let (output, requests) = answered("poll", reply);
        output.fails(76, needle);
        assert!(output.stderr.contains("is this the address of Proof?"), "{output:#?}");
        assert_eq!(requests, 3, "{output:#?}");
        assert!(!output.stderr.contains("NOT final"), "{output:#?}");
    }
}

/// Whatever stands between us and the provider may answer in its place for a while.
#[test]
fn what_says_nothing_is_ridden_out_after_a_valid_answer() {
    let page = "<!doctype html><title>Blocked</title>";
    let moved = Reply::status(302, "").header("Location", "http://proof.invalid/login");
    for bad in [
        Reply::status(200, page),
        Reply::status(200, ""),
        Reply::status(200, r#"{"status":"compl"#),
        Reply::status(400, page),
        Reply::status(403, page).header("Content-Type", "text/html"),
        Reply::status(404, page),
        moved,
        ambiguous(),
    ] {
        let replies = [
            Reply::json(&record(ID, "pending", 0)),
            bad.clone(),
            bad.clone(),
            Reply::json(&record(ID, "completed", 1)),
        ];
        let server = Script::new().rest(ID, replies).start();
        let (output, records) = poll(&server, &[]).run_json();
        assert_eq!(output.code, 0, "{bad:?} {output:#?}");
        let warnings = records.iter().filter(|record| record["code"] == "bad_answer").count();
        assert_eq!(warnings, 1, "{bad:?} {output:#?}");
    }
}

#[test]
fn what_lasts_ends_at_the_outage_limit_and_says_what_is_not_final() {
    let pending = || Reply::json(&record(ID, "pending", 0));
    for (bad, code, needle) in [
        (Reply::status(200, "<html>"), 75, "it is HTML or XML, not JSON"),
        (Reply::status(403, "<html>"), 75, "403 without a JSON body"),
        (ambiguous(), 76, "it has the key status twice"),
        (Reply::json(&record("another", "completed", 0)), 76, "another transaction's record"),
        (Reply::status(401, error("unauthorised", "invalid_token")), 77, "401 (unauthorised"),
    ] {
        let server = Script::new().rest(ID, [pending(), bad.clone()]).start();
        let output = poll(&server, &["--max-outage", "2s"]).run();
        output.fails(code, needle);
        let is_named = output.stderr.contains("was last seen pending");
        assert!(is_named && output.stderr.contains("It is NOT final"), "{bad:?} {output:#?}");
    }
}

/// A truncated answer may be complete the next time.
#[test]
fn an_answer_that_is_no_http_response_is_an_outage() {
    for (raw, needle) in [
        (&b""[..], "failed: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\"", "failed: "),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "failed: "),
    ] {
        let server = Script::new().rest(ID, [Reply::raw(raw)]).start();
        let output = poll(&server, &["--max-outage", "0s"]).run();
        output.fails(75, "Proof could not be reached: the request to http://127.0.0.1:");
        output.fails(75, needle);
        assert!(output.stderr.contains("What was not heard is not known"), "{output:#?}");
    }
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let other = Script::new().start();
    let other_url = other.url() + &rest_path(ID);
    for (status, location) in [
        (301, other_url.as_str()),
        (302, &other_url),
        (307, &other_url),
        (308, &other_url),
        (302, "http://proof.invalid/login?next=x"),
        (302, "javascript:alert(1)"),
    ] {
        let moved = || Reply::status(status, "").header("Location", location);
        let server = Script::new().rest(ID, [moved()]).start();
        let output = poll(&server, &[]).run();
        output.fails(76, &format!("redirects ({status}) to "));
        assert!(output.stderr.contains("the token would go along"), "{output:#?}");
        // The same holds for a WebSocket upgrade; polling goes on.
        let completed = Reply::json(&record(ID, "completed", 0));
        let server = Script::new().rest(ID, [completed]).push(ID, [moved()]).start();
        let output = command("watch", &server, &["-v"]).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(output.stderr.contains(&format!("redirects ({status}) to ")), "{output:#?}");
    }
    assert!(other.requests().is_empty(), "{:#?}", other.requests());
}

#[test]
fn a_redirect_on_the_same_origin_is_followed() {
    let moved = Reply::status(307, "").header("Location", "/v2/transaction");
    let server = Script::new()
        .rest(ID, [moved])
        .route("/v2/transaction", [Reply::json(&record(ID, "completed", 0))])
        .start();
    assert_eq!(poll(&server, &[]).run().code, 0);
    let seen = server.requests();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("Authorization"), seen[0].header("Authorization"));
    // A redirect loop ends.
    let looping = Reply::status(302, "").header("Location", &rest_path(ID));
    let server = Script::new().rest(ID, [looping]).start();
    poll(&server, &[]).run().fails(76, "it redirects in a circle");
    assert!(server.request_count(&rest_path(ID)) <= 3 * 6);
}

#[test]
fn both_versions_of_error_bodies_are_reported() {
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
        (Reply::status(403, error("forbidden", "forbidden_origin")), 77, "Proof's allow-list"),
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
        let output = poll(&server, &["--appear-timeout", "0s", "--max-outage", "0s"]).run();
        output.fails(code, needle);
    }
}
