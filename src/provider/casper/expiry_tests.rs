//! When a node's answers prove that a transaction has expired, and what it shows until then.

use super::*;

/// The end of the time to live of 30 minutes with the margin, in seconds after the transaction was sent.
const LIMIT: i64 = 30 * 60 + 3 * 60;
const LOW: u64 = 4_000_000;
const HIGH: u64 = 4_000_200;

/// A node of which everything can be changed. Times are seconds after the transaction was sent.
struct FakeNode {
    /// The answers to the question about the transaction; the last is repeated.
    transactions: Vec<Value>,
    /// The results of `info_get_status`; the last is repeated.
    statuses: Vec<Value>,
    /// The result of `chain_get_block`.
    block: Value,
    /// The node's clock.
    date: Option<i64>,
}

fn result(result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "result": result })
}

fn rpc_error(code: i64) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": "it says" } })
}

fn waiting() -> Value {
    result(json!({ "transaction": transaction(), "execution_info": null }))
}

fn executed() -> Value {
    result(json!({ "transaction": transaction(), "execution_info": info(second(Value::Null)) }))
}

/// A status as casper-sidecar writes it (resources/test/schema_status.json).
fn status(reactor_state: &str, last_block: i64) -> Value {
    json!({
        "api_version": "2.0.0", "peers": [], "build_version": "2.0.3", "chainspec_name": "casper",
        "starting_state_root_hash": "00", "reactor_state": reactor_state, "uptime": "13s",
        "last_progress": after(last_block).to_string(), "next_upgrade": null, "round_length": null,
        "last_added_block_info": {
            "hash": BLOCK, "timestamp": after(last_block).to_string(), "era_id": 7, "height": HIGH,
            "state_root_hash": "00", "creator": "01",
        },
        "available_block_range": { "low": LOW, "high": HIGH },
        "block_sync": { "historical": null, "forward": null }, "latest_switch_block_hash": null,
    })
}

fn with(mut status: Value, key: &str, value: Value) -> Value {
    status[key] = value;
    status
}

fn without(mut status: Value, key: &str) -> Value {
    status.as_object_mut().unwrap().remove(key);
    status
}

/// A block as nodes of 2.0 write it.
fn block(height: u64, timestamp: i64) -> Value {
    let header = json!({ "height": height, "timestamp": after(timestamp).to_string() });
    let block = json!({ "Version2": { "hash": BLOCK, "header": header, "body": {} } });
    json!({ "api_version": "2.0.0", "block_with_signatures": { "block": block, "proofs": [] } })
}

impl Default for FakeNode {
    /// One whose answers prove the expiry.
    fn default() -> Self {
        FakeNode {
            transactions: vec![waiting()],
            statuses: vec![result(status("KeepUp", LIMIT + 1))],
            block: result(block(LOW, -1)),
            date: Some(LIMIT + 10),
        }
    }
}

impl FakeNode {
    /// What was asked, in a word each, and the reading.
    fn look_up(&self) -> (Vec<&'static str>, Reading) {
        let (mut transactions, mut statuses) = (0, 0);
        let next = |all: &[Value], count: &mut usize| {
            let answer = all.get(*count).or(all.last()).unwrap().clone();
            *count += 1;
            answer
        };
        let mut asked = Vec::new();
        // This machine's clock is far ahead.
        let (_, reading) = testing::look_up(&*node(), ID, after(1 << 30), |_, request| {
            let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
            let (word, answer) = match body["method"].as_str().unwrap() {
                "info_get_status" => {
                    assert_eq!(body["params"], json!([]));
                    ("status", next(&self.statuses, &mut statuses))
                }
                "chain_get_block" => {
                    assert_eq!(body["params"], json!({ "block_identifier": { "Height": LOW } }));
                    ("block", self.block.clone())
                }
                _ => ("transaction", next(&self.transactions, &mut transactions)),
            };
            asked.push(word);
            let date = self.date.map(after);
            match answer {
                Value::Number(code) => {
                    let code = u16::try_from(code.as_u64().unwrap()).unwrap();
                    Response { date, ..Response::new(code, "<html>") }
                }
                answer => Response { date, ..Response::new(200, answer.to_string()) },
            }
        });
        (asked, reading)
    }

    /// The requests, and the warning of a report that it is pending.
    fn is_pending(&self) -> (usize, Option<String>) {
        let (asked, reading) = self.look_up();
        let report = observed(reading);
        assert_eq!((report.status, &*report.provider_status), (Status::Pending, "accepted"));
        let warning = report.warning.map(|warning| {
            assert_eq!(warning.code, WarningCode::ExpiryNotProven);
            warning.message
        });
        (asked.len(), warning)
    }

    fn is_unproven(&self, why: &str) {
        let (_, warning) = self.is_pending();
        let warning = warning.expect(why);
        assert!(warning.contains(why), "{warning}");
        assert!(warning.contains("its time to live ends at 2024-11-27T17:54:10Z"), "{warning}");
    }
}

#[test]
fn expiry_is_proven_by_the_nodes_own_blocks() {
    let (asked, reading) = FakeNode::default().look_up();
    assert_eq!(asked, ["transaction", "status", "status", "block", "transaction"]);
    let report = observed(reading);
    assert_eq!((report.status, &*report.provider_status), (Status::Expired, "expired"));
    assert!(report.warning.is_none() && report.detail.unwrap().contains("time to live"));
    assert_eq!(report.transaction.created_at.as_deref(), Some(SENT_AT));

    let validate = vec![result(status("Validate", LIMIT + 1))];
    let (_, reading) = FakeNode { statuses: validate, date: None, ..FakeNode::default() }.look_up();
    assert_eq!(observed(reading).status, Status::Expired, "without a Date the blocks decide too");

    // From the chain's first block on there is nothing to ask.
    let range = json!({ "low": 0, "high": HIGH });
    let statuses = vec![result(with(status("KeepUp", LIMIT + 1), "available_block_range", range))];
    let (asked, reading) = FakeNode { statuses, ..FakeNode::default() }.look_up();
    assert_eq!(asked, ["transaction", "status", "status", "transaction"]);
    assert_eq!(observed(reading).status, Status::Expired);
}

#[test]
fn blocks_of_1_x_prove_it_as_well() {
    let header = json!({ "height": LOW, "timestamp": after(-1).to_string() });
    let block = json!({ "api_version": "1.5.6", "block": { "hash": BLOCK, "header": header } });
    let transactions = vec![result(json!({ "deploy": deploy(), "execution_results": [] }))];
    let node = FakeNode { transactions, block: result(block), ..FakeNode::default() };
    assert_eq!(observed(node.look_up().1).status, Status::Expired);
}

#[test]
fn what_is_not_due_is_one_request_without_a_warning() {
    for date in [0, 60, LIMIT] {
        let node = FakeNode { date: Some(date), ..FakeNode::default() };
        assert_eq!(node.is_pending(), (1, None), "{date}");
    }
    // Without a clock of the node its last block says so.
    for last_block in [-60, 60, 30 * 60, LIMIT] {
        let statuses = vec![result(status("KeepUp", last_block))];
        let node = FakeNode { statuses, date: None, ..FakeNode::default() };
        assert_eq!(node.is_pending(), (2, None), "{last_block}");
    }
    // The block after the end takes a moment.
    let statuses = vec![result(status("KeepUp", LIMIT - 10))];
    assert_eq!(FakeNode { statuses, ..FakeNode::default() }.is_pending(), (2, None));
}

#[test]
fn without_a_time_to_live_or_a_word_on_its_execution_it_never_expires_and_that_is_said() {
    let is_said = |transactions| {
        let (asked, warning) = FakeNode { transactions, ..FakeNode::default() }.is_pending();
        assert_eq!(asked, 1);
        assert!(warning.is_some_and(|text| text.contains("will not be found out")));
    };
    for (key, value) in [("ttl", json!("soon")), ("ttl", json!(30)), ("timestamp", json!("now"))] {
        let mut other = transaction();
        other["Version1"]["payload"][key] = value;
        is_said(vec![result(json!({ "transaction": other, "execution_info": null }))]);
    }
    is_said(vec![result(json!({ "transaction": transaction() }))]);
}

#[test]
fn the_time_to_live_is_read_in_every_form() {
    for (ttl, seconds) in [("1h", 3600), ("2m 53s", 173), ("11h 9m 50s 128ms", 40_190)] {
        let mut other = transaction();
        other["Version1"]["payload"]["ttl"] = ttl.into();
        let transactions = vec![result(json!({ "transaction": other, "execution_info": null }))];
        let limit = seconds + 3 * 60;
        let node = |date: i64| FakeNode {
            transactions: transactions.clone(),
            statuses: vec![result(status("KeepUp", date))],
            date: Some(date),
            ..FakeNode::default()
        };
        assert_eq!(node(limit - 1).is_pending(), (1, None), "{ttl}");
        assert_eq!(observed(node(limit + 2).look_up().1).status, Status::Expired, "{ttl}");
    }
}

/// The issue's stuck node: its last block is 40 minutes old.
#[test]
fn a_node_that_is_not_in_step_proves_nothing() {
    for state in ["CatchUp", "Initialize", "Upgrading", "ShutdownForUpgrade", "keepup", ""] {
        for last_block in [LIMIT + 1 - 40 * 60, LIMIT + 1] {
            let statuses = vec![result(status(state, last_block))];
            let date = Some(last_block + 40 * 60);
            let node = FakeNode { statuses, date, ..FakeNode::default() };
            node.is_unproven(&format!("not in step with the network (reactor_state {state:?})"));
            node.is_unproven("its last block is 40m old");
        }
    }
    // Stuck without knowing it.
    let statuses = vec![result(status("KeepUp", LIMIT - 40 * 60))];
    FakeNode { statuses, ..FakeNode::default() }.is_unproven("its last block is 40m 10s old");
    let none = vec![result(with(status("KeepUp", 0), "last_added_block_info", Value::Null))];
    FakeNode { statuses: none, ..FakeNode::default() }.is_unproven("no blocks yet");
}

#[test]
fn a_node_without_all_blocks_proves_nothing() {
    for (low, high) in [(LOW, HIGH - 1), (HIGH + 1, HIGH + 1), (LOW, 0)] {
        let range = json!({ "low": low, "high": high });
        let statuses =
            vec![result(with(status("KeepUp", LIMIT + 1), "available_block_range", range))];
        FakeNode { statuses, ..FakeNode::default() }.is_unproven(&format!("{low} to {high} only"));
    }
    let unclear = json!({ "block_with_signatures": null });
    let mut both = block(LOW, -1);
    both["block_with_signatures"]["block"]["Version1"] = json!({});
    let mut older = block(LOW, -1);
    older["block"] = json!({ "header": { "height": LOW, "timestamp": after(-1).to_string() } });
    for (answer, why) in [
        (result(block(LOW, 1)), "blocks begin at 2024-11-27T17:24:11Z"),
        (result(block(LOW + 1, -1)), "answered with block 4000001"),
        (result(unclear), "unclear"),
        (result(both), "unclear"),
        (result(older), "unclear"),
        (rpc_error(-32001), "it says (-32001)"),
        (rpc_error(-32601), "it says (-32601)"),
        (json!(502), "502"),
    ] {
        FakeNode { block: answer, ..FakeNode::default() }.is_unproven(why);
    }
}

#[test]
fn a_node_that_does_not_answer_info_get_status_proves_nothing() {
    let good = || status("KeepUp", LIMIT + 1);
    let height = json!({ "timestamp": after(LIMIT + 1).to_string() });
    for (answer, why) in [
        (rpc_error(-32601), "it says (-32601)"),
        (rpc_error(-32603), "it says (-32603)"),
        (json!(403), "403"),
        (json!(404), "404"),
        (json!(502), "502"),
        (result(without(good(), "reactor_state")), "no reactor_state"),
        (result(without(good(), "available_block_range")), "no available_block_range"),
        (result(without(good(), "last_added_block_info")), "no last_added_block_info"),
        (result(with(good(), "last_added_block_info", height)), "unclear"),
        (result(json!([])), "no last_added_block_info"),
    ] {
        FakeNode { statuses: vec![answer], ..FakeNode::default() }.is_unproven(why);
    }
    // A key that is there twice.
    let reading = look_up(&*node(), ID, after(0), |index, _| {
        let twice = r#"{"reactor_state":"CatchUp","reactor_state":"#;
        let status = result(good()).to_string();
        let status = status.replacen("{\"api_version\"", "{\"a\"", 1);
        let status = status.replacen(r#""reactor_state":"#, &twice[1..], 1);
        Response::new(200, if index == 0 { waiting().to_string() } else { status })
    });
    let warning = observed(reading.1).warning.unwrap();
    assert!(warning.message.contains("reactor_state twice"), "{warning:?}");
}

/// Requests are limited; the transaction is looked up again when the node says so.
#[test]
fn a_limit_of_requests_is_respected() {
    for refused_at in 1..5 {
        let answers = [waiting(), result(status("KeepUp", LIMIT + 1)), Value::Null];
        let (requests, reading) = look_up(&*node(), ID, after(0), |index, request| {
            if index == refused_at {
                return Response::new(429, "slow down");
            }
            let body = request.body.as_deref().unwrap();
            let answer = match body {
                _ if body.contains("info_get_status") => answers[1].clone(),
                _ if body.contains("chain_get_block") => result(block(LOW, -1)),
                _ => answers[0].clone(),
            };
            Response::new(200, answer.to_string())
        });
        assert_eq!(requests.len(), refused_at + 1);
        assert!(matches!(reading, Reading::Busy { .. }), "{reading:?}");
    }
}

/// The answers of two backends behind one address.
#[test]
fn one_backend_does_not_prove_anything_for_another() {
    // The block with the transaction arrived between the questions.
    let transactions = vec![waiting(), executed()];
    let (asked, reading) = FakeNode { transactions, ..FakeNode::default() }.look_up();
    assert_eq!(asked, ["transaction", "status", "status", "block", "transaction"]);
    assert_eq!(observed(reading).status, Status::Completed);
    let in_block =
        result(json!({ "transaction": transaction(), "execution_info": info(Value::Null) }));
    let transactions = vec![waiting(), in_block];
    let (_, reading) = FakeNode { transactions, ..FakeNode::default() }.look_up();
    assert_eq!(observed(reading).status, Status::Processing);

    // One of a pair that takes turns is behind.
    for behind in [0, 1] {
        let mut statuses = vec![result(status("KeepUp", LIMIT + 1)); 2];
        statuses[behind] = result(status("CatchUp", 60));
        FakeNode { statuses, ..FakeNode::default() }.is_unproven("not in step");
    }

    let mut other = transaction();
    other["Version1"]["payload"]["ttl"] = "2h".into();
    let other = result(json!({ "transaction": other, "execution_info": null }));
    for (second, why) in [
        (rpc_error(-32014), "answered differently"),
        (json!(502), "answered differently"),
        (other, "another timestamp or time to live"),
    ] {
        let transactions = vec![waiting(), second];
        FakeNode { transactions, ..FakeNode::default() }.is_unproven(why);
    }
}
