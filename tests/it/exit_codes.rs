//! Every row of the table of exit codes, through the binary.

use std::process::Command;

use serde_json::Value;

use crate::support::proof::{ID, error, record};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{Ended, Txwatch, txwatch};

/// A server that is asked for one transaction only, and whose push says nothing.
fn answering(reply: Reply) -> Server {
    Script::new().rest(ID, [reply]).push(ID, [Reply::upgrade([])]).start()
}

/// `watch` of that transaction, with these arguments besides.
fn watch(server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("proof:{ID}");
    let all = ["watch", &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url())
}

/// Watches a transaction that stands at this status.
fn standing_at(status: &str, arguments: &[&str]) -> Ended {
    let server = answering(Reply::json(&record(ID, status, 0)));
    watch(&server, arguments).run_json().0
}

/// Watches while the server answers this.
fn answered(reply: Reply, arguments: &[&str]) -> Ended {
    watch(&answering(reply), arguments).run_json().0
}

/// Sends a signal to a watch that has seen its transaction.
fn signalled(signal: &str) -> Ended {
    let server = answering(Reply::json(&record(ID, "processing", 0)));
    let mut running = watch(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"processing\"");
    running.signal(signal);
    let ended = running.end();
    assert!(ended.stderr.contains("It is NOT final"), "{ended:#?}");
    assert!(ended.stderr.contains(&format!("resume with  txwatch watch proof:{ID}")), "{ended:#?}");
    let records = crate::support::schema::records(&ended.stdout, ended.code);
    assert_eq!(records[records.len() - 2]["outcome"], "interrupted");
    ended
}

/// One test for each code, and the list of them.
macro_rules! codes {
    ($($(#[$attribute:meta])* $number:literal $name:ident => $ended:expr)+) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                let ended: Ended = $ended;
                assert_eq!(ended.code, $number, "{ended:#?}");
            }
        )+

        /// The codes that a test here reaches.
        const REACHED: &[u8] = &[$($number),+];
    };
}

codes! {
    0 ok => standing_at("completed", &[])
    2 usage => txwatch(["watch", "proof:a/b"]).run()
    10 failed => standing_at("failed", &[])
    11 cancelled => standing_at("cancelled", &[])
    12 expired => txwatch(["watch", "sandbox:expired"]).run_json().0
    13 mismatch => standing_at("completed", &["--expect", "crypto_amount>=99.51"])
    14 refunded => txwatch(["watch", "sandbox:refunded"]).run_json().0
    20 unfinished => get_of_a_pending_one(&["--exit-status"])
    66 not_found => answered(Reply::status(404, error("not_found", "not_found")), &["--appear-timeout", "0s"])
    70 internal => a_panic()
    #[cfg(target_os = "linux")]
    74 io => a_full_disk()
    75 unreachable => outage()
    76 protocol => answered(Reply::status(200, "<!doctype html><title>Sign in</title>"), &[])
    77 denied => answered(Reply::status(401, error("unauthorised", "invalid_token")), &[])
    78 config => txwatch(["watch", &format!("proof:{ID}")]).run_json().0
    124 timeout => standing_at("pending", &["-t", "300ms"])
    130 interrupted => signalled("INT")
    141 closed => a_closed_pipe()
    143 terminated => signalled("TERM")
}

#[test]
fn every_row_is_reached() {
    let table: Vec<u8> = txwatch::exit::TABLE.iter().map(|row| row.code.number()).collect();
    assert_eq!(REACHED, table);
}

fn get_of_a_pending_one(arguments: &[&str]) -> Ended {
    let server = Script::new().rest(ID, [Reply::json(&record(ID, "pending", 0))]).start();
    let target = format!("proof:{ID}");
    let all = ["get", &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url()).run_json().0
}

fn outage() -> Ended {
    let down = || Reply::status(502, error("upstream_error", "provider_error"));
    let server = Script::new().rest(ID, [down()]).push(ID, [down()]).start();
    let ended = watch(&server, &["--max-outage", "200ms"]).run_json().0;
    assert!(ended.stderr.contains("nothing was heard from Proof for 200ms"), "{ended:#?}");
    assert!(ended.stderr.contains("was not seen at all"), "{ended:#?}");
    ended
}

/// The test of this name, once more, in a process that panics as the binary would.
fn a_panic() -> Ended {
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
    let ended = Ended::from(output);
    assert!(ended.stderr.contains("error: a bug in txwatch (tests"), "{ended:#?}");
    assert!(ended.stderr.contains("hint: please report it"), "{ended:#?}");
    assert!(!ended.stderr.contains("secret details"), "{ended:#?}");
    ended
}

#[cfg(target_os = "linux")]
fn a_full_disk() -> Ended {
    let server = answering(Reply::json(&record(ID, "completed", 0)));
    let mut command = watch(&server, &[]);
    command.command().stdout(std::fs::File::create("/dev/full").unwrap());
    let ended = command.run();
    ended.fails(74, "stdout cannot be written");
    ended
}

/// As `| head -1` ends: quietly, and never as a success.
fn a_closed_pipe() -> Ended {
    let server = answering(Reply::json(&record(ID, "completed", 0)));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = watch(&server, &["-q"]);
    command.command().stdout(writer);
    let ended = command.run();
    assert_eq!(ended.stderr, "");
    ended
}

#[test]
fn a_plain_get_looks_and_says_nothing_about_the_end() {
    assert_eq!(get_of_a_pending_one(&[]).code, 0);
}

/// Two targets, one of which ends with `failed`, the other with `completed` or 77.
fn two(statuses: [Reply; 2], arguments: &[&str]) -> (Ended, Vec<Value>) {
    let [first, second] = statuses;
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
    let one = Reply::json(&record("one", "completed", 0));
    let two_ = Reply::json(&record("two", "failed", 0));
    let (ended, records) = two([one, two_], &[]);
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], serde_json::json!({"failed": 1, "ok": 1}));
    // What the transaction says never hides what the watcher says.
    let one = Reply::json(&record("one", "failed", 0));
    let two_ = Reply::status(404, error("not_found", "not_found"));
    let (ended, _) = two([one, two_], &["--appear-timeout", "0s"]);
    assert_eq!(ended.code, 66, "{ended:#?}");
}

#[test]
fn any_ends_with_the_first_success() {
    let one = Reply::json(&record("one", "pending", 0));
    let two_ = Reply::json(&record("two", "completed", 0));
    let (ended, records) = two([one, two_], &["--any"]);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(records.last().unwrap()["outcomes"], serde_json::json!({"ok": 1, "unfinished": 1}));
    // Without a success, the endings count as ever.
    let bad = ["one", "two"].map(|id| Reply::json(&record(id, "cancelled", 0)));
    assert_eq!(two(bad, &["--any"]).0.code, 11);
}

/// stdout is a pipe that is full and that nobody reads, so the first SIGINT cannot end the process in
/// good order.
#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_ends_at_once_even_while_stdout_blocks() {
    let server = answering(Reply::json(&record(ID, "completed", 0)));
    let (_unread, full) = full_pipe();
    let mut command = watch(&server, &["-o", "plain"]);
    command.command().stdout(full);
    let mut running = command.start();
    // The line about the change comes first; then the process blocks on its final line.
    running.wait_for_stderr("completed");
    running.signal("INT");
    while running.has_pending_signal() {
        std::thread::yield_now();
    }
    running.signal("INT");
    assert_eq!(running.end().code, 130);
}

#[cfg(target_os = "linux")]
fn full_pipe() -> (std::io::PipeReader, std::os::fd::OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _entered = runtime.enter();
    let sender = tokio::net::unix::pipe::Sender::from_owned_fd(writer.into()).unwrap();
    // Pages, which is what a pipe is made of, until there is no room for another.
    runtime.block_on(async {
        sender.writable().await.unwrap();
        while sender.try_write(&[b'x'; 4096]).is_ok() {}
    });
    (reader, sender.into_blocking_fd().unwrap())
}
