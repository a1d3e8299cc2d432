//! Odd text, amounts, ids in another case, keys that are there twice, errors in a 200, and the words of details.

use super::*;

#[test]
fn odd_text_in_fields_that_nobody_reads_loses_no_ending() {
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
    for unread in [r#""\ud800""#, &deep, "1E400"] {
        let body = format!(r#"{{"status":"completed","note":{unread}}}"#);
        assert_eq!(observed(&body).status, Status::Completed, "{unread}");
        let message = format!(r#"{{"event":"tx.update","status":"completed","note":{unread}}}"#);
        assert_eq!(pushed_report(&[], &message).status, Status::Completed, "{unread}");
    }
    let latin_1 = b"{\"event\":\"tx.update\",\"status\":\"completed\",\"note\":\"caf\xe9\"}";
    assert_eq!(testing::observed(read(200, latin_1)).status, Status::Completed);
    let (mut feed, _) = proof(&[]).feeds(&[Id::new(ID)]).remove(0);
    let (_, report) = reported(feed.received(Frame::Binary(latin_1.to_vec())).remove(0));
    assert_eq!(report.status, Status::Completed);
    assert_eq!(observed(&format!("\u{feff}{SNAPSHOT}")).status, Status::Completed);
    assert_eq!(pushed_report(&[], &format!("\u{feff}{UPDATE}")).status, Status::Completed);
}

#[test]
fn odd_text_in_the_status_makes_it_unknown() {
    for body in [
        &b"{\"status\":\"completed\xff\"}"[..],
        br#"{"status":"completed\ud800"}"#,
        b"{\"status\":\"\xff\"}",
    ] {
        assert_eq!(testing::observed(read(200, body)).status, Status::Unknown);
    }
    assert!(malformed(b"{\"stat\xffus\":\"completed\"}").contains("no status"));
}

#[test]
fn a_uuid_is_the_same_in_any_case() {
    let upper = ID.to_ascii_uppercase();
    assert_eq!(Proof.parse_id(&upper), Ok(Id::new(ID)));
    assert_eq!(observed(&SNAPSHOT.replace(ID, &upper)).status, Status::Completed);
    let older = [("dialect", "user_id"), ("user_id", "user-123")];
    for settings in [&[][..], &older] {
        let report = pushed_report(settings, &UPDATE.replace(ID, &upper));
        assert_eq!(report.status, Status::Completed);
    }
    let other = upper.replace("550E", "550F");
    assert!(malformed(SNAPSHOT.replace(ID, &other)).contains("another transaction"));
    assert!(is_malformed(&pushed(&[], &UPDATE.replace(ID, &other))));
    // Any other id is compared as it is.
    let reading = |id: &str| {
        let body = r#"{"merchant_transaction_id":"Order-1","status":"completed"}"#;
        testing::read(&*proof(&[]), id, Timestamp::UNIX_EPOCH, &Response::new(200, body))
    };
    assert!(matches!(reading("Order-1"), Reading::Observed(_)));
    assert!(matches!(reading("order-1"), Reading::Malformed(_)));
    assert_ne!(Proof.parse_id("Order-1"), Proof.parse_id("order-1"));
}

#[test]
fn a_field_that_decides_must_not_be_there_twice() {
    for (first, second) in [
        (r#""status":"completed""#, r#""status":"failed""#),
        (r#""status":"completed""#, r#""status":"completed""#),
        (r#""status":null"#, r#""status":"completed""#),
        (r#""status":"completed""#, r#""sta\u0074us":"failed""#),
        (r#""merchant_transaction_id":"other""#, &format!(r#""merchant_transaction_id":"{ID}""#)),
        (r#""status":"completed","note":"\ud800""#, r#""status":"failed""#),
    ] {
        let body = format!(r#"{{"status":"completed",{first},{second}}}"#);
        assert!(malformed(&body).contains("twice"), "{body}");
    }
    let body = r#"{"status":"completed","note":1,"note":2}"#;
    assert_eq!(observed(body).status, Status::Completed);
}

#[test]
fn an_error_in_a_success_is_quoted() {
    for (body, words) in [
        (
            r#"{"error":"upstream_error","code":"provider_error","message":"try later"}"#,
            "upstream_error: provider_error: try later",
        ),
        (r#"{"error":"not_found","status":null}"#, "with an error: not_found"),
        (r#"{"error":{"code":502,"message":"bad gateway"}}"#, "502: bad gateway"),
        (r#"{"error":true}"#, "an error"),
    ] {
        let Reading::Unusable(text) = read(200, body) else { panic!("{:?}", read(200, body)) };
        assert!(text.contains("200") && text.contains(words), "{text}");
    }
    assert_eq!(observed(r#"{"error":null,"status":"completed"}"#).status, Status::Completed);
    assert!(matches!(read(200, r#"{"error":null}"#), Reading::Malformed(_)));
}

#[test]
fn details_fit_the_kind_and_the_status() {
    let detail = |kind: &str, status: &str| {
        observed(&format!(r#"{{"type":{kind},"status":"{status}"}}"#)).detail.unwrap_or_default()
    };
    for (status, buy, sell, neither) in [
        ("pending", "not captured", "deposit", "payment or the deposit"),
        ("processing", "paid, being delivered", "paid out", "being delivered"),
        ("failed", "nobody paid", "nobody deposited in time", "nobody paid or deposited"),
        ("completed", "delivered", "paid out", "delivered"),
        ("cancelled", "by the user", "by the user", "by the user"),
    ] {
        for (kind, words) in
            [(r#""buy""#, buy), (r#""sell""#, sell), (r#""swap""#, neither), ("null", neither)]
        {
            let detail = detail(kind, status);
            assert!(detail.contains(words), "{kind} {status}: {detail}");
            assert!(kind != r#""sell""# || !detail.contains("card"), "{detail}");
        }
    }
}

#[test]
fn amounts_keep_their_digits_even_as_numbers() {
    let report = observed(
        r#"{"status":"pending","crypto_amount":0.0006130127560164107,"fiat_amount":100.00}"#,
    );
    assert_eq!(report.transaction.crypto_amount.as_deref(), Some("0.0006130127560164107"));
    assert_eq!(report.transaction.fiat_amount.as_deref(), Some("100.00"));
    for digits in ["1E-7", "1e+5", "1e5", "-0.0", "1.10", "1E400"] {
        let body = format!(r#"{{"{KEY}":"{ID}","status":"pending","crypto_amount":{digits}}}"#);
        let report = observed(&body);
        assert_eq!(report.transaction.crypto_amount.as_deref(), Some(digits));
        assert_eq!(report.data.unwrap().to_string(), body);
        let message = format!(r#"{{"event":"tx.update",{}"#, &body[1..]);
        let report = pushed_report(&[], &message);
        assert_eq!(report.transaction.crypto_amount.as_deref(), Some(digits));
    }
}

#[test]
fn what_completed_beside_an_error_is_not_understood() {
    let record = |status: &str, error: &str| format!(r#"{{"status":"{status}","error":{error}}}"#);
    for error in [r#""payout_failed""#, r#"{"code":"x"}"#, "true", "1", "[]"] {
        malformed(record("completed", error));
        let text = format!(
            r#"{{"event":"tx.update","merchant_transaction_id":"{ID}","status":"completed","error":{error}}}"#
        );
        assert!(
            !pushed(&[], &text)
                .iter()
                .any(|action| matches!(action, FeedAction::Signal(FeedSignal::Observed(..))))
        );
    }
    for error in ["null", "false", r#""""#] {
        assert_eq!(observed(&record("completed", error)).status, Status::Completed);
    }
    assert_eq!(observed(&record("failed", r#""declined""#)).status, Status::Failed);
}
