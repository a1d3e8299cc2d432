//! Transak's orders over Pusher Channels and REST, against a scripted server.

use serde_json::{Value, json};
use txwatch::protocol::jwt;
use txwatch::sandbox::transak::{format, pusher};

use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::transak::{
    ID, PERSONAL, REFRESH, connection, error, event, hello, issued, order, pusher_path, record,
    rest, subscribed,
};
use crate::support::txwatch::{API_KEY, Ended, TOKEN, Txwatch, txwatch};

/// A command about the one order, without credentials.
fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("transak:{ID}");
    let all = [name, &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).transak(&server.url())
}

fn nothing_personal(ended: &Ended) {
    for personal in PERSONAL {
        assert!(!ended.stdout.contains(personal), "{personal}: {ended:#?}");
        assert!(!ended.stderr.contains(personal), "{personal}: {ended:#?}");
    }
}

#[test]
fn an_order_id_is_all_that_a_watch_needs() {
    let story = [
        event(ID, &order(ID, "AWAITING_PAYMENT_FROM_USER", 0)),
        event(ID, &order(ID, "PENDING_DELIVERY_FROM_TRANSAK", 1)),
        event(ID, &order(ID, "COMPLETED", 2)),
    ];
    let server = Script::new().pusher([connection(ID, story)]).start();
    let ended = command("watch", &server, &["-vv"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.stdout, format!("transak:{ID}\tcompleted\n"));
    assert!(
        ended.stderr.contains("has no access token: push alone carries the watch"),
        "{ended:#?}"
    );
    assert!(ended.stderr.contains("processing PENDING_DELIVERY_FROM_TRANSAK"), "{ended:#?}");
    assert_eq!(server.targets(), [pusher_path()], "nothing is asked for without a token");
    nothing_personal(&ended);
}

#[test]
fn with_a_token_it_subscribes_then_pulls_then_follows() {
    let looked = Gate::new();
    let story = [Step::Await(looked.clone()), event(ID, &order(ID, "COMPLETED", 2))];
    let server = Script::new()
        .pusher([connection(ID, story)])
        .order(ID, [record(ID, "PROCESSING", 1)])
        .start();
    let mut running = command("watch", &server, &["-o", "json"]).transak_token().start_piped();
    running.wait_for_stdout("\"PROCESSING\"");
    looked.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
    assert_eq!(server.targets(), [pusher_path(), rest(ID)]);
    let [upgrade, look] = &server.seen()[..] else { panic!("two requests") };
    assert_eq!(look.header("access-token"), Some(TOKEN));
    for (name, value) in &upgrade.headers {
        assert!(!value.contains(TOKEN), "Pusher was given the token in {name}");
    }
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["crypto_amount"], "0.01759347");
    assert_eq!(last["transaction"]["cost"], "1.3");
    assert_eq!(last["data"]["status"], "COMPLETED");
    nothing_personal(&ended);
}

#[test]
fn personal_data_is_shown_to_who_asks_for_it() {
    let server = Script::new().order(ID, [record(ID, "COMPLETED", 1)]).start();
    let (ended, records) = command("get", &server, &["--show-personal"]).transak_token().run_json();
    assert_eq!(ended.code, 0);
    assert_eq!(records[0]["data"]["ipAddress"], "14.142.0.1");
}

#[test]
fn a_look_tells_fee_and_history() {
    let server = Script::new().order(ID, [record(ID, "PENDING_DELIVERY_FROM_TRANSAK", 9)]).start();
    let ended = command("get", &server, &["-o", "human"]).transak_token().run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    for line in [
        "status      processing (PENDING_DELIVERY_FROM_TRANSAK)",
        "fiat        30 EUR",
        "crypto      0.01759347 ETH  on ethereum",
        "fee         1.3 EUR",
        "history     10:00:00 pending · 10:00:09 processing",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {ended:#?}");
    }
    nothing_personal(&ended);
}

#[test]
fn without_a_token_nothing_can_be_asked() {
    for name in ["poll", "get"] {
        let server = Script::new().start();
        let ended = command(name, &server, &[]).run();
        ended.fails(78, "profile transak has no token");
        assert!(ended.stderr.contains("TXWATCH_TRANSAK_API_SECRET"), "{ended:#?}");
    }
}

#[test]
fn an_unknown_order_is_a_400_whose_message_says_so() {
    let unknown = error(400, "Bad Request", "Order not found");
    let server = Script::new().order(ID, [unknown]).start();
    let ended = command("get", &server, &[]).transak_token().run();
    ended.fails(66, "Transak does not know");

    let server = Script::new().order(ID, [error(400, "Error", "something else")]).start();
    let ended = command("get", &server, &[]).transak_token().run();
    ended.fails(76, "it answered 400 (Error: something else)");
}

#[test]
fn silence_is_told_once_and_the_watch_goes_on() {
    let told = Gate::new();
    let story = [Step::Await(told.clone()), event(ID, &order(ID, "FAILED", 1))];
    let server = Script::new().pusher([connection(ID, story)]).start();
    let mut running = command("watch", &server, &["--appear-timeout", "100ms"]).start();
    running.wait_for_stderr(
        "nothing heard yet; without an access token txwatch cannot check that this order exists",
    );
    told.open();
    let ended = running.end();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(ended.stderr.matches("nothing heard yet").count(), 1, "{ended:#?}");
}

const SECRET: &str = "issuer-secret-77";

/// Long after these tests.
const FAR: i64 = 4_000_000_000;

fn with_secret(command: Txwatch) -> Txwatch {
    command.env("TXWATCH_TRANSAK_API_SECRET", SECRET)
}

fn tells_no_secret(ended: &Ended, tokens: &[&str]) {
    for secret in tokens.iter().chain(&[SECRET]) {
        assert!(!ended.stdout.contains(secret), "{ended:#?}");
        assert!(!ended.stderr.contains(secret), "{ended:#?}");
    }
}

#[test]
fn a_missing_token_is_issued_for_the_secret() {
    let server = Script::new()
        .route(REFRESH, [issued("minted-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let ended = with_secret(command("poll", &server, &["-vv"])).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let [refresh, look] = &server.seen()[..] else { panic!("two requests") };
    assert_eq!((refresh.method.as_str(), refresh.target.as_str()), ("POST", REFRESH));
    assert_eq!(refresh.header("api-secret"), Some(SECRET));
    assert_eq!(refresh.header("Content-Type"), Some("application/json"));
    let body: Value = serde_json::from_str(&refresh.body).unwrap();
    assert_eq!(body, json!({ "apiKey": API_KEY }));
    assert_eq!(look.header("access-token"), Some("minted-token-1"));
    tells_no_secret(&ended, &["minted-token-1"]);
}

#[test]
fn a_refused_token_is_issued_anew_once() {
    let refused = || error(401, "Unauthorized", "Authorization Required");
    let server = Script::new()
        .route(REFRESH, [issued("minted-token-1", FAR)])
        .order(ID, [refused(), record(ID, "COMPLETED", 1)])
        .start();
    let ended = with_secret(command("poll", &server, &[]).transak_token()).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let tokens: Vec<_> = server
        .seen()
        .iter()
        .filter(|seen| seen.target == rest(ID))
        .map(|seen| seen.header("access-token").unwrap().to_owned())
        .collect();
    assert_eq!(tokens, [TOKEN, "minted-token-1"]);

    let server = Script::new()
        .route(REFRESH, [issued("minted-token-1", FAR)])
        .order(ID, [refused()])
        .start();
    let ended = with_secret(command("poll", &server, &[]).transak_token()).run();
    ended.fails(77, "Transak refused the token: 401 (Unauthorized: Authorization Required)");
    assert_eq!(server.asked(REFRESH), 1, "it is issued once");
    tells_no_secret(&ended, &["minted-token-1"]);
}

#[test]
fn a_token_near_its_end_is_renewed_before_it_is_used() {
    let old = jwt::sign(&json!({ "exp": 1_700_000_000 }), b"transak").unwrap();
    let server = Script::new()
        .route(REFRESH, [issued("minted-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let command = with_secret(command("get", &server, &[])).env("TXWATCH_TRANSAK_TOKEN", &old);
    let ended = command.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(server.targets(), [REFRESH.to_owned(), rest(ID)]);
    tells_no_secret(&ended, &[&old]);
}

#[test]
fn a_wrong_secret_is_told_as_such() {
    let wrong = error(400, "Bad Request", "Invalid api-secret. Please generate a new one");
    let server = Script::new().route(REFRESH, [wrong]).start();
    let ended = with_secret(command("get", &server, &[])).run();
    ended.fails(77, "Transak issued no token: 400 (Bad Request: Invalid api-secret.");
    assert!(ended.stderr.contains("TXWATCH_TRANSAK_API_SECRET"), "{ended:#?}");
    tells_no_secret(&ended, &[]);
}

#[test]
fn a_busy_issuer_is_asked_again() {
    let busy = Reply::status(503, "busy");
    let server = Script::new()
        .route(REFRESH, [busy, issued("minted-token-1", FAR)])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let ended = with_secret(command("poll", &server, &[])).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(server.asked(REFRESH), 2);
}

#[test]
fn a_secret_needs_the_key_that_it_belongs_to() {
    let server = Script::new().start();
    let command = with_secret(command("get", &server, &[])).env("TXWATCH_TRANSAK_API_KEY", "");
    command.run().fails(78, "no api_key to go with it");
}

#[test]
fn secrets_go_in_the_clear_to_this_machine_only() {
    let far = |command: Txwatch| command.transak("http://192.0.2.1:9");
    let target = format!("transak:{ID}");
    let ended = far(txwatch(["get", &target]).transak_token()).run();
    ended.fails(78, "would send its token unencrypted over http:// to 192.0.2.1");
    let ended = far(with_secret(txwatch(["get", &target]))).run();
    ended.fails(78, "unencrypted");
    // Nothing is secret about an order's channel.
    let limits = ["--max-outage", "1ms", "-t", "5s"];
    let watch = ["watch", &target].into_iter().chain(limits);
    let ended = far(txwatch(watch)).run();
    assert_eq!(ended.code, 75, "{ended:#?}");
}

#[test]
fn a_reference_is_followed_and_looked_up() {
    let channel = format!("{API_KEY}_ref-7");
    let story = [event(&channel, &order(ID, "COMPLETED", 2))];
    let server = Script::new().pusher([connection(&channel, story)]).start();
    let ended = txwatch(["watch", "transak:partner/ref-7"]).transak(&server.url()).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.stdout, "transak:partner/ref-7\tcompleted\n");

    let ended = txwatch(["watch", "transak:partner/ref-7"])
        .transak(&server.url())
        .env("TXWATCH_TRANSAK_API_KEY", "")
        .run();
    ended.fails(78, "there is no api_key");
}

#[test]
fn the_pusher_side_says_what_its_codes_mean() {
    for (steps, code, needle) in [
        (vec![Step::Close(4001, "no app")], 77, "is the pusher_key right?"),
        (vec![hello(), Step::Close(4004, "")], 75, "over its quota of connections"),
        (vec![hello(), Step::Close(4009, "")], 77, "not authorised"),
        (vec![Step::json(&pusher::error(Some(4001), "App key x"))], 77, "App key x (4001)"),
    ] {
        let server = Script::new().pusher([Reply::upgrade(steps)]).start();
        let ended = command("watch", &server, &[]).run();
        ended.fails(code, needle);
        assert_eq!(server.asked(&pusher_path()), 1, "it does not come back unchanged");
    }
}

#[test]
fn a_server_that_shuts_down_is_tried_at_once_and_then_more_slowly() {
    let away = || Reply::upgrade([hello(), Step::Close(4200, "")]);
    let back = connection(ID, [event(ID, &order(ID, "COMPLETED", 2))]);
    let server = Script::new().pusher([away(), away(), back]).start();
    let (ended, records) = command("watch", &server, &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let waits: Vec<_> = of_type(&records, "connection")
        .filter(|event| event["state"] == "lost")
        .map(|event| event["retry_in_ms"].as_u64().unwrap())
        .collect();
    assert_eq!((waits.len(), waits[0]), (2, 0), "{waits:?}");
    assert!(waits[1] <= 2_000);
}

#[test]
fn a_server_that_drops_us_without_a_word_ends_as_an_outage_that_says_why() {
    let server = Script::new().pusher([Reply::upgrade([Step::Drop])]).start();
    let ended = command("watch", &server, &["--max-outage", "300ms"]).run();
    ended.fails(75, "dropped before a word was said; is the pusher_key right?");
}

#[test]
fn what_has_no_upgrade_cannot_carry_a_watch_without_a_token() {
    let server = Script::new().pusher([Reply::status(404, "no")]).start();
    command("watch", &server, &[]).run().fails(77, "404");

    let server = Script::new()
        .pusher([Reply::status(404, "no")])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let ended = command("watch", &server, &[]).transak_token().run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stderr.contains("polling instead"), "{ended:#?}");
}

#[test]
fn refunds_are_waited_for_by_grace() {
    let story = || [event(ID, &order(ID, "CANCELLED", 1)), event(ID, &order(ID, "REFUNDED", 2))];
    for (arguments, code) in [(&["--grace", "20s"][..], 14), (&[], 11)] {
        let server = Script::new().pusher([connection(ID, story())]).start();
        assert_eq!(command("watch", &server, arguments).run().code, code);
    }
}

#[test]
fn thousands_of_orders_share_a_connection() {
    let ids: Vec<String> = (0..2_000).map(|index| format!("order-{index}")).collect();
    let steps: Vec<Step> = [hello()]
        .into_iter()
        .chain(ids.iter().map(|id| subscribed(id)))
        .chain(ids.iter().map(|id| event(id, &order(id, "COMPLETED", 1))))
        .collect();
    let server = Script::new().pusher([Reply::upgrade(steps)]).start();
    let targets: Vec<String> = ids.iter().map(|id| format!("transak:{id}")).collect();
    let (ended, records) = txwatch(["watch"].into_iter().chain(targets.iter().map(String::as_str)))
        .transak(&server.url())
        .run_json();
    assert_eq!(ended.code, 0);
    assert_eq!(of_type(&records, "result").count(), 2_000);
    assert_eq!(server.asked(&pusher_path()), 1);
}

#[test]
fn proof_and_transak_share_a_deadline() {
    use crate::support::proof;
    let server = Script::new()
        .pusher([connection(ID, [event(ID, &order(ID, "EXPIRED", 1))])])
        .rest(proof::ID, [Reply::json(&proof::record(proof::ID, "completed", 0))])
        .push(proof::ID, [Reply::upgrade([])])
        .start();
    let target = format!("proof:{}", proof::ID);
    let (ended, records) = command("watch", &server, &[&target]).proof(&server.url()).run_json();
    assert_eq!(ended.code, 12, "{ended:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], json!({ "expired": 1, "ok": 1 }));
}

/// Every order of the account.
fn all(server: &Server, arguments: &[&str]) -> Txwatch {
    let words = ["watch", "--all", "-p", "transak"].into_iter().chain(arguments.iter().copied());
    txwatch(words).transak(&server.url()).transak_token()
}

fn signed(id: &str, status: &str, second: u32, secret: &str) -> Step {
    let claims = format::claims(&order(id, status, second), "ORDER_X");
    event(API_KEY, &jwt::sign(&claims, secret.as_bytes()).unwrap().into())
}

#[test]
fn all_orders_of_an_account_are_streamed_until_it_is_stopped() {
    let bare = jwt::sign(&order("c", "CANCELLED", 1), TOKEN.as_bytes()).unwrap();
    let story = [
        signed("a", "PROCESSING", 1, TOKEN),
        signed("b", "PROCESSING", 1, "somebody-else"),
        event(API_KEY, &order("b", "COMPLETED", 1)),
        event(API_KEY, &"eyJhbGciOiJub25lIn0.eyJpZCI6ImIiLCJzdGF0dXMiOiJDT01QTEVURUQifQ.".into()),
        event(API_KEY, &bare.into()),
        signed("a", "COMPLETED", 2, TOKEN),
        signed("a", "COMPLETED", 2, TOKEN),
        signed("d", "PROCESSING", 2, TOKEN),
    ];
    let server = Script::new().pusher([connection(API_KEY, story)]).start();
    let mut running = all(&server, &["-o", "json", "-vv"]).start_piped();
    running.wait_for_stdout("transak:d");
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, 143, "{ended:#?}");
    let records = records(&ended.stdout, 143);
    let told: Vec<_> = of_type(&records, "status")
        .map(|status| (status["target"].as_str().unwrap(), status["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("transak:a", "processing"),
            ("transak:c", "cancelled"),
            ("transak:a", "completed"),
            ("transak:d", "processing"),
        ]
    );
    let warnings: Vec<_> =
        of_type(&records, "warning").map(|warning| warning["message"].as_str().unwrap()).collect();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("signature is wrong") && warnings[1].contains("not signed"));
    let summary = records.last().unwrap();
    assert_eq!(summary["targets"], 3);
    assert_eq!(summary["outcomes"], json!({ "cancelled": 1, "interrupted": 1, "ok": 1 }));
    assert_eq!(server.targets(), [pusher_path()]);
    nothing_personal(&ended);
}

#[test]
fn any_waits_for_the_next_order_that_completes() {
    let story = [
        signed("a", "FAILED", 1, TOKEN),
        signed("b", "PROCESSING", 1, TOKEN),
        signed("b", "COMPLETED", 2, TOKEN),
    ];
    let server = Script::new().pusher([connection(API_KEY, story)]).start();
    let ended = all(&server, &["--any"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.stdout, "transak:a\tfailed\ntransak:b\tcompleted\n");
}

#[test]
fn the_time_limit_of_an_account_names_what_is_open() {
    let server =
        Script::new().pusher([connection(API_KEY, [signed("a", "PROCESSING", 1, TOKEN)])]).start();
    let ended = all(&server, &["-t", "2s"]).run();
    ended.fails(124, "timed out after 2s: 1 of 1 target is not final");
    assert!(ended.stderr.contains("transak:a was last seen processing"), "{ended:#?}");
    assert!(
        ended.stderr.contains("txwatch watch --profile transak --timeout 2s --all"),
        "{ended:#?}"
    );

    let server = Script::new().pusher([connection(API_KEY, [])]).start();
    all(&server, &["-t", "1s"]).run().fails(124, "timed out after 1s: no order is open");
}

#[test]
fn a_token_that_is_issued_meanwhile_checks_what_comes() {
    let server = Script::new()
        .route(REFRESH, [issued("minted-token-1", FAR)])
        .pusher([connection(API_KEY, [signed("a", "COMPLETED", 1, "minted-token-1")])])
        .start();
    let words = ["watch", "--all", "--any", "-p", "transak"];
    let ended = with_secret(txwatch(words).transak(&server.url())).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

#[test]
fn an_account_needs_a_profile_a_key_and_a_token() {
    let server = Script::new().start();
    txwatch(["watch", "--all"]).run().fails(2, "--all follows one profile's account");
    txwatch(["watch", "--all", "-p", "proof"]).run().fails(2, "no feed of a whole account");
    txwatch(["watch", "--all", "-p", "transak"]).run().fails(78, "no api_key");
    let without_token = txwatch(["watch", "--all", "-p", "transak"]).transak(&server.url());
    without_token.run().fails(78, "profile transak has no token");
    all(&server, &["--transport", "poll"]).run().fails(2, "carried by push alone");
    let both = txwatch(["watch", "--all", "transak:x"]).run();
    assert_eq!(both.code, 2, "{both:#?}");
    assert_eq!(txwatch(["watch"]).run().code, 2);
}

#[test]
fn a_profile_is_checked_on_both_sides() {
    let probe = "00000000-0000-4000-8000-000000000000";
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "transak"]).transak(&server.url());
    let unknown = || error(400, "Bad Request", "Order not found");

    let server =
        Script::new().pusher([Reply::upgrade([hello()])]).order(probe, [unknown()]).start();
    let ended = check(&server).transak_token().run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(
        ended.stdout.contains("push answers") && ended.stdout.contains("token accepted"),
        "{ended:#?}"
    );

    let server = Script::new().pusher([Reply::upgrade([hello()])]).start();
    let ended = check(&server).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stdout.contains("no access token"), "{ended:#?}");

    let refused = error(401, "Unauthorized", "Authorization Required");
    let server = Script::new().pusher([Reply::upgrade([hello()])]).order(probe, [refused]).start();
    check(&server).transak_token().run().fails(77, "refused the token");

    let server = Script::new().pusher([Reply::upgrade([Step::Close(4001, "no app")])]).start();
    check(&server).run().fails(77, "is the pusher_key right?");
}

#[test]
fn a_sign_of_life_of_many_orders_is_one_line() {
    let orders: Vec<Step> =
        (0..12).map(|index| signed(&format!("order-{index}"), "PROCESSING", 1, TOKEN)).collect();
    let server = Script::new().pusher([connection(API_KEY, orders)]).start();
    let mut running = all(&server, &["--heartbeat", "300ms"]).start();
    running.wait_for_stderr("- 12 targets are open: 12 processing");
    running.signal("INT");
    assert_eq!(running.end().code, 130);

    let server = Script::new().pusher([connection(API_KEY, [])]).start();
    let mut running = all(&server, &["--heartbeat", "300ms"]).start();
    running.wait_for_stderr("- no target is open");
    running.signal("INT");
    assert_eq!(running.end().code, 130);
}

#[test]
fn a_time_limit_in_the_middle_of_trouble_tells_of_it() {
    let server = Script::new().pusher([Reply::status(503, "no")]).start();
    let ended = command("watch", &server, &["-t", "1s"]).run();
    ended.fails(124, "timed out after 1s");
    assert!(ended.stderr.contains("caused by: transak: "), "{ended:#?}");
    assert!(ended.stderr.contains("refused the WebSocket upgrade: 503"), "{ended:#?}");
}
