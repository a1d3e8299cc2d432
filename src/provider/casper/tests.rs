use jiff::Timestamp;
use serde_json::{Value, json};

use super::record::EXPIRY_MARGIN;
use super::status::MOTES;
use super::*;
use crate::provider::testing::{assert_404, look_up, observed, written};
use crate::provider::{Amount, Kind, Reading, testing};
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
    let one_of_two = older(json!([
        { "block_hash": "f0", "result": success() },
        { "block_hash": BLOCK, "result": failure("ApiError::User(1)") },
    ]));
    assert_eq!(one_of_two.status, Status::Failed);
    assert_eq!(one_of_two.transaction.block.as_deref(), Some(BLOCK));
}

/// The time to live of 30 minutes, and the margin.
#[test]
fn expiry_is_inferred_with_a_margin_and_only_without_an_execution() {
    let end = 30 * 60 + EXPIRY_MARGIN.as_secs() as i64;
    let unexecuted = |now: i64, transaction: Value, more: Value| {
        let mut result = json!({ "transaction": transaction });
        result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        observed(read_at(after(now), 200, json!({ "id": 1, "result": result }))).status
    };
    let none = || json!({ "execution_info": null });
    assert_eq!(unexecuted(end, transaction(), none()), Status::Pending);
    assert_eq!(unexecuted(end + 1, transaction(), none()), Status::Expired);
    assert_eq!(unexecuted(end + 1, deploy(), json!({ "execution_results": [] })), Status::Expired);
    // In a block, or without information about its execution.
    let included = json!({ "execution_info": info(Value::Null) });
    assert_eq!(unexecuted(end + 1, transaction(), included), Status::Processing);
    assert_eq!(unexecuted(end + 1, transaction(), json!({})), Status::Pending);

    for (ttl, seconds) in [("1h", 3600), ("2m 53s", 173), ("11h 9m 50s 128ms", 40_190)] {
        let mut other = transaction();
        other["Version1"]["payload"]["ttl"] = ttl.into();
        let end = seconds + EXPIRY_MARGIN.as_secs() as i64;
        assert_eq!(unexecuted(end - 1, other.clone(), none()), Status::Pending, "{ttl}");
        assert_eq!(unexecuted(end + 2, other, none()), Status::Expired, "{ttl}");
    }
    for (key, value) in [("ttl", json!("soon")), ("ttl", json!(30)), ("timestamp", json!("now"))] {
        let mut other = transaction();
        other["Version1"]["payload"][key] = value;
        assert_eq!(unexecuted(1_000_000, other, none()), Status::Pending);
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
    let error = |code: i64| {
        let error = json!({ "code": code, "message": "it says", "data": "why" });
        read_at(after(0), 200, json!({ "jsonrpc": "2.0", "id": 1, "error": error }))
    };
    for code in [-32000, -32014, -32015, -32601] {
        let text = format!("it says ({code})");
        assert!(matches!(error(code), Reading::NotFound(answer) if answer == text), "{code}");
    }
    for code in [-32018, -32603] {
        assert!(matches!(error(code), Reading::Busy { .. }), "{code}");
    }
    for code in [-32602, -32700, -32600, -32001, 7] {
        assert!(matches!(error(code), Reading::Malformed(_)), "{code}");
    }
    // A proxy in front of a node has errors of its own.
    let proxy = json!({ "error": { "code": "unauthorized", "message": "no token" } });
    for status in [401, 403] {
        assert!(matches!(read_at(after(0), status, &proxy), Reading::Denied { .. }), "{status}");
    }
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
    assert!(matches!(read_at(after(0), 200, "[]"), Reading::Unusable(_)));
    for body in ["{}", r#"{"result":null}"#, r#"{"result":{}}"#, r#"{"error":"no"}"#] {
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

#[test]
fn a_response_of_several_megabytes_is_read() {
    let mut result = second(Value::Null);
    result["Version2"]["effects"] = json!(vec!["x".repeat(1 << 20); 3]);
    assert_eq!(observed(known(transaction(), info(result))).status, Status::Completed);
}

/// A node that lags behind does not know the block in which another node at the same URL saw it.
#[test]
fn what_was_in_a_block_never_expires() {
    let forbids_transition = node().forbids_transition();
    for from in Status::ALL {
        for to in Status::ALL {
            let expected = from == Status::Processing && to == Status::Expired;
            assert_eq!(forbids_transition(from, to), expected, "{from} {to}");
        }
    }
}

#[path = "feed_tests.rs"]
mod feeds;
#[path = "lookup_tests.rs"]
mod lookups;
