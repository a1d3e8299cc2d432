//! Text that is not encoded as expected, and content that is compressed or of another type.

use serde_json::{Value, json};

use crate::support::chain::{HASH, casper_command, executed, processed, waiting};
use crate::support::proof::{
    ID, always_answering, command, completed_by_push, push_path, record, rest_path, update,
};
use crate::support::schema::{first_lost, last_source, of_type, statuses, warning_messages};
use crate::support::script::{Gate, Reply, Step, frame};
use crate::support::server::{Script, Server};
use crate::support::txwatch::txwatch;

/// An object with one more field, whose value is these bytes.
fn with_field(object: &Value, value: &[u8]) -> Vec<u8> {
    let text = object.to_string();
    [&text.as_bytes()[..text.len() - 1], b",\"note\":", value, b"}"].concat()
}

/// Values of a field that nobody reads.
fn unread() -> Vec<Vec<u8>> {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    vec![br#""\ud800""#.to_vec(), b"\"caf\xe9\"".to_vec(), deep, b"1E400".to_vec()]
}

fn with_bom(text: impl AsRef<[u8]>) -> Vec<u8> {
    [b"\xef\xbb\xbf", text.as_ref()].concat()
}

#[test]
fn odd_text_in_an_answer_loses_no_ending() {
    let completed = record(ID, "completed", 1);
    let with_fields = unread().into_iter().map(|value| with_field(&completed, &value));
    for body in with_fields.chain([with_bom(completed.to_string())]) {
        let server = always_answering(Reply::status(200, body));
        let (output, records) = command("poll", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(statuses(&records), ["completed"]);
    }
}

#[test]
fn odd_text_in_the_status_is_no_ending() {
    let mut bodies = Vec::new();
    for word in [&b"\"completed\xff\""[..], br#""completed\ud800""#, b"\"\xef\xbb\xbfcompleted\""] {
        let start = format!(r#"{{"merchant_transaction_id":"{ID}","status":"#);
        bodies.push([start.as_bytes(), word, b"}"].concat());
    }
    for body in bodies {
        let server = always_answering(Reply::status(200, body));
        let (output, records) = command("get", &server, &["--exit-status"]).run_json();
        assert_eq!(output.code, 20, "{output:#?}");
        assert_eq!(statuses(&records), ["unknown"]);
    }
}

#[test]
fn odd_text_in_a_binary_message_loses_no_ending() {
    let completed = update(ID, "completed", 1);
    let with_fields = unread().into_iter().map(|value| with_field(&completed, &value));
    let bodies = with_fields.chain([with_bom(completed.to_string()), completed.to_string().into()]);
    for body in bodies {
        let requested = Gate::new();
        let steps = [Step::Await(requested.clone()), Step::Raw(frame(0x82, &body))];
        let server = Script::new()
            .rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&requested)])
            .push(ID, [Reply::upgrade(steps)])
            .start();
        let (output, records) = command("watch", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(last_source(&records), "push");
    }
}

#[test]
fn odd_text_in_an_event_stream_loses_no_ending() {
    let event = processed(HASH, Value::Null);
    let inner = &event["TransactionProcessed"];
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for value in unread() {
        let inner = with_field(inner, &value);
        bodies.push([&b"{\"TransactionProcessed\":"[..], &inner, b"}"].concat());
    }
    bodies.push(with_bom(event.to_string()));
    for body in bodies {
        let requested = Gate::new();
        let event = [&b"data:"[..], &body, b"\nid:7\n\n"].concat();
        let steps = [Step::Await(requested.clone()), Step::Raw(event)];
        let server =
            Script::new().events([Reply::events(steps)]).rpc([waiting().opens(&requested)]).start();
        let (output, records) = casper_command("watch", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(last_source(&records), "push");
    }
}

#[test]
fn amounts_keep_their_spelling() {
    let long = format!("0.{}1", "0".repeat(300));
    for digits in ["1E-7", "1e+5", "1e5", "-0.0", "1.10", &long] {
        let text = record(ID, "completed", 1).to_string().replace("\"99.50\"", digits);
        let server = always_answering(Reply::status(200, text));
        let (output, records) = command("poll", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        let status = of_type(&records, "status").next().unwrap();
        assert_eq!(status["transaction"]["crypto_amount"], digits);
        assert!(output.stdout.contains(&format!("\"crypto_amount\":{digits},")), "{output:#?}");
        let output = command("get", &server, &["-o", "human"]).run();
        assert!(output.stdout.contains(digits), "{output:#?}");
    }
}

#[test]
fn a_uuid_in_any_case_is_one_transaction() {
    let upper = ID.to_ascii_uppercase();
    let watch = |server: &Server| {
        txwatch(["watch", &format!("proof:{upper}"), &format!("proof:{ID}")])
            .proof(&server.url())
            .run_json()
    };
    let server = completed_by_push().start();
    let (output, records) = watch(&server);
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(warning_messages(&records).iter().any(|it| it.contains("was given twice")));
    let result = of_type(&records, "result").collect::<Vec<_>>();
    assert_eq!(result.len(), 1);
    // The target is named as it was typed; the id is the provider's.
    assert_eq!(result[0]["target"], format!("proof:{upper}"));
    assert_eq!(of_type(&records, "status").next().unwrap()["id"], ID);
    assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
    // The provider may write it in upper case.
    let requested = Gate::new();
    let steps = [Step::Await(requested.clone()), Step::json(&update(&upper, "completed", 1))];
    let server = Script::new()
        .rest(ID, [Reply::json(&record(&upper, "pending", 0)).opens(&requested)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    let (output, records) = watch(&server);
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
}

#[test]
fn no_request_asks_for_an_encoding() {
    let server = completed_by_push().start();
    assert_eq!(command("watch", &server, &[]).run().code, 0);
    let node = Script::new().events([Reply::events([])]).rpc([executed(Value::Null)]).start();
    assert_eq!(casper_command("watch", &node, &[]).run().code, 0);
    let requests = [server.requests(), node.requests()].concat();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert_eq!(request.header("Accept-Encoding"), Some("identity"), "{request:?}");
    }
}

#[test]
fn a_compressed_answer_is_refused_by_name() {
    let body = record(ID, "completed", 1).to_string();
    for (reply, name) in [
        (Reply::status(200, body.as_str()).header("Content-Encoding", "br"), "(br)"),
        (Reply::status(200, body.as_str()).header("content-encoding", "GZIP"), "(GZIP)"),
        (Reply::status(200, b"\x1f\x8b\x08\0rest".to_vec()), "(gzip)"),
        (Reply::status(200, b"\x28\xb5\x2f\xfdrest".to_vec()), "(zstd)"),
        (Reply::status(200, b"\x78\x9crest".to_vec()), "(deflate)"),
    ] {
        let server = Script::new().rest(ID, [reply]).start();
        command("poll", &server, &["-i", "100ms"]).run().fails(76, name);
    }
    let plain = Reply::status(200, body.as_str()).header("Content-Encoding", "Identity");
    assert_eq!(command("poll", &always_answering(plain), &[]).run().code, 0);
}

/// Watches with this reply in place of the event stream. Returns why it was lost.
fn stream_lost_by(reply: Reply) -> String {
    let lost = Gate::new();
    let server = Script::new()
        .events([reply, Reply::events([]).opens(&lost)])
        .rpc([waiting(), executed(Value::Null).awaits(&lost)])
        .start();
    let (output, records) = casper_command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    first_lost(&records)["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_stream_that_begins_compressed_is_lost_by_name() {
    let event = processed(HASH, Value::Null);
    let bare = Reply::raw(
        [
            &b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\x1f\x8b\x08\0"[..],
            event.to_string().as_bytes(),
        ]
        .concat(),
    );
    assert!(stream_lost_by(bare).contains("(gzip)"));
}

#[test]
fn only_an_event_stream_as_it_is_is_one() {
    let event = Step::event(7, &processed(HASH, Value::Null));
    let stream = |content_type: &str, encoding: &str| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Encoding: {encoding}\r\n\r\n"
        );
        let Step::Raw(event) = &event else { unreachable!() };
        let version = &b"data:{\"ApiVersion\":\"2.0.0\"}\n\n"[..];
        Reply::raw([head.as_bytes(), version, event].concat())
    };
    for (content_type, encoding, needle) in [
        ("text/event-streamX", "identity", "no event stream"),
        ("text/html", "identity", "no event stream"),
        ("text/event-stream", "br", "(br)"),
        ("text/event-stream", "gzip", "(gzip)"),
    ] {
        let server = Script::new()
            .events([stream(content_type, encoding)])
            .rpc([waiting(), executed(Value::Null)])
            .start();
        let (output, records) = casper_command("watch", &server, &["-i", "100ms"]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(last_source(&records), "pull");
        let all = Value::from(records).to_string();
        assert!(all.contains(needle), "{content_type} {encoding}: {all}");
    }
    for content_type in ["Text/Event-Stream; charset=utf-8", "TEXT/EVENT-STREAM;x=y"] {
        let server = Script::new().events([stream(content_type, "Identity")]).rpc([waiting()]);
        let server = server.start();
        let (output, records) = casper_command("watch", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(last_source(&records), "push");
    }
}

#[test]
fn a_byte_order_mark_on_standard_input_is_skipped() {
    let server = always_answering(Reply::json(&record(ID, "completed", 1)));
    let list = txwatch(["poll", "-"]).proof(&server.url());
    let path = list.write("targets.txt", with_bom(format!("proof:{ID}\r\n")));
    let mut list = list;
    list.command().stdin(std::fs::File::open(path).unwrap());
    let output = list.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, format!("proof:{ID}\tcompleted\n"));
}

#[test]
fn a_message_that_cannot_be_understood_leads_to_a_lookup() {
    let twice = update(ID, "failed", 1).to_string();
    let twice = twice.replacen('{', r#"{"status":"completed","#, 1);
    let (requested, sent) = (Gate::new(), Gate::new());
    let steps = [Step::Await(requested.clone()), Step::Text(twice)];
    let server = Script::new()
        .rest(
            ID,
            [
                Reply::json(&record(ID, "pending", 0)).opens(&requested),
                Reply::json(&record(ID, "completed", 1)).opens(&sent),
            ],
        )
        .push(ID, [Reply::upgrade(steps)])
        .start();
    // Without that message the next lookup is an hour away.
    let (output, records) = command("watch", &server, &["-i", "1h"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(last_source(&records), "pull");
    assert!(warning_messages(&records).iter().any(|it| it.contains("status twice")), "{records:?}");
}

#[test]
fn an_ambiguous_answer_is_no_ending() {
    for twice in [
        r#"{"status":"completed","status":"completed"}"#,
        r#"{"status":"failed","status":"completed"}"#,
        r#"{"merchant_transaction_id":"other","merchant_transaction_id":"550e8400-e29b-41d4-a716-446655440000","status":"completed"}"#,
    ] {
        let server = Script::new().rest(ID, [Reply::status(200, twice)]).start();
        let output = command("poll", &server, &["-i", "100ms", "--max-outage", "1s"]).run();
        output.fails(76, "twice");
    }
}

#[test]
fn a_failed_payment_is_said_to_be_retried_for_an_hour() {
    let hint =
        "hint: at Proof the customer may try again under the same id for up to 1h after failed";
    let failed = always_answering(Reply::json(&record(ID, "failed", 1)));
    for (name, quiet) in [("watch", &[][..]), ("poll", &["-q"]), ("get", &["--exit-status"])] {
        let output = command(name, &failed, quiet).run();
        assert_eq!(output.code, 10, "{output:#?}");
        assert_eq!(output.stderr.matches(hint).count(), 1, "{output:#?}");
        assert!(output.stderr.contains("--grace 1h"), "{output:#?}");
    }
    for status in ["cancelled", "completed"] {
        let server = always_answering(Reply::json(&record(ID, status, 1)));
        let output = command("watch", &server, &[]).run();
        assert!(!output.stderr.contains("--grace"), "{output:#?}");
    }
}

#[test]
fn an_error_in_a_success_is_shown() {
    let error = json!({"error": "upstream_error", "code": "provider_error", "message": "later"});
    let server = Script::new().rest(ID, [Reply::json(&error)]).start();
    command("poll", &server, &["-i", "100ms"])
        .run()
        .fails(76, "upstream_error: provider_error: later");
}
