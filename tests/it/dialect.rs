//! Proof's older WebSocket dialect: one connection for all transactions of a user, with the token in the URL.

use crate::support::proof::{error, record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, TOKEN, Txwatch, txwatch};

/// A token that is percent-encoded in a URL.
const SPECIAL_TOKEN: &str = "tok+5f0c/1e77=secret";
const ENCODED_TOKEN: &str = "tok%2B5f0c%2F1e77%3Dsecret";

fn upgrade_path(token: &str) -> String {
    format!("/ws?user_id=user-123&token={token}")
}

fn with_user_id(server: &Server, arguments: &[&str]) -> Txwatch {
    txwatch(arguments)
        .proof(&server.url())
        .env("TXWATCH_PROOF_DIALECT", "user_id")
        .env("TXWATCH_PROOF_USER_ID", "user-123")
}

#[test]
fn one_connection_serves_every_id_and_ignores_others() {
    let requested = Gate::new();
    let server = Script::new()
        .rest("one", [Reply::json(&record("one", "pending", 0))])
        .rest("two", [Reply::json(&record("two", "pending", 0)).opens(&requested)])
        .route(
            &upgrade_path(TOKEN),
            [Reply::upgrade([
                Step::Await(requested),
                Step::json(&update("another", "failed", 1)),
                Step::json(&update("two", "failed", 1)),
                Step::json(&update("one", "completed", 1)),
            ])],
        )
        .start();
    let (output, records) = with_user_id(&server, &["watch", "proof:one", "proof:two"]).run_json();
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(server.request_count(&upgrade_path(TOKEN)), 1);
    assert_eq!(of_type(&records, "warning").count(), 0);
    let outcomes: Vec<_> = of_type(&records, "result")
        .map(|result| (result["target"].as_str().unwrap(), result["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("proof:two", "failed"), ("proof:one", "ok")]);
    // Requests have the token in the header as usual, the upgrade only in its URL.
    for request in server.requests() {
        let bearer = request.header("Authorization").is_some();
        assert_eq!(bearer, !request.path.starts_with("/ws"), "{request:?}");
    }
}

/// Looks for the token, unchanged and percent-encoded.
fn assert_hidden(output: &CommandOutput) {
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(SPECIAL_TOKEN) && !text.contains(ENCODED_TOKEN), "{output:#?}");
    }
}

#[test]
fn the_token_in_the_url_is_never_shown() {
    let path = upgrade_path(ENCODED_TOKEN);
    let repeated = |status| {
        let message = format!("bad token {SPECIAL_TOKEN} in {path}");
        Reply::status(status, error("unauthorised", &message))
    };
    let completed = || Reply::json(&record("one", "completed", 0));
    let cases = [
        (repeated(500), 0),
        (repeated(401), 77),
        (repeated(302).header("Location", &format!("http://127.0.0.1:9{path}")), 0),
        (Reply::raw("nonsense that is no HTTP\r\n\r\n"), 0),
        (Reply::raw(""), 0),
        (Reply::raw("HTTP/1.1 101 Switching"), 0),
        (Reply::upgrade_with_accept("wrong"), 0),
        (Reply::upgrade([Step::Text(format!("no JSON {path}"))]), 0),
        (Reply::upgrade([Step::Text(format!("{{\"event\":\"{path}\"}}"))]), 0),
    ];
    for (reply, code) in cases {
        let upgraded = Gate::new();
        let answer = match &code {
            0 => completed().awaits(&upgraded),
            _ => Reply::json(&record("one", "pending", 0)),
        };
        let server = Script::new()
            .rest("one", [answer])
            .route(&path, [reply.clone().opens(&upgraded)])
            .start();
        for form in ["plain", "json"] {
            let arguments = ["watch", "proof:one", "-vv", "-o", form];
            let output =
                with_user_id(&server, &arguments).env("TXWATCH_PROOF_TOKEN", SPECIAL_TOKEN).run();
            assert_eq!(output.code, code, "{reply:?} {output:#?}");
            assert!(output.stderr.contains("/ws?user_id=user-123"), "{output:#?}");
            assert_hidden(&output);
        }
    }
}

#[test]
fn the_dialect_needs_a_user_id() {
    let server = Script::new().start();
    let start = |dialect| {
        txwatch(["watch", "proof:one"]).proof(&server.url()).env("TXWATCH_PROOF_DIALECT", dialect)
    };
    start("user_id").run().fails(78, "needs the setting user_id");
    start("older").run().fails(78, "it is one of: tx_id, user_id");
    assert!(server.requests().is_empty());
}
