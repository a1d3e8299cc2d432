//! CSPR.cloud and a Casper node as the sandbox plays them, seen by clients that know nothing of txwatch.

use serde_json::{Value, json};

use crate::support::casper::{Events, call, deploy, hash, stream, transaction};
use crate::support::rehearsal::{Heard, Pusher, Rehearsal};

/// The next message that is not a `Ping`.
async fn message(stream: &mut Pusher) -> Value {
    loop {
        match stream.next().await {
            Heard::Message(message) => return message,
            Heard::Noise => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_deploy_is_looked_up() {
    let sandbox = Rehearsal::start();
    let token = sandbox.variable("CSPR_TOKEN");
    let answer = deploy(&sandbox, &hash("happy@1"), token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let found = &answer.body["data"];
    assert_eq!(
        (&found["deploy_hash"], &found["status"]),
        (&hash("happy@1").into(), &"pending".into())
    );
    assert_eq!(
        (&found["payment_amount"], &found["error_message"]),
        (&"2500000000".into(), &Value::Null)
    );
    for (asked, token, status, code) in [
        (hash("nobody"), token, 404, "not_found"),
        (hash("late"), token, 404, "not_found"),
        ("ff".repeat(32), token, 404, "not_found"),
        ("happy".to_owned(), token, 400, "invalid_input"),
        (hash("denied"), token, 401, "unauthorized"),
        (hash("happy@1"), "Bearer rehearsal-token", 401, "unauthorized"),
    ] {
        let answer = deploy(&sandbox, &asked, token).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (status, &code.into()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn flaky_answers_are_502_and_429_from_both() {
    let sandbox = Rehearsal::start();
    let (mut cloud, mut node) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        cloud.push(deploy(&sandbox, &hash("flaky"), sandbox.variable("CSPR_TOKEN")).await.status);
        node.push(transaction(&sandbox, "Version1", "flaky").await.status);
    }
    assert_eq!(cloud, [502, 429, 200, 502, 200]);
    assert_eq!(node, cloud);
}

#[tokio::test]
async fn the_stream_tells_of_the_deploys_that_it_is_filtered_by() {
    let sandbox = Rehearsal::start();
    let token = sandbox.variable("CSPR_TOKEN");
    let query = format!("?deploy_hash={},{}", hash("expired"), hash("failed"));
    let mut filtered = stream(&sandbox, &query, token).await.unwrap();
    assert!(matches!(filtered.next().await, Heard::Noise), "a Ping comes at once");
    let mut all = stream(&sandbox, "", token).await.unwrap();
    deploy(&sandbox, &hash("happy@mine"), token).await;
    let failed = message(&mut filtered).await;
    assert_eq!(failed["action"], "created");
    assert_eq!(failed["data"]["deploy_hash"], hash("failed"));
    assert_eq!(failed["data"]["status"], "processed");
    assert_eq!(failed["data"]["error_message"], "User error: 60001");
    assert_eq!(message(&mut all).await["data"]["deploy_hash"], hash("failed"));
    assert_eq!(message(&mut all).await["data"]["deploy_hash"], hash("happy@mine"));
    // That one expired is told by REST alone.
    let expired = deploy(&sandbox, &hash("expired"), token).await;
    assert_eq!(expired.body["data"]["status"], "expired");
    assert!(matches!(filtered.next().await, Heard::Noise), "another Ping comes first");
}

#[tokio::test]
async fn the_stream_is_refused_and_lost() {
    let sandbox = Rehearsal::start();
    let token = sandbox.variable("CSPR_TOKEN");
    let of = |id: &str| format!("?deploy_hash={}", hash(id));
    assert_eq!(stream(&sandbox, &of("denied"), token).await.err(), Some(401));
    assert_eq!(stream(&sandbox, &of("happy"), "guess").await.err(), Some(401));
    assert_eq!(stream(&sandbox, &of("flaky"), token).await.err(), Some(502));
    assert!(stream(&sandbox, &of("flaky"), token).await.is_ok());
    let mut dropped = stream(&sandbox, &of("drop"), token).await.unwrap();
    assert!(matches!(dropped.next().await, Heard::Noise));
    assert!(matches!(dropped.next().await, Heard::Cut));
    assert_eq!(stream(&sandbox, &of("drop"), token).await.err(), Some(502));
}

/// The code of an error.
async fn error(sandbox: &Rehearsal, method: &str, params: Value) -> Value {
    let answer = call(sandbox, method, params).await;
    assert_eq!((answer.status, &answer.body["id"]), (200, &json!(7)), "{answer:?}");
    answer.body["error"]["code"].clone()
}

#[tokio::test]
async fn a_node_knows_a_hash_by_its_variant() {
    let sandbox = Rehearsal::start();
    let answer = transaction(&sandbox, "Version1", "happy").await;
    let result = &answer.body["result"];
    assert_eq!(result["transaction"]["Version1"]["hash"], hash("happy"), "{answer:?}");
    assert_eq!(result["transaction"]["Version1"]["payload"]["ttl"], "30m");
    assert_eq!(result["execution_info"], Value::Null);
    let answer = transaction(&sandbox, "Deploy", "happy@deploy").await;
    let found = &answer.body["result"]["transaction"]["Deploy"];
    assert_eq!(
        (&found["hash"], &found["header"]["ttl"]),
        (&hash("happy@deploy").into(), &"30m".into())
    );
    let of_old =
        call(&sandbox, "info_get_deploy", json!({ "deploy_hash": hash("happy@deploy") })).await;
    assert_eq!(&of_old.body["result"]["deploy"], found);
    let tagged = |tag: &str, id: &str| json!({ "transaction_hash": { tag: hash(id) } });
    for (tag, id, code) in [
        ("Version1", "happy@deploy", -32015),
        ("Deploy", "happy", -32015),
        ("Version1", "nobody", -32014),
        ("Deploy", "denied", -32014),
        ("Version1", "late", -32014),
        ("Version2", "happy", -32602),
    ] {
        let found = error(&sandbox, "info_get_transaction", tagged(tag, id)).await;
        assert_eq!(found, code, "{tag} {id}");
    }
    let unknown = json!({ "deploy_hash": hash("late@deploy") });
    assert_eq!(error(&sandbox, "info_get_deploy", unknown).await, -32000);
    assert_eq!(error(&sandbox, "info_get_deploy", json!({ "deploy_hash": "7" })).await, -32602);
    assert_eq!(error(&sandbox, "chain_get_block", json!({})).await, -32602);
    let nowhere = json!({ "block_identifier": { "Height": 7 } });
    assert_eq!(error(&sandbox, "chain_get_block", nowhere).await, -32001);
    assert_eq!(error(&sandbox, "chain_get_era_info", json!({})).await, -32601);
}

#[tokio::test]
async fn a_node_tells_all_that_happens_by_number() {
    let sandbox = Rehearsal::start();
    let mut events = Events::open(&sandbox, "").await;
    assert!(events.head.contains("200 ok") && events.head.contains("text/event-stream"));
    let hello = events.next().await.unwrap();
    assert_eq!(hello, (None, "{\"ApiVersion\":\"2.0.0\"}".to_owned()));
    transaction(&sandbox, "Version1", "failed").await;
    transaction(&sandbox, "Deploy", "expired@deploy").await;
    let (first, accepted) = events.find("TransactionAccepted").await;
    assert_eq!((first, &accepted["Version1"]["hash"]), (0, &hash("failed").into()));
    let (_, expired) = events.find("TransactionExpired").await;
    assert_eq!(expired["transaction_hash"], json!({ "Deploy": hash("expired@deploy") }));
    let (last, processed) = events.find("TransactionProcessed").await;
    assert_eq!(processed["transaction_hash"], json!({ "Version1": hash("failed") }));
    let result = &processed["execution_result"]["Version2"];
    assert_eq!(result["error_message"], "User error: 60001");
    let seen = transaction(&sandbox, "Version1", "failed").await;
    let info = &seen.body["result"]["execution_info"];
    assert_eq!(&info["execution_result"]["Version2"], result);
    events.comment().await;
    let mut again = Events::open(&sandbox, &format!("?start_from={last}")).await;
    assert_eq!(again.find("TransactionProcessed").await.0, last);
    assert!(Events::open(&sandbox, "?from=1").await.head.contains(" 422 "));
}

#[tokio::test]
async fn a_node_that_restarts_counts_anew() {
    let sandbox = Rehearsal::start_in_real_time();
    let mut events = Events::open(&sandbox, "").await;
    transaction(&sandbox, "Version1", "restart").await;
    let mut last = None;
    while let Some((id, _)) = events.next().await {
        last = id.or(last);
    }
    assert_eq!(last, Some(1));
    assert!(Events::open(&sandbox, "").await.head.contains(" 503 "));
    let mut again = loop {
        let opened = Events::open(&sandbox, "?start_from=0").await;
        if !opened.head.contains(" 503 ") {
            break opened;
        }
        // Between two attempts; it is not known when the node is up again.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(again.next().await.unwrap().0, None);
    assert_eq!(again.next().await.unwrap().0, Some(0));
    let (_, processed) = again.find("TransactionProcessed").await;
    assert_eq!(processed["transaction_hash"]["Version1"], hash("restart"));
}

#[tokio::test]
async fn a_node_that_is_flaky_loses_and_refuses_who_listens() {
    let sandbox = Rehearsal::start();
    let mut events = Events::open(&sandbox, "").await;
    events.next().await.unwrap();
    transaction(&sandbox, "Version1", "flaky").await;
    assert_eq!(events.next().await, None);
    assert!(Events::open(&sandbox, "").await.head.contains(" 502 "));
    assert!(Events::open(&sandbox, "").await.head.contains(" 200 "));
}
