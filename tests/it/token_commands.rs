//! Token commands: what they read, when they are done, and how they are ended.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::proof::{ID, record, rest_path};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::terminal;
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

/// Longer than a passing test takes, and shorter than what a test leaves running.
const HANG: Duration = Duration::from_secs(40);

fn completed(id: &str) -> Reply {
    Reply::json(&record(id, "completed", 0))
}

fn get(server: &Server, command_line: &str) -> Txwatch {
    let command = txwatch(["get", &format!("proof:{ID}")]);
    command.env("TXWATCH_PROOF_URL", server.url()).env("TXWATCH_PROOF_TOKEN_COMMAND", command_line)
}

fn authorizations(server: &Server) -> Vec<String> {
    server.header_values(&rest_path(ID), "Authorization")
}

/// The process whose id a command has written into a file.
fn process(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

fn is_running(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    // A zombie has ended; nobody waits for it.
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

fn assert_ends(process: &str) {
    let start = Instant::now();
    while is_running(process) {
        assert!(start.elapsed() < HANG, "{process} was left running");
        std::thread::yield_now();
    }
}

#[test]
fn a_loop_that_reads_ids_gets_all_of_them() {
    let ids = ["one", "two", "three"];
    let script = ids.iter().fold(Script::new(), |script, id| script.rest(id, [completed(id)]));
    let server = script.start();
    let mut command = txwatch(["poll"])
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN_COMMAND", format!("sh -c 'cat >&2; echo {TOKEN}'"))
        .wrapped_by(["sh", "-c", "while read -r id; do \"$0\" \"$@\" \"proof:$id\" || exit; done"]);
    let command = command.command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\nthree\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.paths(), ids.map(rest_path));
}

#[test]
fn a_token_command_reads_from_the_terminal_if_standard_input_is_one() {
    let server = Script::new().rest(ID, [completed(ID)]).start();
    let target = format!("proof:{ID}");
    let ask = "sh -c 'printf \"passphrase? \" >&2; read -r line; echo \"$line\"'";
    let mut terminal = terminal::txwatch(["get", &target])
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN_COMMAND", ask)
        .start();
    terminal.wait_for("the question", |screen| screen.join("\n").contains("passphrase?"));
    terminal.type_in("typed-token\n");
    assert_eq!(terminal.wait().code, 0);
    assert_eq!(authorizations(&server), ["Bearer typed-token"]);
}

/// As ssh-agent, gpg-agent and credential caches do.
#[test]
fn a_token_command_is_done_when_it_has_ended_although_a_daemon_holds_its_output() {
    let server = Script::new().rest(ID, [completed(ID)]).start();
    let command = txwatch(["get", &format!("proof:{ID}")]);
    let file = command.home().path().join("daemon");
    let line = format!(
        "sh -c 'sleep 300 2>/dev/null & echo $! > {}; printf the-; printf token'",
        file.display()
    );
    let _home = command.home();
    let command =
        command.env("TXWATCH_PROOF_URL", server.url()).env("TXWATCH_PROOF_TOKEN_COMMAND", line);
    let start = Instant::now();
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(start.elapsed() < HANG, "the daemon was waited for");
    assert_eq!(authorizations(&server), ["Bearer the-token"]);
    // It is the user's, and goes on.
    let daemon = process(&file);
    assert!(is_running(&daemon));
    assert!(Command::new("kill").arg(&daemon).status().unwrap().success());
}

#[test]
fn a_token_command_that_prints_without_end_is_refused() {
    let server = Script::new().start();
    for line in ["yes", "sh -c 'yes | head -c 1100000'"] {
        let start = Instant::now();
        get(&server, line).run().fails(78, "prints more than 1 MiB");
        assert!(start.elapsed() < HANG);
    }
    get(&server, "sh -c 'yes x | head -c 140000 | tr -d \"\\n\"; exit 0'")
        .run()
        .fails(78, "too long for a token");
    assert!(server.requests().is_empty());
}

/// A token command that waits for another process, which ignores what politely ends it, and writes both ids to a file.
fn stubborn(file: &Path) -> String {
    let inner = "trap \"\" TERM; sleep 300 & wait";
    format!(
        "sh -c 'sh -c \"{}\" & echo $! > {}; echo started >&2; wait'",
        inner.replace('"', "\\\""),
        file.display()
    )
}

fn home_file(command: &Txwatch) -> PathBuf {
    command.home().path().join("process")
}

/// Without a terminal, as in CI.
#[test]
fn the_processes_of_a_token_command_end_with_the_watch() {
    for (arguments, signal, code) in
        [(&["-t", "1s"][..], None, 124), (&[], Some("TERM"), 143), (&[], Some("INT"), 130)]
    {
        let command = txwatch([&["watch", "proof:1"], arguments].concat());
        let (home, file) = (command.home(), home_file(&command));
        let mut running = command
            .env("TXWATCH_PROOF_URL", "http://127.0.0.1:9")
            .env("TXWATCH_PROOF_TOKEN_COMMAND", stubborn(&file))
            .wrapped_by(["setsid"])
            .start();
        running.wait_for_stderr("started");
        if let Some(signal) = signal {
            running.signal(signal);
        }
        let output = running.wait();
        assert_eq!(output.code, code, "{output:#?}");
        assert_ends(&process(&file));
        drop(home);
    }
}

/// At a terminal they share the group of txwatch.
#[cfg(target_os = "linux")]
#[test]
fn the_processes_of_a_token_command_end_with_the_watch_at_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    // The shell stays, for the end of a session ends its processes anyway.
    let line = "txwatch watch proof:1 -t 1s; echo ended with $?; read -r line";
    let mut terminal = terminal::session("sh", ["-c", line])
        .env("TXWATCH_PROOF_URL", "http://127.0.0.1:9")
        .env("TXWATCH_PROOF_TOKEN_COMMAND", stubborn(&file))
        .start();
    terminal.wait_for("the end", |screen| screen.join("\n").contains("ended with 124"));
    assert_ends(&process(&file));
    terminal.type_in("\n");
    assert_eq!(terminal.wait().code, 0);
}

#[test]
fn ctrl_c_reaches_a_token_command_at_a_terminal_and_ends_the_watch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    let ask =
        format!("sh -c 'echo $$ > {}; printf \"passphrase? \" >&2; read -r line'", file.display());
    let mut terminal = terminal::txwatch(["watch", "proof:1"])
        .env("TXWATCH_PROOF_URL", "http://127.0.0.1:9")
        .env("TXWATCH_PROOF_TOKEN_COMMAND", ask)
        .start();
    terminal.wait_for("the question", |screen| screen.join("\n").contains("passphrase?"));
    terminal.type_in("\u{3}");
    assert_eq!(terminal.wait().code, 130);
    assert_ends(&process(&file));
}
