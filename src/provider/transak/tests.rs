use serde_json::json;

use super::*;
use crate::error::FailureKind;
use crate::protocol::jwt;
use crate::provider::testing::{
    assert_404, assert_busy_has_retry_after, look_up, observed, reported, written,
};
use crate::provider::{
    Amount, Attempt, FeedAction, FeedSignal, Kind, Reading, Unit, remove_personal_data, testing,
};
use crate::warning::{Warning, WarningCode};
use crate::wire::{Frame, Token};

const ID: &str = "aa39d8e1-1111-4222-8333-44444444ce7f";
const HELLO: &str = r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\",\"activity_timeout\":120}"}"#;

fn transak(values: &[(&str, &str)]) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    for (key, value) in values {
        settings.set(*key, *value);
    }
    Transak.build(&settings).unwrap()
}

/// The sample of the documentation's page on WebSockets, with its digits.
fn sample() -> String {
    format!(
        r#"{{"id":"{ID}","walletAddress":"0xD902","createdAt":"2025-04-04T13:11:47.260Z",
        "status":"AWAITING_PAYMENT_FROM_USER","fiatCurrency":"EUR","userId":"243a8ce2","cryptoCurrency":"ETH",
        "isBuyOrSell":"BUY","fiatAmount":30,"ipAddress":"14.142.0.1","amountPaid":0,
        "paymentOptionId":"sepa_bank_transfer","walletLink":"https://sepolia.etherscan.io/address/0xD902",
        "quoteId":"9291a8bc","orderProcessingType":"NORMAL","addressAdditionalData":false,"network":"ethereum",
        "conversionPrice":0.0006130127560164107,"cryptoAmount":0.01759347,"totalFeeInFiat":1.3,
        "fiatAmountInUsd":33.05,"countryCode":"IN","partnerOrderId":"partner-order-id","stateCode":"Karnataka",
        "orderChannelType":"WIDGET","tokenContractAddress":"0x0000","userKycType":"STANDARD",
        "updatedAt":"2025-04-04T13:11:48.374Z","cardPaymentData":{{}},"conversionPriceData":{{}},
        "partnerFeeInLocalCurrency":0.3,"statusHistories":[
        {{"status":"AWAITING_PAYMENT_FROM_USER","createdAt":"2025-04-04T13:11:48.374Z","message":"hi Jane"}}]}}"#
    )
}

fn order(status: &str) -> Value {
    json!({ "id": ID, "status": status, "updatedAt": "2025-04-04T13:12:00.000Z" })
}

fn read(id: &str, status: u16, body: &str) -> Reading {
    testing::read(&*transak(&[]), id, Timestamp::UNIX_EPOCH, &Response::new(status, body))
}

#[test]
fn the_documented_order_is_read_digit_for_digit() {
    let body = format!(r#"{{"meta":{{"orderId":"{ID}"}},"data":{}}}"#, sample());
    let report = observed(read(ID, 200, &body));
    assert_eq!(
        (report.status, report.provider_status.as_str()),
        (Status::Pending, "AWAITING_PAYMENT_FROM_USER")
    );
    assert_eq!(report.occurred_at.unwrap().to_string(), "2025-04-04T13:11:48.374Z");
    let record = &report.transaction;
    assert_eq!(record.kind, Some(Kind::Buy));
    assert_eq!(record.fiat_amount.as_deref(), Some("30"));
    assert_eq!(record.fiat_currency.as_deref(), Some("EUR"));
    assert_eq!(record.crypto_amount.as_deref(), Some("0.01759347"));
    assert_eq!(record.crypto_currency.as_deref(), Some("ETH"));
    assert_eq!(record.network.as_deref(), Some("ethereum"));
    assert_eq!(record.cost, Some(Amount::new("1.3", Unit::Fiat)));
    assert_eq!(record.created_at.as_deref(), Some("2025-04-04T13:11:47.260Z"));
    assert_eq!(report.history.len(), 1);
    let mut data = report.data.unwrap();
    assert_eq!(data["conversionPrice"].to_string(), "0.0006130127560164107");
    remove_personal_data(&mut data, &SPEC.personal);
    let text = data.to_string();
    for personal in ["14.142", "243a8ce2", "0xD902", "Jane", "Karnataka"] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
    assert!(text.contains("0.0006130127560164107") && text.contains("partner-order-id"));
}

#[test]
fn rest_has_an_underscore_before_the_id() {
    let body = r#"{"meta":{"orderId":"322dc79c"},"data":{"_id":"322dc79c","walletAddress":"0xD902","createdAt":"2024-10-15T14:29:11.104Z","status":"COMPLETED","fiatCurrency":"EUR","cryptoCurrency":"ETH","isBuyOrSell":"BUY","fiatAmount":45,"amountPaid":45,"paymentOptionId":"sepa_bank_transfer","network":"ethereum"}}"#;
    let report = observed(read("322dc79c", 200, body));
    assert_eq!(report.status, Status::Completed);
    assert!(
        matches!(read(ID, 200, body), Reading::Malformed(problem) if problem.contains("another order"))
    );
}

#[test]
fn every_status_of_buy_and_sell_orders_is_mapped() {
    for (provider_status, status) in [
        ("AWAITING_PAYMENT_FROM_USER", Status::Pending),
        ("PAYMENT_DONE_MARKED_BY_USER", Status::Pending),
        ("PROCESSING", Status::Processing),
        ("PENDING_DELIVERY_FROM_TRANSAK", Status::Processing),
        ("ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK", Status::OnHold),
        ("COMPLETED", Status::Completed),
        ("FAILED", Status::Failed),
        ("CANCELLED", Status::Cancelled),
        ("EXPIRED", Status::Expired),
        ("REFUNDED", Status::Refunded),
        ("completed", Status::Unknown),
        ("SOMETHING_NEW", Status::Unknown),
    ] {
        for kind in ["BUY", "SELL", "SWAP"] {
            let body =
                json!({ "data": { "_id": ID, "status": provider_status, "isBuyOrSell": kind } });
            let report = observed(read(ID, 200, &body.to_string()));
            assert_eq!((report.status, report.provider_status.as_str()), (status, provider_status));
            assert_eq!(report.detail.is_some(), status != Status::Unknown, "{provider_status}");
        }
    }
}

#[test]
fn only_a_bad_ending_can_be_paid_back_and_only_an_expired_order_completed() {
    let allows_reopen = transak(&[]).allows_reopen();
    for from in Status::ALL {
        for to in Status::ALL {
            let expected = match to {
                Status::Refunded => {
                    matches!(from, Status::Failed | Status::Cancelled | Status::Expired)
                }
                Status::Completed => from == Status::Expired,
                _ => false,
            };
            assert_eq!(allows_reopen(from, to), expected, "{from} {to}");
        }
    }
}

#[test]
fn responses_without_an_order_are_distinguished() {
    let error = |status: u16, name: &str, message: &str| {
        let body = json!({ "error": { "statusCode": status, "name": name, "message": message } });
        read(ID, status, &body.to_string())
    };
    let unknown = error(400, "Bad Request", "Order not found");
    assert!(
        matches!(unknown, Reading::NotFound(text) if text == "400 (Bad Request: Order not found)")
    );
    assert!(matches!(
        error(400, "Error", "startDate is a required argument"),
        Reading::Malformed(_)
    ));
    assert!(matches!(error(401, "Unauthorized", "Authorization Required"), Reading::Denied { .. }));
    assert!(matches!(error(403, "Forbidden", "no"), Reading::Denied { .. }));
    assert!(matches!(error(404, "Not Found", "Order not found"), Reading::NotFound(_)));
    assert!(matches!(read(ID, 404, "<html>"), Reading::Unusable(_)));
    for status in [408, 429, 500, 502, 503] {
        assert!(matches!(read(ID, status, "busy"), Reading::Busy { .. }), "{status}");
    }
    for body in ["", "[]", "<html>"] {
        assert!(matches!(read(ID, 200, body), Reading::Unusable(_)), "{body}");
    }
    for body in
        ["{}", r#"{"data":null}"#, r#"{"data":{}}"#, r#"{"data":{"status":7}}"#, r#"{"data":[]}"#]
    {
        assert!(matches!(read(ID, 200, body), Reading::Malformed(_)), "{body}");
    }
}

#[test]
fn a_response_about_another_order_is_malformed() {
    let answer = |meta: &str, id: &str| {
        let data = json!({ "status": "COMPLETED", "_id": id });
        read(ID, 200, &json!({ "meta": { "orderId": meta }, "data": data }).to_string())
    };
    assert!(matches!(answer(ID, "another"), Reading::Malformed(_)));
    // The id may be in the metadata instead of the order.
    assert!(matches!(answer("another", ""), Reading::Malformed(_)));
    assert!(matches!(answer(ID, ""), Reading::Observed(_)));
    // It always has one of them.
    let without = read(ID, 200, r#"{"data":{"status":"COMPLETED"}}"#);
    assert!(matches!(without, Reading::Malformed(_)), "{without:?}");
}

#[test]
fn an_error_in_a_200_is_quoted() {
    for (body, expected) in [
        (r#"{"error":{"statusCode":400,"name":"Bad Request","message":"Order not found"}}"#, None),
        (r#"{"error":{"message":"Invalid partnerOrderId or order not found"},"data":null}"#, None),
        (r#"{"message":"order not found"}"#, None),
        (r#"{"error":{"name":"Oops","message":"try later"}}"#, Some("200 (Oops: try later)")),
        (r#"{"error":"try later"}"#, Some("200 (try later)")),
        (r#"{"error":true,"message":"try later"}"#, Some("200 (try later)")),
        (r#"{"error":{}}"#, Some("200")),
        (r#"{"message":"Endpoint request timed out"}"#, Some("Endpoint request timed out")),
    ] {
        for id in [ID, "partner/ref-7"] {
            match (read(id, 200, body), expected) {
                (Reading::NotFound(answer), None) => {
                    assert!(answer.contains("not found"), "{answer}")
                }
                (Reading::Unusable(answer), Some(words)) => {
                    assert!(answer.contains(words), "{answer}");
                }
                (other, _) => panic!("{body}: {other:?}"),
            }
        }
    }
    // Beside data it is not known which of the two is true.
    let order = r#"{"_id":"aa39d8e1-1111-4222-8333-44444444ce7f","status":"COMPLETED"}"#;
    for error in [r#"{"message":"x"}"#, r#""x""#, "true"] {
        let body = format!(r#"{{"error":{error},"data":{order}}}"#);
        assert!(matches!(read(ID, 200, &body), Reading::Malformed(_)), "{body}");
    }
    for error in ["null", "false", r#""""#] {
        let body = format!(r#"{{"error":{error},"message":"OK","data":{order}}}"#);
        assert!(matches!(read(ID, 200, &body), Reading::Observed(_)), "{body}");
    }
}

#[test]
fn an_ambiguous_order_is_not_understood() {
    for data in [
        r#"{"_id":"ID","status":"EXPIRED","status":"COMPLETED"}"#,
        r#"{"_id":"ID","id":"other","status":"COMPLETED"}"#,
        r#"{"_id":"ID","_id":"other","status":"COMPLETED"}"#,
        r#"{"_id":"ID","status":"COMPLETED","data":{"status":"EXPIRED"}}"#,
        r#"{"_id":"ID","status":"COMPLETED","webhookData":{"status":"EXPIRED"}}"#,
        r#"{"_id":"ID","status":null,"webhookData":{"status":"COMPLETED"}}"#,
        r#"{"webhookData":{"status":"COMPLETED"},"data":{"status":"EXPIRED"}}"#,
        r#"{"id":"other","status":"COMPLETED","data":{"id":"ID","status":"COMPLETED"}}"#,
    ] {
        let data = data.replace("ID", ID);
        for body in [format!(r#"{{"data":{data}}}"#), format!(r#"{{"data":{data},"meta":{{}}}}"#)] {
            assert!(matches!(read(ID, 200, &body), Reading::Malformed(_)), "{body}");
        }
    }
    let order = format!(r#"{{"_id":"{ID}","status":"COMPLETED"}}"#);
    for (rest, is_understood) in [
        (r#""status":"EXPIRED""#, false),
        (r#""status":"COMPLETED""#, true),
        (r#""status":"success""#, true),
        (r#""meta":{"orderId":"other"}"#, false),
        (r#""data":null"#, false),
    ] {
        for body in
            [format!(r#"{{{rest},"data":{order}}}"#), format!(r#"{{"data":{order},{rest}}}"#)]
        {
            let reading = read(ID, 200, &body);
            assert_eq!(matches!(reading, Reading::Observed(_)), is_understood, "{body}");
            assert_eq!(matches!(reading, Reading::Malformed(_)), !is_understood, "{body}");
        }
    }
}

#[test]
fn a_404_means_an_unknown_id_only_in_transaks_own_form() {
    let own = [
        r#"{"error":{"statusCode":404,"name":"Not Found","message":"Order not found"}}"#,
        r#"{"error":"Invalid partnerOrderId or order not found"}"#,
        r#"{"message":"order not found"}"#,
    ];
    for id in [ID, "partner/ref-7"] {
        assert_404(&*transak(&[]), id, &own);
    }
}

#[test]
fn retry_after_is_in_the_reading() {
    for id in [ID, "partner/ref-7"] {
        assert_busy_has_retry_after(&*transak(&[]), id);
    }
}

#[test]
fn only_orders_with_the_reference_count() {
    let list = json!({ "meta": { "totalCount": 3 }, "data": [
        { "_id": "1", "status": "EXPIRED", "partnerOrderId": "ref-7", "createdAt": "2025-04-04T10:00:00.000Z" },
        { "_id": "2", "status": "PROCESSING", "partnerOrderId": "ref-7", "createdAt": "2025-04-04T11:00:00.000Z" },
        { "_id": "3", "status": "COMPLETED", "partnerOrderId": "ref-8", "createdAt": "2025-04-04T12:00:00.000Z" },
    ] });
    let report = observed(read("partner/ref-7", 200, &list.to_string()));
    assert_eq!(report.provider_status, "PROCESSING");
    assert!(matches!(read("partner/ref-9", 200, &list.to_string()), Reading::NotFound(_)));
    assert!(matches!(read("partner/ref-7", 200, r#"{"data":[]}"#), Reading::NotFound(_)));
    assert!(matches!(read("partner/ref-7", 200, r#"{"data":{}}"#), Reading::Malformed(_)));
    assert!(matches!(read("partner/ref-7", 200, r#"{"data":[7]}"#), Reading::Malformed(_)));
}

#[path = "settings_tests.rs"]
mod configured;

#[path = "lookup_tests.rs"]
mod lookups;

#[path = "changed_orders_tests.rs"]
mod changed_orders;
#[path = "feed_tests.rs"]
mod feeds;
