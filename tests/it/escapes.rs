//! Proof's text cannot move the cursor, reverse text, hide, or forge a line, in any form of output.

use serde_json::{Value, json};

use crate::support::proof::{ID, command, record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step, frame};
use crate::support::server::Script;
use crate::support::txwatch::CommandOutput;

/// 7-bit and 8-bit escape sequences, a bell, a carriage return, bidi and zero-width characters, and a forged line.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\u{8}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}x\n0 failed";

/// The record with hostile text in every field, except those by which it is recognised.
fn hostile(mut value: Value, keep: &[&str]) -> Value {
    for (key, field) in value.as_object_mut().unwrap() {
        if !keep.contains(&key.as_str()) {
            *field = format!("{HOSTILE}{}", field.as_str().unwrap_or_default()).into();
        }
    }
    value["\u{1b}[31mkey"] = HOSTILE.into();
    value
}

const KEEP: &[&str] = &["merchant_transaction_id", "event", "updated_at", "occurred_at"];

/// Checks that the text was printed, without a forged line. Harmful characters are looked for in the output of
/// every command.
fn assert_printed(output: &CommandOutput, code: i32) {
    assert_eq!(output.code, code, "{output:#?}");
    assert!(output.stdout.contains("owned") || output.stderr.contains("owned"), "{output:#?}");
    assert!(!output.stderr.lines().any(|line| line.starts_with("0 failed")), "{output:#?}");
    assert!(!output.stdout.lines().any(|line| line.starts_with("0 failed")), "{output:#?}");
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
                    [Reply::json(&hostile(
                        record(ID, "completed", 1),
                        &[KEEP, &["status"]].concat(),
                    ))],
                )
                .push(
                    ID,
                    [Reply::upgrade([
                        Step::json(&hostile(update(ID, "", 0), KEEP)),
                        Step::Text(format!("\u{1b}[31m{HOSTILE}")),
                        Step::Text(format!("{{\"event\":\"{}\"}}", "\u{9b}31m")),
                    ])],
                )
                .start();
            let arguments = [&["-o", form], arguments].concat();
            assert_printed(&command(name, &server, &arguments).run(), 13);
        }
    }
}

#[test]
fn json_keeps_the_text_and_escapes_it() {
    let server = Script::new()
        .rest(
            ID,
            [Reply::json(&hostile(record(ID, "completed", 1), &[KEEP, &["status"]].concat()))],
        )
        .start();
    let (output, records) = command("get", &server, &[]).run_json();
    assert_eq!(output.code, 0);
    let status = of_type(&records, "status").next().unwrap();
    assert_eq!(status["data"]["currency"], format!("{HOSTILE}USDT"));
    assert_eq!(status["transaction"]["crypto_currency"], format!("{HOSTILE}USDT"));
}

#[test]
fn errors_of_a_provider_are_harmless_in_every_form() {
    let hostile =
        |slug: &str| json!({"error": slug, "code": HOSTILE, "message": HOSTILE}).to_string();
    for form in ["human", "plain", "json"] {
        for (status, slug, code) in [
            (400, HOSTILE, 76),
            (401, HOSTILE, 77),
            (404, HOSTILE, 76),
            (404, "not_found", 66),
            (502, HOSTILE, 75),
        ] {
            let body = hostile(slug);
            let server = Script::new()
                .rest(ID, [Reply::status(status, body.clone())])
                .push(ID, [Reply::status(503, body)])
                .start();
            let outage = if status == 502 { "500ms" } else { "5m" };
            let limits = ["--appear-timeout", "0s", "--max-outage", outage];
            let arguments = [&["-vv", "-o", form], &limits[..]].concat();
            assert_printed(&command("watch", &server, &arguments).run(), code);
        }
    }
}

#[test]
fn close_reasons_and_redirects_are_harmless_in_every_form() {
    let reason = [&1008u16.to_be_bytes()[..], HOSTILE.as_bytes()].concat();
    let location = "http://\u{9b}31mowned.invalid/";
    for form in ["human", "plain", "json"] {
        let reconnected = Gate::new();
        let server = Script::new()
            .rest(ID, [Reply::json(&record(ID, "completed", 0)).awaits(&reconnected)])
            .push(
                ID,
                [
                    Reply::upgrade([Step::Raw(frame(0x88, &reason))]),
                    Reply::upgrade([]).opens(&reconnected),
                ],
            )
            .start();
        let arguments = ["-vv", "-o", form];
        assert_printed(&command("watch", &server, &arguments).run(), 0);
        let moved = Reply::status(302, "").header("Location", location);
        let server = Script::new().rest(ID, [moved]).start();
        let output = command("poll", &server, &arguments).run();
        assert_eq!(output.code, 76, "{output:#?}");
    }
}
