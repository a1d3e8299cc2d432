//! Every order of an account, on a connection whose token was renewed before it was opened.

use serde_json::json;
use txwatch::protocol::jwt;
use txwatch::sandbox::transak::pusher;

use crate::support::script::{Reply, Step};
use crate::support::server::Script;
use crate::support::transak::{REFRESH, hello, issued, order};
use crate::support::txwatch::txwatch;

#[test]
fn an_order_signed_with_the_token_that_was_just_renewed_is_believed() {
    // It has come to its end, so another one is issued before anything begins.
    let ended = jwt::sign(&json!({ "exp": 1_000 }), b"issuer").unwrap();
    let signed = |id: &str, key: &str| {
        let data = jwt::sign(&order(id, "COMPLETED", 1), key.as_bytes()).unwrap();
        Step::json(&pusher::published("ORDER_COMPLETED", "key-1", data))
    };
    let version = env!("CARGO_PKG_VERSION");
    let server = Script::new()
        .route(REFRESH, [issued("the-next-token", 9_999_999_999)])
        .route(
            &format!("/app/app-1?protocol=7&client=txwatch&version={version}"),
            [Reply::upgrade([
                hello(),
                signed("by-another", "another-token"),
                signed("by-the-last", &ended),
                signed("by-the-next", "the-next-token"),
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
