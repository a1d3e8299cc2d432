//! `watch --all`: every order of an account, signed with its access token.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use txwatch::config::Registry;
use txwatch::protocol::jwt;
use txwatch::provider::Settings;
use txwatch::sandbox::transak::{format, pusher};

use super::{FAR, nothing_personal, with_secret};
use crate::support::schema::{of_type, warning_messages};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::transak::{
    REFRESH, connection, error, established, event, issued, order, order_path, pusher_path, record,
};
use crate::support::txwatch::{API_KEY, TOKEN, Txwatch, txwatch};

/// A watch of every order of the account.
fn watch_all(server: &Server, arguments: &[&str]) -> Txwatch {
    let words = ["watch", "--all", "-p", "transak"].into_iter().chain(arguments.iter().copied());
    txwatch(words).transak(&server.url()).transak_token()
}

/// An order signed with this key, as Transak publishes it.
fn signed(id: &str, status: &str, second: u32, key: &str) -> Step {
    let claims = format::claims(&order(id, status, second), "ORDER_X");
    event(API_KEY, &jwt::sign(&claims, key.as_bytes()).unwrap().into())
}

#[test]
fn all_orders_of_an_account_are_streamed_until_a_signal() {
    let without_claims = jwt::sign(&order("c", "CANCELLED", 1), TOKEN.as_bytes()).unwrap();
    let steps = [
        signed("a", "PROCESSING", 1, TOKEN),
        signed("b", "PROCESSING", 1, "somebody-else"),
        event(API_KEY, &order("b", "COMPLETED", 1)),
        event(API_KEY, &"eyJhbGciOiJub25lIn0.eyJpZCI6ImIiLCJzdGF0dXMiOiJDT01QTEVURUQifQ.".into()),
        event(API_KEY, &without_claims.into()),
        signed("a", "COMPLETED", 2, TOKEN),
        signed("a", "COMPLETED", 2, TOKEN),
        signed("d", "PROCESSING", 2, TOKEN),
    ];
    let server = Script::new().pusher([connection(API_KEY, steps)]).start();
    let mut running = watch_all(&server, &["-o", "json", "-vv"]).start_piped();
    running.wait_for_stdout("transak:d");
    running.signal("TERM");
    let (output, records) = running.wait_json();
    assert_eq!(output.code, 143, "{output:#?}");
    let hints = "hint: resume with  txwatch watch --profile transak --output json --all --verbose --verbose --timeout 30m\n\
                 hint: or watch what is open with  txwatch watch transak:d --output json --verbose --verbose --timeout 30m\n";
    assert!(output.stderr.ends_with(hints), "{output:#?}");
    let reported: Vec<_> = of_type(&records, "status")
        .map(|status| (status["target"].as_str().unwrap(), status["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        reported,
        [
            ("transak:a", "processing"),
            ("transak:c", "cancelled"),
            ("transak:a", "completed"),
            ("transak:d", "processing"),
        ]
    );
    let warnings = warning_messages(&records);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("signature is wrong") && warnings[1].contains("not signed"));
    let summary = records.last().unwrap();
    assert_eq!(summary["targets"], 3);
    assert_eq!(summary["outcomes"], json!({ "cancelled": 1, "interrupted": 1, "ok": 1 }));
    assert_eq!(server.paths(), [pusher_path()]);
    nothing_personal(&output);
}

#[test]
fn any_waits_for_the_next_order_that_completes() {
    let steps = [
        signed("a", "FAILED", 1, TOKEN),
        signed("b", "PROCESSING", 1, TOKEN),
        signed("b", "COMPLETED", 2, TOKEN),
    ];
    let server = Script::new().pusher([connection(API_KEY, steps)]).start();
    let output = watch_all(&server, &["--any"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, "transak:a\tfailed\ntransak:b\tcompleted\n");
}

#[test]
fn a_timeout_names_the_open_orders() {
    let server =
        Script::new().pusher([connection(API_KEY, [signed("a", "PROCESSING", 1, TOKEN)])]).start();
    let output = watch_all(&server, &["-t", "2s"]).run();
    output.fails(124, "timed out after 2s: 1 of 1 target is not final");
    assert!(output.stderr.contains("transak:a was last seen processing"), "{output:#?}");
    assert!(
        output.stderr.contains("txwatch watch --profile transak --timeout 2s --all"),
        "{output:#?}"
    );

    let server = Script::new().pusher([connection(API_KEY, [])]).start();
    watch_all(&server, &["-t", "1s"]).run().fails(124, "timed out after 1s: no order is open");
}

#[test]
fn an_issued_token_verifies_orders() {
    let server = Script::new()
        .route(REFRESH, [issued("issued-token-1", FAR)])
        .pusher([connection(API_KEY, [signed("a", "COMPLETED", 1, "issued-token-1")])])
        .start();
    let words = ["watch", "--all", "--any", "-p", "transak"];
    let output = with_secret(txwatch(words).transak(&server.url())).run();
    assert_eq!(output.code, 0, "{output:#?}");
}

/// Which order `config check` asks for: nobody has it.
const PROBE: &str = "00000000-0000-4000-8000-000000000000";

/// A message may be signed by anybody, and issuing a token puts the one before it out of force.
#[test]
fn a_wrong_signature_alone_has_no_token_issued() {
    let (probed, another) = (Gate::new(), || signed("a", "PROCESSING", 1, "another-token"));
    let accepted = error(404, "Not Found", "Order not found").opens(&probed);
    let steps =
        [another(), Step::Await(probed), another(), signed("b", "PROCESSING", 1, "issued-token-1")];
    let server = Script::new()
        .route(REFRESH, [issued("issued-token-1", FAR)])
        .order(PROBE, [accepted])
        .pusher([connection(API_KEY, steps)])
        .start();
    let words = ["watch", "--all", "-p", "transak"];
    let mut running = with_secret(txwatch(words).transak(&server.url())).start();
    running.wait_for_stderr("transak:b processing");
    running.signal("INT");
    assert_eq!(running.wait().code, 130);
    assert_eq!((server.request_count(REFRESH), server.request_count(&order_path(PROBE))), (1, 1));
}

/// Somebody else has had one issued, so that this one is out of force.
#[test]
fn a_wrong_signature_has_a_token_issued_if_the_provider_refuses_the_current_one() {
    let looked = Gate::new();
    let steps = [
        signed("a", "PROCESSING", 1, "issued-token-1"),
        signed("b", "PROCESSING", 1, "another-token"),
        Step::Await(looked.clone()),
        signed("c", "PROCESSING", 1, "issued-token-2"),
    ];
    let server = Script::new()
        .route(REFRESH, [issued("issued-token-1", FAR), issued("issued-token-2", FAR)])
        .order(PROBE, [error(401, "Unauthorized", "Authorization Required")])
        // After a renewal the orders that are open are looked up.
        .order("a", [record("a", "PROCESSING", 1).opens(&looked)])
        .pusher([connection(API_KEY, steps)])
        .start();
    let words = ["watch", "--all", "-p", "transak"];
    let mut running = with_secret(txwatch(words).transak(&server.url())).start();
    running.wait_for_stderr("transak:c processing");
    running.signal("INT");
    assert_eq!(running.wait().code, 130);
    assert_eq!(server.request_count(REFRESH), 2);
    assert_eq!(server.header_values(&order_path("a"), "access-token"), ["issued-token-2"]);
}

#[test]
fn an_account_needs_a_profile_a_key_and_a_token() {
    let server = Script::new().start();
    txwatch(["watch", "--all"]).run().fails(2, "--all follows one profile's account");
    txwatch(["watch", "--all", "-p", "proof"]).run().fails(2, "no feed of a whole account");
    txwatch(["watch", "--all", "-p", "transak"]).run().fails(78, "no api_key");
    let without_token = txwatch(["watch", "--all", "-p", "transak"]).transak(&server.url());
    without_token.run().fails(78, "profile transak has no token");
    watch_all(&server, &["--transport", "poll"]).run().fails(2, "carried by push alone");
    let both = txwatch(["watch", "--all", "transak:x"]).run();
    assert_eq!(both.code, 2, "{both:#?}");
    assert_eq!(txwatch(["watch"]).run().code, 2);
}

#[test]
fn a_heartbeat_of_many_orders_is_one_line() {
    let orders: Vec<Step> =
        (0..12).map(|index| signed(&format!("order-{index}"), "PROCESSING", 1, TOKEN)).collect();
    let server = Script::new().pusher([connection(API_KEY, orders)]).start();
    let mut running = watch_all(&server, &["--heartbeat", "300ms"]).start();
    running.wait_for_stderr("- 12 targets are open: 12 processing");
    running.signal("INT");
    assert_eq!(running.wait().code, 130);

    let server = Script::new().pusher([connection(API_KEY, [])]).start();
    let mut running = watch_all(&server, &["--heartbeat", "300ms"]).start();
    running.wait_for_stderr("- no target is open");
    running.signal("INT");
    assert_eq!(running.wait().code, 130);
}

#[test]
fn an_order_signed_with_a_renewed_token_is_accepted() {
    // It has expired, so that another one is issued before the connection is opened.
    let expired = jwt::sign(&json!({ "exp": 1_000 }), b"issuer").unwrap();
    let signed = |id: &str, key: &str| {
        let data = jwt::sign(&order(id, "COMPLETED", 1), key.as_bytes()).unwrap();
        Step::json(&pusher::published("ORDER_COMPLETED", "key-1", data))
    };
    let version = env!("CARGO_PKG_VERSION");
    let server = Script::new()
        .route(REFRESH, [issued("the-renewed-token", 9_999_999_999)])
        .order(PROBE, [error(404, "Not Found", "Order not found")])
        .route(
            &format!("/app/app-1?protocol=7&client=txwatch&version={version}"),
            [Reply::upgrade([
                established(),
                signed("by-another", "another-token"),
                signed("by-the-expired-one", &expired),
                signed("by-the-renewed-one", "the-renewed-token"),
            ])],
        )
        .start();
    let mut running = txwatch(["watch", "--all", "-p", "transak", "-o", "plain"])
        .env("TXWATCH_TRANSAK_URL", server.url())
        .env("TXWATCH_TRANSAK_PUSHER_KEY", "app-1")
        .env("TXWATCH_TRANSAK_PUSH_URL", server.url())
        .env("TXWATCH_TRANSAK_API_KEY", "key-1")
        .env("TXWATCH_TRANSAK_API_SECRET", "issuer-secret")
        .env("TXWATCH_TRANSAK_TOKEN", &expired)
        .start_piped();
    running.wait_for_stdout("transak:by-the-renewed-one");
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, 143, "{output:#?}");
    assert_eq!(
        output.stdout,
        "transak:by-the-expired-one\tcompleted\ntransak:by-the-renewed-one\tcompleted\n"
    );
}

/// The paths of a listing that is made now or soon, when its dates may be those of the next day.
fn list_paths() -> Vec<String> {
    let registry = Registry::built_in();
    let transak = registry.iter().find(|row| &*row.spec().name == "transak").unwrap();
    let provider = transak.build(&Settings::default()).unwrap();
    let path = |now: Timestamp| {
        let url = provider.orders_since(now).unwrap().next(now).unwrap().url;
        format!("{}?{}", url.path(), url.query().unwrap())
    };
    let now = Timestamp::now();
    vec![path(now), path(now + SignedDuration::from_mins(10))]
}

/// A server of the account with these replies to the listing.
fn listing(pusher: impl Into<Vec<Reply>>, replies: &[Reply]) -> Script {
    let script = Script::new().pusher(pusher);
    list_paths().iter().fold(script, |script, path| script.route(path, replies))
}

fn list_count(server: &Server) -> usize {
    server.paths().iter().filter(|path| path.starts_with("/partners/api/v2/orders?")).count()
}

/// An order that changed so many seconds from now.
fn listed(id: &str, status: &str, seconds: i64) -> Value {
    let at = (Timestamp::now() + SignedDuration::from_secs(seconds)).to_string();
    let order = format::Order { id, status, updated_at: &at, ..format::Order::default() };
    format::record(&order)
}

fn list_of(orders: Vec<Value>) -> Reply {
    let products = ["BUY", "SELL"].map(str::to_owned);
    let query =
        format::Query { statuses: &[], products: &products, reference: None, skip: 0, limit: 100 };
    Reply::json(&format::list(&query, orders))
}

fn shown(records: &[Value]) -> Vec<(&str, &str, &str)> {
    of_type(records, "status")
        .map(|status| {
            let field = |key: &str| status[key].as_str().unwrap();
            (field("target"), field("status"), field("source"))
        })
        .collect()
}

#[test]
fn orders_that_began_while_disconnected_are_listed() {
    let asked = Gate::new();
    let orders = vec![
        listed("began", "PROCESSING", 61),
        listed("ended", "COMPLETED", 60),
        listed("a", "COMPLETED", -3_600),
        listed("long-ago", "COMPLETED", -3_600),
    ];
    let first = connection(API_KEY, [signed("a", "COMPLETED", 1, TOKEN), Step::Drop]);
    let second = connection(API_KEY, [Step::Await(asked.clone())]);
    let busy = error(503, "Service Unavailable", "later");
    let server = listing([first, second], &[busy, list_of(orders).opens(&asked)]).start();
    let mut running = watch_all(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("transak:began");
    running.signal("TERM");
    let (output, records) = running.wait_json();
    assert_eq!(output.code, 143, "{output:#?}");
    assert_eq!(
        shown(&records),
        [
            ("transak:a", "completed", "push"),
            ("transak:ended", "completed", "pull"),
            ("transak:began", "processing", "pull"),
        ]
    );
    let ended: Vec<_> =
        of_type(&records, "result").map(|it| it["target"].as_str().unwrap()).collect();
    assert_eq!(ended, ["transak:a", "transak:ended", "transak:began"]);
    assert_eq!(warning_messages(&records), [""; 0]);
    assert_eq!(list_count(&server), 2);
    nothing_personal(&output);
}

#[test]
fn any_ends_with_an_order_that_completed_while_disconnected() {
    let orders = vec![listed("long-ago", "COMPLETED", -3_600), listed("ended", "COMPLETED", 60)];
    let connections = [connection(API_KEY, [Step::Drop]), connection(API_KEY, [])];
    let server = listing(connections, &[list_of(orders)]).start();
    let output = watch_all(&server, &["--any"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, "transak:ended\tcompleted\n");
}

#[test]
fn a_refused_list_does_not_end_a_watch_that_is_pushed_to() {
    let denied = Gate::new();
    let first = connection(API_KEY, [signed("a", "COMPLETED", 1, TOKEN), Step::Drop]);
    let second =
        connection(API_KEY, [Step::Await(denied.clone()), signed("b", "COMPLETED", 2, TOKEN)]);
    let refusal = error(403, "Forbidden", "no access to orders").opens(&denied);
    let server = listing([first, second], &[refusal]).start();
    let mut running = watch_all(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("list_incomplete");
    running.signal("TERM");
    let (output, records) = running.wait_json();
    assert_eq!(output.code, 143, "{output:#?}");
    let [warning] = warning_messages(&records)[..] else { panic!("{records:?}") };
    assert!(warning.contains("cannot be listed: Transak refused the token"), "{warning}");
    assert_eq!(list_count(&server), 1);
}

#[test]
fn a_token_that_is_refused_for_the_list_ends_the_watch_if_it_was_never_accepted() {
    let connections = [connection(API_KEY, [Step::Drop]), connection(API_KEY, [])];
    let refusal = error(401, "Unauthorized", "Authorization Required");
    let server = listing(connections, &[refusal]).start();
    watch_all(&server, &[]).run().fails(77, "Transak refused the token");
}
