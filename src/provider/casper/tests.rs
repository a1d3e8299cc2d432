use serde_json::json;

use super::*;
use crate::lifecycle::Kind;
use crate::provider::{Action, Frame};

const ID: &str = "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868";
const OTHER: &str = "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6";
const SENT_AT: &str = "2024-11-27T17:24:10.516Z";
const BLOCK: &str = "351064b9e22c96e4ead65cdc4c8bef816cc8039f65ea0b1a1e0c7860c7152366";

fn node() -> Node {
    let mut settings = Settings::default();
    settings.set("url", "http://127.0.0.1:7777/rpc".to_owned());
    settings.set("push_url", "http://127.0.0.1:9999/events".to_owned());
    Node::new(&settings).unwrap()
}

/// So many seconds after the transaction was sent.
fn after(seconds: i64) -> Timestamp {
    let sent: Timestamp = SENT_AT.parse().unwrap();
    Timestamp::from_second(sent.as_second() + seconds).unwrap()
}

fn read_at(now: Timestamp, status: u16, body: impl ToString) -> Reading {
    let body = body.to_string().into_bytes();
    node().read(&Id::new(ID), &Response { status, date: None, body }, now)
}

fn read(result: Value) -> Reading {
    read_at(after(60), 200, json!({ "jsonrpc": "2.0", "id": 1, "result": result }))
}

fn observed(reading: Reading) -> Report {
    match reading {
        Reading::Observed(report) => *report,
        other => panic!("{other:?}"),
    }
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
