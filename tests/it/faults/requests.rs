//! Requests whose answers break off, never come, or ask for time.

use std::thread;

use serde_json::Value;

use super::{OFTEN, loss, never_heals, polled, pull_heals};
use crate::support::faulty::{End, Fault, Faulty};
use crate::support::provider::{Provider, Word};
use crate::support::schema::{of_type, statuses};
use crate::support::script::Reply;

/// An answer that would complete the transaction breaks off in the middle; the next one tells that it
/// failed.
fn half_an_answer(provider: Provider, end: End) {
    let answers = [Word::Pending, Word::Completed, Word::Failed].map(|word| provider.answer(word));
    let server = provider.script(answers, []).start();
    let half = Fault::After(provider.half_an_ending(), end);
    let pull = Faulty::before(server.address(), [Fault::None, half, Fault::None]);
    let (ended, records) = provider.command("poll", &pull.url(), &server.url(), &OFTEN).run_json();
    assert_eq!((ended.code, pull.met()), (10, 3), "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "failed"], "half an answer was believed");
    assert_eq!(of_type(&records, "warning").count(), 0, "{ended:#?}");
}

cells!(reset_inside: all);
fn reset_inside(provider: Provider) {
    half_an_answer(provider, End::Reset);
}

cells!(closed_inside: all);
fn closed_inside(provider: Provider) {
    half_an_answer(provider, End::Closed);
}

cells!(byte_by_byte_pull: all);
fn byte_by_byte_pull(provider: Provider) {
    let server = provider.script([provider.answer(Word::Completed)], []).start();
    let pull = Faulty::before(server.address(), [Fault::ByteByByte]);
    let ended = provider.command("poll", &pull.url(), &server.url(), &[]).run();
    assert_eq!((ended.code, pull.met()), (0, 1), "{ended:#?}");
}

/// Two kinds of silence: the request vanishes, or the answer does after its headers.
const SILENT: [Fault; 3] = [
    Fault::Unanswered(End::Silent),
    Fault::After("HTTP/1.1 200", End::Silent),
    Fault::After("\r\n\r\n", End::Silent),
];

cells!(silent_for_good: all);
fn silent_for_good(provider: Provider) {
    for fault in SILENT {
        never_heals(provider, fault).fails(75, "nothing was heard");
    }
}

cells!(silent_until_the_time_is_up: all);
fn silent_until_the_time_is_up(provider: Provider) {
    let server = provider.script([provider.answer(Word::Completed)], []).start();
    let silent = Faulty::before(server.address(), [SILENT[0].clone()]);
    let arguments = ["--timeout", "400ms"];
    let ended = provider.command("watch", &silent.url(), &silent.url(), &arguments).run();
    ended.fails(124, "timed out after");
    assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
}

cells!(silent_while_push_speaks: all);
/// What is pushed does not wait for an answer that never comes.
fn silent_while_push_speaks(provider: Provider) {
    for fault in SILENT {
        let completed = provider.connection([provider.message(Word::Completed)]);
        let server = provider.script([provider.answer(Word::Pending)], [completed]).start();
        let pull = Faulty::before(server.address(), [fault]);
        let ended = provider.command("watch", &pull.url(), &server.url(), &OFTEN).run();
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
}

/// Too many requests: in this many seconds from now, or at a time that the server's own clock tells the
/// distance of, whatever ours thinks.
fn too_many(seconds: Option<u32>) -> Reply {
    let busy = Reply::status(429, "{}");
    match seconds {
        Some(seconds) => busy.header("Retry-After", &seconds.to_string()),
        None => busy
            .header("Date", "Wed, 27 Nov 2024 17:25:10 GMT")
            .header("Retry-After", "Wed, 27 Nov 2024 17:25:11 GMT"),
    }
}

/// What the server asks for, and for how many milliseconds that is.
const ASKED_FOR: [(Option<u32>, u64); 2] = [(Some(1), 1_000), (None, 1_000)];

cells!(too_many_requests_pull: all);
fn too_many_requests_pull(provider: Provider) {
    let waits = |(asked, milliseconds): (Option<u32>, u64)| {
        let answers = [too_many(asked), provider.answer(Word::Completed)];
        let server = provider.script(answers, []).start();
        let (ended, records) =
            provider.command("poll", &server.url(), &server.url(), &OFTEN).run_json();
        assert_eq!((ended.code, server.targets().len()), (0, 2), "{ended:#?}");
        let result = of_type(&records, "result").next().unwrap();
        assert!(result["elapsed_ms"].as_u64().unwrap() >= milliseconds, "{result}");
    };
    thread::scope(|scope| {
        for asked in ASKED_FOR {
            scope.spawn(move || waits(asked));
        }
    });
}

cells!(too_many_requests_push: all);
fn too_many_requests_push(provider: Provider) {
    for (asked, milliseconds) in ASKED_FOR {
        let answers = [provider.answer(Word::Pending), provider.answer(Word::Completed)];
        let server = provider.script(answers, [too_many(asked)]).start();
        let (ended, records) =
            provider.command("watch", &server.url(), &server.url(), &OFTEN).run_json();
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(loss(&records).contains(": 429"), "{}", loss(&records));
        let lost = of_type(&records, "connection").find(|record| record["state"] == "lost");
        let wait = lost.unwrap()["retry_in_ms"].as_u64().unwrap();
        assert!((milliseconds..milliseconds + 1_000).contains(&wait), "{wait}");
        assert_eq!(server.asked(&provider.push_path()), 1, "it came before it was let");
    }
}

cells!(too_many_requests_for_ever: all);
/// Whatever is asked for, the command's own limits hold, and push does not hold up the rest.
fn too_many_requests_for_ever(provider: Provider) {
    // In milliseconds it is a little more than a number of 64 bits holds.
    let seconds = (u64::MAX / 1_000 + 1).to_string();
    let never = || Reply::status(429, "{}").header("Retry-After", &seconds);
    let ended = polled(provider, [never()], &["--timeout", "400ms"]);
    assert_eq!(ended.code, 124, "{ended:#?}");
    let answers = [provider.answer(Word::Pending), provider.answer(Word::Completed)];
    let server = provider.script(answers, [never()]).start();
    let (ended, records) =
        provider.command("watch", &server.url(), &server.url(), &OFTEN).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let lost = of_type(&records, "connection").find(|record| record["state"] == "lost");
    assert_eq!(lost.unwrap()["retry_in_ms"], u64::MAX, "{lost:?}");
}

fn down() -> Reply {
    Reply::status(503, "<html>upstream connect error</html>")
}

cells!(unavailable_pull: all);
fn unavailable_pull(provider: Provider) {
    let ended = polled(provider, [down(), down(), provider.answer(Word::Completed)], &[]);
    assert_eq!(ended.code, 0, "{ended:#?}");
    polled(provider, [down()], &["--max-outage", "400ms"]).fails(75, "503");
}

cells!(unavailable_push: all);
fn unavailable_push(provider: Provider) {
    let completed = provider.connection([provider.message(Word::Completed)]);
    let connections = [down(), down(), completed];
    let server = provider.script([provider.answer(Word::Pending)], connections).start();
    let (ended, records) =
        provider.command("watch", &server.url(), &server.url(), &OFTEN).run_json();
    assert_eq!((ended.code, super::source(&records)), (0, &Value::from("push")), "{ended:#?}");
    assert!(loss(&records).contains(": 503"), "{}", loss(&records));
}

cells!(dropped_once: all);
/// Nothing of the kind is told at all when it happens once and the answer is there.
fn dropped_once(provider: Provider) {
    let told = pull_heals(provider, Fault::Unanswered(End::Closed));
    assert!(told.contains("failed: "), "{told}");
}
