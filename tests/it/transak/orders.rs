//! Single orders: watched by push, with and without an access token, and reported up over REST.

use serde_json::json;

use super::nothing_personal;
use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::transak::{
    ID, command, connection, error, established, event, order, order_path, pusher_path, record,
    subscribed,
};
use crate::support::txwatch::{API_KEY, TOKEN, txwatch};

#[test]
fn an_order_id_is_enough_to_watch() {
    let steps = [
        event(ID, &order(ID, "AWAITING_PAYMENT_FROM_USER", 0)),
        event(ID, &order(ID, "PENDING_DELIVERY_FROM_TRANSAK", 1)),
        event(ID, &order(ID, "COMPLETED", 2)),
    ];
    let server = Script::new().pusher([connection(ID, steps)]).start();
    let output = command("watch", &server, &["-vv"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, format!("transak:{ID}\tcompleted\n"));
    assert!(
        output.stderr.contains("has no access token: push alone carries the watch"),
        "{output:#?}"
    );
    assert!(output.stderr.contains("processing PENDING_DELIVERY_FROM_TRANSAK"), "{output:#?}");
    assert_eq!(server.paths(), [pusher_path()], "no request is possible without a token");
    nothing_personal(&output);
}

#[test]
fn with_a_token_it_subscribes_then_pulls_then_follows() {
    let reported = Gate::new();
    let steps = [Step::Await(reported.clone()), event(ID, &order(ID, "COMPLETED", 2))];
    let server = Script::new()
        .pusher([connection(ID, steps)])
        .order(ID, [record(ID, "PROCESSING", 1), record(ID, "COMPLETED", 2)])
        .start();
    let (output, records) = command("watch", &server, &[])
        .transak_token()
        .run_json_opening(&reported, "\"PROCESSING\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
    assert_eq!(server.paths(), [pusher_path(), order_path(ID), order_path(ID)]);
    let [upgrade, lookup, _] = &server.requests()[..] else { panic!("three requests") };
    assert_eq!(lookup.header("access-token"), Some(TOKEN));
    for (name, value) in &upgrade.headers {
        assert!(!value.contains(TOKEN), "Pusher received the token in {name}");
    }
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["crypto_amount"], "0.01759347");
    assert_eq!(last["transaction"]["cost"], "1.3");
    assert_eq!(last["data"]["status"], "COMPLETED");
    nothing_personal(&output);
}

#[test]
fn personal_data_is_shown_on_request() {
    let server = Script::new().order(ID, [record(ID, "COMPLETED", 1)]).start();
    let (output, records) =
        command("get", &server, &["--show-personal"]).transak_token().run_json();
    assert_eq!(output.code, 0);
    assert_eq!(records[0]["data"]["ipAddress"], "14.142.0.1");
}

#[test]
fn get_prints_fee_and_history() {
    let server = Script::new().order(ID, [record(ID, "PENDING_DELIVERY_FROM_TRANSAK", 9)]).start();
    let output = command("get", &server, &["-o", "human"]).transak_token().run();
    assert_eq!(output.code, 0, "{output:#?}");
    for line in [
        "status      processing (PENDING_DELIVERY_FROM_TRANSAK)",
        "fiat        30 EUR",
        "crypto      0.01759347 ETH  on ethereum",
        "fee         1.3 EUR",
        "history     10:00:00 pending · 10:00:09 processing",
    ] {
        assert!(output.stdout.contains(line), "{line}: {output:#?}");
    }
    nothing_personal(&output);
}

#[test]
fn without_a_token_no_request_is_possible() {
    for name in ["poll", "get"] {
        let server = Script::new().start();
        let output = command(name, &server, &[]).run();
        output.fails(78, "profile transak has no token");
        assert!(output.stderr.contains("TXWATCH_TRANSAK_API_SECRET"), "{output:#?}");
    }
}

#[test]
fn an_unknown_order_is_recognised_by_the_message_of_a_400() {
    let unknown = error(400, "Bad Request", "Order not found");
    let server = Script::new().order(ID, [unknown]).start();
    let output = command("get", &server, &[]).transak_token().run();
    output.fails(66, "Transak does not know");

    let server = Script::new().order(ID, [error(400, "Error", "something else")]).start();
    let output = command("get", &server, &[]).transak_token().run();
    output.fails(76, "it answered 400 (Error: something else)");
}

#[test]
fn a_silent_channel_is_reported_once_and_the_watch_continues() {
    let reported = Gate::new();
    let steps = [Step::Await(reported.clone()), event(ID, &order(ID, "FAILED", 1))];
    let server = Script::new().pusher([connection(ID, steps)]).start();
    let mut running = command("watch", &server, &["--appear-timeout", "100ms"]).start();
    running.wait_for_stderr(
        "nothing heard yet; without an access token txwatch cannot check that this order exists",
    );
    reported.open();
    let output = running.wait();
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(output.stderr.matches("nothing heard yet").count(), 1, "{output:#?}");
}

#[test]
fn an_order_is_followed_by_its_partner_reference() {
    let channel = format!("{API_KEY}_ref-7");
    let steps = [event(&channel, &order(ID, "COMPLETED", 2))];
    let server = Script::new().pusher([connection(&channel, steps)]).start();
    let output = txwatch(["watch", "transak:partner/ref-7"]).transak(&server.url()).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, "transak:partner/ref-7\tcompleted\n");

    let output = txwatch(["watch", "transak:partner/ref-7"])
        .transak(&server.url())
        .env("TXWATCH_TRANSAK_API_KEY", "")
        .run();
    output.fails(78, "there is no api_key");
}

#[test]
fn grace_waits_for_a_refund() {
    let steps = || [event(ID, &order(ID, "CANCELLED", 1)), event(ID, &order(ID, "REFUNDED", 2))];
    for (arguments, code) in [(&["--grace", "20s"][..], 14), (&[], 11)] {
        let server = Script::new().pusher([connection(ID, steps())]).start();
        assert_eq!(command("watch", &server, arguments).run().code, code);
    }
}

#[test]
fn thousands_of_orders_share_a_connection() {
    let ids: Vec<String> = (0..2_000).map(|index| format!("order-{index}")).collect();
    let steps: Vec<Step> = [established()]
        .into_iter()
        .chain(ids.iter().map(|id| subscribed(id)))
        .chain(ids.iter().map(|id| event(id, &order(id, "COMPLETED", 1))))
        .collect();
    let server = Script::new().pusher([Reply::upgrade(steps)]).start();
    let targets: Vec<String> = ids.iter().map(|id| format!("transak:{id}")).collect();
    let (output, records) =
        txwatch(["watch"].into_iter().chain(targets.iter().map(String::as_str)))
            .transak(&server.url())
            .run_json();
    assert_eq!(output.code, 0);
    assert_eq!(of_type(&records, "result").count(), 2_000);
    assert_eq!(server.request_count(&pusher_path()), 1);
}

#[test]
fn proof_and_transak_are_watched_together() {
    use crate::support::proof;
    let server = Script::new()
        .pusher([connection(ID, [event(ID, &order(ID, "EXPIRED", 1))])])
        .rest(proof::ID, [Reply::json(&proof::record(proof::ID, "completed", 0))])
        .push(proof::ID, [Reply::upgrade([])])
        .start();
    let target = format!("proof:{}", proof::ID);
    let (output, records) = command("watch", &server, &[&target]).proof(&server.url()).run_json();
    assert_eq!(output.code, 12, "{output:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], json!({ "expired": 1, "ok": 1 }));
}

#[test]
fn config_check_tests_push_and_rest() {
    let probe = "00000000-0000-4000-8000-000000000000";
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "transak"]).transak(&server.url());
    let unknown = || error(400, "Bad Request", "Order not found");

    let server =
        Script::new().pusher([Reply::upgrade([established()])]).order(probe, [unknown()]).start();
    let output = check(&server).transak_token().run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output.stdout.contains("push answers") && output.stdout.contains("token accepted"),
        "{output:#?}"
    );

    let server = Script::new().pusher([Reply::upgrade([established()])]).start();
    let output = check(&server).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stdout.contains("no access token"), "{output:#?}");

    let refused = error(401, "Unauthorized", "Authorization Required");
    let server =
        Script::new().pusher([Reply::upgrade([established()])]).order(probe, [refused]).start();
    check(&server).transak_token().run().fails(77, "refused the token");

    let server = Script::new().pusher([Reply::upgrade([Step::Close(4001, "no app")])]).start();
    check(&server).run().fails(77, "is the pusher_key right?");
}
