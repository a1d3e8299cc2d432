//! Every order of an account, on a connection whose token was renewed before it was opened.

use serde_json::json;
use txwatch::protocol::jwt;

use crate::support::script::{Reply, Step};
use crate::support::server::Script;
use crate::support::txwatch::txwatch;

#[test]
fn an_order_signed_with_the_token_that_was_just_renewed_is_believed() {
    // It has come to its end, so another one is issued before anything begins.
    let ended = jwt::sign(&json!({ "exp": 1_000 }), b"issuer").unwrap();
    let order = |id: &str, key: &str| {
        let order = json!({ "id": id, "status": "COMPLETED" });
        let data = jwt::sign(&order, key.as_bytes()).unwrap();
        Step::json(&json!({ "event": "ORDER_COMPLETED", "channel": "key-1", "data": data }))
    };
    let hello = json!({ "event": "pusher:connection_established", "data": "{}" });
    let version = env!("CARGO_PKG_VERSION");
    let issued =
        json!({ "data": { "accessToken": "the-next-token", "expiresAt": 9_999_999_999u64 } });
    let server = Script::new()
        .route("/partners/api/v2/refresh-token", [Reply::json(&issued)])
        .route(
            &format!("/app/app-1?protocol=7&client=txwatch&version={version}"),
            [Reply::upgrade([
                Step::json(&hello),
                order("by-another", "another-token"),
                order("by-the-last", &ended),
                order("by-the-next", "the-next-token"),
            ])],
        )
        .start();
    let mut running = txwatch(["watch", "--all", "-p", "transak", "-o", "plain"])
        .env("TXWATCH_TRANSAK_URL", server.url())
        .env("TXWATCH_TRANSAK_PUSHER_KEY", "app-1")
        .env("TXWATCH_TRANSAK_PUSH_URL", server.url())
        .env("TXWATCH_TRANSAK_API_KEY", "key-1")
        .env("TXWATCH_TRANSAK_API_SECRET", "issuer-secret")
        .env("TXWATCH_TRANSAK_TOKEN", &ended)
        .start_piped();
    running.wait_for_stdout("transak:by-the-next");
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, 143, "{ended:#?}");
    assert_eq!(ended.stdout, "transak:by-the-last\tcompleted\ntransak:by-the-next\tcompleted\n");
}
