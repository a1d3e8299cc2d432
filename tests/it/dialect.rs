//! Proof's older WebSocket form: one connection for all of a user's transactions, the token in the URL.

use crate::support::proof::{error, record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{Ended, TOKEN, Txwatch, txwatch};

/// A token that looks different in a URL.
const TOKEN_WITH_SIGNS: &str = "tok+5f0c/1e77=secret";
const ENCODED: &str = "tok%2B5f0c%2F1e77%3Dsecret";

fn upgrade(token: &str) -> String {
    format!("/ws?user_id=user-123&token={token}")
}

fn older(server: &Server, arguments: &[&str]) -> Txwatch {
    txwatch(arguments)
        .proof(&server.url())
        .env("TXWATCH_PROOF_DIALECT", "user_id")
        .env("TXWATCH_PROOF_USER_ID", "user-123")
}

#[test]
fn one_connection_serves_every_id_and_is_filtered() {
    let asked = Gate::new();
    let server = Script::new()
        .rest("one", [Reply::json(&record("one", "pending", 0))])
        .rest("two", [Reply::json(&record("two", "pending", 0)).opens(&asked)])
        .route(
            &upgrade(TOKEN),
            [Reply::upgrade([
                Step::Await(asked),
                Step::json(&update("another", "failed", 1)),
                Step::json(&update("two", "failed", 1)),
                Step::json(&update("one", "completed", 1)),
            ])],
        )
        .start();
    let (ended, records) = older(&server, &["watch", "proof:one", "proof:two"]).run_json();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(server.asked(&upgrade(TOKEN)), 1);
    assert_eq!(of_type(&records, "warning").count(), 0);
    let ends: Vec<_> = of_type(&records, "result")
        .map(|result| (result["target"].as_str().unwrap(), result["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(ends, [("proof:two", "failed"), ("proof:one", "ok")]);
    // REST takes the token where it always does; the upgrade has it once.
    for seen in server.seen() {
        let bearer = seen.header("Authorization").is_some();
        assert_eq!(bearer, !seen.target.starts_with("/ws"), "{seen:?}");
    }
}

/// The token as it is and as a URL has it.
fn assert_hidden(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains(TOKEN_WITH_SIGNS) && !text.contains(ENCODED), "{ended:#?}");
    }
}

#[test]
fn the_token_in_the_url_is_never_shown() {
    let target = upgrade(ENCODED);
    let echoed = |status| {
        let message = format!("bad token {TOKEN_WITH_SIGNS} in {target}");
        Reply::status(status, error("unauthorised", &message))
    };
    let completed = || Reply::json(&record("one", "completed", 0));
    let cases = [
        (echoed(500), 0),
        (echoed(401), 77),
        (echoed(302).header("Location", &format!("http://127.0.0.1:9{target}")), 76),
        (Reply::raw("nonsense that is no HTTP\r\n\r\n"), 0),
        (Reply::raw(""), 0),
        (Reply::raw("HTTP/1.1 101 Switching"), 0),
        (Reply::upgrade_with_accept("wrong"), 0),
        (Reply::upgrade([Step::Text(format!("no JSON {target}"))]), 0),
        (Reply::upgrade([Step::Text(format!("{{\"event\":\"{target}\"}}"))]), 0),
    ];
    for (reply, code) in cases {
        let again = Gate::new();
        let looks = match &code {
            0 => completed().awaits(&again),
            _ => Reply::json(&record("one", "pending", 0)),
        };
        let server = Script::new()
            .rest("one", [looks])
            .route(&target, [reply.clone().opens(&again)])
            .start();
        for form in ["plain", "json"] {
            let arguments = ["watch", "proof:one", "-vv", "-o", form];
            let ended =
                older(&server, &arguments).env("TXWATCH_PROOF_TOKEN", TOKEN_WITH_SIGNS).run();
            assert_eq!(ended.code, code, "{reply:?} {ended:#?}");
            assert!(ended.stderr.contains("/ws?user_id=user-123"), "{ended:#?}");
            assert_hidden(&ended);
        }
    }
}

#[test]
fn the_dialect_needs_its_user() {
    let server = Script::new().start();
    let start = |dialect| {
        txwatch(["watch", "proof:one"]).proof(&server.url()).env("TXWATCH_PROOF_DIALECT", dialect)
    };
    start("user_id").run().fails(78, "needs the setting user_id");
    start("older").run().fails(78, "it is one of: tx_id, user_id");
    assert!(server.seen().is_empty());
}
