use jiff::Timestamp;
use serde_json::{Value, json};

use super::status::MOTES;
use super::*;
use crate::provider::testing::{assert_404, look_up, observed, written};
use crate::provider::{Amount, DenialReason, Kind, Reading, testing};
use crate::warning::WarningCode;
use crate::wire::{Auth, Request, Response};

const ID: &str = "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868";
const OTHER: &str = "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6";
const SENT_AT: &str = "2024-11-27T17:24:10.516Z";
const BLOCK: &str = "351064b9e22c96e4ead65cdc4c8bef816cc8039f65ea0b1a1e0c7860c7152366";

fn node() -> Arc<dyn Provider> {
    node_with(&[("push_url", "http://127.0.0.1:9999/events")])
}

fn node_with(values: &[(&str, &str)]) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    settings.set("url", "http://127.0.0.1:7777/rpc");
    for (key, value) in values {
        settings.set(*key, *value);
    }
    Casper.build(&settings).unwrap()
}

/// This many seconds after the transaction was sent.
fn after(seconds: i64) -> Timestamp {
    let sent: Timestamp = SENT_AT.parse().unwrap();
    Timestamp::from_second(sent.as_second() + seconds).unwrap()
}

fn read_at(now: Timestamp, status: u16, body: impl ToString) -> Reading {
    testing::read(&*node(), ID, now, &Response::new(status, body.to_string()))
}

fn read(result: Value) -> Reading {
    read_at(after(60), 200, json!({ "jsonrpc": "2.0", "id": 1, "result": result }))
}

/// A transaction of 2.0, as `info_get_transaction` has it.
fn transaction() -> Value {
    json!({ "Version1": {
        "hash": ID,
        "payload": {
            "initiator_addr": { "PublicKey": "0184f6d2" }, "timestamp": SENT_AT, "ttl": "30m",
            "chain_name": "casper-net-1", "fields": { "args": { "Named": [] }, "entry_point": "Transfer" },
        },
        "approvals": [],
    } })
}

/// A deploy, which 1.x and 2.0 write alike.
fn deploy() -> Value {
    json!({
        "hash": ID,
        "header": { "account": "01e35e19", "timestamp": SENT_AT, "ttl": "30m", "chain_name": "casper-net-1" },
        "payment": { "ModuleBytes": { "module_bytes": "", "args": [] } },
        "session": { "StoredContractByHash": { "hash": "f2aaa28a", "entry_point": "mint", "args": [] } },
        "approvals": [],
    })
}

fn second(error: Value) -> Value {
    json!({ "Version2": {
        "initiator": { "PublicKey": "0184f6d2" }, "error_message": error, "limit": "123456",
        "consumed": "100000", "cost": "246912", "transfers": [], "size_estimate": 465, "effects": [],
    } })
}

fn success() -> Value {
    json!({ "Success": { "effect": { "operations": [], "transforms": [] }, "transfers": [], "cost": "100000000" } })
}

fn failure(error: &str) -> Value {
    json!({ "Failure": { "effect": {}, "transfers": [], "cost": "2500000000", "error_message": error } })
}

fn info(result: Value) -> Value {
    json!({ "block_hash": BLOCK, "block_height": 10, "execution_result": result })
}

/// The answer of 2.0.
fn known(transaction: Value, info: Value) -> Reading {
    read(json!({ "api_version": "2.0.0", "transaction": transaction, "execution_info": info }))
}

#[test]
fn what_was_executed_succeeded_only_without_an_error() {
    for (result, status, error, cost) in [
        (second(Value::Null), Status::Completed, None, "246912"),
        (second(json!("User error: 1")), Status::Failed, Some("User error: 1"), "246912"),
        (second(json!("")), Status::Failed, Some(""), "246912"),
        (json!({ "Version1": success() }), Status::Completed, None, "100000000"),
        (
            json!({ "Version1": failure("Out of gas") }),
            Status::Failed,
            Some("Out of gas"),
            "2500000000",
        ),
    ] {
        let report = observed(known(transaction(), info(result)));
        assert_eq!((report.status, report.provider_status.as_str()), (status, "processed"));
        let record = report.transaction;
        assert_eq!(record.error.as_deref(), error);
        assert_eq!(record.cost, Some(Amount::new(cost, MOTES)));
        assert_eq!(record.hash.as_deref(), Some(ID));
        assert_eq!(record.block.as_deref(), Some(BLOCK));
        assert_eq!(record.created_at.as_deref(), Some(SENT_AT));
        assert_eq!(record.kind, Some(Kind::Transfer));
        let detail = report.detail.unwrap();
        assert!(error.is_none_or(|error| detail.contains(error)), "{detail}");
    }
}

#[test]
fn a_result_that_does_not_say_how_it_went_is_no_success() {
    let bare = json!({ "Version2": { "cost": "1" } });
    let both = json!({ "Version1": { "Success": {}, "Failure": {} } });
    let two_kinds = json!({ "Version2": { "error_message": null }, "Version1": failure("x") });
    let unversioned = json!({ "Version2": null, "Success": {} });
    for result in [
        bare,
        both,
        two_kinds,
        unversioned,
        second(json!(7)),
        json!({}),
        json!([]),
        json!({ "Version3": {} }),
    ] {
        let reading = known(transaction(), info(result.clone()));
        assert!(matches!(reading, Reading::Malformed(_)), "{result}: {reading:?}");
    }
    assert!(matches!(known(transaction(), json!(true)), Reading::Malformed(_)));
}

#[test]
fn before_that_it_is_accepted_or_in_a_block() {
    let report = observed(known(transaction(), Value::Null));
    assert_eq!((report.status, report.provider_status.as_str()), (Status::Pending, "accepted"));
    assert_eq!(report.transaction.block, None);
    let report = observed(known(transaction(), info(Value::Null)));
    assert_eq!((report.status, report.provider_status.as_str()), (Status::Processing, "included"));
    assert_eq!(report.transaction.block.as_deref(), Some(BLOCK));
}

#[test]
fn a_deploy_is_read_in_the_answers_of_2_0_and_1_x() {
    let tagged = observed(known(json!({ "Deploy": deploy() }), info(second(Value::Null))));
    assert_eq!((tagged.status, tagged.transaction.kind), (Status::Completed, Some(Kind::Call)));
    let deprecated = json!({ "deploy": deploy(), "execution_info": info(second(Value::Null)) });
    assert_eq!(observed(read(deprecated)).status, Status::Completed);

    let older = |results: Value| {
        observed(read(json!({ "deploy": deploy(), "execution_results": results })))
    };
    assert_eq!(older(json!([])).status, Status::Pending);
    let done = older(json!([{ "block_hash": BLOCK, "result": success() }]));
    assert_eq!(done.status, Status::Completed);
    assert_eq!(done.transaction.block.as_deref(), Some(BLOCK));
    assert_eq!(done.transaction.created_at.as_deref(), Some(SENT_AT));
    let failed = older(json!([{ "block_hash": BLOCK, "result": failure("ApiError::User(1)") }]));
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(failed.transaction.error.as_deref(), Some("ApiError::User(1)"));
    let one = || json!({ "block_hash": BLOCK, "result": success() });
    assert_eq!(older(json!([one(), one()])).status, Status::Completed);
}

/// Whatever decides an ending is refused when it is ambiguous; what is absent is not null.
#[test]
fn an_ambiguous_answer_is_not_understood() {
    let failed = || json!([{ "block_hash": BLOCK, "result": failure("ApiError::User(1)") }]);
    let succeeded = || json!([{ "block_hash": BLOCK, "result": success() }]);
    let mut two = succeeded();
    two.as_array_mut().unwrap().extend(failed().as_array().unwrap().clone());
    let without_hash = json!({ "Version1": { "payload": transaction()["Version1"]["payload"] } });
    let both_tags = json!({ "Version1": transaction()["Version1"], "Deploy": deploy() });
    for result in [
        json!({ "deploy": deploy(), "execution_results": two }),
        json!({ "deploy": deploy(), "execution_info": info(second(Value::Null)), "execution_results": failed() }),
        json!({ "deploy": deploy(), "execution_info": null, "execution_results": succeeded() }),
        json!({ "deploy": deploy(), "execution_info": info(Value::Null), "execution_results": [] }),
        json!({ "deploy": deploy(), "execution_info": { "block_hash": BLOCK } }),
        json!({ "deploy": deploy(), "execution_info": info(second(Value::Null)), "execution_results": null }),
        json!({ "transaction": without_hash, "execution_info": info(second(Value::Null)) }),
        json!({ "transaction": both_tags, "execution_info": info(second(Value::Null)) }),
        json!({ "transaction": transaction(), "deploy": deploy(), "execution_info": info(second(Value::Null)) }),
    ] {
        let reading = read(result.clone());
        assert!(matches!(reading, Reading::Malformed(_)), "{result}: {reading:?}");
    }
    let agreeing = json!({ "deploy": deploy(), "execution_info": null, "execution_results": [] });
    assert_eq!(observed(read(agreeing)).status, Status::Pending);

    // The same key twice, which parsers read in different ways.
    let good = json!({ "jsonrpc": "2.0", "id": 1, "result": {
        "transaction": transaction(), "execution_info": info(second(Value::Null)),
    } });
    let good = good.to_string();
    assert_eq!(observed(read_at(after(60), 200, &good)).status, Status::Completed);
    for (key, twice) in [
        (r#""error_message":"#, r#""error_message":"User error: 1","error_message":"#),
        (r#""execution_info":"#, r#""execution_info":null,"execution_info":"#),
        (r#""execution_result":"#, r#""execution_result":null,"execution_result":"#),
        (r#""Version2":"#, r#""Version2":{"error_message":"x"},"Version2":"#),
        (r#""result":"#, r#""result":null,"result":"#),
        (r#""hash":"#, r#""hash":"00","hash":"#),
        (r#""ttl":"#, r#""ttl":"1s","ttl":"#),
        (r#""id":1"#, r#""error":{"code":-32014},"id":1"#),
    ] {
        let body = good.replacen(key, twice, 1);
        assert_ne!(body, good, "{key}");
        let reading = read_at(after(60), 200, &body);
        assert!(matches!(reading, Reading::Malformed(_)), "{twice}: {reading:?}");
    }
}

#[test]
fn only_an_inferred_ending_is_revived() {
    let allows_reopen = node().allows_reopen();
    for from in Status::ALL {
        for to in Status::ALL {
            let known = from == Status::Expired && matches!(to, Status::Completed | Status::Failed);
            assert_eq!(allows_reopen(from, to), known, "{from} {to}");
        }
    }
}

#[test]
fn errors_are_distinguished() {
    let error = |status: u16, code: Value| {
        let error = json!({ "code": code, "message": "it says", "data": "why" });
        read_at(after(0), status, json!({ "jsonrpc": "2.0", "id": 1, "error": error }))
    };
    // Also with the status of a proxy.
    for status in [200, 400, 404, 410, 500, 502] {
        for code in [-32014, -32015] {
            let text = format!("it says ({code})");
            for spelling in [json!(code), json!(code.to_string()), json!(code as f64)] {
                let reading = error(status, spelling);
                assert!(
                    matches!(&reading, Reading::NotFound(answer) if *answer == text),
                    "{reading:?}"
                );
            }
        }
        for code in [-32018, -32603, -32005, -32007, -32011, 429] {
            assert!(matches!(error(status, json!(code)), Reading::Busy { .. }), "{status} {code}");
        }
        for code in [-32602, -32700, -32600] {
            assert!(matches!(error(status, json!(code)), Reading::Malformed(_)), "{status} {code}");
        }
        for code in [
            json!(-32000),
            json!(-32601),
            json!(-32001),
            json!(-32099),
            json!(7),
            json!("unauthorized"),
            json!(null),
        ] {
            let reading = error(status, code.clone());
            assert!(
                matches!(&reading, Reading::Unusable(text) if text.contains("it says")),
                "{code} {reading:?}"
            );
        }
    }
    for status in [408, 425, 429, 503] {
        for code in [json!(-32014), json!(-32600), json!("limit")] {
            assert!(matches!(error(status, code.clone()), Reading::Busy { .. }), "{status} {code}");
        }
    }
    // A proxy in front of a node has errors of its own.
    for status in [401, 403] {
        for code in [json!("unauthorized"), json!(-32000)] {
            let Reading::Denied { answer, .. } = error(status, code) else {
                panic!("{status}");
            };
            assert!(answer.contains("it says"), "{answer}");
        }
        let proxy = json!({ "error": { "code": "unauthorized", "message": "no token" } });
        assert!(matches!(read_at(after(0), status, &proxy), Reading::Denied { .. }), "{status}");
    }
    let page = read_at(after(0), 403, "<html>");
    assert!(matches!(page, Reading::Denied { reason: DenialReason::Gateway, .. }), "{page:?}");
    for status in [408, 429, 500, 502, 503] {
        assert!(matches!(read_at(after(0), status, "busy"), Reading::Busy { .. }), "{status}");
    }
    for body in ["{}", "<html>"] {
        let reading = read_at(after(0), 404, body);
        assert!(matches!(reading, Reading::Unusable(_)), "{body}: {reading:?}");
    }
    for (status, body) in [(405, ""), (200, "<html>"), (200, "")] {
        assert!(matches!(read_at(after(0), status, body), Reading::Unusable(_)), "{status} {body}");
    }
    for body in ["[]", "{}", r#"{"error":"no"}"#, r#"{"message":"no Route matched"}"#] {
        assert!(matches!(read_at(after(0), 200, body), Reading::Unusable(_)), "{body}");
    }
    for body in [r#"{"result":null}"#, r#"{"result":{}}"#] {
        assert!(matches!(read_at(after(0), 200, body), Reading::Malformed(_)), "{body}");
    }
    let mut other = transaction();
    other["Version1"]["hash"] = OTHER.into();
    let mut beside = transaction();
    beside["hash"] = OTHER.into();
    for other in [other, beside] {
        let reading = known(other, Value::Null);
        assert!(
            matches!(reading, Reading::Malformed(text) if text.contains("another transaction"))
        );
    }
}

/// With a token it is sent as it is, as CSPR.cloud's proxies want it; without one the node is public.
#[test]
fn a_token_is_optional() {
    let id = Id::new(ID);
    assert!(node().is_public());
    let mut settings = Settings::default();
    settings.set("url", "https://node.cspr.example/rpc");
    settings.set("push_url", "https://node-sse.cspr.example/events");
    settings.set_token();
    let node = Casper.build(&settings).unwrap();
    assert!(!node.is_public());
    let requests = node.requests(&id);
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.auth, Auth::header("authorization"), "{}", request.url);
    }
}

#[test]
fn a_response_of_several_megabytes_is_read() {
    let mut result = second(Value::Null);
    result["Version2"]["effects"] = json!(vec!["x".repeat(1 << 20); 3]);
    assert_eq!(observed(known(transaction(), info(result))).status, Status::Completed);
}

/// A node that lags behind does not know the block in which another node at the same URL saw it.
#[test]
fn what_was_in_a_block_stays_there() {
    let forbids_transition = node().forbids_transition();
    for from in Status::ALL {
        for to in Status::ALL {
            let lagging = matches!(to, Status::Pending | Status::Expired);
            let expected = from == Status::Processing && lagging;
            assert_eq!(forbids_transition(from, to), expected, "{from} {to}");
        }
    }
}

#[path = "expiry_tests.rs"]
mod expiry;
#[path = "feed_tests.rs"]
mod feeds;
#[path = "lookup_tests.rs"]
mod lookups;
