//! A Casper node's JSON-RPC and events, against a scripted server.

use serde_json::{Value, json};

use crate::support::chain::{
    BLOCK, EVENTS, HASH, OTHER, RPC, accepted, deploy_expired, executed, executed_by_1_x, included,
    processed, refusal, unknown, waiting, waiting_since,
};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{Txwatch, txwatch};

fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("casper:{HASH}");
    let all = [name, &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).casper(&server.url())
}

fn methods(server: &Server) -> Vec<String> {
    let asked = server.seen().into_iter().filter(|seen| seen.target == RPC);
    let bodies = asked.map(|seen| serde_json::from_str::<Value>(&seen.body).unwrap());
    bodies.map(|body| body["method"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_listens_then_asks_then_follows() {
    let looked = Gate::new();
    let story = [
        Step::event(1, &json!({ "BlockAdded": { "block_hash": BLOCK } })),
        Step::Await(looked.clone()),
        Step::comment(),
        Step::event(2, &processed(OTHER, json!("not ours"))),
        Step::event(3, &processed(HASH, Value::Null)),
    ];
    let server = Script::new().events([Reply::events(story)]).rpc([waiting()]).start();
    let mut running = command("watch", &server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"accepted\"");
    looked.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(server.targets(), [EVENTS, RPC]);
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!((&last["source"], &last["provider_status"]), (&json!("push"), &json!("processed")));
    let transaction = &last["transaction"];
    assert_eq!(transaction["cost"], "1234567891", "motes stay a whole number");
    assert_eq!(transaction["hash"], HASH);
    assert_eq!(transaction["block"], BLOCK);
    assert_eq!(transaction["created_at"], "2024-11-27T17:24:10.516Z");
    let [stream, look] = &server.seen()[..] else { panic!("two requests") };
    assert_eq!(stream.header("Accept"), Some("text/event-stream"));
    assert_eq!(look.header("Content-Type"), Some("application/json"));
    for seen in [stream, look] {
        assert_eq!(seen.header("Authorization"), None, "nobody has a token here");
    }
}

#[test]
fn what_was_processed_with_an_error_has_failed() {
    for name in ["watch", "poll"] {
        let server = Script::new()
            .events([Reply::events([])])
            .rpc([executed(json!("User error: 1"))])
            .start();
        let ended = command(name, &server, &["-o", "human"]).run();
        assert_eq!(ended.code, 10, "{ended:#?}");
        assert!(ended.stdout.contains("User error: 1  cost 1.234567891 CSPR"), "{ended:#?}");
    }
    let story = [Step::event(1, &processed(HASH, json!("Out of gas")))];
    let server = Script::new().events([Reply::events(story)]).rpc([waiting()]).start();
    let (ended, records) = command("watch", &server, &[]).run_json();
    assert_eq!(ended.code, 10, "{ended:#?}");
    let last = of_type(&records, "status").last().unwrap();
    assert_eq!(last["transaction"]["error"], "Out of gas");
}

#[test]
fn a_look_tells_block_and_cost() {
    let server = Script::new().rpc([executed(Value::Null)]).start();
    let ended = command("get", &server, &["-o", "human"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    for line in [
        "status      completed (processed)",
        "kind        transfer",
        "cost        1.234567891 CSPR",
        &format!("hash        {HASH}"),
        &format!("block       {BLOCK}"),
        "created     2024-11-27 17:24:10",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {ended:#?}");
    }
}

#[test]
fn a_hash_is_asked_for_as_a_transaction_then_as_a_deploy_then_as_1_x_does() {
    let mismatch = refusal(-32015, "The variant does not match");
    let server = Script::new().rpc([mismatch, executed(Value::Null)]).start();
    assert_eq!(command("get", &server, &[]).run().code, 0);
    assert_eq!(methods(&server), ["info_get_transaction", "info_get_transaction"]);

    let missing = || refusal(-32601, "Method not found");
    let older = executed_by_1_x(&json!("Out of gas"));
    let server = Script::new().rpc([missing(), missing(), older]).start();
    let ended = command("get", &server, &["--exit-status"]).run();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(methods(&server)[2], "info_get_deploy");
}

#[test]
fn an_unknown_hash_may_take_a_while_to_appear() {
    let story = [unknown(), unknown(), refusal(-32000, "No such deploy"), executed(Value::Null)];
    let server = Script::new().rpc(story).start();
    let ended = command("poll", &server, &["-i", "100ms"]).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stderr.contains("does not know it yet (No such deploy (-32000))"), "{ended:#?}");

    let server = Script::new().rpc([unknown()]).start();
    command("get", &server, &[]).run().fails(66, "the Casper node does not know");
    assert_eq!(server.asked(RPC), 3);
}

/// By the node's own clock, for ours may be wrong.
#[test]
fn what_was_not_executed_in_its_time_has_expired() {
    let late = waiting();
    let server = Script::new().rpc([late]).start();
    assert_eq!(command("get", &server, &["--exit-status"]).run().code, 20);

    let server = Script::new().rpc([waiting_since("2024-11-27T16:51:09Z")]).start();
    let ended = command("poll", &server, &[]).run();
    assert_eq!(ended.code, 12, "{ended:#?}");
}

#[test]
fn a_node_tells_of_an_expiry_itself() {
    let story = [Step::event(1, &deploy_expired(HASH))];
    let server = Script::new().events([Reply::events(story)]).rpc([waiting()]).start();
    assert_eq!(command("watch", &server, &[]).run().code, 12);
}

#[test]
fn a_node_that_is_asked_too_much_is_asked_again_later() {
    let server = Script::new()
        .rpc([
            refusal(-32018, "node request failure"),
            Reply::status(429, "slow down"),
            executed(Value::Null),
        ])
        .start();
    assert_eq!(command("poll", &server, &["-i", "100ms"]).run().code, 0);
}

#[test]
fn hashes_come_in_many_spellings_and_are_one() {
    let server = Script::new().rpc([executed(Value::Null)]).start();
    let upper = format!("casper:0x{}", HASH.to_ascii_uppercase());
    let prefixed = format!("casper:transaction-{HASH}");
    let ended = txwatch(["poll", &upper, &prefixed]).casper(&server.url()).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(server.asked(RPC), 1, "they are one transaction");
    let sent: Value = serde_json::from_str(&server.seen()[0].body).unwrap();
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
    let (ended, records) = watch(&[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let result = of_type(&records, "result").next().unwrap();
    assert!(
        result["elapsed_ms"].as_u64().unwrap() < 1_500,
        "there is no push to wait for: {result}"
    );
    let ended = watch(&["--transport", "push"]).run();
    ended.fails(78, "profile casper has no push_url");
}

#[test]
fn who_stands_before_a_node_may_want_a_token() {
    let body = json!({ "error": { "code": "unauthorized", "message": "no token" } });
    let server = Script::new().rpc([Reply::status(401, body.to_string())]).start();
    let ended = command("poll", &server, &[]).run();
    ended.fails(77, "the Casper node refused the request: 401");
    assert!(ended.stderr.contains("profile casper has no token"), "{ended:#?}");
}

#[test]
fn a_wrong_address_is_told() {
    let server = Script::new().rpc([Reply::status(404, "<html>")]).start();
    command("get", &server, &[]).run().fails(76, "is the url that of its JSON-RPC");
}

#[test]
fn a_profile_is_checked_on_both_sides() {
    let check =
        |server: &Server| txwatch(["config", "check", "-p", "casper"]).casper(&server.url()).run();
    let server = Script::new().events([Reply::events([])]).rpc([unknown()]).start();
    let ended = check(&server);
    assert_eq!(ended.code, 0, "{ended:#?}");
    for told in ["push answers", "it answers whoever asks"] {
        assert!(ended.stdout.contains(told), "{told}: {ended:#?}");
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
    let ended =
        txwatch(all).proof(&url).transak(&url).transak_token().cspr(&url).casper(&url).run();
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(ended.stdout.matches("completed").count(), 3, "{ended:#?}");
}

#[test]
fn an_old_acceptance_never_moves_it_back() {
    let asked = Gate::new();
    let first = [Step::event(7, &json!({ "Step": {} })), Step::Await(asked.clone()), Step::Drop];
    let replayed = [Step::event(7, &accepted(HASH)), Step::event(8, &processed(HASH, Value::Null))];
    let server = Script::new()
        .events([Reply::events(first)])
        .route("/events?start_from=7", [Reply::events(replayed)])
        .rpc([included()])
        .start();
    let mut running = command("watch", &server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"included\"");
    asked.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["processing", "completed"]);
}
