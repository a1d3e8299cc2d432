//! A base address that is not the provider's: whatever answers there, it is never "the provider does not know it", which
//! a script may read as "create it again".

use serde_json::{Value, json};

use crate::support::chain::{HASH, RPC};
use crate::support::proof::{ID, rest_path};
use crate::support::rehearsal::Rehearsal;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::transak::order_path;
use crate::support::txwatch::{CommandOutput, Txwatch, command_for};

type Configure = fn(Txwatch, &str) -> Txwatch;

/// The target, the path of its lookup, and how the profile is pointed at a server.
fn lookups() -> [(String, String, Configure); 4] {
    [
        (format!("proof:{ID}"), rest_path(ID), |command, url| command.proof(url)),
        (format!("transak:{ID}"), order_path(ID), |command, url| {
            command.transak(url).transak_token()
        }),
        (format!("cspr:{HASH}"), format!("/deploys/{HASH}"), |command, url| command.cspr(url)),
        (format!("casper:{HASH}"), RPC.to_owned(), |command, url| {
            command.env("TXWATCH_CASPER_URL", format!("{url}{RPC}"))
        }),
    ]
}

/// What file servers, frameworks and gateways say about a path that they do not serve.
fn other_servers() -> Vec<Reply> {
    let bodies = [
        json!({}),
        json!({ "error": "Not Found" }),
        json!({ "detail": "Not Found" }),
        json!({ "message": "no Route matched with those values" }),
        json!({ "statusCode": 404, "message": "Cannot GET /x", "error": "Not Found" }),
        json!({ "error": { "code": "not_found", "message": "The requested path could not be found" } }),
    ];
    let json = |body: &Value| Reply::status(404, body.to_string());
    let page = "<!doctype html><title>404</title>";
    bodies.iter().map(json).chain([Reply::status(404, page), Reply::status(404, "")]).collect()
}

#[test]
fn a_404_of_another_server_is_never_an_unknown_id() {
    for (target, path, configure) in lookups() {
        for reply in other_servers() {
            let server = Script::new().route(&path, [reply]).start();
            let command = command_for("get", &target, &["--appear-timeout", "0s"]);
            assert_named(&configure(command, &server.url()).run());
        }
        // One that asks again may find out later than the time for the id to appear has passed.
        let server = Script::new().route(&path, other_servers()).start();
        let command = command_for("poll", &target, &["-i", "100ms", "--appear-timeout", "0s"]);
        assert_named(&configure(command, &server.url()).run());
    }
}

#[track_caller]
fn assert_named(output: &CommandOutput) {
    output.fails(76, "it answered ");
    let hint = "see where it comes from with  txwatch config show";
    assert!(output.stderr.contains(hint), "{output:#?}");
}

/// Every method is unknown to it.
#[test]
fn a_node_of_another_chain_is_named_so() {
    let error = json!({ "code": -32601, "message": "the method does not exist" });
    let answer = json!({ "jsonrpc": "2.0", "id": 1, "error": error });
    let server = Script::new().rpc([Reply::json(&answer)]).start();
    let command = command_for("get", &format!("casper:{HASH}"), &[]);
    let output = command.env("TXWATCH_CASPER_URL", server.url() + RPC).run();
    output.fails(76, "is the url that of a Casper node?");
}

#[test]
fn the_sandbox_at_a_wrong_path_is_no_unknown_id_and_at_the_right_one_is() {
    let sandbox = Rehearsal::start();
    let base = sandbox.variable("PROOF_URL");
    let get = |url: &str| {
        let command = command_for("get", "proof:nobody", &[]);
        command.proof(url).env("TXWATCH_PROOF_TOKEN", sandbox.variable("PROOF_TOKEN")).run()
    };
    get(&format!("{base}/api")).fails(76, "404");
    get(base).fails(66, "Proof does not know proof:nobody");
}
