//! Answers that say nothing about the transaction, and answers and messages in which different things can be read.

use std::thread;

use super::{OFTEN, failed_after, loss, polled};
use crate::support::provider::{Provider, Status};
use crate::support::schema::{last_source, statuses};
use crate::support::script::{Reply, Step};
use crate::support::txwatch::CommandOutput;

/// What proxies, firewalls and gateways answer in place of the provider.
fn weather(provider: Provider) -> Vec<Reply> {
    const PAGE: &str = "<!doctype html><title>Maintenance</title>";
    let whole = provider.answer(Status::Completed);
    let mut all = vec![
        Reply::status(200, PAGE),
        Reply::status(200, ""),
        whole.edited(|text| text[..text.len() / 2].to_owned()),
        Reply::status(400, PAGE),
        Reply::status(403, PAGE),
        Reply::status(302, "").header("Location", "https://elsewhere.invalid/"),
        Reply::status(200, r#"{"error":{"code":"internal","message":"try again"}}"#),
    ];
    if provider == Provider::Casper {
        let error = |code: &str| format!(r#"{{"id":1,"error":{{"code":{code},"message":"no"}}}}"#);
        let codes = ["-32005", "-32007", "-32011", "-32001", "429", r#""-32005""#];
        all.extend(codes.map(|code| Reply::status(200, error(code))));
    }
    all
}

/// Does this with each of them at once.
fn each(provider: Provider, check: impl Fn(Reply) + Sync) {
    thread::scope(|scope| {
        for reply in weather(provider) {
            let check = &check;
            scope.spawn(move || check(reply));
        }
    });
}

fn is_not_final(output: &CommandOutput, code: i32) {
    assert_eq!(output.code, code, "{output:#?}");
    assert!(output.stderr.contains("NOT final"), "{output:#?}");
    assert!(!output.stdout.contains("completed"), "{output:#?}");
}

cells!(weather_pull: all);
fn weather_pull(provider: Provider) {
    each(provider, |reply| {
        let answers = [Status::Pending, Status::Completed].map(|status| provider.answer(status));
        let [pending, completed] = answers;
        let output = polled(provider, [pending, reply.clone(), completed], &[]);
        assert_eq!(output.code, 0, "{reply:?}: {output:#?}");
        let mut lines = output.stderr.lines();
        assert!(!lines.any(|line| line.starts_with("error:")), "{output:#?}");
    });
}

cells!(weather_that_lasts: all);
fn weather_that_lasts(provider: Provider) {
    each(provider, |reply| {
        let answers = [provider.answer(Status::Pending), reply.clone()];
        let output = polled(provider, answers, &["--max-outage", "400ms"]);
        is_not_final(&output, 75);
    });
}

cells!(weather_push: all);
/// A page in place of a push connection: the watch polls, and push brings the ending once it connects.
fn weather_push(provider: Provider) {
    let pages = [
        Reply::status(502, "<!doctype html>"),
        Reply::status(503, ""),
        Reply::status(429, "<!doctype html>"),
    ];
    for page in pages {
        let completed = provider.connection([provider.message(Status::Completed)]);
        let server = provider.script([provider.answer(Status::Pending)], [page, completed]).start();
        let (output, records) = provider
            .command("watch", &server.url(), &server.url(), &provider.interval())
            .run_json();
        let ended = (0, provider.source_of_pushed());
        assert_eq!((output.code, last_source(&records)), ended, "{output:#?}");
        assert!(!loss(&records).is_empty());
    }
}

/// An answer about a failure that says twice how it ended, and not the same.
fn contradictions(provider: Provider) -> [Reply; 2] {
    [0, 1].map(|order| {
        let failed = provider.answer(Status::Failed);
        failed.edited(|text| provider.contradictions(text)[order].clone())
    })
}

cells!(ambiguous_pull: all);
fn ambiguous_pull(provider: Provider) {
    for ambiguous in contradictions(provider) {
        let answers =
            [provider.answer(Status::Pending), ambiguous, provider.answer(Status::Failed)];
        let server = provider.script(answers, []).start();
        let (output, records) =
            provider.command("poll", &server.url(), &server.url(), &OFTEN).run_json();
        assert_eq!(output.code, 10, "{output:#?}");
        assert_eq!(server.paths().len(), 3, "the second answer was believed: {output:#?}");
        assert_eq!(statuses(&records), ["pending", "failed"], "{output:#?}");
    }
}

cells!(ambiguous_for_good: all);
fn ambiguous_for_good(provider: Provider) {
    for ambiguous in contradictions(provider) {
        let answers = [provider.answer(Status::Pending), ambiguous];
        let output = polled(provider, answers, &["--max-outage", "400ms"]);
        is_not_final(&output, 76);
    }
}

cells!(ambiguous_push: all);
fn ambiguous_push(provider: Provider) {
    for order in [0, 1] {
        let failed = provider.message(Status::Failed);
        let ambiguous = failed.edited(|text| provider.contradictions(text)[order].clone());
        let records = failed_after(provider, vec![ambiguous, Step::Drop], None);
        assert_eq!(statuses(&records), ["pending", "failed"]);
        assert_eq!(last_source(&records), "pull", "the message was believed");
    }
}
