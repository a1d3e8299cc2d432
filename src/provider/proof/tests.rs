use jiff::Timestamp;
use proptest::prelude::*;

use super::record::parse_time;
use super::*;
use crate::provider::testing::{
    assert_404, assert_busy_has_retry_after, is_live_with, is_malformed, look_up, reported, written,
};
use crate::provider::{FeedAction, FeedSignal, Kind, Report, testing};
use crate::wire::Frame;

const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

/// The answer of api-transaction, word for word.
const SNAPSHOT: &str = r#"{
"merchant_transaction_id": "550e8400-e29b-41d4-a716-446655440000",
"partner_user_id": "user-123",
"type": "buy",
"status": "completed",
"currency": "USDT",
"network": "TRC20",
"crypto_amount": "99.50",
"fiat_currency": "EUR",
"fiat_amount": "100.00",
"created_at": "2026-04-01T10:00:00Z",
"updated_at": "2026-04-01T10:03:45Z"
}"#;

/// The message of api-websocket.
const UPDATE: &str = r#"{
"event": "tx.update",
"merchant_transaction_id": "550e8400-e29b-41d4-a716-446655440000",
"type": "buy",
"status": "completed",
"payment_method": "card",
"currency": "USDT",
"fiat_currency": "EUR",
"fiat_amount": "100.00",
"crypto_amount": "99.50",
"occurred_at": "2026-04-01T10:03:45Z"
}"#;

/// The message of the older transaction-status page.
const OLDER_UPDATE: &str = r#"{
"event": "tx.update",
"merchant_transaction_id": "550e8400-e29b-41d4-a716-446655440000",
"partner_user_id": "user-123",
"type": "buy",
"status": "completed",
"currency": "USDT",
"fiat_currency": "EUR",
"fiat_amount": "100.00",
"crypto_amount": "99.50",
"occurred_at": "2026-04-01T10:03:45Z"
}"#;

const KEY: &str = "merchant_transaction_id";

fn proof(settings: &[(&str, &str)]) -> Arc<dyn Provider> {
    let mut all = Settings::default();
    all.set("url", "https://proof.example/api");
    for (key, value) in settings {
        all.set(*key, *value);
    }
    Proof.build(&all).unwrap()
}

/// A record, with its id if there is none in it.
fn identified(body: &[u8]) -> Vec<u8> {
    let has_id = body.windows(KEY.len()).any(|part| part == KEY.as_bytes());
    match body.strip_prefix(b"{\"") {
        Some(rest) if !has_id => [format!(r#"{{"{KEY}":"{ID}",""#).as_bytes(), rest].concat(),
        _ => body.to_vec(),
    }
}

fn read(status: u16, body: impl AsRef<[u8]>) -> Reading {
    let response = Response::new(status, identified(body.as_ref()));
    testing::read(&*proof(&[]), ID, Timestamp::UNIX_EPOCH, &response)
}

fn observed(body: &str) -> Report {
    testing::observed(read(200, body))
}

fn malformed(body: impl AsRef<[u8]>) -> String {
    match read(200, body) {
        Reading::Malformed(problem) | Reading::Unusable(problem) => problem,
        other => panic!("{other:?}"),
    }
}

/// What the feed of one id makes of a text.
fn pushed(settings: &[(&str, &str)], text: &str) -> Vec<FeedAction> {
    let (mut feed, _) = proof(settings).feeds(&[Id::new(ID)]).remove(0);
    feed.received(Frame::Text(text.to_owned()))
}

fn pushed_report(settings: &[(&str, &str)], text: &str) -> Report {
    let (id, report) = reported(pushed(settings, text).remove(0));
    assert_eq!(id.as_str(), ID);
    report
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn the_documented_answer_is_read() {
    let report = observed(SNAPSHOT);
    assert_eq!(report.status, Status::Completed);
    assert_eq!(report.occurred_at, at("2026-04-01T10:03:45Z"));
    let record = report.transaction;
    assert_eq!(record.kind, Some(Kind::Buy));
    assert_eq!(record.crypto_amount.as_deref(), Some("99.50"));
    assert_eq!(record.crypto_currency.as_deref(), Some("USDT"));
    assert_eq!(record.fiat_amount.as_deref(), Some("100.00"));
    assert_eq!(record.network.as_deref(), Some("TRC20"));
    assert_eq!(record.created_at.as_deref(), Some("2026-04-01T10:00:00Z"));
}

#[test]
fn both_documented_messages_are_read() {
    let current = pushed_report(&[], UPDATE);
    let older = pushed_report(&[("dialect", "user_id"), ("user_id", "user-123")], OLDER_UPDATE);
    for report in [current, older] {
        assert_eq!(report.status, Status::Completed);
        assert_eq!(report.occurred_at, at("2026-04-01T10:03:45Z"));
        assert_eq!(report.transaction.network, None);
        assert_eq!(report.transaction.crypto_amount.as_deref(), Some("99.50"));
    }
}

#[test]
fn every_provider_status_is_mapped_and_no_other_is_final() {
    for (provider_status, expected) in [
        ("pending", Status::Pending),
        ("processing", Status::Processing),
        ("completed", Status::Completed),
        ("failed", Status::Failed),
        ("cancelled", Status::Cancelled),
        ("new", Status::Pending),
        ("paid", Status::Processing),
        ("order_failed", Status::Failed),
        ("COMPLETED", Status::Unknown),
        ("expired", Status::Unknown),
        ("refunded", Status::Unknown),
        ("complete", Status::Unknown),
    ] {
        let report = observed(&format!(r#"{{"status":"{provider_status}"}}"#));
        assert_eq!(report.status, expected, "{provider_status}");
        assert_eq!(report.provider_status, provider_status);
    }
}

#[test]
fn fields_may_be_missing_empty_or_new() {
    let report = observed(
        r#"{"status":"pending","crypto_amount":"","type":"swap","updated_at":"yesterday","fee":{"a":[1]}}"#,
    );
    assert_eq!(report.status, Status::Pending);
    assert_eq!(report.occurred_at, None);
    assert_eq!(report.transaction.crypto_amount, None);
    assert_eq!(report.transaction.kind, None);
    assert_eq!(report.data.unwrap()["fee"]["a"][0], 1);
}

#[test]
fn times_are_read_with_and_without_an_offset() {
    assert_eq!(parse_time("2026-04-01T12:00:00+02:00"), at("2026-04-01T10:00:00Z"));
    assert_eq!(parse_time("2026-04-01T10:00:00"), at("2026-04-01T10:00:00Z"));
    assert_eq!(parse_time("2026-04-01T10:00:00.123456789Z"), at("2026-04-01T10:00:00.123456789Z"));
    assert_eq!(parse_time("1775037600"), None);
}

#[test]
fn what_cannot_be_trusted_is_named() {
    for (body, needle) in [
        (r#"{"merchant_transaction_id":"another","status":"completed"}"#, "another transaction"),
        (r#"{"merchant_transaction_id":["other"],"status":"completed"}"#, "is an array"),
        (r#"{"status":3}"#, "its status is a number"),
        (r#"{"status":null}"#, "its status is null"),
        (r#"{"status":""}"#, "its status is empty"),
        (r#"{}"#, "does not say which transaction"),
        (r#"{"other":1}"#, "no status"),
        ("null", "null"),
        ("<html>", "HTML"),
        ("", "empty"),
    ] {
        assert!(malformed(body).contains(needle), "{body}: {}", malformed(body));
    }
}

#[test]
fn only_a_failed_payment_may_be_retried_for_an_hour() {
    let window = |status| proof(&[]).retry_window(status);
    assert_eq!(window(Status::Failed), Some(Duration::from_secs(3600)));
    for status in [Status::Cancelled, Status::Completed, Status::Expired, Status::Pending] {
        assert_eq!(window(status), None, "{status}");
    }
}

#[test]
fn both_forms_of_errors_are_quoted_and_the_http_status_decides() {
    let current = r#"{"error":"unauthorised","code":"invalid_token","message":"token is invalid"}"#;
    let older = r#"{"error":"rate_limit_exceeded","message":"slow down","request_id":"r-1"}"#;
    assert!(matches!(read(401, current), Reading::Denied { answer: text, .. }
        if text == "401 (unauthorised: invalid_token: token is invalid)"));
    assert!(matches!(read(429, older), Reading::Busy { answer: text, .. }
        if text == "429 (rate_limit_exceeded: slow down)"));
    assert!(matches!(read(403, "{}"), Reading::Denied { .. }));
    assert!(
        matches!(read(404, r#"{"error":"not_found","code":"not_found"}"#), Reading::NotFound(text)
        if text == "404 (not_found)")
    );
    assert!(matches!(read(404, "<html>"), Reading::Unusable(_)), "any web server says 404");
    for status in [500, 502, 503, 504] {
        assert!(matches!(read(status, "upstream"), Reading::Busy { .. }), "{status}");
    }
    for status in [204, 304, 400, 409, 422] {
        assert!(matches!(read(status, ""), Reading::Unusable(_)), "{status}");
    }
    for status in [304, 400, 409, 422] {
        assert!(matches!(read(status, "{}"), Reading::Malformed(_)), "{status}");
    }
}

#[test]
fn requests_go_where_the_documentation_says() {
    let proof = proof(&[]);
    let id = Id::new(ID);
    let request = proof.first_request(&id).unwrap();
    assert_eq!(request.url.as_str(), format!("https://proof.example/api/widget/transactions/{ID}"));
    assert_eq!(request.auth, Auth::Bearer);
    let (feed, ids) = proof.feeds(std::slice::from_ref(&id)).remove(0);
    assert_eq!(feed.request().url.as_str(), format!("wss://proof.example/api/ws?tx_id={ID}"));
    assert_eq!(feed.request().auth, Auth::Bearer);
    assert_eq!(ids, [id]);
}

#[test]
fn a_lookup_is_one_request() {
    let error = r#"{"error":"not_found"}"#;
    for (status, body) in [(200, SNAPSHOT), (200, "{}"), (404, error), (404, ""), (503, "")] {
        let answer = |_: usize, _: &Request| Response::new(status, body);
        let (requests, _) = look_up(&*proof(&[]), ID, Timestamp::UNIX_EPOCH, answer);
        let expected = format!(
            "GET https://proof.example/api/widget/transactions/{ID} (authorization: Bearer TOKEN)"
        );
        assert_eq!(requests.iter().map(written).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_404_means_an_unknown_id_only_in_proofs_own_form() {
    let own = [
        r#"{"error":"not_found","code":"not_found","message":"transaction not found"}"#,
        r#"{"error":"not_found","request_id":"r-1"}"#,
        r#"{"error":"transaction_not_found","message":"no such transaction","request_id":"r-1"}"#,
    ];
    assert_404(&*proof(&[]), ID, &own);
}

#[test]
fn retry_after_is_in_the_reading() {
    assert_busy_has_retry_after(&*proof(&[]), ID);
}

#[test]
fn only_a_failed_payment_can_be_revived() {
    let allows_reopen = proof(&[]).allows_reopen();
    for to in [Status::Pending, Status::Processing, Status::Completed, Status::Cancelled] {
        assert!(allows_reopen(Status::Failed, to), "{to}");
        assert!(!allows_reopen(Status::Cancelled, to), "{to}");
        assert!(!allows_reopen(Status::Completed, to), "{to}");
    }
    assert!(!allows_reopen(Status::Failed, Status::Unknown));
}

#[test]
fn ids_that_would_mean_something_else_are_refused() {
    for id in ["a", ID, "happy@ci-7", "A_b~c.d"] {
        assert_eq!(Proof.parse_id(id), Ok(Id::new(id)), "{id}");
    }
    for (id, needle) in [
        ("a/b", "'/'"),
        ("a?b", "'?'"),
        ("a b", "' '"),
        ("a\nb", "'\\n'"),
        ("a%2fb", "'%'"),
        ("ä", "'ä'"),
        ("", "empty"),
        ("..", "path"),
        ("\u{1b}[31m", "'\\u{1b}'"),
    ] {
        let error = Proof.parse_id(id).unwrap_err();
        assert!(error.contains(needle), "{id:?}: {error}");
    }
    assert!(Proof.parse_id(&"x".repeat(10_000)).unwrap_err().contains("10000 characters"));
}

#[test]
fn the_sandbox_maps_two_more_statuses() {
    let mut settings = Settings::default();
    settings.set("url", "http://127.0.0.1:1");
    let double = Proof.build_for_sandbox(&settings).unwrap();
    for (provider_status, status) in [("expired", Status::Expired), ("refunded", Status::Refunded)]
    {
        let body = format!(r#"{{"{KEY}":"{ID}","status":"{provider_status}"}}"#);
        let response = Response::new(200, body);
        let reading = testing::read(&*double, ID, Timestamp::UNIX_EPOCH, &response);
        assert_eq!(testing::observed(reading).status, status);
    }
}

proptest! {
    /// Nothing that arrives makes the decoders panic, or is taken for a success that it is not.
    #[test]
    fn any_bytes_are_survived(status in 0u16..1000, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let reading = read(status, &body);
        if let Reading::Observed(report) = reading {
            prop_assert!(String::from_utf8_lossy(&body).contains(&report.provider_status));
        }
    }

    #[test]
    fn any_text_on_the_socket_is_survived(texts in prop::collection::vec(any::<String>(), 0..8)) {
        let (mut feed, _) = proof(&[]).feeds(&[Id::new(ID)]).remove(0);
        feed.opened();
        for text in texts {
            for action in feed.received(Frame::Text(text)) {
                prop_assert!(matches!(
                    action,
                    FeedAction::Signal(
                        FeedSignal::Observed(..) | FeedSignal::Warning(_) | FeedSignal::Changed(_)
                    )
                ));
            }
        }
    }

    /// JSON of the right shape with any status: only the documented word completes.
    #[test]
    fn only_the_status_completes(provider_status in "[a-zA-Z_ ]{1,12}") {
        let report = observed(&serde_json::json!({ "status": provider_status }).to_string());
        prop_assert_eq!(report.status == Status::Completed, provider_status == "completed");
    }
}

#[path = "feed_tests.rs"]
mod feeds;

#[path = "text_tests.rs"]
mod texts;
