//! Requests whose answers are cut off, never arrive, or ask for a delay.

use std::thread;

use super::{OFTEN, completed_by_push, loss, never_recovers, polled, pull_recovers};
use crate::support::faulty::{Failure, Fault, FaultyProxy};
use crate::support::provider::{Provider, Status};
use crate::support::schema::{first_lost, last_source, of_type, only_result, statuses};
use crate::support::script::Reply;

/// An answer that would complete the transaction is cut off in the middle; the next one reports that it
/// failed.
fn half_an_answer(provider: Provider, failure: Failure) {
    let answers =
        [Status::Pending, Status::Completed, Status::Failed].map(|status| provider.answer(status));
    let server = provider.script(answers, []).start();
    let half = Fault::After(provider.half_an_ending(), failure);
    let pull = FaultyProxy::new(server.address(), [Fault::None, half, Fault::None]);
    let (output, records) = provider.command("poll", &pull.url(), &server.url(), &OFTEN).run_json();
    assert_eq!((output.code, pull.connections()), (10, 3), "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "failed"], "half an answer was accepted");
    assert_eq!(of_type(&records, "warning").count(), 0, "{output:#?}");
}

cells!(reset_inside: all);
fn reset_inside(provider: Provider) {
    half_an_answer(provider, Failure::Reset);
}

cells!(closed_inside: all);
fn closed_inside(provider: Provider) {
    half_an_answer(provider, Failure::Closed);
}

cells!(byte_by_byte_pull: all);
fn byte_by_byte_pull(provider: Provider) {
    let server = provider.script([provider.answer(Status::Completed)], []).start();
    let pull = FaultyProxy::new(server.address(), [Fault::ByteByByte]);
    let output = provider.command("poll", &pull.url(), &server.url(), &[]).run();
    assert_eq!((output.code, pull.connections()), (0, 1), "{output:#?}");
}

/// Where an answer may stall: before it begins, after the status line, and after its headers.
const STALLED: [Fault; 3] = [
    Fault::Unanswered(Failure::Stalled),
    Fault::After("HTTP/1.1 200", Failure::Stalled),
    Fault::After("\r\n\r\n", Failure::Stalled),
];

cells!(stalled_for_good: all);
fn stalled_for_good(provider: Provider) {
    for fault in STALLED {
        never_recovers(provider, fault).fails(75, "gave no usable answer for");
    }
}

cells!(stalled_until_the_timeout: all);
fn stalled_until_the_timeout(provider: Provider) {
    let server = provider.script([provider.answer(Status::Completed)], []).start();
    let stalled = FaultyProxy::new(server.address(), [STALLED[0].clone()]);
    let arguments = ["--timeout", "400ms"];
    let output = provider.command("watch", &stalled.url(), &stalled.url(), &arguments).run();
    output.fails(124, "timed out after");
    assert!(output.stderr.contains("What was not heard is not known"), "{output:#?}");
}

cells!(stalled_while_push_delivers: all);
/// A pushed message does not wait for an answer that never arrives, unless it has to be confirmed.
fn stalled_while_push_delivers(provider: Provider) {
    for fault in STALLED {
        let server = completed_by_push(provider);
        let pull = FaultyProxy::new(server.address(), [fault]);
        let arguments = [&OFTEN[..], &["-t", "1s"]].concat();
        let output = provider.command("watch", &pull.url(), &server.url(), &arguments).run();
        let code = if provider == Provider::Transak { 124 } else { 0 };
        assert_eq!(output.code, code, "{output:#?}");
    }
}

/// A 429 with a Retry-After in seconds, or with a date one second after the server's own `Date`, whatever
/// the local clock says.
fn too_many(seconds: Option<u32>) -> Reply {
    let reply = Reply::status(429, "{}");
    match seconds {
        Some(seconds) => reply.header("Retry-After", &seconds.to_string()),
        None => reply
            .header("Date", "Wed, 27 Nov 2024 17:25:10 GMT")
            .header("Retry-After", "Wed, 27 Nov 2024 17:25:11 GMT"),
    }
}

/// The Retry-After of the server, and its length in milliseconds.
const RETRY_AFTER: [(Option<u32>, u64); 2] = [(Some(1), 1_000), (None, 1_000)];

cells!(too_many_requests_pull: all);
fn too_many_requests_pull(provider: Provider) {
    let check = |(seconds, milliseconds): (Option<u32>, u64)| {
        let answers = [too_many(seconds), provider.answer(Status::Completed)];
        let server = provider.script(answers, []).start();
        let (output, records) =
            provider.command("poll", &server.url(), &server.url(), &OFTEN).run_json();
        assert_eq!((output.code, server.paths().len()), (0, 2), "{output:#?}");
        let result = only_result(&records);
        assert!(result["elapsed_ms"].as_u64().unwrap() >= milliseconds, "{result}");
    };
    thread::scope(|scope| {
        for case in RETRY_AFTER {
            scope.spawn(move || check(case));
        }
    });
}

cells!(too_many_requests_push: all);
fn too_many_requests_push(provider: Provider) {
    for (seconds, milliseconds) in RETRY_AFTER {
        let answers = [provider.answer(Status::Pending), provider.answer(Status::Completed)];
        let server = provider.script(answers, [too_many(seconds)]).start();
        let (output, records) =
            provider.command("watch", &server.url(), &server.url(), &OFTEN).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(loss(&records).contains(": 429"), "{}", loss(&records));
        let wait = first_lost(&records)["retry_in_ms"].as_u64().unwrap();
        assert!((milliseconds..milliseconds + 1_000).contains(&wait), "{wait}");
        assert_eq!(server.request_count(&provider.push_path()), 1, "it retried too early");
    }
}

cells!(too_many_requests_for_ever: all);
/// Whatever the server asks for, the command's own limits apply, and push does not delay the rest.
fn too_many_requests_for_ever(provider: Provider) {
    // In milliseconds, a little more than 64 bits hold.
    let seconds = (u64::MAX / 1_000 + 1).to_string();
    let never = || Reply::status(429, "{}").header("Retry-After", &seconds);
    let output = polled(provider, [never()], &["--timeout", "400ms"]);
    assert_eq!(output.code, 124, "{output:#?}");
    let answers = [provider.answer(Status::Pending), provider.answer(Status::Completed)];
    let server = provider.script(answers, [never()]).start();
    let (output, records) =
        provider.command("watch", &server.url(), &server.url(), &OFTEN).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let lost = first_lost(&records);
    assert_eq!(lost["retry_in_ms"], u64::MAX, "{lost:?}");
}

fn unavailable() -> Reply {
    Reply::status(503, "<html>upstream connect error</html>")
}

cells!(unavailable_pull: all);
fn unavailable_pull(provider: Provider) {
    let output =
        polled(provider, [unavailable(), unavailable(), provider.answer(Status::Completed)], &[]);
    assert_eq!(output.code, 0, "{output:#?}");
    polled(provider, [unavailable()], &["--max-outage", "400ms"]).fails(75, "503");
}

cells!(unavailable_push: all);
fn unavailable_push(provider: Provider) {
    let completed = provider.connection([provider.message(Status::Completed)]);
    let connections = [unavailable(), unavailable(), completed];
    let server = provider.script([provider.answer(Status::Pending)], connections).start();
    let (output, records) =
        provider.command("watch", &server.url(), &server.url(), &provider.interval()).run_json();
    let ended = (0, provider.source_of_pushed());
    assert_eq!((output.code, last_source(&records)), ended, "{output:#?}");
    assert!(loss(&records).contains(": 503"), "{}", loss(&records));
}

cells!(dropped_once: all);
/// A connection that is closed without an answer once is only a line of `-vv`.
fn dropped_once(provider: Provider) {
    let line = pull_recovers(provider, Fault::Unanswered(Failure::Closed));
    assert!(line.contains("failed: "), "{line}");
}
