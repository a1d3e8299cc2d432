//! What Transak wants beside the access token, and what is said if it refuses.

use serde_json::json;

use super::with_secret;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::transak::{
    ID, REFRESH, command, connection, error, established, event, issued, order, order_path,
    pusher_path, record,
};
use crate::support::txwatch::{API_KEY, txwatch};

const USER_IP: &str = "203.0.113.7";

#[test]
fn the_api_key_goes_with_every_request_and_the_users_address_if_it_is_set() {
    for user_ip in [None, Some(USER_IP)] {
        let server = Script::new()
            .route(REFRESH, [issued("issued-token", super::FAR)])
            .order(ID, [record(ID, "PROCESSING", 1), record(ID, "COMPLETED", 2)])
            .pusher([connection(ID, [event(ID, &order(ID, "COMPLETED", 2))])])
            .start();
        let mut watch = with_secret(command("watch", &server, &["--grace", "0s"]));
        if let Some(address) = user_ip {
            watch = watch.env("TXWATCH_TRANSAK_USER_IP", address);
        }
        let output = watch.run();
        assert_eq!(output.code, 0, "{output:#?}");
        for request in server.requests() {
            let is_push = request.path == pusher_path();
            let key = (!is_push).then_some(API_KEY);
            assert_eq!(request.header("x-api-key"), key, "{}", request.path);
            let address = user_ip.filter(|_| !is_push);
            assert_eq!(request.header("x-user-ip"), address, "{}", request.path);
        }
        assert!(server.request_count(REFRESH) == 1, "{:?}", server.paths());
    }
}

#[test]
fn a_users_address_that_is_none_is_refused() {
    let server = Script::new().start();
    for address in ["203.0.113", "localhost", "203.0.113.7:80", "::g"] {
        let output = command("get", &server, &[])
            .transak_token()
            .env("TXWATCH_TRANSAK_USER_IP", address)
            .run();
        output.fails(78, "no IP address");
        assert!(output.stderr.to_lowercase().contains("user_ip"), "{output:#?}");
    }
}

#[test]
fn a_refusal_names_the_three_causes() {
    for status in [401, 403] {
        let refused = || error(status, "Unauthorized", "Authorization Required");
        let server = Script::new().order(ID, [refused()]).start();
        let output = command("get", &server, &[]).transak_token().run();
        for cause in ["access token", "api_key", "allow-list"] {
            output.fails(77, cause);
        }
        assert!(!output.stderr.contains(API_KEY), "{output:#?}");
    }
}

/// Requests are made without the key, and what is missing is said once.
#[test]
fn a_missing_api_key_is_said() {
    let probe = "00000000-0000-4000-8000-000000000000";
    let unknown = error(400, "Bad Request", "Order not found");
    let server = Script::new()
        .pusher([Reply::upgrade([established()])])
        .order(probe, [unknown])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let check = txwatch(["config", "check", "-p", "transak"]).transak(&server.url());
    let get = command("get", &server, &[]);
    for command in [check, get] {
        let output = command.transak_token().env("TXWATCH_TRANSAK_API_KEY", "").run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(output.stderr.matches("set api_key").count(), 1, "{output:#?}");
    }
    for path in [order_path(probe), order_path(ID)] {
        assert_eq!(server.request_count(&path), 1);
    }
    let output = command("get", &server, &[]).transak_token().run();
    assert!(!output.stderr.contains("api_key"), "{output:#?}");
}

#[test]
fn an_error_in_a_200_is_shown_in_the_servers_words() {
    let in_success = |message: &str| {
        Reply::json(
            &json!({ "error": { "statusCode": 400, "name": "Bad Request", "message": message } }),
        )
    };
    let server = Script::new().order(ID, [in_success("Order not found")]).start();
    let output = command("get", &server, &[]).transak_token().run();
    output.fails(66, "200 (Bad Request: Order not found)");
    let server = Script::new().order(ID, [in_success("Partner is being migrated")]).start();
    let output = command("get", &server, &[]).transak_token().run();
    output.fails(76, "200 (Bad Request: Partner is being migrated)");
}
