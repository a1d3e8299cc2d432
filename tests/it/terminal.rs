//! What a person sees, on a terminal.

use crate::support::terminal::{Left, Session, Terminal, session, txwatch};
use crate::support::txwatch as pipe;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

fn is_live(line: &str) -> bool {
    line.starts_with(SPINNER)
}

/// Runs a command to its end, and checks what holds for every ending.
fn run(session: Session) -> (Terminal, Left) {
    let mut terminal = session.start();
    let left = terminal.end();
    check_end(&terminal, &left);
    (terminal, left)
}

/// Nothing live is left, the next prompt has a line of its own, and the cursor never was hidden.
fn check_end(terminal: &Terminal, left: &Left) {
    assert!(!left.screen.iter().any(|line| is_live(line)), "{left:#?}");
    assert!(left.at_line_start, "{left:#?}");
    let hidden = terminal.bytes.windows(6).filter(|window| window == b"\x1b[?25l").count();
    assert_eq!(hidden, 0, "the cursor was hidden {hidden} times");
}

/// Without the time of day in front.
fn without_time(line: &str) -> &str {
    let time = line.get(2..10).unwrap_or_default();
    assert!(time.bytes().filter(|byte| *byte == b':').count() == 2, "no time in {line}");
    &line[12..]
}

#[test]
fn one_target_has_a_trail_a_live_line_and_an_end() {
    let (terminal, left) = run(txwatch(["watch", "sandbox:happy"]));
    assert_eq!(left.code, 0, "{left:#?}");
    let [sandbox, title, trail @ .., end] = left.screen.as_slice() else {
        panic!("{left:#?}");
    };
    assert!(sandbox.contains("rehearsal"), "{left:#?}");
    assert_eq!(title, "sandbox:happy  buy 100.00 EUR → USDT (TRC20)");
    let trail: Vec<_> = trail.iter().map(|line| without_time(line)).collect();
    assert_eq!(trail.len(), 3, "{left:#?}");
    assert_eq!(trail[0], "pending      waiting for the card processor");
    assert!(
        trail[1].starts_with("processing   +") && trail[1].ends_with("s  paid, being delivered")
    );
    assert!(trail[2].starts_with("completed    +") && trail[2].ends_with("s  delivered"));
    assert!(end.starts_with("✔ completed  sandbox:happy  100.00 EUR → 99.50 USDT  in "), "{end}");

    // On every screen there was at most one live line, and it was the last.
    for screen in &terminal.history {
        let live: Vec<_> = screen.iter().filter(|line| is_live(line)).collect();
        assert!(live.len() <= 1, "{screen:#?}");
        assert!(live.is_empty() || is_live(screen.last().unwrap()), "{screen:#?}");
    }
    let live: Vec<_> = terminal.history.iter().flatten().filter(|line| is_live(line)).collect();
    let followed = |status: &str| {
        live.iter().any(|line| {
            line.chars().skip(2).collect::<String>().starts_with(&format!("{status}  "))
                && line.contains("s   live (websocket) · last heard ")
                && line.contains("s ago · timeout in 29m 5")
        })
    };
    assert!(followed("pending") && followed("processing"), "{live:#?}");
}

#[test]
fn the_providers_word_is_shown_where_it_differs() {
    let (_, left) = run(txwatch(["watch", "sandbox:expired"]));
    assert_eq!(left.code, 12, "{left:#?}");
    assert!(left.screen.last().unwrap().starts_with("✘ expired    sandbox:expired"), "{left:#?}");
}

#[test]
fn a_lost_connection_is_told_on_the_live_line_not_in_the_trail() {
    let (terminal, left) = run(txwatch(["watch", "sandbox:drop"]).size(24, 100).in_real_time());
    assert_eq!(left.code, 0, "{left:#?}");
    let live = terminal.history.iter().flatten().filter(|line| is_live(line));
    assert!(live.clone().any(|line| line.contains("reconnecting")
        && line.contains("polling every 1s meanwhile · timeout in ")));
    assert!(!left.screen.iter().any(|line| line.contains("reconnecting")), "{left:#?}");
}

#[test]
fn ctrl_c_ends_it_with_the_way_to_go_on() {
    let mut terminal = txwatch(["watch", "sandbox:slow"]).start();
    terminal.wait_for("the live line", |screen| {
        screen.last().is_some_and(|line| is_live(line) && line.contains("pending  "))
    });
    terminal.type_in("\x03");
    let left = terminal.end();
    assert_eq!(left.code, 130, "{left:#?}");
    // The terminal's own ^C goes away with the line it is echoed on.
    check_end(&terminal, &left);
    let text = left.screen.join("\n");
    assert!(text.contains("… pending    sandbox:slow"), "{text}");
    assert!(text.contains("error: interrupted: 1 of 1 target is not final"), "{text}");
    assert!(text.contains("do not submit it again"), "{text}");
    assert!(text.ends_with("resume with  txwatch watch sandbox:slow --timeout 30m"), "{text}");
}

#[test]
fn ctrl_c_leaves_nothing_of_several_targets_either() {
    let mut terminal = txwatch(["watch", "sandbox:slow@a", "sandbox:slow@b"]).start();
    terminal.wait_for("two live lines", |screen| {
        screen.iter().filter(|line| is_live(line) && line.contains("live (")).count() == 2
    });
    terminal.type_in("\x03");
    let left = terminal.end();
    assert_eq!(left.code, 130, "{left:#?}");
    check_end(&terminal, &left);
    assert!(!left.screen.iter().any(|line| line.starts_with("2 targets")), "{left:#?}");
}

#[test]
fn a_timeout_says_that_it_is_not_final() {
    let (_, left) = run(txwatch(["watch", "sandbox:slow", "-t", "2s"]));
    assert_eq!(left.code, 124, "{left:#?}");
    let text = left.screen.join("\n");
    assert!(text.contains("NOT final, timed out after 2s"), "{text}");
    assert!(text.contains("resume with  txwatch watch sandbox:slow --timeout 2s"), "{text}");
}

#[test]
fn what_went_wrong_is_told_once() {
    let (_, left) = run(txwatch(["watch", "sandbox:denied"]).size(24, 200));
    assert_eq!(left.code, 77, "{left:#?}");
    let text = left.screen.join("\n");
    assert!(text.contains("✘ not seen   sandbox:denied  denied, exit code 77\n"), "{text}");
    // With what follows it, for a port may have the same digits.
    assert_eq!(text.matches(": 401 (").count(), 1, "{text}");
}

#[test]
fn several_targets_have_aligned_rows_under_a_header() {
    let targets = ["watch", "sandbox:happy", "sandbox:cancelled@a-clock-of-its-own"];
    let (terminal, left) = run(txwatch(targets).size(24, 100).in_real_time());
    assert_eq!(left.code, 11, "{left:#?}");
    let view = terminal.history.iter().find(|screen| {
        screen.iter().any(|line| line.starts_with("2 targets   1 ended badly · 1 open "))
            && is_live(&screen[screen.len() - 2])
    });
    let view = view.unwrap_or_else(|| panic!("no such view: {:#?}", terminal.history));
    let [.., header, open, ended] = view.as_slice() else { panic!("{view:#?}") };
    assert!(header.contains("    timeout in 29m 5"), "{header}");
    assert!(open.contains("processing  sandbox:happy          "), "{open}");
    assert!(open.ends_with("s        live (websocket)"), "{open}");
    assert!(ended.starts_with("✘ cancelled   sandbox:cancelle…-own  2s"), "{ended}");
    let column = |line: &str| line.chars().position(|c| c == ':');
    assert_eq!(column(open), column(ended));
    // The ends are whole.
    assert!(left.screen.iter().any(|line| line.starts_with("✔ completed  sandbox:happy")));
    assert!(
        left.screen
            .iter()
            .any(|line| line.starts_with("✘ cancelled  sandbox:cancelled@a-clock-of-its-own"))
    );
    let trail: Vec<_> = left.screen.iter().filter(|line| line.starts_with("  ")).collect();
    assert!(trail.iter().all(|line| without_time(line).chars().nth(21) == Some(' ')), "{trail:#?}");
}

#[test]
fn a_small_window_shows_what_fits_and_what_is_open_first() {
    let targets = (0..8).map(|clock| format!("sandbox:cancelled@{clock}"));
    let targets: Vec<_> = ["watch".to_owned(), "sandbox:happy".to_owned()]
        .into_iter()
        .chain(targets)
        .chain(["sandbox:failed".to_owned()])
        .collect();
    let (terminal, left) = run(txwatch(targets).size(6, 80));
    assert_eq!(left.code, 11, "{left:#?}");
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
fn a_narrow_window_wraps_nothing_that_moves() {
    std::thread::scope(|scope| {
        for targets in [&["sandbox:happy"][..], &["sandbox:happy", "sandbox:drop"]] {
            scope.spawn(move || nothing_that_moves_is_wrapped(targets));
        }
    });
}

fn nothing_that_moves_is_wrapped(targets: &[&str]) {
    // There have to be some screens to look at.
    let session = txwatch(["watch"].iter().chain(targets)).in_real_time();
    let (terminal, left) = run(session.size(24, 40));
    assert_eq!(left.code, 0, "{left:#?}");
    for screen in &terminal.history {
        let Some(first) = screen.iter().position(|line| is_live(line)) else { continue };
        let below = &screen[first..];
        // Below the first live line there are rows only, each on one line.
        assert!(below.len() <= targets.len(), "{screen:#?}");
        assert!(below.iter().all(|line| is_live(line) || line.starts_with('✔')), "{screen:#?}");
        assert!(below.iter().all(|line| line.chars().count() <= 37), "{screen:#?}");
    }
    let lives = terminal.history.iter().flatten().filter(|line| is_live(line)).count();
    assert!(lives > 10, "{lives}");
}

/// Has a shell run txwatch in a terminal, with a stream somewhere else.
fn shell(script: &str) -> Session {
    session("sh", ["-c", script])
}

#[test]
fn a_redirected_stdout_keeps_the_live_line_and_gets_the_plain_form() {
    let session =
        shell("s=$(txwatch watch sandbox:failed); code=$?; echo \"$s\" | od -c; exit $code");
    let (terminal, left) = run(session);
    assert_eq!(left.code, 10, "{left:#?}");
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)));
    let dump: String = left
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
    let (terminal, left) = run(shell(script).size(24, 200));
    assert_eq!(left.code, 11, "{left:#?}");
    assert!(!terminal.history.iter().flatten().any(|line| is_live(line)));
    assert!(left.screen[0].starts_with("✘ cancelled  sandbox:cancelled"), "{left:#?}");
    assert!(left.screen[1..].iter().all(|line| line.starts_with("20") && line.contains("Z ")));
}

#[test]
fn a_pipe_gets_not_one_escape() {
    for arguments in [&["watch", "sandbox:failed"][..], &["get", "sandbox:happy"], &["--help"]] {
        let ended = pipe::txwatch(arguments).env("TERM", "xterm-256color").run();
        let text = ended.stdout + &ended.stderr;
        assert!(!text.is_empty() && !text.contains('\x1b'), "{text:?}");
    }
}

/// Whether something was coloured or bold.
fn is_coloured(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or_default();
        rest[end..].starts_with('m')
    })
}

#[test]
fn colour_is_on_for_a_terminal_unless_told_otherwise() {
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
    let (terminal, left) = run(txwatch(["watch", "sandbox:cancelled"]).env("NO_COLOR", "1"));
    assert!(terminal.history.iter().flatten().any(|line| is_live(line)), "{left:#?}");
    assert!(left.screen.last().unwrap().starts_with("✘ cancelled  "), "{left:#?}");
}

#[test]
fn colour_can_be_forced_into_a_pipe() {
    let ended = pipe::txwatch(["watch", "sandbox:cancelled", "--color", "always", "-o", "human"])
        .run_coloured();
    assert!(is_coloured(ended.stdout.as_bytes()) && is_coloured(ended.stderr.as_bytes()));
    let ended = pipe::txwatch(["watch", "sandbox:cancelled", "-o", "human"]).run();
    assert!(ended.stdout.starts_with("✘ cancelled") && !is_coloured(ended.stdout.as_bytes()));
}

#[test]
fn a_dumb_terminal_gets_the_trail_alone() {
    let (terminal, left) = run(txwatch(["watch", "sandbox:cancelled"]).env("TERM", "dumb"));
    assert!(!terminal.bytes.contains(&0x1b), "{left:#?}");
    assert!(!terminal.history.iter().flatten().any(|line| is_live(line)));
    assert!(left.screen.last().unwrap().starts_with("✘ cancelled  "), "{left:#?}");
}

#[test]
fn quiet_leaves_the_end_alone() {
    let (_, left) = run(txwatch(["watch", "sandbox:cancelled", "-q"]));
    assert_eq!(left.screen.len(), 1, "{left:#?}");
    assert!(left.screen[0].starts_with("✘ cancelled  sandbox:cancelled"), "{left:#?}");
}

#[test]
fn verbose_tells_of_connections_also_in_colour() {
    let (_, left) = run(txwatch(["watch", "sandbox:drop", "-v"]).size(24, 200));
    assert_eq!(left.code, 0, "{left:#?}");
    let text = left.screen.join("\n");
    assert!(text.contains("websocket live") && text.contains("websocket lost"), "{text}");
    let ended = pipe::txwatch(["get", "sandbox:happy", "-vv", "--color", "always"]).run_coloured();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

#[test]
fn get_is_an_aligned_record() {
    let (_, left) = run(txwatch(["get", "sandbox:happy"]));
    assert_eq!(left.code, 0, "{left:#?}");
    let [_, record @ ..] = left.screen.as_slice() else { panic!("{left:#?}") };
    let expected = [
        "target      sandbox:happy",
        "status      pending",
        "detail      waiting for the card processor",
        "kind        buy",
        "fiat        100.00 EUR",
        "crypto      USDT  on TRC20",
    ];
    assert_eq!(record[..6], expected);
    assert!(record[6].starts_with("created     20") && record[7].starts_with("updated     20"));
}
