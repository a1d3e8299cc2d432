//! The human form of output on a terminal: the live view, the changes above it, and the results.

use crate::support::terminal::{Exit, Session, Terminal, session, txwatch};
use crate::support::txwatch as piped;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

fn is_live(line: &str) -> bool {
    line.starts_with(SPINNER)
}

/// Runs a command until it exits, and checks what holds for every screen after that.
fn run(session: Session) -> (Terminal, Exit) {
    let mut terminal = session.start();
    let exit = terminal.wait();
    check_exit(&terminal, &exit);
    (terminal, exit)
}

/// Checks that no live line is left, that the cursor is at the start of a line, and that it was never hidden.
fn check_exit(terminal: &Terminal, exit: &Exit) {
    assert!(!exit.screen.iter().any(|line| is_live(line)), "{exit:#?}");
    assert!(exit.at_line_start, "{exit:#?}");
    let hidden = terminal.bytes.windows(6).filter(|window| window == b"\x1b[?25l").count();
    assert_eq!(hidden, 0, "the cursor was hidden {hidden} times");
}

/// The line without the time of day at its start.
fn without_time(line: &str) -> &str {
    let time = line.get(2..10).unwrap_or_default();
    assert!(time.bytes().filter(|byte| *byte == b':').count() == 2, "no time in {line}");
    &line[12..]
}

#[test]
fn one_target_has_its_changes_a_live_line_and_a_result() {
    let (terminal, exit) = run(txwatch(["watch", "sandbox:happy"]));
    assert_eq!(exit.code, 0, "{exit:#?}");
    let [sandbox, title, changes @ .., result] = exit.screen.as_slice() else {
        panic!("{exit:#?}");
    };
    assert!(sandbox.contains("rehearsal"), "{exit:#?}");
    assert_eq!(title, "sandbox:happy  buy 100.00 EUR → USDT (TRC20)");
    let changes: Vec<_> = changes.iter().map(|line| without_time(line)).collect();
    assert_eq!(changes.len(), 3, "{exit:#?}");
    assert_eq!(changes[0], "pending      the payment is not captured yet");
    assert!(
        changes[1].starts_with("processing   +")
            && changes[1].ends_with("s  paid, being delivered")
    );
    assert!(changes[2].starts_with("completed    +") && changes[2].ends_with("s  delivered"));
    assert!(
        result.starts_with("✔ completed  sandbox:happy  100.00 EUR → 99.50 USDT  in "),
        "{result}"
    );

    // Every screen has at most one live line, which is its last line.
    for screen in &terminal.history {
        let live: Vec<_> = screen.iter().filter(|line| is_live(line)).collect();
        assert!(live.len() <= 1, "{screen:#?}");
        assert!(live.is_empty() || is_live(screen.last().unwrap()), "{screen:#?}");
    }
    let live: Vec<_> = terminal.history.iter().flatten().filter(|line| is_live(line)).collect();
    let was_live = |status: &str| {
        live.iter().any(|line| {
            line.chars().skip(2).collect::<String>().starts_with(&format!("{status}  "))
                && line.contains("s   live (websocket) · last heard ")
                && line.contains("s ago · timeout in 29m 5")
        })
    };
    assert!(was_live("pending") && was_live("processing"), "{live:#?}");
}

#[test]
fn the_result_of_an_expired_transaction_is_shown() {
    let (_, exit) = run(txwatch(["watch", "sandbox:expired"]));
    assert_eq!(exit.code, 12, "{exit:#?}");
    assert!(exit.screen.last().unwrap().starts_with("✘ expired    sandbox:expired"), "{exit:#?}");
}

#[test]
fn a_lost_connection_is_shown_in_the_live_line_only() {
    let (terminal, exit) = run(txwatch(["watch", "sandbox:drop"]).size(24, 100).in_real_time());
    assert_eq!(exit.code, 0, "{exit:#?}");
    let live = terminal.history.iter().flatten().filter(|line| is_live(line));
    assert!(live.clone().any(|line| line.contains("reconnecting")
        && line.contains("polling every 1s meanwhile · timeout in ")));
    assert!(!exit.screen.iter().any(|line| line.contains("reconnecting")), "{exit:#?}");
}

#[test]
fn ctrl_c_ends_it_with_a_hint_how_to_resume() {
    let mut terminal = txwatch(["watch", "sandbox:slow"]).start();
    terminal.wait_for("the live line", |screen| {
        screen.last().is_some_and(|line| is_live(line) && line.contains("pending  "))
    });
    terminal.type_in("\x03");
    let exit = terminal.wait();
    assert_eq!(exit.code, 130, "{exit:#?}");
    // The echoed ^C is erased together with the live line.
    check_exit(&terminal, &exit);
    let text = exit.screen.join("\n");
    assert!(text.contains("… pending    sandbox:slow"), "{text}");
    assert!(text.contains("error: interrupted: 1 of 1 target is not final"), "{text}");
    assert!(text.contains("do not submit it again"), "{text}");
    assert!(text.ends_with("resume with  txwatch watch sandbox:slow --timeout 30m"), "{text}");
}

#[test]
fn ctrl_c_erases_the_view_of_several_targets() {
    let mut terminal = txwatch(["watch", "sandbox:slow@a", "sandbox:slow@b"]).start();
    terminal.wait_for("two live lines", |screen| {
        screen.iter().filter(|line| is_live(line) && line.contains("live (")).count() == 2
    });
    terminal.type_in("\x03");
    let exit = terminal.wait();
    assert_eq!(exit.code, 130, "{exit:#?}");
    check_exit(&terminal, &exit);
    assert!(!exit.screen.iter().any(|line| line.starts_with("2 targets")), "{exit:#?}");
}

#[test]
fn a_timeout_says_that_it_is_not_final() {
    let (_, exit) = run(txwatch(["watch", "sandbox:slow", "-t", "2s"]));
    assert_eq!(exit.code, 124, "{exit:#?}");
    let text = exit.screen.join("\n");
    assert!(text.contains("NOT final, timed out after 2s"), "{text}");
    assert!(text.contains("resume with  txwatch watch sandbox:slow --timeout 2s"), "{text}");
}

#[test]
fn an_error_is_shown_once() {
    let (_, exit) = run(txwatch(["watch", "sandbox:denied"]).size(24, 200));
    assert_eq!(exit.code, 77, "{exit:#?}");
    let text = exit.screen.join("\n");
    assert!(text.contains("✘ not seen   sandbox:denied  denied, exit code 77\n"), "{text}");
    // Including the parenthesis, as a port may have the same digits.
    assert_eq!(text.matches(": 401 (").count(), 1, "{text}");
}

#[test]
fn several_targets_have_aligned_rows_under_a_header() {
    let targets = ["watch", "sandbox:happy", "sandbox:cancelled@a-clock-of-its-own"];
    let (terminal, exit) = run(txwatch(targets).size(24, 100).in_real_time());
    assert_eq!(exit.code, 11, "{exit:#?}");
    let view = terminal.history.iter().find(|screen| {
        screen.iter().any(|line| line.starts_with("2 targets   1 ended badly · 1 open "))
            && is_live(&screen[screen.len() - 2])
    });
    let view = view.unwrap_or_else(|| panic!("no such view: {:#?}", terminal.history));
    let [.., header, open, settled] = view.as_slice() else { panic!("{view:#?}") };
    assert!(header.contains("    timeout in 29m 5"), "{header}");
    assert!(open.contains("processing  sandbox:happy          "), "{open}");
    assert!(open.ends_with("s        live (websocket)"), "{open}");
    assert!(settled.starts_with("✘ cancelled   sandbox:cancelle…-own  2s"), "{settled}");
    let column = |line: &str| line.chars().position(|c| c == ':');
    assert_eq!(column(open), column(settled));
    // The results are not shortened.
    assert!(exit.screen.iter().any(|line| line.starts_with("✔ completed  sandbox:happy")));
    assert!(
        exit.screen
            .iter()
            .any(|line| line.starts_with("✘ cancelled  sandbox:cancelled@a-clock-of-its-own"))
    );
    let changes: Vec<_> = exit.screen.iter().filter(|line| line.starts_with("  ")).collect();
    assert!(
        changes.iter().all(|line| without_time(line).chars().nth(21) == Some(' ')),
        "{changes:#?}"
    );
}

#[test]
fn a_small_window_shows_open_targets_first() {
    let targets = (0..8).map(|clock| format!("sandbox:cancelled@{clock}"));
    let targets: Vec<_> = ["watch".to_owned(), "sandbox:happy".to_owned()]
        .into_iter()
        .chain(targets)
        .chain(["sandbox:failed".to_owned()])
        .collect();
    // Slow enough for a screen between one ending and the next.
    let (terminal, exit) = run(txwatch(targets).size(6, 80).at_speed("3"));
    assert_eq!(exit.code, 11, "{exit:#?}");
    let is_header = |line: &String| line.starts_with("10 targets   ");
    let mut open_first = false;
    for screen in &terminal.history {
        assert!(screen.iter().filter(|line| is_header(line)).count() <= 1, "{screen:#?}");
        let Some(header) = screen.iter().position(is_header) else { continue };
        assert!(screen.len() - header <= 4, "{screen:#?}");
        open_first |= screen[header].contains("8 ended badly · 2 open · 7 not shown")
            && screen[header + 1..].iter().filter(|line| is_live(line)).count() == 2;
    }
    assert!(open_first, "{:#?}", terminal.history);
}

#[test]
fn a_narrow_window_wraps_no_live_line() {
    std::thread::scope(|scope| {
        for targets in [&["sandbox:happy"][..], &["sandbox:happy", "sandbox:drop"]] {
            scope.spawn(move || no_live_line_is_wrapped(targets));
        }
    });
}

fn no_live_line_is_wrapped(targets: &[&str]) {
    // In real time, so that there are several screens.
    let session = txwatch(["watch"].iter().chain(targets)).in_real_time();
    let (terminal, exit) = run(session.size(24, 40));
    assert_eq!(exit.code, 0, "{exit:#?}");
    for screen in &terminal.history {
        let Some(first) = screen.iter().position(|line| is_live(line)) else { continue };
        let below = &screen[first..];
        // Below the first live line, each row takes one line.
        assert!(below.len() <= targets.len(), "{screen:#?}");
        assert!(below.iter().all(|line| is_live(line) || line.starts_with('✔')), "{screen:#?}");
        assert!(below.iter().all(|line| line.chars().count() <= 37), "{screen:#?}");
    }
    let live_lines = terminal.history.iter().flatten().filter(|line| is_live(line)).count();
    assert!(live_lines > 10, "{live_lines}");
}

/// A shell in a terminal, to run txwatch with a redirected stream.
fn shell(script: &str) -> Session {
    session("sh", ["-c", script])
}

#[test]
fn a_redirected_stdout_keeps_the_live_line_and_gets_the_plain_form() {
    let session =
        shell("s=$(txwatch watch sandbox:failed); code=$?; echo \"$s\" | od -c; exit $code");
    let (terminal, exit) = run(session);
    assert_eq!(exit.code, 10, "{exit:#?}");
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)));
    let dump: String = exit
        .screen
        .iter()
        .filter(|line| line.starts_with("00"))
        .flat_map(|line| line.split_whitespace().skip(1))
        .collect();
    assert_eq!(dump, "sandbox:failed\\tfailed\\n");
}

#[test]
fn a_redirected_stderr_gets_the_plain_form_and_stdout_keeps_its_own() {
    let script = "txwatch watch sandbox:cancelled 2>log; code=$?; cat log; exit $code";
    let (terminal, exit) = run(shell(script).size(24, 200));
    assert_eq!(exit.code, 11, "{exit:#?}");
    assert!(!terminal.history.iter().flatten().any(|line| is_live(line)));
    assert!(exit.screen[0].starts_with("✘ cancelled  sandbox:cancelled"), "{exit:#?}");
    assert!(exit.screen[1..].iter().all(|line| line.starts_with("20") && line.contains("Z ")));
}

#[test]
fn a_pipe_gets_no_escape_sequence() {
    for arguments in [&["watch", "sandbox:failed"][..], &["get", "sandbox:happy"], &["--help"]] {
        let output = piped::txwatch(arguments).env("TERM", "xterm-256color").run();
        let text = output.stdout + &output.stderr;
        assert!(!text.is_empty() && !text.contains('\x1b'), "{text:?}");
    }
}

/// Whether the bytes contain a colour or style sequence.
fn is_coloured(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or_default();
        rest[end..].starts_with('m')
    })
}

#[test]
fn colour_is_on_for_a_terminal_unless_disabled() {
    let watch = ["watch", "sandbox:cancelled"];
    let coloured = |session: Session| is_coloured(&run(session).0.bytes);
    assert!(coloured(txwatch(watch)));
    assert!(!coloured(txwatch(watch).env("NO_COLOR", "1")));
    assert!(!coloured(txwatch(watch).env("TXWATCH_COLOR", "never")));
    assert!(!coloured(txwatch(["watch", "sandbox:cancelled", "--color", "never"])));
    assert!(coloured(
        txwatch(["watch", "sandbox:cancelled", "--color=always"]).env("NO_COLOR", "1")
    ));
}

#[test]
fn without_colour_the_live_line_is_the_same() {
    let (terminal, exit) = run(txwatch(["watch", "sandbox:cancelled"]).env("NO_COLOR", "1"));
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)), "{exit:#?}");
    assert!(exit.screen.last().unwrap().starts_with("✘ cancelled  "), "{exit:#?}");
}

#[test]
fn colour_can_be_forced_into_a_pipe() {
    let output = piped::txwatch(["watch", "sandbox:cancelled", "--color", "always", "-o", "human"])
        .run_coloured();
    assert!(is_coloured(output.stdout.as_bytes()) && is_coloured(output.stderr.as_bytes()));
    let output = piped::txwatch(["watch", "sandbox:cancelled", "-o", "human"]).run();
    assert!(output.stdout.starts_with("✘ cancelled") && !is_coloured(output.stdout.as_bytes()));
}

#[test]
fn a_dumb_terminal_gets_no_live_line() {
    let (terminal, exit) = run(txwatch(["watch", "sandbox:cancelled"]).env("TERM", "dumb"));
    assert!(!terminal.bytes.contains(&0x1b), "{exit:#?}");
    assert!(!terminal.history.iter().flatten().any(|line| is_live(line)));
    assert!(exit.screen.last().unwrap().starts_with("✘ cancelled  "), "{exit:#?}");
}

#[test]
fn quiet_prints_only_the_result() {
    let (_, exit) = run(txwatch(["watch", "sandbox:cancelled", "-q"]));
    assert_eq!(exit.screen.len(), 1, "{exit:#?}");
    assert!(exit.screen[0].starts_with("✘ cancelled  sandbox:cancelled"), "{exit:#?}");
}

#[test]
fn verbose_shows_connections_also_in_colour() {
    let (_, exit) = run(txwatch(["watch", "sandbox:drop", "-v"]).size(24, 200));
    assert_eq!(exit.code, 0, "{exit:#?}");
    let text = exit.screen.join("\n");
    assert!(text.contains("websocket live") && text.contains("websocket lost"), "{text}");
    let output =
        piped::txwatch(["get", "sandbox:happy", "-vv", "--color", "always"]).run_coloured();
    assert_eq!(output.code, 0, "{output:#?}");
}

#[test]
fn get_is_an_aligned_record() {
    let (_, exit) = run(txwatch(["get", "sandbox:happy"]));
    assert_eq!(exit.code, 0, "{exit:#?}");
    let [_, record @ ..] = exit.screen.as_slice() else { panic!("{exit:#?}") };
    let expected = [
        "target      sandbox:happy",
        "status      pending",
        "detail      the payment is not captured yet",
        "kind        buy",
        "fiat        100.00 EUR",
        "crypto      USDT  on TRC20",
    ];
    assert_eq!(record[..6], expected);
    assert!(record[6].starts_with("created     20") && record[7].starts_with("updated     20"));
}
