//! A Casper node's JSON-RPC and events, against a scripted server.

use serde_json::{Value, json};

use txwatch::sandbox::casper::format as node;

use crate::support::chain::{
    BLOCK, EVENTS, HASH, OTHER, RPC, accepted, casper_command as command, deploy_expired, executed,
    executed_by_1_x, executed_result, expiry_proof, included, overdue, processed, rpc_error,
    status, unknown, waiting,
};
use crate::support::schema::{of_type, only_result, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, txwatch};

/// The JSON-RPC methods that were called.
fn methods(server: &Server) -> Vec<String> {
    let calls = server.requests().into_iter().filter(|request| request.path == RPC);
    let bodies = calls.map(|request| serde_json::from_str::<Value>(&request.body).unwrap());
    bodies.map(|body| body["method"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_subscribes_then_pulls_then_follows() {
    let reported = Gate::new();
    let steps = [
        Step::event(1, &json!({ "BlockAdded": { "block_hash": BLOCK } })),
        Step::Await(reported.clone()),
        Step::comment(),
        Step::event(2, &processed(OTHER, json!("another transaction"))),
        Step::event(3, &processed(HASH, Value::Null)),
    ];
    let server = Script::new().events([Reply::events(steps)]).rpc([waiting()]).start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(server.paths(), [EVENTS, RPC]);
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!((&last["source"], &last["provider_status"]), (&json!("push"), &json!("processed")));
    let transaction = &last["transaction"];
    assert_eq!(transaction["cost"], "1234567891", "motes stay a whole number");
    assert_eq!(transaction["hash"], HASH);
    assert_eq!(transaction["block"], BLOCK);
    assert_eq!(transaction["created_at"], "2024-11-27T17:24:10.516Z");
    let [stream, lookup] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!(stream.header("Accept"), Some("text/event-stream"));
    assert_eq!(lookup.header("Content-Type"), Some("application/json"));
    for request in [stream, lookup] {
        assert_eq!(request.header("Authorization"), None, "no token is configured");
    }
}

#[test]
fn a_transaction_processed_with_an_error_has_failed() {
    for name in ["watch", "poll"] {
        let server = Script::new()
            .events([Reply::events([])])
            .rpc([executed(json!("User error: 1"))])
            .start();
        let output = command(name, &server, &["-o", "human"]).run();
        assert_eq!(output.code, 10, "{output:#?}");
        assert!(output.stdout.contains("User error: 1  cost 1.234567891 CSPR"), "{output:#?}");
    }
    let steps = [Step::event(1, &processed(HASH, json!("Out of gas")))];
    let server = Script::new().events([Reply::events(steps)]).rpc([waiting()]).start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 10, "{output:#?}");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["error"], "Out of gas");
}

#[test]
fn get_prints_block_and_cost() {
    let server = Script::new().rpc([executed(Value::Null)]).start();
    let output = command("get", &server, &["-o", "human"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    for line in [
        "status      completed (processed)",
        "kind        transfer",
        "cost        1.234567891 CSPR",
        &format!("hash        {HASH}"),
        &format!("block       {BLOCK}"),
        "created     2024-11-27 17:24:10",
    ] {
        assert!(output.stdout.contains(line), "{line}: {output:#?}");
    }
}

#[test]
fn a_hash_is_looked_up_as_a_transaction_then_as_a_deploy_then_by_the_method_of_1_x() {
    let mismatch = rpc_error(-32015, "The variant does not match");
    let server = Script::new().rpc([mismatch, executed(Value::Null)]).start();
    assert_eq!(command("get", &server, &[]).run().code, 0);
    assert_eq!(methods(&server), ["info_get_transaction", "info_get_transaction"]);

    let missing = || rpc_error(-32601, "Method not found");
    let older = executed_by_1_x(&json!("Out of gas"));
    let server = Script::new().rpc([missing(), missing(), older]).start();
    let output = command("get", &server, &["--exit-status"]).run();
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(methods(&server)[2], "info_get_deploy");
}

#[test]
fn an_unknown_hash_may_appear_later() {
    let steps = [unknown(), unknown(), rpc_error(-32000, "No such deploy"), executed(Value::Null)];
    let server = Script::new().rpc(steps).start();
    let output = command("poll", &server, &["-i", "100ms"]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output.stderr.contains("does not know it yet (No such deploy (-32000))"),
        "{output:#?}"
    );

    let server = Script::new().rpc([unknown()]).start();
    command("get", &server, &[]).run().fails(66, "the Casper node does not know");
    assert_eq!(server.request_count(RPC), 3);
}

/// By the node's own blocks; no clock decides.
#[test]
fn a_transaction_not_executed_before_its_expiry_has_expired() {
    let server = Script::new().rpc([waiting()]).start();
    assert_eq!(command("get", &server, &["--exit-status"]).run().code, 20);

    let server = Script::new().rpc(expiry_proof()).start();
    let output = command("poll", &server, &[]).run();
    assert_eq!(output.code, 12, "{output:#?}");
    let all = [
        "info_get_transaction",
        "info_get_status",
        "info_get_status",
        "chain_get_block",
        "info_get_transaction",
    ];
    assert_eq!(methods(&server), all);
}

/// One node's clock speaks in the event: half an hour too early in the first case.
#[test]
fn an_expired_event_is_looked_up_and_ends_nothing() {
    let looked_up = Gate::new();
    let steps = [
        Step::event(1, &deploy_expired(HASH)),
        Step::Await(looked_up.clone()),
        Step::event(2, &processed(HASH, Value::Null)),
    ];
    let server = Script::new()
        .events([Reply::events(steps)])
        .rpc([waiting(), waiting().opens(&looked_up)])
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(of_type(&records, "warning").count(), 0, "it is not due");

    let reported = Gate::new();
    let steps = [Step::Await(reported.clone()), Step::event(1, &deploy_expired(HASH))];
    let replies = [vec![waiting()], expiry_proof().into()].concat();
    let server = Script::new().events([Reply::events(steps)]).rpc(replies).start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 12, "{output:#?}");
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "pull");
}

/// Its last block is 40 minutes old, and this machine's clock is years ahead.
#[test]
fn a_stuck_node_proves_nothing() {
    let stuck = || status("CatchUp", "2024-11-27T17:44:10Z");
    let replies = [overdue(), stuck(), overdue(), stuck(), executed(Value::Null)];
    let server = Script::new().rpc(replies).start();
    let (output, records) = command("poll", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    let warnings: Vec<_> = of_type(&records, "warning").collect();
    assert_eq!(warnings.len(), 1, "{output:#?}");
    assert_eq!(warnings[0]["code"], "expiry_not_proven");
    let message = warnings[0]["message"].as_str().unwrap();
    for part in ["CatchUp", "its last block is 40m old", "counts as pending"] {
        assert!(message.contains(part), "{message}");
    }
    let server = Script::new().rpc([overdue(), stuck()]).start();
    assert_eq!(command("get", &server, &["--exit-status"]).run().code, 20);
}

/// Included, then null from a backend that lags behind, then null past the time to live, with a proof even.
#[test]
fn what_was_seen_in_a_block_stays_seen() {
    let proof = || Vec::from(expiry_proof());
    let replies =
        [vec![included(), waiting()], proof(), proof(), vec![executed(Value::Null)]].concat();
    let count = replies.len();
    let server = Script::new().rpc(replies).start();
    let (output, records) = command("poll", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
    assert_eq!(server.request_count(RPC), count);

    // It is asked at its usual pace, not at once over and over.
    let replies = [vec![included()], proof(), vec![executed(Value::Null)]].concat();
    let server = Script::new().rpc(replies).start();
    let arguments = ["-i", "2s", "--timeout", "3s", "--until", "completed"];
    let output = command("poll", &server, &arguments).run();
    assert_eq!(output.code, 124, "{output:#?}");
    assert_eq!(server.request_count(RPC), 6);

    // A late event does not lower it either.
    let reported = Gate::new();
    let steps = [
        Step::Await(reported.clone()),
        Step::event(1, &accepted(HASH)),
        Step::event(2, &processed(HASH, Value::Null)),
    ];
    let server = Script::new().events([Reply::events(steps)]).rpc([included()]).start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"included\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
}

/// The event may have been the ending.
#[test]
fn an_event_that_is_not_understood_is_looked_up() {
    let reported = Gate::new();
    let twice = processed(HASH, json!("User error: 1")).to_string();
    let twice =
        twice.replacen("\"error_message\":", "\"error_message\":null,\"error_message\":", 1);
    let event = format!("data:{twice}\nid:1\n\n").into_bytes();
    let steps = [Step::Await(reported.clone()), Step::Raw(event)];
    let server = Script::new()
        .events([Reply::events(steps)])
        .rpc([waiting(), executed(json!("User error: 1"))])
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(of_type(&records, "warning").next().unwrap()["code"], "bad_frame");
}

#[test]
fn an_ambiguous_answer_is_never_an_ending() {
    let good = node::response(&json!(1), executed_result(HASH, json!("User error: 1"))).to_string();
    for (key, twice) in [
        ("\"error_message\":", "\"error_message\":null,\"error_message\":"),
        ("\"execution_info\":", "\"execution_info\":null,\"execution_info\":"),
    ] {
        let body = good.replacen(key, twice, 1);
        let server = Script::new().rpc([Reply::status(200, body)]).start();
        command("get", &server, &[]).run().fails(76, "twice");
    }
}

/// As proxies send them: with another HTTP status, and with a code as text or as a float.
#[test]
fn an_error_of_json_rpc_is_read_before_the_http_status() {
    for (status, code) in [(400, json!(-32014)), (404, json!("-32014")), (500, json!(-32014.0))] {
        let error = json!({ "code": code, "message": "No such transaction" });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string();
        let server = Script::new().rpc([Reply::status(status, body)]).start();
        command("get", &server, &[]).run().fails(66, "No such transaction (-32014)");
        assert_eq!(server.request_count(RPC), 3);
    }
}

#[test]
fn an_overloaded_node_is_retried() {
    let server = Script::new()
        .rpc([
            rpc_error(-32018, "node request failure"),
            Reply::status(429, "slow down"),
            executed(Value::Null),
        ])
        .start();
    assert_eq!(command("poll", &server, &["-i", "100ms"]).run().code, 0);
}

#[test]
fn different_spellings_of_a_hash_are_one_target() {
    let server = Script::new().rpc([executed(Value::Null)]).start();
    let upper = format!("casper:0x{}", HASH.to_ascii_uppercase());
    let prefixed = format!("casper:transaction-{HASH}");
    let output = txwatch(["poll", &upper, &prefixed]).casper(&server.url()).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.request_count(RPC), 1, "they are one transaction");
    let sent: Value = serde_json::from_str(&server.requests()[0].body).unwrap();
    assert_eq!(sent["params"]["transaction_hash"]["Version1"], HASH);
    for bad in [
        "casper:44",
        "casper:deploy-",
        &format!("casper:{HASH}/.."),
        &format!("casper:g{}", &HASH[1..]),
    ] {
        txwatch(["poll", bad])
            .casper(&server.url())
            .run()
            .fails(2, "is not an id of the Casper node");
    }
}

#[test]
fn without_an_address_for_events_it_is_polled() {
    let server = Script::new().rpc([executed(Value::Null)]).start();
    let target = format!("casper:{HASH}");
    let watch = |more: &[&str]| {
        let url = format!("{}/rpc", server.url());
        txwatch([&["watch", &target], more].concat()).env("TXWATCH_CASPER_URL", url)
    };
    let (output, records) = watch(&[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let result = only_result(&records);
    assert!(
        result["elapsed_ms"].as_u64().unwrap() < 1_500,
        "it waited for push, which is not configured: {result}"
    );
    let output = watch(&["--transport", "push"]).run();
    output.fails(78, "profile casper has no push_url");
}

#[test]
fn a_proxy_in_front_of_a_node_may_require_a_token() {
    let body = json!({ "error": { "code": "unauthorized", "message": "no token" } });
    let server = Script::new().rpc([Reply::status(401, body.to_string())]).start();
    let output = command("poll", &server, &[]).run();
    output.fails(77, "the Casper node refused the request: 401");
    assert!(output.stderr.contains("profile casper has no token"), "{output:#?}");
}

/// It is sent as it is, as CSPR.cloud's proxies want it; to a plain address of another machine it is not sent.
#[test]
fn a_token_goes_to_rpc_and_events() {
    let server = Script::new().events([Reply::events([])]).rpc([executed(Value::Null)]).start();
    let output = command("watch", &server, &[]).env("TXWATCH_CASPER_TOKEN", TOKEN).run();
    assert_eq!(output.code, 0, "{output:#?}");
    for path in [RPC, EVENTS] {
        assert_eq!(server.header_values(path, "Authorization"), [TOKEN], "{path}");
    }
    let output = txwatch(["get", &format!("casper:{HASH}")])
        .env("TXWATCH_CASPER_URL", "http://node.invalid/rpc")
        .env("TXWATCH_CASPER_TOKEN", TOKEN)
        .run();
    output.fails(78, "would send its token unencrypted");
}

#[test]
fn a_wrong_address_is_reported() {
    let server = Script::new().rpc([Reply::status(404, "<html>")]).start();
    command("get", &server, &[]).run().fails(76, "is the url that of its JSON-RPC");
}

/// The token is the reason that is named only where there is one.
#[test]
fn a_redirect_is_not_followed_with_or_without_a_token() {
    for token in [None, Some(TOKEN)] {
        let moved = Reply::status(302, "").header("Location", "http://node.invalid/");
        let server = Script::new().rpc([moved]).start();
        let get = command("get", &server, &[]);
        let output = match token {
            Some(token) => get.env("TXWATCH_CASPER_TOKEN", token).run(),
            None => get.run(),
        };
        output.fails(76, "to http://node.invalid, which is not followed");
        let names_token = output.stderr.contains("because the token would go along");
        assert_eq!(names_token, token.is_some(), "{output:#?}");
    }
}

#[test]
fn config_check_tests_push_and_rpc() {
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "casper"]).casper(&server.url()).run();
    let server = Script::new().events([Reply::events([])]).rpc([unknown()]).start();
    let output = check(&server);
    assert_eq!(output.code, 0, "{output:#?}");
    for needle in ["push answers", "it answers whoever asks"] {
        assert!(output.stdout.contains(needle), "{needle}: {output:#?}");
    }
    let server = Script::new()
        .events([Reply::status(404, "")])
        .route("/events/main", [Reply::status(404, "")])
        .start();
    check(&server).fails(77, "refused the event stream: 404");
}

#[test]
fn providers_mix_in_one_command() {
    use crate::support::{proof, transak};
    let server = Script::new()
        .rest(proof::ID, [Reply::json(&proof::record(proof::ID, "completed", 1))])
        .order(transak::ID, [transak::record(transak::ID, "COMPLETED", 1)])
        .deploy(HASH, [crate::support::chain::record(HASH, "processed", Value::Null)])
        .rpc([executed(json!("Out of gas"))])
        .start();
    let targets = [
        format!("proof:{}", proof::ID),
        format!("transak:{}", transak::ID),
        format!("cspr:{HASH}"),
        format!("casper:{HASH}"),
    ];
    let all = ["poll"].into_iter().chain(targets.iter().map(String::as_str));
    let url = server.url();
    let output =
        txwatch(all).proof(&url).transak(&url).transak_token().cspr(&url).casper(&url).run();
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(output.stdout.matches("completed").count(), 3, "{output:#?}");
}

#[test]
fn a_replayed_acceptance_never_reverts_the_status() {
    let reported = Gate::new();
    let first = [Step::event(7, &json!({ "Step": {} })), Step::Await(reported.clone()), Step::Drop];
    let replayed = [Step::event(7, &accepted(HASH)), Step::event(8, &processed(HASH, Value::Null))];
    let server = Script::new()
        .events([Reply::events(first)])
        .route("/events?start_from=7", [Reply::events(replayed)])
        .rpc([included()])
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"included\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
}
