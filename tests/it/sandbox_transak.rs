//! Transak as the sandbox plays it, seen by clients that know nothing of txwatch.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::rehearsal::{Answer, Heard, Rehearsal};

fn error(answer: &Answer) -> (u16, &Value) {
    let error = &answer.body["error"];
    assert_eq!(error["statusCode"], answer.status, "{answer:?}");
    (answer.status, &error["message"])
}

#[tokio::test]
async fn an_order_is_looked_up() {
    let sandbox = Rehearsal::start();
    let answer = sandbox.ask("order/happy@1").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["meta"], json!({ "orderId": "happy@1" }));
    let order = &answer.body["data"];
    assert_eq!((&order["_id"], &order["partnerOrderId"]), (&json!("happy@1"), &json!("happy@1")));
    assert_eq!(order["status"], "AWAITING_PAYMENT_FROM_USER");
    assert_eq!(order["conversionPrice"].to_string(), "0.0006130127560164107");
    let unknown = sandbox.ask("order/nobody").await;
    assert_eq!(error(&unknown), (400, &json!("Order not found")));
    let late = sandbox.ask("order/late").await;
    assert_eq!(error(&late), (400, &json!("Order not found")));
    let denied = sandbox.ask("order/denied").await;
    assert_eq!(error(&denied), (401, &json!("Authorization Required")));
    let stranger = sandbox.request("GET order/happy@1", &[("access-token", "guess")], "").await;
    assert_eq!(error(&stranger), (401, &json!("Authorization Required")));
}

#[tokio::test]
async fn flaky_answers_are_502_and_429() {
    let sandbox = Rehearsal::start_in_real_time();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = sandbox.ask("order/flaky").await;
        assert_eq!(answer.status == 429, answer.head.contains("\r\nretry-after: 1"), "{answer:?}");
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [502, 429, 200, 502, 200]);
}

#[tokio::test]
async fn the_list_has_the_documented_defaults() {
    let sandbox = Rehearsal::start();
    let count = async |filters: &str| {
        let path = format!("orders?startDate=2026-01-01&filter%5BpartnerOrderId%5D=happy{filters}");
        let answer = sandbox.ask(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let orders = answer.body["data"].as_array().unwrap().clone();
        assert_eq!(answer.body["meta"]["totalCount"], orders.len());
        assert!(orders.iter().all(|order| order["_id"] == "happy"));
        orders.len()
    };
    const PENDING: &str = "&filter%5Bstatus%5D=AWAITING_PAYMENT_FROM_USER";
    // Of one reference, every status is listed if none is named.
    assert_eq!(count("").await, 1);
    assert_eq!(count(PENDING).await, 1);
    assert_eq!(count("&filter%5Bstatus%5D=COMPLETED").await, 0);
    let both = "&filter%5Bstatus%5D=%5B%22COMPLETED%22,%22AWAITING_PAYMENT_FROM_USER%22%5D";
    assert_eq!(count(both).await, 1);
    let products = |list: &str| format!("{PENDING}&filter%5BproductsAvailed%5D={list}");
    assert_eq!(count(&products("%5B%22BUY%22,%22SELL%22%5D")).await, 1);
    assert_eq!(count(&products("%5B%22SELL%22%5D")).await, 0);
    assert_eq!(sandbox.ask("orders").await.body["data"], json!([]));
    // What is not there yet is unknown.
    for reference in ["late", "nonsense"] {
        let unknown = sandbox.ask(&format!("orders?filter%5BpartnerOrderId%5D={reference}")).await;
        let message = "Invalid partnerOrderId or order not found";
        assert_eq!(error(&unknown), (400, &json!(message)));
    }
    let all = sandbox.ask(&format!("orders?{}", &PENDING[1..])).await;
    assert_eq!(all.body["data"][0]["_id"], "happy");
    let stranger = sandbox.request("GET orders", &[], "").await;
    assert_eq!(error(&stranger), (401, &json!("Authorization Required")));
}

#[tokio::test]
async fn the_filter_of_a_list_is_echoed() {
    let sandbox = Rehearsal::start();
    let filter = async |query: &str| {
        sandbox.ask(&format!("orders?{query}")).await.body["meta"]["filter"].clone()
    };
    let defaults = json!({ "productsAvailed": ["BUY"], "status": "COMPLETED" });
    assert_eq!(filter("").await, defaults);
    let of_reference = json!({ "productsAvailed": ["SELL"], "partnerOrderId": "happy" });
    let query = "filter%5BpartnerOrderId%5D=happy&filter%5BproductsAvailed%5D=%5B%22SELL%22%5D";
    assert_eq!(filter(query).await, of_reference);
}

#[tokio::test]
async fn a_wrong_api_key_is_refused_and_a_missing_one_is_not() {
    let sandbox = Rehearsal::start();
    let token = ("access-token", sandbox.variable("TRANSAK_TOKEN"));
    for (key, status) in
        [(Some(sandbox.variable("TRANSAK_API_KEY")), 200), (Some("guess"), 401), (None, 200)]
    {
        let headers: Vec<_> =
            [token].into_iter().chain(key.map(|key| ("x-api-key", key))).collect();
        let answer = sandbox.request("GET order/happy", &headers, "").await;
        assert_eq!(answer.status, status, "{key:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_issued_token_opens_rest_and_signs_what_follows() {
    let sandbox = Rehearsal::start();
    let body = json!({ "apiKey": sandbox.variable("TRANSAK_API_KEY") }).to_string();
    let line = "POST refresh-token";
    let refused = sandbox.request(line, &[("api-secret", "guess")], &body).await;
    let message = "Invalid api-secret. Please generate new api-secret from Partner Dashboard";
    assert_eq!(error(&refused), (400, &json!(message)));
    let secret = ("api-secret", sandbox.variable("TRANSAK_API_SECRET"));
    assert_eq!(sandbox.request(line, &[secret], "{}").await.status, 400);
    let issued = sandbox.request(line, &[secret], &body).await;
    assert_eq!(issued.status, 200, "{issued:?}");
    let token = issued.body["data"]["accessToken"].as_str().unwrap();
    assert!(issued.body["data"]["expiresAt"].as_i64().unwrap() > 1_700_000_000, "{issued:?}");
    let seen = sandbox.request("GET order/happy", &[("access-token", token)], "").await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let mut pusher = sandbox.subscribed(&[sandbox.variable("TRANSAK_API_KEY")]).await;
    let message = pusher.message().await;
    let data = message["data"].as_str().unwrap();
    assert!(txwatch::protocol::jwt::verify(data, &[token.as_bytes()]).is_ok(), "{message}");
}

#[tokio::test]
async fn one_connection_carries_an_order_under_both_of_its_names() {
    let sandbox = Rehearsal::start();
    let partner = format!("{}_happy", sandbox.variable("TRANSAK_API_KEY"));
    let mut pusher = sandbox.subscribed(&["happy", &partner, "cancelled"]).await;
    let mut told = Vec::new();
    while told.len() < 5 {
        let (event, channel, order) = pusher.event().await;
        told.push((channel, event, order["status"].as_str().unwrap().to_owned()));
    }
    let of = |wanted: &str| -> Vec<_> {
        let mine = told.iter().filter(|(channel, _, _)| channel == wanted);
        mine.map(|(_, event, status)| (event.as_str(), status.as_str())).collect()
    };
    let happy =
        [("ORDER_PROCESSING", "PENDING_DELIVERY_FROM_TRANSAK"), ("ORDER_COMPLETED", "COMPLETED")];
    assert_eq!((of("happy"), of(&partner)), (happy.to_vec(), happy.to_vec()));
    assert_eq!(of("cancelled"), [("ORDER_FAILED", "CANCELLED")]);
}

#[tokio::test]
async fn all_orders_are_signed() {
    let sandbox = Rehearsal::start();
    let mut pusher = sandbox.subscribed(&[sandbox.variable("TRANSAK_API_KEY")]).await;
    sandbox.ask("order/refunded@mine").await;
    let secret = sandbox.variable("TRANSAK_TOKEN").as_bytes();
    let mut awaited = vec!["happy@all-1", "failed@all-2", "refunded@mine"];
    while !awaited.is_empty() {
        let message = pusher.message().await;
        let claims =
            txwatch::protocol::jwt::verify(message["data"].as_str().unwrap(), &[secret]).unwrap();
        let claims: Value = serde_json::from_str(&claims).unwrap();
        assert_eq!(message["channel"], sandbox.variable("TRANSAK_API_KEY"));
        assert_eq!(message["event"], claims["eventID"]);
        awaited.retain(|id| claims["webhookData"]["id"] != *id);
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_served_is_closed_with_a_code() {
    let sandbox = Rehearsal::start();
    for (rest, code) in [
        ("wrong-key?protocol=7", 4001),
        ("rehearsal-pusher-key", 4008),
        ("rehearsal-pusher-key?protocol=4", 4007),
    ] {
        let mut pusher = sandbox.open(rest).await;
        let complaint = pusher.message().await;
        assert_eq!(complaint["event"], "pusher:error", "{complaint}");
        assert_eq!(complaint["data"]["code"], code, "{complaint}");
        assert!(matches!(pusher.next().await, Heard::Closed(found) if found == code), "{rest}");
    }
    for (channel, code) in [("denied", 4009), ("quota", 4004)] {
        let mut pusher = sandbox.subscribed(&[]).await;
        pusher.subscribe(channel).await;
        assert!(matches!(pusher.next().await, Heard::Closed(found) if found == code), "{channel}");
    }
}

#[tokio::test]
async fn a_ping_is_answered_until_the_connection_stalls() {
    let sandbox = Rehearsal::start();
    let mut pusher = sandbox.subscribed(&["stalled"]).await;
    pusher.say("pusher:ping", json!({})).await;
    assert_eq!(pusher.message().await["event"], "pusher:pong");
    assert_eq!(pusher.event().await.0, "ORDER_PROCESSING");
    pusher.say("pusher:ping", json!({})).await;
    pusher.ping().await;
    assert!(pusher.is_mute(Duration::from_secs(1)).await);
    let mut again = sandbox.subscribed(&["stalled"]).await;
    again.say("pusher:ping", json!({})).await;
    assert_eq!(again.message().await["event"], "pusher:pong");
}

#[tokio::test]
async fn connections_are_lost_in_each_way() {
    let sandbox = Rehearsal::start();
    let mut shutdown = sandbox.subscribed(&["shutdown"]).await;
    let mut dropped = sandbox.subscribed(&["drop"]).await;
    // The first of the flaky is cut when it subscribes, the next before it hears a word.
    let mut flaky = sandbox.subscribed(&[]).await;
    flaky.subscribe("flaky").await;
    assert!(matches!(flaky.next().await, Heard::Cut));
    let key = sandbox.variable("TRANSAK_PUSHER_KEY");
    assert!(matches!(sandbox.open(&format!("{key}?protocol=7")).await.next().await, Heard::Cut));
    sandbox.subscribed(&["flaky"]).await;
    assert_eq!(dropped.event().await.0, "ORDER_PROCESSING");
    assert!(matches!(dropped.next().await, Heard::Cut));
    assert_eq!(shutdown.event().await.0, "ORDER_PROCESSING");
    assert!(matches!(shutdown.next().await, Heard::Closed(4200)));
    let mut early = sandbox.open(&format!("{key}?protocol=7")).await;
    assert!(matches!(early.next().await, Heard::Closed(4200)));
}

#[tokio::test]
async fn garbage_comes_between_good_messages() {
    let sandbox = Rehearsal::start();
    let mut pusher = sandbox.subscribed(&["garbage"]).await;
    let (mut noise, mut good) = (0, Vec::new());
    while good.len() < 2 {
        match pusher.next().await {
            Heard::Noise => noise += 1,
            Heard::Message(message) => {
                let data = message["data"].as_str().unwrap_or_default();
                let order: Value = serde_json::from_str(data).unwrap_or_default();
                let is_event = message["event"].is_string() && message["channel"] == "garbage";
                if is_event && order["id"] == "garbage" {
                    good.push(order["status"].clone());
                } else {
                    noise += 1;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(good, ["PENDING_DELIVERY_FROM_TRANSAK", "COMPLETED"]);
    assert_eq!(noise, 26);
}

#[tokio::test]
async fn clocks_of_proof_and_transak_are_apart() {
    let sandbox = Rehearsal::start();
    let mut pusher = sandbox.subscribed(&["cancelled"]).await;
    assert_eq!(pusher.event().await.0, "ORDER_FAILED");
    let ended = sandbox.txwatch(&["get", "proof:cancelled"]).run();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "proof:cancelled\tpending\n"));
}
