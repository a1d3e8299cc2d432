use super::*;

fn holds(expectation: &str, amount: &str) -> bool {
    let record = Transaction { crypto_amount: Some(amount.into()), ..Transaction::default() };
    let report = Report::new(Status::Completed, "completed");
    expectation.parse::<Expectation>().unwrap().check(&record, &report).is_ok()
}

#[test]
fn decimals_are_compared_as_decimals() {
    assert!(holds("crypto_amount>=99", "99.00"));
    assert!(holds("crypto_amount == 99.5", "99.50"));
    assert!(!holds("crypto_amount<9", "10"));
    // As f64 these two are equal.
    assert!(holds("crypto_amount>0.30000000000000000001", "0.30000000000000000002"));
    assert!(!holds("crypto_amount=9007199254740993", "9007199254740992"));
}

#[test]
fn a_monstrous_exponent_is_text_not_arithmetic() {
    assert!(!holds("crypto_amount>=99", "1e999999999"));
    assert!("crypto_amount>=1e999999999".parse::<Expectation>().is_err());
}

/// What Rust, a library or a person reads as a number, and JSON does not.
const NO_NUMBERS: [&str; 22] = [
    "1_000",
    "1,000",
    "1 000",
    "0x10",
    "0b1",
    "1e",
    "e5",
    ".5",
    "5.",
    "5.e1",
    "+1",
    "--1",
    "1e1.5",
    "1e+-5",
    "Infinity",
    "inf",
    "NaN",
    "-",
    "1.2.3",
    "１０００",
    "١",
    "1e1_0",
];

#[test]
fn only_the_spelling_of_json_is_a_number() {
    for text in NO_NUMBERS {
        for path in ["crypto_amount", "fiat_amount", "cost"] {
            for operator in [">=", "<=", ">", "<", "=", "!="] {
                let error = format!("{path}{operator}{text}").parse::<Expectation>().unwrap_err();
                assert!(error.contains("compares numbers"), "{text}: {error}");
            }
        }
        assert!(format!("data.fee>={text}").parse::<Expectation>().is_err(), "{text}");
        for expectation in ["crypto_amount>=0", "crypto_amount<=99999", "crypto_amount!=7"] {
            assert!(!holds(expectation, text), "{text}");
        }
    }
    for text in [" 1000", "1000 ", "\u{a0}1000", "1000\n", "1000\u{fffd}"] {
        assert!(!holds("crypto_amount>=1", text), "{text:?}");
        assert!(!holds("crypto_amount!=1", text), "{text:?}");
    }
    for text in ["1000", "1000.00", "1E3", "1e3", "1e+3", "10000e-1", "01000", "-1000e0"] {
        assert_eq!(holds("crypto_amount = 1000", text), !text.starts_with('-'), "{text}");
        assert_eq!(holds(&format!("crypto_amount={text}"), "1000.0"), !text.starts_with('-'));
    }
    assert!(holds("crypto_amount=-0.0", "0") && holds("crypto_amount>0", "1E-7"));
    assert!(holds("crypto_amount<1e400", "1e399"));
}

#[test]
fn a_mismatch_says_that_a_value_is_no_number() {
    let record = Transaction { crypto_amount: Some("1_000".into()), ..Transaction::default() };
    let report = Report::new(Status::Completed, "completed");
    let expectation: Expectation = "crypto_amount>=99".parse().unwrap();
    let error = expectation.check(&record, &report).unwrap_err();
    assert_eq!(
        error,
        "expected crypto_amount>=99, but crypto_amount is 1_000, which is no number that can be compared"
    );
}

#[test]
fn text_is_compared_as_text() {
    let mut report = Report::new(Status::Completed, "completed");
    report.data = Some(serde_json::json!({"hash": "0x10", "group": "1,000", "code": "+1"}));
    for text in ["hash=0x10", "group=1,000", "code=+1", "hash!=0x11", "code!=1"] {
        let expectation: Expectation = text.parse().unwrap();
        assert_eq!(expectation.check(&Transaction::default(), &report), Ok(()), "{text}");
    }
}

#[test]
fn an_absent_or_empty_field_does_not_hold() {
    assert!(!holds("network=TRC20", "1"));
    assert!(!holds("crypto_amount!=5", "5.0"));
    assert!(!holds("crypto_amount>=0", ""));
}

#[test]
fn a_path_reaches_into_the_providers_json() {
    let mut report = Report::new(Status::Completed, "completed");
    report.data = Some(serde_json::json!({"legs": [{"fee": 0.1}], "payment_method": "card"}));
    let check =
        |text: &str| text.parse::<Expectation>().unwrap().check(&Transaction::default(), &report);
    assert_eq!(check("legs.0.fee<=0.10"), Ok(()));
    assert_eq!(check("data.payment_method=card"), Ok(()));
    assert_eq!(check("status=completed"), Ok(()));
    let found = check("payment_method=sepa").unwrap_err();
    assert_eq!(found, "expected payment_method=sepa, but payment_method is card");
}

#[test]
fn a_field_that_there_is_not_is_told_with_the_one_that_is_meant() {
    let mut report = Report::new(Status::Pending, "pending");
    report.data = Some(serde_json::json!({
        "payment_method": "card", "later": null, "legs": [{"fee": 1}], "none": [], "quote": {"rate": 2}
    }));
    let unknown = |path: &str, report: &Report| {
        format!("{path}=1").parse::<Expectation>().unwrap().unknown_field(report)
    };
    for (path, near) in [
        ("crypto_amout", Some("crypto_amount")),
        ("pament_method", Some("payment_method")),
        ("data.pament_method", Some("data.payment_method")),
        ("quote.rat", Some("quote.rate")),
        ("legs.0.fees", Some("legs.0.fee")),
        ("legs.first.fee", None),
        ("payment_method.kind", None),
        ("zzz", None),
        ("transaction.crypto_amount", None),
    ] {
        let found = unknown(path, &report).unwrap_or_else(|| panic!("{path} is known"));
        assert_eq!((found.path.as_str(), found.nearest.as_deref()), (path, near), "{path}");
    }
    for path in [
        "hash",
        "crypto_amount",
        "provider_status",
        "payment_method",
        "later",
        "later.rate",
        "legs.7.fee",
        "none.0",
        "quote",
    ] {
        assert_eq!(unknown(path, &report), None, "{path}");
    }
    report.data = None;
    assert_eq!(unknown("zzz", &report), None, "there is nothing to see it by");
}

#[test]
fn a_text_may_begin_like_an_operator() {
    assert!("memo=<none>".parse::<Expectation>().is_ok());
    assert!("memo=>x".parse::<Expectation>().is_ok());
    assert!("memo==x".parse::<Expectation>().is_ok());
}

#[test]
fn a_status_that_is_expected_is_one() {
    let error = "status=success".parse::<Expectation>().unwrap_err();
    assert!(error.contains("did you mean 'completed'?"), "{error}");
    assert!("status != canceled".parse::<Expectation>().is_err());
    assert!("status=completed".parse::<Expectation>().is_ok());
    assert!("provider_status=success".parse::<Expectation>().is_ok());
}

#[test]
fn bad_forms_say_what_is_wrong() {
    for (text, needle) in [
        ("crypto_amount", "no operator"),
        (">=3", "empty"),
        ("a>=", "empty"),
        ("a>=many", "compares numbers"),
        ("a!3", "operators are"),
        ("crypto_amount=>99", "did you mean >=?"),
        ("fee=<99", "did you mean <=?"),
        ("a<>b", "did you mean !=?"),
        ("a===b", "did you mean =?"),
        ("a!==b", "did you mean !=?"),
    ] {
        let error = text.parse::<Expectation>().unwrap_err();
        assert!(error.contains(needle), "{text}: {error}");
    }
}
