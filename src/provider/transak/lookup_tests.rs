//! The requests of lookups, in particular those for a partner's reference.

use std::collections::HashMap;

use super::*;

const REFERENCE: &str = "partner/ref-7";
const EARLY: &str = "2025-04-04T10:00:00.000Z";
const LATE: &str = "2025-04-04T11:00:00.000Z";

fn now() -> Timestamp {
    "2025-04-04T13:00:00Z".parse().unwrap()
}

/// A list with one order of the reference.
fn list(id: &str, status: &str, created: &str) -> Response {
    let order =
        json!({ "_id": id, "status": status, "partnerOrderId": "ref-7", "createdAt": created });
    Response::new(200, json!({ "data": [order] }).to_string())
}

fn empty() -> Response {
    Response::new(200, r#"{"meta":{"totalCount":0},"data":[]}"#)
}

/// The requests if these requests get these responses, and all others find nothing.
fn request_all(answers: &[(usize, Response)]) -> (Vec<Request>, Reading) {
    let transak = transak(&[("api_key", "key-1")]);
    look_up(&*transak, REFERENCE, now(), |sent, _| {
        let mine = answers.iter().find(|(index, _)| *index == sent);
        mine.map_or_else(empty, |(_, answer)| answer.clone())
    })
}

fn query(request: &Request) -> HashMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

fn provider_status(reading: Reading) -> String {
    observed(reading).provider_status
}

#[test]
fn the_requests_are_exactly_these() {
    const QUESTION: &str = "GET https://api.transak.com/partners/api/v2/orders?limit=100&skip=0\
        &startDate=2023-04-05&endDate=2025-04-05&filter%5BproductsAvailed%5D=%5B%22BUY%22%2C%22SELL%22%5D\
        &filter%5BsortOrder%5D=desc&filter%5BpartnerOrderId%5D=ref-7";
    let (sent, reading) = request_all(&[]);
    let statuses = [
        "",
        "&filter%5Bstatus%5D=PENDING_DELIVERY_FROM_TRANSAK",
        "&filter%5Bstatus%5D=PROCESSING",
        "&filter%5Bstatus%5D=PAYMENT_DONE_MARKED_BY_USER",
        "&filter%5Bstatus%5D=AWAITING_PAYMENT_FROM_USER",
        "&filter%5Bstatus%5D=ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
        "&filter%5Bstatus%5D=COMPLETED",
        "&filter%5Bstatus%5D=FAILED",
        "&filter%5Bstatus%5D=CANCELLED",
        "&filter%5Bstatus%5D=EXPIRED",
        "&filter%5Bstatus%5D=REFUNDED",
    ];
    let expected = statuses.map(|status| format!("{QUESTION}{status} (access-token: TOKEN)"));
    assert_eq!(sent.iter().map(written).collect::<Vec<_>>(), expected);
    assert!(
        matches!(reading, Reading::NotFound(answer) if answer == "no order has this partnerOrderId")
    );
}

#[test]
fn an_order_is_exactly_one_request() {
    let known = json!({ "data": { "_id": ID, "status": "COMPLETED" } }).to_string();
    for (status, body) in [(200, known.as_str()), (200, "{}"), (400, ""), (404, ""), (503, "")] {
        let answer = |_: usize, _: &Request| Response::new(status, body);
        let (sent, _) = look_up(&*transak(&[]), ID, now(), answer);
        let expected =
            format!("GET https://api.transak.com/partners/api/v2/order/{ID} (access-token: TOKEN)");
        assert_eq!(sent.iter().map(written).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_reference_is_requested_with_explicit_filters() {
    let (requests, _) = request_all(&[]);
    for request in &requests {
        assert_eq!(request.url.path(), "/partners/api/v2/orders");
        let query = query(request);
        assert_eq!(query["filter[partnerOrderId]"], "ref-7");
        assert_eq!(query["filter[productsAvailed]"], r#"["BUY","SELL"]"#);
        assert_eq!(
            (query["startDate"].as_str(), query["endDate"].as_str()),
            ("2023-04-05", "2025-04-05")
        );
    }
    let statuses: Vec<_> =
        requests.iter().map(|request| query(request).get("filter[status]").cloned()).collect();
    assert_eq!(statuses[0], None);
    for provider_status in
        ["COMPLETED", "PROCESSING", "AWAITING_PAYMENT_FROM_USER", "REFUNDED", "EXPIRED"]
    {
        assert!(statuses.contains(&Some(provider_status.to_owned())), "{provider_status}");
    }
    // Open statuses are requested before a completed order counts as the newest.
    let (sent, reading) = request_all(&[(0, list("1", "COMPLETED", EARLY))]);
    let sent = &statuses[1..sent.len()];
    assert!(
        sent.iter().flatten().all(|provider_status| !order::map_status(provider_status).is_final()),
        "{sent:?}"
    );
    assert_eq!(sent.len(), 5);
    assert_eq!(provider_status(reading), "COMPLETED");
}

#[test]
fn any_order_but_a_completed_one_is_the_newest() {
    for status in ["PROCESSING", "FAILED", "EXPIRED", "REFUNDED", "SOMETHING_NEW"] {
        let (sent, reading) = request_all(&[(0, list("1", status, EARLY))]);
        assert_eq!((sent.len(), provider_status(reading).as_str()), (1, status));
        // Wherever it is found.
        for question in 1..11 {
            let (sent, reading) = request_all(&[(question, list("1", status, EARLY))]);
            assert_eq!((sent.len(), provider_status(reading).as_str()), (question + 1, status));
        }
    }
    // A completed one is believed at once where what runs was asked for before.
    for question in [6, 7, 10] {
        let (sent, reading) = request_all(&[(question, list("1", "COMPLETED", EARLY))]);
        assert_eq!((sent.len(), provider_status(reading).as_str()), (question + 1, "COMPLETED"));
    }
    // If it is found while open statuses are requested, the remaining ones are requested too.
    let (sent, reading) = request_all(&[(3, list("1", "COMPLETED", EARLY))]);
    assert_eq!((sent.len(), provider_status(reading).as_str()), (6, "COMPLETED"));
}

#[test]
fn a_completed_order_gives_way_to_a_newer_one_that_runs_and_not_to_an_older() {
    let completed = (0, list("2", "COMPLETED", EARLY));
    let (sent, reading) = request_all(&[completed, (2, list("3", "PROCESSING", LATE))]);
    assert_eq!((sent.len(), provider_status(reading).as_str()), (3, "PROCESSING"));

    let completed = (0, list("2", "COMPLETED", LATE));
    let (sent, reading) = request_all(&[completed, (2, list("1", "PROCESSING", EARLY))]);
    assert_eq!((sent.len(), provider_status(reading).as_str()), (6, "COMPLETED"));

    // Of two that began at once, the one that was answered last.
    let completed = (0, list("1", "COMPLETED", LATE));
    let (sent, reading) = request_all(&[completed, (4, list("2", "PROCESSING", LATE))]);
    assert_eq!((sent.len(), provider_status(reading).as_str()), (5, "PROCESSING"));
}

#[test]
fn any_other_response_ends_the_lookup_even_if_an_order_was_found() {
    let completed = || (0, list("2", "COMPLETED", EARLY));
    for status in [401, 429, 404, 422, 503] {
        let wait = Some(Duration::from_secs(9));
        let response = Response { retry_after: wait, ..Response::new(status, "<html>") };
        let (sent, reading) = request_all(&[completed(), (3, response)]);
        assert_eq!(sent.len(), 4);
        match (status, reading) {
            (401, Reading::Denied { .. }) | (404 | 422, Reading::Unusable(_)) => {}
            (429 | 503, Reading::Busy { retry_after, .. }) => assert_eq!(retry_after, wait),
            (status, other) => panic!("{status}: {other:?}"),
        }
    }
    // That one question finds nothing, in whichever words, does not.
    let unknown = r#"{"error":{"name":"Bad Request","message":"Order not found"}}"#;
    for (status, body) in [(400, unknown), (404, unknown)] {
        let (sent, reading) = request_all(&[completed(), (3, Response::new(status, body))]);
        assert_eq!((sent.len(), provider_status(reading).as_str()), (6, "COMPLETED"));
        let (sent, reading) = request_all(&[(10, Response::new(status, body))]);
        assert_eq!(sent.len(), 11);
        let answer = format!("{status} (Bad Request: Order not found)");
        assert!(matches!(reading, Reading::NotFound(last) if last == answer));
    }
}
