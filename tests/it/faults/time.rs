//! A process that is stopped while the clocks advance.
#![cfg(target_os = "linux")]

use std::thread::{self, sleep};
use std::time::Duration;

use super::OFTEN;
use crate::support::provider::{Provider, Status};
use crate::support::running::Running;
use crate::support::script::{Gate, Step};

/// Longer than the limits of these tests, and than the threshold at which a suspend is detected.
const LONG: Duration = Duration::from_millis(2_300);

/// Stops the command, lets something happen, and continues it. The sleep is the point: time has to pass while
/// the process cannot run.
fn stop(running: &Running, meanwhile: impl FnOnce()) {
    running.signal("STOP");
    running.wait_for_state('T');
    meanwhile();
    sleep(LONG);
    running.signal("CONT");
}

cells!(stopped: all);
/// Both in parallel, as each spends most of its time waiting.
fn stopped(provider: Provider) {
    thread::scope(|scope| {
        scope.spawn(|| beyond_the_timeout(provider));
        scope.spawn(|| beyond_the_outage_limit(provider));
    });
}

/// The ending is pushed while the process is stopped, and read before the timeout counts.
fn beyond_the_timeout(provider: Provider) {
    let pushed = Gate::new();
    let steps = [Step::Await(pushed.clone()), provider.message(Status::Completed)];
    let connections = [provider.connection(steps)];
    let server = provider.script([provider.answer(Status::Pending)], connections).start();
    let arguments = ["-o", "json", "--timeout", "1200ms"];
    let mut running =
        provider.command("watch", &server.url(), &server.url(), &arguments).start_piped();
    running.wait_for_stdout("\"pending\"");
    stop(&running, || pushed.open());
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
}

/// The answer arrives while the process is stopped.
fn beyond_the_outage_limit(provider: Provider) {
    let answered = Gate::new();
    let answer = provider.answer(Status::Completed).awaits(&answered);
    let server = provider.script([answer], []).start();
    let arguments = [&OFTEN[..], &["--max-outage", "1200ms"]].concat();
    let running = provider.command("poll", &server.url(), &server.url(), &arguments).start();
    server.wait_for(&provider.pull_path());
    stop(&running, || answered.open());
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
}
