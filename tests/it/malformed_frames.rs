//! Push connections that violate the WebSocket protocol, during which the watch polls.

use serde_json::{Value, json};

use crate::support::proof::{ID, command, push_path, record, update};
use crate::support::schema::{first_lost, last_source, of_type, warning_messages};
use crate::support::script::{Gate, Reply, Step, frame};
use crate::support::server::Script;

const MIB: usize = 1024 * 1024;

/// Watches a transaction whose first push connection is this one, and which REST reports as completed once
/// push was tried again. Returns why push was lost, and the records.
fn lost_by(reply: Reply) -> (String, Vec<Value>) {
    let reconnected = Gate::new();
    let pending = || Reply::json(&record(ID, "pending", 0));
    let server = Script::new()
        .rest(ID, [pending(), Reply::json(&record(ID, "completed", 1)).awaits(&reconnected)])
        .push(ID, [reply, Reply::upgrade([]).opens(&reconnected)])
        .start();
    let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.request_count(&push_path(ID)), 2);
    let lost = first_lost(&records);
    (lost["reason"].as_str().unwrap().to_owned(), records)
}

fn frames(bytes: Vec<u8>) -> Reply {
    Reply::upgrade([Step::Raw(bytes)])
}

#[test]
fn an_invalid_frame_ends_the_connection() {
    let completed = update(ID, "completed", 9).to_string();
    let masked = [&[0x81, 0x82, 1, 2, 3, 4][..], b"{}"].concat();
    let huge = [&[0x81, 127][..], &u64::MAX.to_be_bytes()].concat();
    let fragmented = [frame(0x01, &vec![b' '; MIB - 10]), frame(0x80, &[b' '; 20])].concat();
    let cases = [
        // RSV1: compressed, though no extension was offered.
        (frame(0xc1, completed.as_bytes()), "the connection broke: "),
        (frame(0x91, completed.as_bytes()), "the connection broke: "),
        (frame(0x81, b"{\"status\":\"\xff\xfe\"}"), "the connection broke: "),
        (frame(0x83, b"{}"), "the connection broke: "),
        (masked, "the connection broke: "),
        (frame(0x81, &vec![b' '; MIB + 1]), "a message of more than 1 MiB"),
        (fragmented, "a message of more than 1 MiB"),
        (huge, "the connection broke: "),
    ];
    for (bytes, needle) in cases {
        let (reason, records) = lost_by(frames(bytes));
        assert!(reason.contains(needle), "{reason}");
        // Nothing of the frame was accepted: the last status came from a pull.
        assert_eq!(last_source(&records), "pull");
    }
}

#[test]
fn a_message_of_exactly_the_limit_is_read() {
    let mut text = update(ID, "completed", 9).to_string();
    text.push_str(&" ".repeat(MIB - text.len()));
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(ID, [Reply::upgrade([Step::Text(text)])])
        .start();
    let output = command("watch", &server, &[]).run();
    assert_eq!(output.code, 0, "{output:#?}");
}

#[test]
fn a_malformed_message_between_valid_ones_is_warned_about() {
    let mut numeric = update(ID, "completed", 9);
    numeric["status"] = json!(200);
    let malformed = [
        (Step::Text("<html>".to_owned()), "it is HTML or XML"),
        (Step::Text("null".to_owned()), "it is null, not a JSON object"),
        (Step::Text(String::new()), "it is empty"),
        (Step::Text("{".repeat(5000)), "it is not JSON"),
        (Step::Text("[".repeat(100_000)), "it is not JSON"),
        (Step::json(&numeric), "its status is a number, not a word"),
        (Step::json(&json!({"event": "tx.update", "merchant_transaction_id": ID})), "no status"),
        (Step::Raw(frame(0x82, b"binary")), "it is binary"),
    ];
    let needles: Vec<_> = malformed.iter().map(|(_, needle)| *needle).collect();
    let mut steps: Vec<_> = malformed.into_iter().map(|(step, _)| step).collect();
    steps.push(Step::json(&update(ID, "completed", 9)));
    let never = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).awaits(&never)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let warnings = warning_messages(&records);
    assert_eq!(warnings.len(), needles.len(), "{warnings:#?}");
    for (warning, needle) in warnings.iter().zip(needles) {
        assert!(warning.starts_with("a message was ignored: "), "{warning}");
        assert!(warning.contains(needle), "{warning}");
    }
}

#[test]
fn an_invalid_upgrade_is_rejected() {
    let extended = Reply::upgrade([]).header("Sec-WebSocket-Extensions", "permessage-deflate");
    let protocol = Reply::upgrade([]).header("Sec-WebSocket-Protocol", "chat");
    let other = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    for (reply, needle) in [
        (
            Reply::upgrade_with_accept("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            "Sec-WebSocket-Accept is wrong",
        ),
        (extended, "an extension that was not offered"),
        (protocol, "a subprotocol that was not offered"),
        (Reply::raw(*other), "it switched to something else"),
        (Reply::status(200, "<html>"), "refused the WebSocket upgrade: 200"),
        (Reply::status(426, ""), "refused the WebSocket upgrade: 426"),
    ] {
        let (reason, records) = lost_by(reply.clone());
        assert!(reason.contains(needle), "{reason}");
        let warning = of_type(&records, "warning").next().unwrap();
        assert_eq!(warning["code"], "push_unavailable");
        let server = Script::new().push(ID, [reply]).start();
        command("watch", &server, &["--transport", "push"]).run().fails(77, needle);
    }
}

#[test]
fn a_close_frame_is_reported_with_its_code_and_reason() {
    let (reason, _) = lost_by(Reply::upgrade([Step::Close(1008, "policy")]));
    assert_eq!(reason, "the peer closed the connection (1008): policy");
    let (reason, _) = lost_by(frames(frame(0x88, b"")));
    assert_eq!(reason, "the peer closed the connection");
}
