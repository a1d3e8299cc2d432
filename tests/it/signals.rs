//! Signals: which end a command, which stay ignored, and which ask how the targets stand. The kernel tells when the
//! handlers are there, in the way of Linux.

use std::process::Command;

use crate::support::proof::{ID, always_answering, command, record, rest_path};
use crate::support::running::Running;
use crate::support::script::{Gate, Reply};
use crate::support::server::Script;
use crate::support::terminal;
use crate::support::txwatch::{CommandOutput, Txwatch, txwatch};

/// A watch of transactions that stay pending, in real time, and to its end in any case.
fn slow(arguments: &[&str]) -> Txwatch {
    let all = ["watch", "sandbox:slow@1", "sandbox:slow@2"].iter().chain(arguments);
    txwatch(all).in_real_time()
}

/// The lines about a target's standing.
fn standings(output: &CommandOutput) -> Vec<&str> {
    output.stderr.lines().filter(|line| line.contains(" since ")).collect()
}

#[test]
fn a_signal_that_is_ignored_from_the_start_stays_so() {
    for (ignored, ends, code) in [("HUP", "TERM", 143), ("INT", "HUP", 129), ("TERM", "INT", 130)] {
        let mut running = slow(&["-o", "json"]).shell(&format!("trap '' {ignored}")).start_piped();
        running.wait_for_stdout("\"status\"");
        running.signal(ignored);
        running.signal(ignored);
        // It is handled after the others.
        running.signal("USR1");
        running.wait_for_stderr("sandbox:slow@2 is pending");
        running.signal(ends);
        let (output, _) = running.wait_json();
        assert_eq!(output.code, code, "{ignored}: {output:#?}");
    }
    let mut asked = slow(&[]).shell("trap '' USR1").start_piped();
    asked.wait_for_stderr("slow@2 pending");
    asked.signal("USR1");
    asked.signal("HUP");
    let output = asked.wait();
    assert_eq!((output.code, standings(&output).len()), (129, 0), "{output:#?}");
}

#[test]
fn nohup_outlives_a_hangup() {
    let mut running = slow(&["-o", "json"]).wrapped_by(["nohup"]).start_piped();
    running.wait_for_stdout("\"status\"");
    running.signal("HUP");
    running.signal("USR1");
    running.wait_for_stderr("sandbox:slow@2 is pending");
    running.signal("TERM");
    assert_eq!(running.wait_json().0.code, 143);
}

/// A shell without job control ignores SIGINT for what it runs in the background, so Ctrl-C ends the script alone.
#[test]
fn ctrl_c_does_not_reach_what_a_script_runs_in_the_background() {
    let script = "\"$0\" \"$@\" & echo \"pid $!\"; wait $!; echo \"code $?\"";
    let mut running = slow(&["-q"]).wrapped_by(["sh", "-c", script]).start_piped();
    let line = running.wait_for_stdout("pid ");
    let process = line.trim_end().strip_prefix("pid ").unwrap();
    let send = |signal: &str| {
        let kill = Command::new("kill").args([signal, process]).status().unwrap();
        assert!(kill.success());
    };
    // Its handlers are there once it answers; until then SIGUSR1 would end it.
    wait_for_handler(process, 10);
    send("-INT");
    send("-USR1");
    running.wait_for_stderr("2 targets: ");
    send("-TERM");
    running.wait_for_stdout("code 143");
}

/// Waits until a process catches a signal, as the kernel tells.
pub fn wait_for_handler(process: &str, signal: u32) {
    let path = format!("/proc/{process}/status");
    let is_caught = || {
        let status = std::fs::read_to_string(&path).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1
    };
    while !is_caught() {
        std::thread::yield_now();
    }
}

/// A session is ended by SIGTERM and SIGHUP together, and a terminal that goes away sends SIGHUP twice: neither is
/// somebody who is impatient.
#[test]
fn a_hangup_beside_another_signal_does_not_cut_the_records_off() {
    for (signals, code) in [(["TERM", "HUP"], 143), (["INT", "HUP"], 130), (["HUP", "HUP"], 129)] {
        let mut running = slow(&["-o", "json"]).start_piped();
        running.wait_for_stdout("slow@2");
        running.signal("STOP");
        running.wait_for_state('T');
        signals.iter().for_each(|signal| running.signal(signal));
        running.signal("CONT");
        let (output, records) = running.wait_json();
        assert_eq!(output.code, code, "{output:#?}");
        assert_eq!(records.last().unwrap()["outcomes"]["interrupted"], 2);
    }
}

#[test]
fn every_form_tells_how_the_targets_stand_and_goes_on() {
    for (arguments, needle) in [
        (&["-o", "plain"][..], "Z sandbox:slow@2 is pending since 20"),
        (&["-o", "human"], "· sandbox:slow@2  pending  since "),
        (&["-o", "json"], "Z sandbox:slow@2 is pending since 20"),
        (&["-q"], "Z sandbox:slow@2 is pending since 20"),
        (&["-o", "json", "-q"], "Z sandbox:slow@2 is pending since 20"),
    ] {
        let mut running = slow(arguments).start_piped();
        wait_for_standing(&mut running, needle);
        running.signal("USR1");
        running.wait_for_stderr(needle);
        running.signal("TERM");
        let output = running.wait();
        assert_eq!(output.code, 143, "{output:#?}");
        assert!(output.stderr.contains("2 targets: 2 open (2 pending)"), "{output:#?}");
        for line in standings(&output) {
            assert!(line.contains("live (websocket)") && line.contains("last heard"), "{line}");
        }
        let expected = if arguments.contains(&"json") { "{\"v\":1," } else { "sandbox:slow@" };
        assert!(output.stdout.lines().all(|line| line.contains(expected)), "{output:#?}");
    }
}

/// Asks until the targets have been seen. Handlers are installed before anything is printed on stderr but a warning.
fn wait_for_standing(running: &mut Running, needle: &str) {
    wait_for_handler(&running.id().to_string(), 10);
    loop {
        running.signal("USR1");
        running.wait_for_stderr("2 targets: ");
        if running.wait_for_stderr("slow@2").contains(needle) {
            return;
        }
    }
}

#[test]
fn polls_and_lookups_tell_how_they_stand() {
    let server = always_answering(Reply::json(&record(ID, "processing", 0)));
    let mut poll = command("poll", &server, &["-i", "1h"]).start_piped();
    poll.wait_for_stderr("processing");
    poll.signal("USR1");
    let line = poll.wait_for_stderr(" since ");
    assert!(line.contains(&format!("proof:{ID} is processing since ")), "{line}");
    assert!(line.contains("polling every 1h, timeout in 29m"), "{line}");
    drop(poll);
    // A server that never answers.
    let silent = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).awaits(&Gate::new())])
        .start();
    let mut get = command("get", &silent, &[]).start_piped();
    silent.wait_for(&rest_path(ID));
    get.signal("USR1");
    let line = get.wait_for_stderr(ID);
    assert!(
        line.contains("is not seen for ") && line.contains("looked up once, timeout in "),
        "{line}"
    );
}

#[test]
fn of_many_targets_those_are_listed_that_have_not_moved_for_longest() {
    let targets: Vec<_> = (1..=130).map(|clock| format!("sandbox:transak/slow@{clock}")).collect();
    let arguments = ["watch"].into_iter().chain(targets.iter().map(String::as_str));
    let mut running = txwatch(arguments).in_real_time().start_piped();
    running.wait_for_stderr("slow@130 pending");
    running.signal("USR1");
    running.wait_for_stderr("- 130 targets: 130 open (130 pending), timeout in ");
    running.wait_for_stderr("- and 30 more are open");
    running.signal("INT");
    let output = running.wait();
    assert_eq!((output.code, standings(&output).len()), (130, 100), "{output:#?}");
}

#[test]
fn the_live_view_goes_on_below_the_standing() {
    let mut terminal =
        terminal::txwatch(["watch", "sandbox:slow@1", "sandbox:slow@2"]).in_real_time().start();
    let is_view = |line: &String| line.starts_with("2 targets   2 open");
    terminal.wait_for("the view", |screen| screen.iter().any(is_view));
    terminal.wait_for("both", |screen| {
        let is_seen = |line: &&String| line.contains("pending") && line.contains("slow@");
        screen.iter().filter(is_seen).count() >= 2
    });
    terminal.signal("USR1");
    terminal.wait_for("the standing", |screen| {
        screen.iter().filter(|line| line.contains(" · sandbox:slow@")).count() == 2
    });
    terminal.wait_for("the view below it", |screen| {
        let told = screen.iter().rposition(|line| line.contains(" · sandbox:slow@2"));
        let views: Vec<_> = (0..screen.len()).filter(|at| is_view(&screen[*at])).collect();
        views.len() == 1 && told.is_some_and(|told| told < views[0])
    });
    terminal.signal("HUP");
    assert_eq!(terminal.wait().code, 129);
}

#[test]
fn the_sandbox_ends_with_the_code_of_the_signal_and_outlives_the_question() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let mut sandbox = txwatch(["sandbox"]).start_piped();
        sandbox.wait_for_stdout("TXWATCH_CASPER_PUSH_URL");
        wait_for_handler(&sandbox.id().to_string(), 10);
        sandbox.signal("USR1");
        sandbox.signal(signal);
        assert_eq!(sandbox.wait().code, code);
    }
}
