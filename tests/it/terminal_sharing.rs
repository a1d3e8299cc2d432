//! The live view on a terminal that something else writes to as well: a log, or the reader of a pipe.

use crate::support::terminal::{Session, Terminal, session, txwatch};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

fn is_live(line: &str) -> bool {
    line.starts_with(SPINNER)
}

/// Two targets that end a second after each other, and one that ends later.
const TARGETS: &str = "sandbox:cancelled sandbox:failed sandbox:happy";
const RESULTS: [&str; 3] =
    ["sandbox:cancelled\tcancelled", "sandbox:failed\tfailed", "sandbox:happy\tcompleted"];

/// A shell in a terminal that runs txwatch with a reader of its records.
fn piped_to(reader: &str) -> Session {
    session("sh", ["-c", &format!("txwatch watch {TARGETS} | {reader}")]).in_real_time()
}

/// Checks that the view was there, and that the lines of the reader are on the screen as it has written them.
fn check_shared(terminal: &Terminal, expected: &[String]) {
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)));
    let screen = terminal.screen();
    assert!(!screen.iter().any(|line| is_live(line) || line.contains("3 targets")), "{screen:#?}");
    for line in expected {
        // A terminal shows a tab as so many spaces.
        let words: Vec<_> = line.split_whitespace().collect();
        let is_shown = |shown: &String| shown.split_whitespace().eq(words.iter().copied());
        assert!(screen.iter().any(is_shown), "no '{line}' in {screen:#?}");
    }
}

#[test]
fn the_view_makes_room_for_what_a_pipe_s_reader_prints() {
    std::thread::scope(|scope| {
        for (reader, prefix) in
            [("cat", ""), ("tee /dev/null", ""), ("sed -u 's/^/a line: /'", "a line: ")]
        {
            scope.spawn(move || {
                let mut terminal = piped_to(reader).start();
                terminal.wait();
                check_shared(&terminal, &RESULTS.map(|result| format!("{prefix}{result}")));
            });
        }
    });
}

#[test]
fn a_reader_that_prints_late_has_a_line_to_print_on() {
    let reader = "while read -r target status; do sleep 0.7; echo \"$target is $status\"; done";
    let mut terminal = piped_to(reader).start();
    terminal.wait();
    let expected = RESULTS.map(|result| result.replace('\t', " is "));
    check_shared(&terminal, &expected);
    // It printed while the view was there.
    let is_below = |screen: &Vec<String>| {
        let late = screen.iter().position(|line| *line == expected[0]);
        late.is_some_and(|late| screen[late..].iter().any(|line| is_live(line)))
    };
    assert!(terminal.history.iter().any(is_below), "{:#?}", terminal.history.last());
}

#[test]
fn a_single_target_s_record_in_a_pipe_is_not_overdrawn() {
    let script = "txwatch watch sandbox:failed | cat";
    let mut terminal = session("sh", ["-c", script]).start();
    terminal.wait();
    check_shared(&terminal, &[RESULTS[1].to_owned()]);
}

/// A shell in a terminal, as a user has it.
#[test]
fn a_stopped_command_leaves_the_terminal_to_the_shell() {
    let is_prompt = |screen: &[String]| screen.last().is_some_and(|line| line == "prompt>");
    let shows_view = |screen: &[String]| screen.iter().filter(|line| is_live(line)).count() == 2;
    let shell = session("bash", ["--norc", "--noprofile", "-i"]).in_real_time();
    let mut terminal = shell.env("PS1", "prompt>").start();
    terminal.wait_for("the prompt", is_prompt);
    terminal.type_in("txwatch watch sandbox:slow@a sandbox:slow@b\r");
    terminal.wait_for("the view", shows_view);
    terminal.type_in("\x1a");
    terminal.wait_for("that it is stopped", |screen| {
        screen.iter().any(|line| line.contains("Stopped")) && is_prompt(screen)
    });
    let screen = terminal.screen();
    assert!(!screen.iter().any(|line| is_live(line) || line.contains("2 targets")), "{screen:#?}");

    terminal.type_in("bg\r");
    terminal.wait_for("the prompt", |screen| {
        screen.iter().any(|line| line.contains("&")) && is_prompt(screen)
    });
    // Many frames later.
    terminal.type_in("sleep 1\r");
    terminal.wait_for("the prompt", |screen| {
        screen.iter().any(|line| line == "prompt>sleep 1") && is_prompt(screen)
    });
    let screen = terminal.screen();
    assert!(!screen.iter().any(|line| is_live(line)), "{screen:#?}");

    terminal.type_in("fg\r");
    terminal.wait_for("the view again", shows_view);
    terminal.type_in("\x03");
    terminal.wait_for("the end", |screen| {
        screen.iter().any(|line| line.starts_with("hint: resume with")) && is_prompt(screen)
    });
    terminal.type_in("exit\r");
    terminal.wait();
    let screen = terminal.screen();
    assert!(!screen.iter().any(|line| is_live(line)), "{screen:#?}");
}

/// Checks that the view was there, always below everything else, and that each log line is alone on its line.
fn check_log(terminal: &Terminal, log: &[&str]) {
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)));
    for screen in &terminal.history {
        let first = screen.iter().position(|line| is_live(line)).unwrap_or(screen.len());
        let below = &screen[first..];
        assert!(below.iter().all(|line| is_live(line) || line.starts_with('✔')), "{screen:#?}");
    }
    let screen = terminal.screen();
    assert!(!screen.iter().any(|line| is_live(line)), "{screen:#?}");
    for start in log {
        assert!(screen.iter().any(|line| line.starts_with(start)), "no '{start}' in {screen:#?}");
    }
}

#[test]
fn verbose_keeps_the_live_view_and_prints_above_it() {
    std::thread::scope(|scope| {
        for targets in [&["sandbox:drop"][..], &["sandbox:drop", "sandbox:happy"]] {
            scope.spawn(move || {
                let command = ["watch", "-v"].iter().chain(targets);
                let mut terminal = txwatch(command).size(60, 120).start();
                assert_eq!(terminal.wait().code, 0);
                check_log(&terminal, &[]);
                let text = terminal.screen().join("\n");
                assert!(
                    text.contains("websocket live") && text.contains("websocket lost"),
                    "{text}"
                );

                let command = ["watch", "-vv"].iter().chain(targets);
                let mut terminal = txwatch(command).size(60, 120).start();
                assert_eq!(terminal.wait().code, 0);
                check_log(
                    &terminal,
                    &["DEBUG > open ws://", "DEBUG < 200 (", "DEBUG < {\"event\""],
                );
            });
        }
    });
}
