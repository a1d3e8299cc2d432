//! Many targets in one process.

use crate::support::proof::{record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server, push};
use crate::support::terminal::session;
use crate::support::txwatch::{Ended, TOKEN, Txwatch, txwatch};

const MANY: usize = 200;
/// How many handshakes txwatch has going on at once.
const AT_ONCE: usize = 64;

fn ids() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("many-{number:03}"))
}

/// A server that pushes every end once the gate opens, and tells it to requests from the second on.
fn server(end: &Gate, upgraded: &Gate) -> Server {
    let route = |script: Script, id: String| {
        let completed = Step::json(&update(&id, "completed", 9));
        let upgrade = Reply::upgrade([Step::Await(end.clone()), completed]).awaits(upgraded);
        let looks = ["processing", "completed"].map(|status| Reply::json(&record(&id, status, 1)));
        script.rest(&id, looks).push(&id, [upgrade])
    };
    ids().fold(Script::new(), route).start()
}

fn open() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

/// The command, run by a shell that sets limits first.
fn limited(limits: &str, arguments: &[&str], server: &Server) -> Txwatch {
    let targets: Vec<_> = ids().map(|id| format!("proof:{id}")).collect();
    let mut command = txwatch([] as [&str; 0]).proof(&server.url()).shell(limits);
    command.command().args(arguments).args(targets);
    command
}

fn sockets(server: &Server) -> usize {
    let pushes: Vec<_> = ids().map(|id| push(&id)).collect();
    server.targets().iter().filter(|seen| pushes.contains(seen)).count()
}

/// The test runner ends what waits in vain.
fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}

fn told(ended: &Ended, status: &str) -> usize {
    let line = |id: &String| ended.stdout.lines().any(|l| l == format!("proof:{id}\t{status}"));
    ids().filter(line).count()
}

#[test]
fn the_limit_of_open_files_is_raised() {
    let end = Gate::new();
    let server = server(&end, &open());
    let command = limited("ulimit -Sn 120", &["watch"], &server);
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| command.run());
        wait_until(|| sockets(&server) == MANY);
        end.open();
        running.join().unwrap()
    });
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((told(&ended, "completed"), sockets(&server)), (MANY, MANY));
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn where_the_limit_stands_the_rest_is_polled() {
    let server = server(&open(), &open());
    let arguments = ["watch", "--interval", "200ms"];
    let ended = limited("ulimit -n 150", &arguments, &server).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((told(&ended, "completed"), sockets(&server)), (MANY, 75));
    let warning =
        "the limit of open files allows 75 of 200 connections; 125 targets are polled instead";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
}

#[test]
fn few_files_are_enough_for_one_target() {
    for transport in ["auto", "push"] {
        let arguments = ["watch", "sandbox:cancelled", "--transport", transport];
        let ended = txwatch(arguments).shell("ulimit -n 48").run();
        assert_eq!(ended.code, 11, "{}", ended.stderr);
        assert!(!ended.stderr.contains("open files"), "{}", ended.stderr);
    }
}

#[test]
fn what_push_alone_can_carry_needs_its_files() {
    let server = server(&open(), &open());
    let ended = limited("ulimit -n 150", &["watch", "--transport", "push"], &server).run();
    ended.fails(78, "the limit of open files allows 75 of 200 connections");
    assert!(ended.stderr.contains("hint: raise it with  ulimit -n"), "{}", ended.stderr);
    assert!(server.seen().is_empty());
}

#[test]
fn connections_are_opened_a_few_at_a_time() {
    let (end, upgraded) = (Gate::new(), Gate::new());
    let server = server(&end, &upgraded);
    let command = limited("true", &["watch"], &server);
    let (ended, before) = std::thread::scope(|scope| {
        let running = scope.spawn(|| command.run());
        // The first looks do not wait for connections; by the last of them all could have been there.
        wait_until(|| server.seen().len() >= MANY + AT_ONCE);
        let before = sockets(&server);
        upgraded.open();
        end.open();
        (running.join().unwrap(), before)
    });
    assert_eq!((ended.code, before), (0, AT_ONCE), "{}", ended.stderr);
    assert_eq!((told(&ended, "completed"), sockets(&server)), (MANY, MANY));
}

#[test]
fn the_view_of_many_is_folded() {
    let end = Gate::new();
    let server = server(&end, &open());
    let script = ["txwatch", "watch"].into_iter().map(str::to_owned);
    let words: Vec<_> = script.chain(ids().map(|id| format!("proof:{id}"))).collect();
    let mut terminal = session("sh", ["-c", &format!("exec {} > out", words.join(" "))])
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN", TOKEN)
        .size(24, 100)
        .start();
    // What is read may end in the middle of a frame.
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
    end.open();
    let left = terminal.end();
    assert_eq!((left.code, left.screen.len()), (0, 0), "{left:#?}");
    // The changes of so many would only scroll by.
    let trail = |line: &&String| line.starts_with("  ") && line.contains("completed");
    assert_eq!(terminal.history.iter().flatten().filter(trail).count(), 0);
}

#[test]
fn so_many_open_targets_are_not_all_named_at_the_end() {
    let server = server(&Gate::new(), &open());
    let arguments = ["watch", "--timeout", "3s", "--until", "failed", "-i", "1m"];
    let (ended, records) = limited("true", &arguments, &server).run_json();
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(of_type(&records, "result").count(), MANY);
    let named = ended.stderr.lines().filter(|line| line.starts_with("  proof:many-")).count();
    assert_eq!(named, 100, "{}", ended.stderr);
    assert!(ended.stderr.contains("\n  and 100 more\n"), "{}", ended.stderr);
    let hint = "hint: resume with their names, which stdout has, on standard input:  txwatch watch - --until failed";
    assert!(ended.stderr.contains(hint), "{}", ended.stderr);
}
