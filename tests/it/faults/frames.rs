//! On an open push connection: messages that break off, come in parts, or are the last.

use super::{OFTEN, half_a_message, loss, push_heals, source};
use crate::support::faulty::{End, Fault};
use crate::support::provider::{Provider, Word};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step, frame};

cells!(reset_inside: all);
fn reset_inside(provider: Provider) {
    let reason = half_a_message(provider, Fault::After(provider.half_an_ending(), End::Reset));
    assert!(reason.contains("the connection broke: "), "{reason}");
}

cells!(closed_inside: all);
fn closed_inside(provider: Provider) {
    let reason = half_a_message(provider, Fault::After(provider.half_an_ending(), End::Closed));
    assert!(reason.contains("the connection broke: ") || reason.contains("closed"), "{reason}");
}

cells!(byte_by_byte_push: all);
fn byte_by_byte_push(provider: Provider) {
    let seen = Gate::new();
    let steps = [Step::Await(seen.clone()), provider.message(Word::Completed)];
    let pending = provider.answer(Word::Pending).opens(&seen);
    let server = provider.script([pending], [provider.connection(steps)]).start();
    let push = crate::support::faulty::Faulty::before(server.address(), [Fault::ByteByByte]);
    let (ended, records) = provider.command("watch", &server.url(), &push.url(), &[]).run_json();
    assert_eq!((ended.code, push.met()), (0, 1), "{ended:#?}");
    assert_eq!(source(&records), "push");
    assert_eq!(of_type(&records, "warning").count(), 0, "{ended:#?}");
}

/// The parts of a message, with a ping that wants its answer and a pong that nobody asked for between.
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

/// An event has no frames, but lines that belong together, and comments may stand between them.
fn in_lines(message: &Step) -> Vec<Step> {
    let Step::Raw(event) = message else { panic!("not an event: {message:?}") };
    let rest = event.strip_prefix(b"data:{").unwrap();
    let (second, third) = rest.split_at(rest.len() / 2);
    let parts: [&[u8]; 5] = [b"data:{\n", b":\n:are you there\n", b"data:", second, third];
    parts.map(|part| Step::Raw(part.to_vec())).to_vec()
}

cells!(in_parts_with_control_frames_between: all);
fn in_parts_with_control_frames_between(provider: Provider) {
    let message = provider.message(Word::Completed);
    let parts = match provider {
        Provider::Casper => in_lines(&message),
        _ => in_parts(&message),
    };
    let server =
        provider.script([provider.answer(Word::Pending)], [provider.connection(parts)]).start();
    let (ended, records) = provider.command("watch", &server.url(), &server.url(), &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(source(&records), "push");
    assert_eq!(of_type(&records, "warning").count(), 0, "{ended:#?}");
}

/// The connection ends like this after the transaction was seen pending; whoever asks then is told that
/// it failed. Answers why the connection was lost.
fn ends_by(provider: Provider, last: Vec<Step>) -> String {
    let seen = Gate::new();
    let steps = [vec![Step::Await(seen.clone())], last].concat();
    let answers = [provider.answer(Word::Pending), provider.answer(Word::Failed)];
    let connections = [provider.connection(steps), provider.connection([])];
    let server = provider.script(answers, connections).start();
    let mut running =
        provider.command("watch", &server.url(), &server.url(), &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"status\":\"p");
    seen.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(statuses(&records).len(), 2, "{ended:#?}");
    loss(&records).to_owned()
}

cells!(close_frames: proof, transak, cspr);
fn close_frames(provider: Provider) {
    // One of each class: WebSocket's own, registered ones, and what an application may choose.
    let mut codes = vec![1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000];
    match provider {
        // Pusher's own: later, at once, and what is about single messages.
        Provider::Transak => codes.extend([4100, 4200, 4300]),
        _ => codes.extend([4000, 4001, 4401, 4999]),
    }
    for code in codes {
        let reason = ends_by(provider, vec![Step::Close(code, "so long")]);
        let told = format!("the peer closed the connection ({code}): so long");
        assert!(reason.starts_with(&told), "{code}: {reason}");
    }
}

cells!(close_frames_that_must_not_be_sent: proof, transak, cspr);
fn close_frames_that_must_not_be_sent(provider: Provider) {
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535] {
        let reason = ends_by(provider, vec![Step::Close(code, "")]);
        assert!(reason.contains("(1002): Protocol violation"), "{code}: {reason}");
    }
    let reason = ends_by(provider, vec![Step::Raw(frame(0x88, b""))]);
    assert!(reason.starts_with("the peer closed the connection"), "{reason}");
    let halved = ends_by(provider, vec![Step::Raw(frame(0x88, &[3]))]);
    assert!(halved.contains("the connection broke: "), "{halved}");
}

/// What stands for a close frame where there are no frames.
#[test]
fn the_end_of_the_events() {
    let provider = Provider::Casper;
    let reason = ends_by(provider, vec![Step::Drop]);
    assert!(reason.contains("the peer closed the connection"), "{reason}");
    // A node that shuts down says so before.
    let last = Step::event(1, &serde_json::json!("Shutdown"));
    let seen = Gate::new();
    let answers = [provider.answer(Word::Pending).opens(&seen), provider.answer(Word::Completed)];
    let steps = [Step::Await(seen), last, Step::Drop];
    let server = provider
        .script(answers, [Reply::events(steps)])
        .route("/events?start_from=1", [Reply::events([])])
        .start();
    let ended = provider.command("watch", &server.url(), &server.url(), &OFTEN).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

cells!(closed_before_anything_was_said: all);
fn closed_before_anything_was_said(provider: Provider) {
    let reason = push_heals(provider, Fault::After("\r\n\r\n", End::Closed));
    assert!(reason.contains("the connection broke: ") || reason.contains("closed"), "{reason}");
}
