//! The requests of lookups, in particular those for a partner's reference.

use super::*;

const REFERENCE: &str = "partner/ref-7";
const EARLY: &str = "2026-11-02T10:00:00.000Z";
const LATE: &str = "2026-11-02T10:30:00.000Z";

const FIRST: &str = r#"["BUY","SELL"]"#;

fn now() -> Timestamp {
    "2025-04-04T13:00:00Z".parse().unwrap()
}

/// An order of the reference.
fn attempt(id: &str, status: &str, created_at: impl Into<Value>) -> Value {
    json!({ "_id": id, "status": status, "partnerOrderId": "ref-7", "createdAt": created_at.into() })
}

/// A list without an echo of the filter.
fn list(orders: &[Value]) -> Response {
    Response::new(200, json!({ "data": orders }).to_string())
}

/// A list with this echo of the filter.
fn echoing(filter: &Value, orders: &[Value]) -> Response {
    Response::new(200, json!({ "meta": { "filter": filter }, "data": orders }).to_string())
}

/// The answer for an unknown reference.
fn unknown(status: u16) -> Response {
    let message = "Invalid partnerOrderId or order not found";
    Response::new(
        status,
        json!({ "error": { "name": "Bad Request", "message": message } }).to_string(),
    )
}

/// Looks the reference up. Returns for each request which products and whether statuses it asks for, and the reading.
fn look(mut answer: impl FnMut(usize) -> Response) -> (Vec<(String, bool)>, Reading) {
    let transak = transak(&[("api_key", "key-1")]);
    let (requests, reading) = look_up(&*transak, REFERENCE, now(), |sent, _| answer(sent));
    let ask = |request: &Request| {
        let value = |key: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
        };
        (value("filter[productsAvailed]").unwrap(), value("filter[status]").is_some())
    };
    (requests.iter().map(ask).collect(), reading)
}

fn asks(asks: &[(&str, bool)]) -> Vec<(String, bool)> {
    asks.iter().map(|(products, statuses)| ((*products).to_owned(), *statuses)).collect()
}

/// The id and status of the order that counts, and the code of the warning.
fn chosen(reading: Reading) -> (String, String, Option<WarningCode>) {
    let report = observed(reading);
    let code = report.warning.map(|warning| warning.code);
    (report.attempt.unwrap().id, report.provider_status, code)
}

/// The id of the order that counts of these, in both orders of the list.
fn counts(orders: &[Value]) -> String {
    let mut reversed = orders.to_vec();
    reversed.reverse();
    let [one, other] = [orders, &reversed].map(|orders| chosen(look(|_| list(orders)).1).0);
    assert_eq!(one, other, "{orders:?}");
    one
}

#[test]
fn the_requests_are_exactly_these() {
    const QUESTION: &str = "GET https://api.transak.com/partners/api/v2/orders?limit=100&skip=0\
        &startDate=2023-04-05&endDate=2025-04-05&filter%5BproductsAvailed%5D=%5B%22BUY%22%2C%22SELL%22%5D\
        &filter%5BsortOrder%5D=desc&filter%5BpartnerOrderId%5D=ref-7";
    const STATUSES: &str = "&filter%5Bstatus%5D=%5B%22AWAITING_PAYMENT_FROM_USER%22%2C%22PAYMENT_DONE_MARKED_BY_USER%22\
        %2C%22PROCESSING%22%2C%22PENDING_DELIVERY_FROM_TRANSAK%22%2C%22ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK%22\
        %2C%22COMPLETED%22%2C%22FAILED%22%2C%22CANCELLED%22%2C%22EXPIRED%22%2C%22REFUNDED%22%5D";
    let transak = transak(&[("api_key", "key-1")]);
    let (sent, reading) = look_up(&*transak, REFERENCE, now(), |_, _| list(&[]));
    let expected =
        ["", STATUSES].map(|it| format!("{QUESTION}{it} (access-token: TOKEN) (x-api-key: key-1)"));
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
fn an_unknown_reference_is_one_request_or_two() {
    for status in [400, 200, 404] {
        let (sent, reading) = look(|_| unknown(status));
        assert_eq!(sent, asks(&[(FIRST, false)]));
        assert!(matches!(reading, Reading::NotFound(_)), "{reading:?}");
    }
    let all = json!({ "productsAvailed": ["BUY", "SELL"], "partnerOrderId": "ref-7" });
    let (sent, reading) = look(|_| echoing(&all, &[]));
    assert_eq!(sent, asks(&[(FIRST, false)]));
    assert!(matches!(reading, Reading::NotFound(_)), "{reading:?}");
    let (sent, reading) = look(|sent| if sent == 0 { list(&[]) } else { unknown(400) });
    assert_eq!(sent.len(), 2);
    assert!(matches!(reading, Reading::NotFound(_)), "{reading:?}");
}

#[test]
fn completed_wins_and_a_warning_names_the_others() {
    for (other, created_at) in [("EXPIRED", LATE), ("PROCESSING", LATE), ("REFUNDED", EARLY)] {
        let orders = [attempt("1", "COMPLETED", EARLY), attempt("2", other, created_at)];
        assert_eq!(counts(&orders), "1");
        let (sent, reading) = look(|_| list(&orders));
        let report = observed(reading);
        assert_eq!((sent.len(), report.status), (1, Status::Completed));
        let warning = report.warning.unwrap();
        assert_eq!(warning.code, WarningCode::SeveralOrders);
        assert!(warning.message.contains(&format!("2 ({other})")), "{}", warning.message);
        let others = report.attempt.unwrap().others;
        assert_eq!(others, [("2".to_owned(), order::map_status(other))]);
    }
    // It wins whatever the echo says that is hidden.
    let narrow = json!({ "productsAvailed": ["BUY"], "status": "COMPLETED" });
    let (sent, reading) = look(|_| echoing(&narrow, &[attempt("1", "COMPLETED", EARLY)]));
    assert_eq!((sent.len(), chosen(reading)), (1, ("1".into(), "COMPLETED".into(), None)));
}

#[test]
fn one_that_runs_counts_before_an_ending_however_old() {
    for running in ["PROCESSING", "AWAITING_PAYMENT_FROM_USER", "SOMETHING_NEW"] {
        for ending in ["EXPIRED", "FAILED", "CANCELLED", "REFUNDED"] {
            for [one, other] in [[EARLY, LATE], [LATE, EARLY], [EARLY, EARLY], ["", ""]] {
                let orders = [attempt("1", running, one), attempt("2", ending, other)];
                assert_eq!(counts(&orders), "1", "{running} {ending}");
            }
        }
    }
    let orders = [attempt("1", "PROCESSING", EARLY), attempt("2", "PROCESSING", LATE)];
    assert_eq!(counts(&orders), "2");
    // What runs has no warning yet: its ending will.
    assert_eq!(chosen(look(|_| list(&orders)).1).2, None);
}

#[test]
fn two_orders_without_a_time_of_which_one_runs_run() {
    let undated =
        |id: &str, status: &str| json!({ "_id": id, "status": status, "partnerOrderId": "ref-7" });
    assert_eq!(counts(&[undated("1", "PROCESSING"), undated("2", "EXPIRED")]), "1");
    assert_eq!(counts(&[undated("1", "COMPLETED"), undated("2", "EXPIRED")]), "1");
}

/// The older order is first in text, and the newer one in time, in each of the forms.
#[test]
fn of_endings_the_newest_counts_in_whatever_form_its_time_is() {
    for [one, other] in [
        [json!(EARLY), json!(LATE)],
        [json!("2026-11-02T12:00:00+02:00"), json!(LATE)],
        [json!(1_793_613_600_000_i64), json!(1_793_615_400_000_i64)],
        [json!("1793613600000"), json!("1793615400000")],
        [json!("1793613600"), json!(LATE)],
        [json!("2026-11-02T10:00:00"), json!("2026-11-02T10:30:00")],
        [json!("2026-11-02 10:00:00"), json!("2026-11-02 10:30:00")],
        [json!("2026-11-02 10:00:00"), json!(1_793_615_400_000_i64)],
        [json!(null), json!(EARLY)],
    ] {
        let orders = [attempt("1", "FAILED", one), attempt("2", "EXPIRED", other)];
        assert_eq!(counts(&orders), "2", "{orders:?}");
        let (_, reading) = look(|_| list(&orders));
        assert_eq!(chosen(reading).2, Some(WarningCode::SeveralOrders));
    }
}

#[test]
fn what_the_echo_says_is_hidden_is_asked_for() {
    let narrow = json!({ "productsAvailed": ["BUY"] });
    let buy = |sent| match sent {
        0 => echoing(&narrow, &[attempt("1", "EXPIRED", LATE)]),
        _ => echoing(
            &json!({ "productsAvailed": r#"["SELL"]"# }),
            &[attempt("2", "PROCESSING", EARLY)],
        ),
    };
    let (sent, reading) = look(buy);
    assert_eq!(sent, asks(&[(FIRST, false), (r#"["SELL"]"#, false)]));
    assert_eq!(chosen(reading), ("2".into(), "PROCESSING".into(), None));

    for status in [json!("COMPLETED"), json!(["COMPLETED"]), json!(r#"["COMPLETED"]"#)] {
        let both = json!({ "productsAvailed": ["BUY", "SELL"], "status": status });
        let wide = json!({ "productsAvailed": ["BUY", "SELL"], "status": order::STATUSES });
        let (sent, reading) = look(|sent| match sent {
            0 => echoing(&both, &[]),
            _ => echoing(&wide, &[attempt("1", "PROCESSING", EARLY)]),
        });
        assert_eq!(sent, asks(&[(FIRST, false), (FIRST, true)]), "{status}");
        assert_eq!(chosen(reading), ("1".into(), "PROCESSING".into(), None));
    }
    // Neither.
    let (sent, _) =
        look(|_| echoing(&json!({ "productsAvailed": "BUY", "status": "COMPLETED" }), &[]));
    let expected =
        [(FIRST, false), (r#"["SELL"]"#, false), (r#"["BUY"]"#, true), (r#"["SELL"]"#, true)];
    assert_eq!(sent, asks(&expected));
}

/// What is listed shows that nothing is hidden, whatever is echoed.
#[test]
fn an_echo_that_the_list_contradicts_is_not_believed() {
    let mut sell = attempt("1", "PROCESSING", EARLY);
    sell["isBuyOrSell"] = "SELL".into();
    let narrow = json!({ "productsAvailed": ["BUY"], "status": "COMPLETED" });
    let (sent, reading) = look(|_| echoing(&narrow, std::slice::from_ref(&sell)));
    assert_eq!(sent, asks(&[(FIRST, false)]));
    assert_eq!(chosen(reading).2, None);
    for echo in
        [json!({}), json!({ "status": "", "productsAvailed": [] }), json!({ "status": null })]
    {
        let (sent, _) = look(|_| echoing(&echo, &[attempt("1", "EXPIRED", EARLY)]));
        assert_eq!(sent.len(), 1, "{echo}");
    }
}

#[test]
fn a_filter_that_is_not_applied_is_said() {
    let narrow = json!({ "productsAvailed": ["BUY"] });
    let (sent, reading) = look(|_| echoing(&narrow, &[attempt("1", "PROCESSING", LATE)]));
    assert_eq!(sent.len(), 2);
    let code = Some(WarningCode::FilterNotApplied);
    assert_eq!(chosen(reading), ("1".into(), "PROCESSING".into(), code));
    // The order that may be hidden may be paid for.
    for word in ["EXPIRED", "FAILED", "CANCELLED"] {
        let (_, reading) = look(|_| echoing(&narrow, &[attempt("1", word, LATE)]));
        assert!(matches!(reading, Reading::Malformed(_)), "{word} {reading:?}");
    }

    // If nothing was found, it cannot be told whether there is such an order.
    let only = json!({ "productsAvailed": ["BUY", "SELL"], "status": "COMPLETED" });
    let refusal = || Response::new(400, r#"{"error":{"message":"invalid status"}}"#);
    for second in [echoing(&only, &[]), refusal()] {
        let (sent, reading) =
            look(|sent| if sent == 0 { echoing(&only, &[]) } else { second.clone() });
        assert_eq!(sent.len(), 2);
        match reading {
            Reading::Malformed(problem) => assert!(problem.contains("may be hidden"), "{problem}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_server_that_lists_the_orders_of_other_references_is_read_page_by_page() {
    let foreign = json!({ "_id": "x", "status": "COMPLETED", "partnerOrderId": "ref-8" });
    let full = vec![foreign; 100];
    let page = |total: Option<u64>, orders: &[Value]| {
        let meta = json!({ "totalCount": total, "filter": {} });
        Response::new(200, json!({ "meta": meta, "data": orders }).to_string())
    };
    let (sent, reading) = look(|sent| match sent {
        0 => page(Some(101), &full),
        _ => page(Some(101), &[attempt("1", "PROCESSING", EARLY)]),
    });
    assert_eq!((sent.len(), chosen(reading).0), (2, "1".to_owned()));
    let (sent, reading) = look(|_| page(Some(100), &full));
    assert!(matches!(reading, Reading::NotFound(_)) && sent.len() == 1, "{reading:?}");
    for total in [None, Some(1_000)] {
        let (sent, reading) = look(|_| page(total, &full));
        assert!(matches!(reading, Reading::Malformed(_)) && sent.len() == 3, "{reading:?}");
    }
}

#[test]
fn a_list_that_cannot_be_trusted_is_malformed() {
    for orders in [
        vec![attempt("1", "COMPLETED", EARLY), attempt("1", "EXPIRED", EARLY)],
        vec![json!({ "status": "EXPIRED", "partnerOrderId": "ref-7" })],
        vec![json!({ "_id": "1", "partnerOrderId": "ref-7" })],
        vec![json!({ "_id": "1", "id": "2", "status": "EXPIRED", "partnerOrderId": "ref-7" })],
    ] {
        let (_, reading) = look(|_| list(&orders));
        assert!(matches!(reading, Reading::Malformed(_)), "{orders:?}: {reading:?}");
    }
    let twice = r#"{"data":[{"_id":"1","partnerOrderId":"ref-7","status":"EXPIRED","status":"COMPLETED"}]}"#;
    let (_, reading) = look(|_| Response::new(200, twice));
    assert!(matches!(reading, Reading::Malformed(_)), "{reading:?}");
}

#[test]
fn any_other_response_ends_the_lookup_even_if_an_order_was_found() {
    let narrow = json!({ "productsAvailed": ["BUY"] });
    for status in [401, 429, 404, 422, 503] {
        let wait = Some(Duration::from_secs(9));
        let response = Response { retry_after: wait, ..Response::new(status, "<html>") };
        let (sent, reading) = look(|sent| match sent {
            0 => echoing(&narrow, &[attempt("1", "EXPIRED", LATE)]),
            _ => response.clone(),
        });
        assert_eq!(sent.len(), 2);
        match (status, reading) {
            (401, Reading::Denied { .. }) | (404 | 422, Reading::Unusable(_)) => {}
            (429 | 503, Reading::Busy { retry_after, .. }) => assert_eq!(retry_after, wait),
            (status, other) => panic!("{status}: {other:?}"),
        }
    }
    // That a question finds nothing, in whichever words, does not.
    for status in [400, 200, 404] {
        let (sent, reading) = look(|sent| match sent {
            0 => echoing(&narrow, &[attempt("1", "EXPIRED", LATE)]),
            _ => unknown(status),
        });
        assert_eq!((sent.len(), chosen(reading).0), (2, "1".to_owned()));
    }
}

/// An order that cannot be read may run, so only a completed one counts beside it.
#[test]
fn an_order_that_cannot_be_read_hides_no_completed_one() {
    let unreadable = || json!({ "_id": "2", "status": 7, "partnerOrderId": "ref-7" });
    let list = |order| list(&[unreadable(), order]);
    let (_, reading) = look(|_| list(attempt("1", "COMPLETED", EARLY)));
    assert_eq!(chosen(reading).0, "1");
    for word in ["EXPIRED", "PROCESSING"] {
        let (_, reading) = look(|_| list(attempt("1", word, EARLY)));
        assert!(matches!(reading, Reading::Malformed(_)), "{word} {reading:?}");
    }
}

/// Where the server says that it applied the filter, an order without a reference has this one.
#[test]
fn an_order_without_a_reference_counts_in_a_filtered_list() {
    let order = || json!({ "_id": "1", "status": "PROCESSING", "createdAt": EARLY });
    let filter = |reference: &str| json!({ "productsAvailed": ["BUY", "SELL"], "partnerOrderId": reference });
    let (_, reading) = look(|_| echoing(&filter("ref-7"), &[order()]));
    assert_eq!(chosen(reading).0, "1");
    let (_, reading) = look(|_| echoing(&filter("ref-8"), &[order()]));
    assert!(matches!(reading, Reading::NotFound(_)), "{reading:?}");
}

/// Without an echo a list may have completed orders only, or only some of them.
#[test]
fn a_bad_ending_in_a_list_without_an_echo_is_asked_for_once_more() {
    let (sent, reading) = look(|sent| {
        let mut orders = vec![attempt("1", "EXPIRED", EARLY)];
        orders.extend((sent > 0).then(|| attempt("2", "PROCESSING", LATE)));
        list(&orders)
    });
    assert_eq!((sent.len(), chosen(reading).0), (2, "2".to_owned()));
}
