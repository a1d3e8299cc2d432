//! On an open push connection: messages that are cut off or fragmented, and close frames.

use super::{OFTEN, failed_after, half_a_message, loss, push_recovers};
use crate::support::faulty::{Failure, Fault, FaultyProxy};
use crate::support::provider::{Provider, Status};
use crate::support::schema::{last_source, of_type, statuses};
use crate::support::script::{Gate, Reply, Step, frame};

cells!(reset_inside: all);
fn reset_inside(provider: Provider) {
    let reason = half_a_message(provider, Failure::Reset);
    assert!(reason.contains("the connection broke: "), "{reason}");
}

cells!(closed_inside: all);
fn closed_inside(provider: Provider) {
    let reason = half_a_message(provider, Failure::Closed);
    assert!(reason.contains("the connection broke: ") || reason.contains("closed"), "{reason}");
}

cells!(byte_by_byte_push: all);
fn byte_by_byte_push(provider: Provider) {
    let requested = Gate::new();
    let steps = [Step::Await(requested.clone()), provider.message(Status::Completed)];
    let pending = provider.answer(Status::Pending).opens(&requested);
    let server = provider.script([pending], [provider.connection(steps)]).start();
    let push = FaultyProxy::new(server.address(), [Fault::ByteByByte]);
    let (output, records) = provider.command("watch", &server.url(), &push.url(), &[]).run_json();
    assert_eq!((output.code, push.connections()), (0, 1), "{output:#?}");
    assert_eq!(last_source(&records), provider.source_of_pushed());
    assert_eq!(of_type(&records, "warning").count(), 0, "{output:#?}");
}

/// The fragments of a message, with a ping and an unsolicited pong between them.
fn in_parts(message: &Step) -> Vec<Step> {
    let Step::Text(text) = message else { panic!("not a text: {message:?}") };
    let (first, rest) = text.as_bytes().split_at(7);
    let (second, third) = rest.split_at(rest.len() / 2);
    vec![
        Step::Raw(frame(0x01, first)),
        Step::Raw(frame(0x89, b"are you there")),
        Step::AwaitPong,
        Step::Raw(frame(0x00, second)),
        Step::Raw(frame(0x8a, b"")),
        Step::Raw(frame(0x80, third)),
    ]
}

/// The lines of an event, with comments between them.
fn in_lines(message: &Step) -> Vec<Step> {
    let Step::Raw(event) = message else { panic!("not an event: {message:?}") };
    let rest = event.strip_prefix(b"data:{").unwrap();
    let (second, third) = rest.split_at(rest.len() / 2);
    let parts: [&[u8]; 5] = [b"data:{\n", b":\n:are you there\n", b"data:", second, third];
    parts.map(|part| Step::Raw(part.to_vec())).to_vec()
}

cells!(in_parts_with_control_frames_between: all);
fn in_parts_with_control_frames_between(provider: Provider) {
    let message = provider.message(Status::Completed);
    let parts = match provider {
        Provider::Casper => in_lines(&message),
        _ => in_parts(&message),
    };
    let server =
        provider.script([provider.answer(Status::Pending)], [provider.connection(parts)]).start();
    let (output, records) = provider.command("watch", &server.url(), &server.url(), &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(last_source(&records), provider.source_of_pushed());
    assert_eq!(of_type(&records, "warning").count(), 0, "{output:#?}");
}

/// These last steps end the connection after the transaction was reported as pending. Returns why it was
/// lost.
fn lost_after(provider: Provider, last: Vec<Step>) -> String {
    let records = failed_after(provider, last, None);
    assert_eq!(statuses(&records).len(), 2, "{records:#?}");
    loss(&records).to_owned()
}

cells!(close_frames: proof, transak, cspr);
fn close_frames(provider: Provider) {
    // Of each class: those of the RFC, registered ones, and those an application may choose.
    let mut codes = vec![1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000];
    match provider {
        // Pusher's: reconnect after a delay, at once, and errors of single messages.
        Provider::Transak => codes.extend([4100, 4200, 4300]),
        _ => codes.extend([4000, 4001, 4401, 4999]),
    }
    for code in codes {
        let reason = lost_after(provider, vec![Step::Close(code, "so long")]);
        let expected = format!("the peer closed the connection ({code}): so long");
        assert!(reason.starts_with(&expected), "{code}: {reason}");
    }
}

cells!(close_frames_that_must_not_be_sent: proof, transak, cspr);
fn close_frames_that_must_not_be_sent(provider: Provider) {
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535] {
        let reason = lost_after(provider, vec![Step::Close(code, "")]);
        assert!(reason.contains("(1002): Protocol violation"), "{code}: {reason}");
    }
    let reason = lost_after(provider, vec![Step::Raw(frame(0x88, b""))]);
    assert!(reason.starts_with("the peer closed the connection"), "{reason}");
    let truncated = lost_after(provider, vec![Step::Raw(frame(0x88, &[3]))]);
    assert!(truncated.contains("the connection broke: "), "{truncated}");
}

/// An event stream has no close frames, only its end.
#[test]
fn the_end_of_the_event_stream() {
    let provider = Provider::Casper;
    let reason = lost_after(provider, vec![Step::Drop]);
    assert!(reason.contains("the peer closed the connection"), "{reason}");
    // A node that shuts down sends an event first.
    let last = Step::event(1, &serde_json::json!("Shutdown"));
    let requested = Gate::new();
    let answers =
        [provider.answer(Status::Pending).opens(&requested), provider.answer(Status::Completed)];
    let steps = [Step::Await(requested), last, Step::Drop];
    let server = provider
        .script(answers, [Reply::events(steps)])
        .route("/events?start_from=1", [Reply::events([])])
        .start();
    let output = provider.command("watch", &server.url(), &server.url(), &OFTEN).run();
    assert_eq!(output.code, 0, "{output:#?}");
}

cells!(closed_before_the_first_message: all);
fn closed_before_the_first_message(provider: Provider) {
    let reason = push_recovers(provider, Fault::After("\r\n\r\n", Failure::Closed));
    assert!(reason.contains("the connection broke: ") || reason.contains("closed"), "{reason}");
}
