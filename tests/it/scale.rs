//! Many targets in one process.

use crate::support::proof::{record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Request, Script, Server};
use crate::support::terminal::session;
use crate::support::txwatch::{CommandOutput, TOKEN, Txwatch, txwatch};

const MANY: usize = 200;
/// How many handshakes txwatch performs at the same time.
const CONCURRENT_HANDSHAKES: usize = 64;

fn ids() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("many-{number:03}"))
}

/// A server that accepts upgrades once one gate opens, and pushes `completed` for every transaction once the
/// other does. Requests report that from the second on.
fn server(completed: &Gate, upgraded: &Gate) -> Server {
    let route = |script: Script, id: String| {
        let steps = [Step::Await(completed.clone()), Step::json(&update(&id, "completed", 9))];
        let upgrade = Reply::upgrade(steps).awaits(upgraded);
        let answers =
            ["processing", "completed"].map(|status| Reply::json(&record(&id, status, 1)));
        script.rest(&id, answers).push(&id, [upgrade])
    };
    ids().fold(Script::new(), route).start()
}

fn open() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

/// A command about all targets, run by a shell that sets limits first.
fn limited(limits: &str, arguments: &[&str], server: &Server) -> Txwatch {
    let targets: Vec<_> = ids().map(|id| format!("proof:{id}")).collect();
    let mut command = txwatch([] as [&str; 0]).proof(&server.url()).shell(limits);
    command.command().args(arguments).args(targets);
    command
}

fn is_upgrade(request: &Request) -> bool {
    request.header("Upgrade").is_some()
}

fn upgrades(server: &Server) -> usize {
    server.requests().iter().filter(|request| is_upgrade(request)).count()
}

fn count_of(output: &CommandOutput, status: &str) -> usize {
    let line = |id: &String| output.stdout.lines().any(|l| l == format!("proof:{id}\t{status}"));
    ids().filter(line).count()
}

#[test]
fn the_limit_of_open_files_is_raised() {
    let completed = Gate::new();
    let server = server(&completed, &open());
    let running = limited("ulimit -Sn 120", &["watch"], &server).start_piped();
    server.wait_for_count(MANY, is_upgrade);
    completed.open();
    let output = running.wait();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!((count_of(&output, "completed"), upgrades(&server)), (MANY, MANY));
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
}

#[test]
fn targets_beyond_a_hard_limit_are_polled() {
    let server = server(&open(), &open());
    let arguments = ["watch", "--interval", "200ms"];
    let output = limited("ulimit -n 150", &arguments, &server).run();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(count_of(&output, "completed"), MANY);
    let warning =
        "the limit of open files allows 75 of 200 connections; 125 targets are polled instead";
    assert_eq!(output.stderr.matches(warning).count(), 1, "{}", output.stderr);
}

/// With an interval of an hour only push tells of the ending.
#[test]
fn connections_that_are_closed_make_room_for_those_that_wait() {
    let server = server(&open(), &open());
    let watch = ["watch", "-o", "plain", "--timeout", "60s", "--interval", "1h"];
    let output = limited("ulimit -n 150", &watch, &server).run();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!((count_of(&output, "completed"), upgrades(&server)), (MANY, MANY));
    let warning = "125 targets are polled instead, until others are closed";
    assert_eq!(output.stderr.matches(warning).count(), 1, "{}", output.stderr);
}

#[test]
fn few_files_are_enough_for_one_target() {
    for transport in ["auto", "push"] {
        let arguments = ["watch", "sandbox:cancelled", "--transport", transport];
        let output = txwatch(arguments).shell("ulimit -n 48").run();
        assert_eq!(output.code, 11, "{}", output.stderr);
        assert!(!output.stderr.contains("open files"), "{}", output.stderr);
    }
}

#[test]
fn transport_push_needs_a_sufficient_limit() {
    let server = server(&open(), &open());
    let output = limited("ulimit -n 150", &["watch", "--transport", "push"], &server).run();
    output.fails(78, "the limit of open files allows 75 of 200 connections");
    assert!(output.stderr.contains("hint: raise it with  ulimit -n"), "{}", output.stderr);
    assert!(server.requests().is_empty());
}

#[test]
fn connections_are_opened_a_few_at_a_time() {
    let (completed, upgraded) = (Gate::new(), Gate::new());
    let server = server(&completed, &upgraded);
    let running = limited("true", &["watch"], &server).start_piped();
    // The first lookups do not wait for connections; by the last of them all upgrades could have begun.
    server.wait_for_count(MANY + CONCURRENT_HANDSHAKES, |_| true);
    let before = upgrades(&server);
    upgraded.open();
    completed.open();
    let output = running.wait();
    assert_eq!((output.code, before), (0, CONCURRENT_HANDSHAKES), "{}", output.stderr);
    assert_eq!((count_of(&output, "completed"), upgrades(&server)), (MANY, MANY));
}

#[test]
fn the_view_of_many_targets_is_a_summary() {
    let completed = Gate::new();
    let server = server(&completed, &open());
    let script = ["txwatch", "watch"].into_iter().map(str::to_owned);
    let words: Vec<_> = script.chain(ids().map(|id| format!("proof:{id}"))).collect();
    let mut terminal = session("sh", ["-c", &format!("exec {} > out", words.join(" "))])
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN", TOKEN)
        .size(24, 100)
        .start();
    // A read may end in the middle of a redraw.
    terminal.wait_for("a whole view of all of them", |screen| {
        screen.len() == 22 && screen[1].starts_with("open: 200 processing")
    });
    let screen = terminal.screen();
    assert!(screen[0].starts_with("200 targets   200 open · 182 not shown   "), "{screen:#?}");
    assert!(screen[0].contains("timeout in 29m 5"), "{screen:#?}");
    assert_eq!((&*screen[2], &*screen[15]), ("slowest", "latest changes"), "{screen:#?}");
    for line in screen[3..15].iter().chain(&screen[16..22]) {
        assert!(line.contains(" processing  proof:many-"), "{screen:#?}");
        assert!(line.ends_with("live (websocket)"), "{screen:#?}");
    }
    completed.open();
    let exit = terminal.wait();
    assert_eq!((exit.code, exit.screen.len()), (0, 1), "{exit:#?}");
    let counts = format!(": {MANY} completed");
    assert!(exit.screen[0].ends_with(&counts), "{exit:#?}");
    // The changes of so many targets are not printed above the view.
    let change = |line: &&String| line.starts_with("  ") && line.contains("completed");
    assert_eq!(terminal.history.iter().flatten().filter(change).count(), 0);
}

#[test]
fn only_the_first_open_targets_are_named_at_the_end() {
    let server = server(&Gate::new(), &open());
    let arguments = ["watch", "--timeout", "3s", "--until", "failed", "-i", "1m"];
    let (output, records) = limited("true", &arguments, &server).run_json();
    assert_eq!(output.code, 124, "{}", output.stderr);
    assert_eq!(of_type(&records, "result").count(), MANY);
    let named = output.stderr.lines().filter(|line| line.starts_with("  proof:many-")).count();
    assert_eq!(named, 100, "{}", output.stderr);
    assert!(output.stderr.contains("\n  and 100 more\n"), "{}", output.stderr);
    let hint = "hint: resume with their names on standard input (the lines of -o plain or json do):  txwatch watch - --until failed";
    assert!(output.stderr.contains(hint), "{}", output.stderr);
}
