//! A provider's text never moves a cursor, turns text around, or hides in it.

use serde_json::{Value, json};

use crate::support::proof::{ID, record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step, frame};
use crate::support::server::Script;
use crate::support::txwatch::{Ended, txwatch};

/// Escape sequences in both widths, a bell, a carriage return, bidi, zero-width, and a line of its own.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\u{8}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}x\n0 failed";

/// Every text of a record, turned evil, but for what it is recognised by.
fn evil(mut value: Value, keep: &[&str]) -> Value {
    for (key, field) in value.as_object_mut().unwrap() {
        if !keep.contains(&key.as_str()) {
            *field = format!("{EVIL}{}", field.as_str().unwrap_or_default()).into();
        }
    }
    value["\u{1b}[31mkey"] = EVIL.into();
    value
}

const KEEP: &[&str] = &["merchant_transaction_id", "event", "updated_at", "occurred_at"];

/// That stdout and stderr are harmless is checked for every command; here it is certain that there was
/// something to check.
fn assert_told(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{ended:#?}");
    assert!(ended.stdout.contains("owned") || ended.stderr.contains("owned"), "{ended:#?}");
    assert!(!ended.stderr.lines().any(|line| line.starts_with("0 failed")), "{ended:#?}");
    assert!(!ended.stdout.lines().any(|line| line.starts_with("0 failed")), "{ended:#?}");
}

#[test]
fn a_record_is_harmless_in_every_form() {
    for form in ["human", "plain", "json"] {
        for (name, arguments) in [
            ("watch", &["--until", "failed"][..]),
            ("watch", &["--until", "failed", "-vv", "--show-personal"]),
            ("get", &["--exit-status", "--expect", "currency=x"]),
        ] {
            let server = Script::new()
                .rest(
                    ID,
                    [Reply::json(&evil(record(ID, "completed", 1), &[KEEP, &["status"]].concat()))],
                )
                .push(
                    ID,
                    [Reply::upgrade([
                        Step::json(&evil(update(ID, "", 0), KEEP)),
                        Step::Text(format!("\u{1b}[31m{EVIL}")),
                        Step::Text(format!("{{\"event\":\"{}\"}}", "\u{9b}31m")),
                    ])],
                )
                .start();
            let target = format!("proof:{ID}");
            let all = [name, &target, "-o", form].into_iter().chain(arguments.iter().copied());
            assert_told(&txwatch(all).proof(&server.url()).run(), 13);
        }
    }
}

#[test]
fn json_keeps_the_text_and_escapes_it() {
    let server = Script::new()
        .rest(ID, [Reply::json(&evil(record(ID, "completed", 1), &[KEEP, &["status"]].concat()))])
        .start();
    let (ended, records) = txwatch(["get", &format!("proof:{ID}")]).proof(&server.url()).run_json();
    assert_eq!(ended.code, 0);
    let status = of_type(&records, "status").next().unwrap();
    assert_eq!(status["data"]["currency"], format!("{EVIL}USDT"));
    assert_eq!(status["transaction"]["crypto_currency"], format!("{EVIL}USDT"));
}

#[test]
fn errors_of_a_provider_are_harmless_in_every_form() {
    let body = json!({"error": EVIL, "code": EVIL, "message": EVIL}).to_string();
    for form in ["human", "plain", "json"] {
        for (status, code) in [(400, 76), (401, 77), (404, 66), (502, 75)] {
            let server = Script::new()
                .rest(ID, [Reply::status(status, body.clone())])
                .push(ID, [Reply::status(503, body.clone())])
                .start();
            let target = format!("proof:{ID}");
            let outage = if status == 502 { "500ms" } else { "5m" };
            let limits = ["--appear-timeout", "0s", "--max-outage", outage];
            let all = ["watch", &target, "-vv", "-o", form].into_iter().chain(limits);
            assert_told(&txwatch(all).proof(&server.url()).run(), code);
        }
    }
}

#[test]
fn what_ends_a_connection_is_harmless_in_every_form() {
    let reason = [&1008u16.to_be_bytes()[..], EVIL.as_bytes()].concat();
    let location = "http://\u{9b}31mowned.invalid/";
    for form in ["human", "plain", "json"] {
        let again = Gate::new();
        let server = Script::new()
            .rest(ID, [Reply::json(&record(ID, "completed", 0)).awaits(&again)])
            .push(
                ID,
                [
                    Reply::upgrade([Step::Raw(frame(0x88, &reason))]),
                    Reply::upgrade([]).opens(&again),
                ],
            )
            .start();
        let arguments = ["watch", &format!("proof:{ID}"), "-vv", "-o", form];
        assert_told(&txwatch(arguments).proof(&server.url()).run(), 0);
        let moved = Reply::status(302, "").header("Location", location);
        let server = Script::new().rest(ID, [moved]).start();
        let arguments = ["poll", &format!("proof:{ID}"), "-vv", "-o", form];
        let ended = txwatch(arguments).proof(&server.url()).run();
        assert_eq!(ended.code, 76, "{ended:#?}");
    }
}
