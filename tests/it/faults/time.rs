//! A process that is stopped while the clocks run on.
#![cfg(target_os = "linux")]

use std::thread::{self, sleep};
use std::time::Duration;

use super::OFTEN;
use crate::support::provider::{Provider, Word};
use crate::support::running::Running;
use crate::support::script::{Gate, Step};

/// Longer than any limit of these tests, and than it takes to notice.
const LONG: Duration = Duration::from_millis(2_300);

/// Stops the command, lets something happen meanwhile, and has it go on.
fn stop(running: &Running, meanwhile: impl FnOnce()) {
    running.signal("STOP");
    running.wait_for_state('T');
    meanwhile();
    sleep(LONG);
    running.signal("CONT");
}

cells!(stopped: all);
/// Both at once, because there is much to wait for.
fn stopped(provider: Provider) {
    thread::scope(|scope| {
        scope.spawn(|| past_the_time_limit(provider));
        scope.spawn(|| past_the_outage_limit(provider));
    });
}

/// The ending is pushed while nobody listens, and waits until somebody does.
fn past_the_time_limit(provider: Provider) {
    let pushed = Gate::new();
    let steps = [Step::Await(pushed.clone()), provider.message(Word::Completed)];
    let connections = [provider.connection(steps)];
    let server = provider.script([provider.answer(Word::Pending)], connections).start();
    let arguments = ["-o", "json", "--timeout", "1200ms"];
    let mut running =
        provider.command("watch", &server.url(), &server.url(), &arguments).start_piped();
    running.wait_for_stdout("\"pending\"");
    stop(&running, || pushed.open());
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

/// The answer comes while nobody listens.
fn past_the_outage_limit(provider: Provider) {
    let answered = Gate::new();
    let answer = provider.answer(Word::Completed).awaits(&answered);
    let server = provider.script([answer], []).start();
    let arguments = [&OFTEN[..], &["--max-outage", "1200ms"]].concat();
    let running = provider.command("poll", &server.url(), &server.url(), &arguments).start();
    server.wait_for(&provider.pull_path());
    stop(&running, || answered.open());
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
}
