//! Every row of the table of exit codes, through the binary.

use std::process::Command;

use serde_json::Value;

use crate::support::proof::{ID, always_answering, command, error, record};
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::txwatch::{CommandOutput, txwatch};

/// Watches a transaction whose status stays this one.
fn watch_status(status: &str, arguments: &[&str]) -> CommandOutput {
    watch_answer(Reply::json(&record(ID, status, 0)), arguments)
}

/// Watches a transaction about which the server always answers this.
fn watch_answer(reply: Reply, arguments: &[&str]) -> CommandOutput {
    command("watch", &always_answering(reply), arguments).run_json().0
}

/// Sends a signal to a watch that has reported its transaction.
fn after_signal(signal: &str) -> CommandOutput {
    let server = always_answering(Reply::json(&record(ID, "processing", 0)));
    let mut running = command("watch", &server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"processing\"");
    running.signal(signal);
    let (output, records) = running.wait_json();
    assert!(output.stderr.contains("It is NOT final"), "{output:#?}");
    assert!(
        output.stderr.contains(&format!("resume with  txwatch watch proof:{ID}")),
        "{output:#?}"
    );
    assert_eq!(records[records.len() - 2]["outcome"], "interrupted");
    output
}

/// One test for each code, and the list of the codes.
macro_rules! codes {
    ($($(#[$attribute:meta])* $number:literal $name:ident => $output:expr)+) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                let output: CommandOutput = $output;
                assert_eq!(output.code, $number, "{output:#?}");
            }
        )+

        /// The codes that have a test here.
        const REACHED: &[u8] = &[$($number),+];
    };
}

codes! {
    0 ok => watch_status("completed", &[])
    2 usage => txwatch(["watch", "proof:a/b"]).run()
    10 failed => watch_status("failed", &[])
    11 cancelled => watch_status("cancelled", &[])
    12 expired => txwatch(["watch", "sandbox:expired"]).run_json().0
    13 mismatch => watch_status("completed", &["--expect", "crypto_amount>=99.51"])
    14 refunded => txwatch(["watch", "sandbox:refunded"]).run_json().0
    20 unfinished => get_pending(&["--exit-status"])
    66 not_found => watch_answer(Reply::status(404, error("not_found", "not_found")), &["--appear-timeout", "0s"])
    70 internal => panicking()
    #[cfg(target_os = "linux")]
    74 io => full_disk()
    75 unreachable => outage()
    76 protocol => watch_answer(Reply::status(200, "<!doctype html><title>Sign in</title>"), &["--transport", "poll"])
    77 denied => watch_answer(Reply::status(401, error("unauthorised", "invalid_token")), &[])
    78 config => txwatch(["watch", &format!("proof:{ID}")]).run_json().0
    124 timeout => watch_status("pending", &["-t", "300ms"])
    129 hung_up => after_signal("HUP")
    130 interrupted => after_signal("INT")
    141 closed => closed_pipe()
    143 terminated => after_signal("TERM")
}

#[test]
fn every_row_has_a_test() {
    let table: Vec<u8> = txwatch::exit::TABLE.iter().map(|row| row.code.number()).collect();
    assert_eq!(REACHED, table);
}

fn get_pending(arguments: &[&str]) -> CommandOutput {
    let server = Script::new().rest(ID, [Reply::json(&record(ID, "pending", 0))]).start();
    command("get", &server, arguments).run_json().0
}

fn outage() -> CommandOutput {
    let unavailable = || Reply::status(502, error("upstream_error", "provider_error"));
    let server = Script::new().rest(ID, [unavailable()]).push(ID, [unavailable()]).start();
    let output = command("watch", &server, &["--max-outage", "200ms"]).run_json().0;
    assert!(output.stderr.contains("Proof gave no usable answer for 200ms"), "{output:#?}");
    assert!(output.stderr.contains("was not seen at all"), "{output:#?}");
    output
}

/// Runs the test `internal` again, in a process that panics as the binary would.
fn panicking() -> CommandOutput {
    const CHILD: &str = "TXWATCH_TEST_PANICS";
    if std::env::var_os(CHILD).is_some() {
        txwatch::panic::install_hook();
        panic!("with the secret details");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exit_codes::internal"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = CommandOutput::from(output);
    assert!(output.stderr.contains("error: a bug in txwatch (tests"), "{output:#?}");
    assert!(output.stderr.contains("hint: please report it"), "{output:#?}");
    assert!(!output.stderr.contains("secret details"), "{output:#?}");
    output
}

#[cfg(target_os = "linux")]
fn full_disk() -> CommandOutput {
    let server = always_answering(Reply::json(&record(ID, "completed", 0)));
    let mut watch = command("watch", &server, &[]);
    watch.command().stdout(std::fs::File::create("/dev/full").unwrap());
    let output = watch.run();
    output.fails(74, "stdout cannot be written");
    output
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_the_target_is_not_final() {
    let server = always_answering(Reply::json(&record(ID, "pending", 0)));
    let mut poll = command("poll", &server, &["-o", "json"]);
    poll.command().stdout(std::fs::File::create("/dev/full").unwrap());
    let output = poll.run();
    output.fails(74, "stdout cannot be written");
    assert!(output.stderr.contains("was last seen pending"), "{output:#?}");
    assert!(output.stderr.contains("NOT final"), "{output:#?}");
}

/// As after `| head -1`: without an error message, and never a success.
fn closed_pipe() -> CommandOutput {
    let server = always_answering(Reply::json(&record(ID, "completed", 0)));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut watch = command("watch", &server, &["-q"]);
    watch.command().stdout(writer);
    let output = watch.run();
    assert_eq!(output.stderr, "");
    output
}

#[test]
fn a_plain_get_succeeds_whatever_the_status() {
    assert_eq!(get_pending(&[]).code, 0);
}

/// Watches two targets, about which the server answers this.
fn watch_two(replies: [Reply; 2], arguments: &[&str]) -> (CommandOutput, Vec<Value>) {
    let [first, second] = replies;
    let silent = || [Reply::upgrade([])];
    let server = Script::new()
        .rest("one", [first])
        .rest("two", [second])
        .push("one", silent())
        .push("two", silent())
        .start();
    let all = ["watch", "proof:one", "proof:two"].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url()).run_json()
}

#[test]
fn the_largest_code_wins() {
    let first = Reply::json(&record("one", "completed", 0));
    let second = Reply::json(&record("two", "failed", 0));
    let (output, records) = watch_two([first, second], &[]);
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], serde_json::json!({"failed": 1, "ok": 1}));
    // An ending of a transaction never hides a failure of the watch.
    let first = Reply::json(&record("one", "failed", 0));
    let second = Reply::status(404, error("not_found", "not_found"));
    let (output, _) = watch_two([first, second], &["--appear-timeout", "0s"]);
    assert_eq!(output.code, 66, "{output:#?}");
}

#[test]
fn any_ends_with_the_first_success() {
    let first = Reply::json(&record("one", "pending", 0));
    let second = Reply::json(&record("two", "completed", 0));
    let (output, records) = watch_two([first, second], &["--any"]);
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], serde_json::json!({"ok": 1, "unfinished": 1}));
    // Without a success, the largest code wins.
    let bad = ["one", "two"].map(|id| Reply::json(&record(id, "cancelled", 0)));
    assert_eq!(watch_two(bad, &["--any"]).0.code, 11);
}

/// stdout is a full pipe that nobody reads, so the process cannot shut down in order after the first SIGINT.
#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_ends_at_once_even_while_stdout_blocks() {
    let server = always_answering(Reply::json(&record(ID, "completed", 0)));
    let (_unread, full) = full_pipe();
    let mut watch = command("watch", &server, &["-o", "plain"]);
    watch.command().stdout(full);
    let mut running = watch.start();
    // The line about the change is written first; then the process blocks on the final one.
    running.wait_for_stderr("completed");
    running.signal("INT");
    while running.has_pending_signal() {
        std::thread::yield_now();
    }
    running.signal("INT");
    assert_eq!(running.wait().code, 130);
}

#[cfg(target_os = "linux")]
fn full_pipe() -> (std::io::PipeReader, std::os::fd::OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _entered = runtime.enter();
    let sender = tokio::net::unix::pipe::Sender::from_owned_fd(writer.into()).unwrap();
    // A pipe is full once it has no free page.
    runtime.block_on(async {
        sender.writable().await.unwrap();
        while sender.try_write(&[b'x'; 4096]).is_ok() {}
    });
    (reader, sender.into_blocking_fd().unwrap())
}
