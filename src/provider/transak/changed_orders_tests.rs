//! The listing of an account's orders that changed since a time.

use super::*;
use crate::provider::{Listed, ListingStep};

/// The documentation's sample changed last at 13:11:48 that day.
const SINCE: &str = "2025-04-04T13:11:00Z";
const NOW: &str = "2025-04-04T13:12:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An order as REST lists it.
fn listed(id: &str, status: &str, updated_at: &str) -> Value {
    json!({ "_id": id, "status": status, "isBuyOrSell": "BUY", "createdAt": "2025-04-04T10:00:00.000Z",
            "updatedAt": updated_at })
}

/// A list with this echo of the filter.
fn page(filter: &Value, orders: &[Value]) -> Response {
    Response::new(200, json!({ "meta": { "filter": filter }, "data": orders }).to_string())
}

/// A list whose filter has both products, and no status.
fn whole(orders: &[Value]) -> Response {
    page(&json!({ "productsAvailed": ["BUY", "SELL"] }), orders)
}

/// Lists what changed since [`SINCE`]. Returns the requests, and what was listed.
fn list(
    mut answer: impl FnMut(usize, &Request) -> Response,
) -> (Vec<Request>, Result<Listed, Reading>) {
    let transak = transak(&[("api_key", "key-1")]);
    let mut listing = transak.orders_since(at(SINCE)).unwrap();
    let mut requests = Vec::new();
    while let Some(request) = listing.next(at(NOW)) {
        let response = answer(requests.len(), &request);
        requests.push(request);
        if let ListingStep::Done(done) = listing.received(&response) {
            assert!(listing.next(at(NOW)).is_none(), "a listing that is done asks for more");
            return (requests, done);
        }
    }
    panic!("the listing asks nothing, but it is not done: {requests:?}");
}

/// The ids and statuses that were listed, and why some may be missing.
fn found(
    answer: impl FnMut(usize, &Request) -> Response,
) -> (Vec<(String, String)>, Option<String>) {
    let Listed { orders, incomplete } = list(answer).1.unwrap();
    let orders = orders.into_iter().map(|(id, report)| (id.to_string(), report.provider_status));
    (orders.collect(), incomplete)
}

fn ids(answer: impl FnMut(usize, &Request) -> Response) -> Vec<String> {
    let (orders, incomplete) = found(answer);
    assert_eq!(incomplete, None);
    orders.into_iter().map(|(id, _)| id).collect()
}

fn value(request: &Request, key: &str) -> Option<String> {
    let mut pairs = request.url.query_pairs();
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

#[test]
fn the_request_is_exactly_this() {
    let (requests, _) = list(|_, _| whole(&[]));
    let expected = "GET https://api.transak.com/partners/api/v2/orders?limit=100&skip=0\
        &startDate=2025-03-28&endDate=2025-04-05&filter%5BproductsAvailed%5D=%5B%22BUY%22%2C%22SELL%22%5D\
        &filter%5BsortOrder%5D=desc (access-token: TOKEN) (x-api-key: key-1)";
    assert_eq!(requests.iter().map(written).collect::<Vec<_>>(), [expected]);
}

#[test]
fn the_documented_order_is_listed_digit_for_digit() {
    let order: Value = crate::provider::json::object(sample().as_bytes(), &[]).unwrap().into();
    let Listed { orders, .. } = list(|_, _| whole(std::slice::from_ref(&order))).1.unwrap();
    let [(id, report)] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!((id, report.status), (&Id::new(ID), Status::Pending));
    assert_eq!(report.transaction.crypto_amount.as_deref(), Some("0.01759347"));
    assert!(report.attempt.is_none() && !report.is_unsigned);
}

#[test]
fn only_what_changed_since_is_listed_in_the_order_of_the_changes() {
    let orders = [
        listed("d", "COMPLETED", "2025-04-04T13:11:59.000Z"),
        listed("b", "FAILED", "2025-04-04T13:11:30.000Z"),
        listed("old", "COMPLETED", "2025-04-04T13:10:59.999Z"),
        listed("a", "PROCESSING", "2025-04-04T13:11:00.000Z"),
        // Only its history says so.
        json!({ "_id": "c", "status": "EXPIRED", "statusHistories": [
            { "status": "EXPIRED", "createdAt": "2025-04-04T13:11:40.000Z" }] }),
        json!({ "_id": "e", "status": "AWAITING_PAYMENT_FROM_USER", "createdAt": "2025-04-04T13:12:01Z" }),
    ];
    assert_eq!(ids(|_, _| whole(&orders)), ["a", "b", "c", "d", "e"]);
}

/// What ended before and was only updated since is no news, or `--any` would take it for a new completion.
#[test]
fn an_order_that_ended_before_is_not_listed_because_it_was_updated_since() {
    const EARLY: &str = "2025-04-04T13:00:00Z";
    const LATE: &str = "2025-04-04T13:11:30Z";
    let order = |id: &str, status: &str, ended_at: &str, completed_at: Option<&str>| {
        let mut order = listed(id, status, LATE);
        order["statusHistories"] = json!([
            { "status": "PROCESSING", "createdAt": LATE },
            { "status": status, "createdAt": ended_at },
        ]);
        if let Some(at) = completed_at {
            order["completedAt"] = at.into();
        }
        order
    };
    let orders = [
        order("completed", "COMPLETED", EARLY, Some(EARLY)),
        order("failed", "FAILED", EARLY, None),
        order("a", "COMPLETED", EARLY, Some(LATE)),
        order("b", "COMPLETED", LATE, None),
        order("c", "FAILED", LATE, None),
        // It runs, and something happened.
        order("d", "PROCESSING", EARLY, None),
    ];
    assert_eq!(ids(|_, _| whole(&orders)), ["a", "b", "c", "d"]);
    let bare =
        json!({ "_id": "e", "status": "COMPLETED", "completedAt": EARLY, "updatedAt": LATE });
    assert_eq!(ids(|_, _| whole(std::slice::from_ref(&bare))), [""; 0]);
}

/// Times of orders are those of the server's clock.
#[test]
fn the_time_since_is_taken_to_the_clock_of_the_server() {
    let orders = [
        listed("a", "COMPLETED", "2025-04-04T13:01:30Z"),
        listed("b", "COMPLETED", "2025-04-04T13:11:30Z"),
        listed("c", "COMPLETED", "2025-04-04T13:21:30Z"),
    ];
    for (date, expected) in [
        (None, &["b", "c"][..]),
        (Some("2025-04-04T13:02:00Z"), &["a", "b", "c"]),
        (Some("2025-04-04T13:22:00Z"), &["c"]),
        // No clock is so wrong.
        (Some("1970-01-01T00:00:00Z"), &["b", "c"]),
    ] {
        let answer = |_: usize, _: &Request| Response { date: date.map(at), ..whole(&orders) };
        assert_eq!(ids(answer), expected, "{date:?}");
    }
}

/// According to the documentation only bought and completed orders are listed by default.
#[test]
fn hidden_products_and_statuses_are_asked_for() {
    let order = |id: &str, status: &str, product: &str| {
        let mut order = listed(id, status, "2025-04-04T13:11:30.000Z");
        order["isBuyOrSell"] = product.into();
        order
    };
    let orders = [
        order("a", "COMPLETED", "BUY"),
        order("b", "PROCESSING", "BUY"),
        order("c", "COMPLETED", "SELL"),
        order("d", "FAILED", "SELL"),
    ];
    let answer = |request: &Request| {
        let products = value(request, "filter[productsAvailed]").unwrap();
        let product = if products.contains("BUY") { "BUY" } else { "SELL" };
        let statuses = value(request, "filter[status]").unwrap_or("COMPLETED".to_owned());
        let is_listed = |order: &&Value| {
            order["isBuyOrSell"] == product && statuses.contains(order["status"].as_str().unwrap())
        };
        let listed: Vec<Value> = orders.iter().filter(is_listed).cloned().collect();
        (json!({ "productsAvailed": product, "status": statuses }), listed)
    };
    let echoing = |_: usize, request: &Request| {
        let (filter, orders) = answer(request);
        page(&filter, &orders)
    };
    assert_eq!(ids(echoing), ["a", "b", "c", "d"]);
    // Without an echo of the filter it shows in what is listed.
    let silent = |_: usize, request: &Request| {
        Response::new(200, json!({ "data": answer(request).1 }).to_string())
    };
    assert_eq!(ids(silent), ["a", "b"]);

    // The server does not know a list of statuses.
    let refusing = |_: usize, request: &Request| match value(request, "filter[status]") {
        None => page(
            &json!({ "productsAvailed": ["BUY", "SELL"], "status": "COMPLETED" }),
            &orders[..1],
        ),
        Some(_) => Response::new(400, r#"{"error":{"name":"Bad Request","message":"status"}}"#),
    };
    let (orders, incomplete) = found(refusing);
    assert_eq!(orders, [("a".to_owned(), "COMPLETED".to_owned())]);
    assert_eq!(incomplete.as_deref(), Some("the server did not apply the filter status"));
}

#[test]
fn pages_are_followed_up_to_a_limit() {
    let page = |request: &Request, total: usize| {
        let skip: usize = value(request, "skip").unwrap().parse().unwrap();
        let order = |n: usize| listed(&format!("order-{n}"), "PROCESSING", "2025-04-04T13:11:30Z");
        let orders: Vec<Value> = (skip..total.min(skip + 100)).map(order).collect();
        let filter = json!({ "productsAvailed": ["BUY", "SELL"] });
        let body = json!({ "meta": { "filter": filter, "totalCount": total }, "data": orders });
        Response::new(200, body.to_string())
    };
    for (total, expected) in [(99, 1), (100, 1), (101, 2), (1_000, 10)] {
        let (requests, done) = list(|_, request| page(request, total));
        let Listed { orders, incomplete } = done.unwrap();
        assert_eq!((requests.len(), orders.len(), incomplete), (expected, total, None));
    }
    let (requests, done) = list(|_, request| page(request, 1_001));
    let Listed { orders, incomplete } = done.unwrap();
    assert_eq!((requests.len(), orders.len()), (10, 1_000));
    assert_eq!(
        incomplete.as_deref(),
        Some("there are more orders than the 10 pages that were read")
    );
}

/// A list moves while its pages are read.
#[test]
fn of_an_order_that_is_listed_twice_the_newer_state_counts() {
    let orders = [
        listed("a", "COMPLETED", "2025-04-04T13:11:40Z"),
        listed("a", "PROCESSING", "2025-04-04T13:11:30Z"),
    ];
    for orders in [orders.clone(), [orders[1].clone(), orders[0].clone()]] {
        let expected = vec![("a".to_owned(), "COMPLETED".to_owned())];
        assert_eq!(found(|_, _| whole(&orders)), (expected, None));
    }
}

#[test]
fn what_cannot_be_read_does_not_hide_the_others() {
    for (order, problem) in [
        (json!(7), "one cannot be read: it is a number, not an order"),
        (json!({ "_id": "b", "updatedAt": SINCE }), "one cannot be read: "),
        (json!({ "status": "COMPLETED", "updatedAt": SINCE }), "one cannot be read: it has no id"),
        (listed("..", "COMPLETED", SINCE), "one cannot be read: its id is none"),
        (
            listed("b", "COMPLETED", SINCE)
                .as_object()
                .map(|order| {
                    let mut order = order.clone();
                    order.retain(|key, _| !key.ends_with("At"));
                    order
                })
                .into(),
            "one cannot be read: b has no time",
        ),
    ] {
        let orders = [order, listed("a", "COMPLETED", "2025-04-04T13:11:30Z")];
        let (orders, incomplete) = found(|_, _| whole(&orders));
        assert_eq!(orders, [("a".to_owned(), "COMPLETED".to_owned())]);
        assert!(incomplete.as_deref().unwrap().starts_with(problem), "{incomplete:?}");
    }
}

#[test]
fn what_is_no_list_is_a_reading() {
    let reads = |status: u16, body: &str| list(|_, _| Response::new(status, body)).1.unwrap_err();
    assert!(matches!(reads(503, ""), Reading::Busy { .. }));
    assert!(matches!(reads(429, "{}"), Reading::Busy { .. }));
    assert!(matches!(reads(401, "{}"), Reading::Denied { .. }));
    assert!(matches!(reads(200, "<html>"), Reading::Unusable(_)));
    assert!(matches!(reads(404, "{}"), Reading::Unusable(_)));
    assert!(matches!(reads(200, r#"{"data":{}}"#), Reading::Malformed(_)));
    // There is none.
    let none = r#"{"error":{"message":"Order not found"}}"#;
    assert!(list(|_, _| Response::new(400, none)).1.unwrap().orders.is_empty());
}
