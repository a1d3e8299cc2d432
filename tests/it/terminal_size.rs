//! A terminal whose size changes while the live view is drawn.

use crate::support::proof::{self, ID};
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::terminal::{Session, Terminal, txwatch};
use crate::support::txwatch::TOKEN;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// What ends every frame of the live view.
const FRAME: &str = "\x1b[?7h";

/// The lines of the live view.
fn view(lines: &[String]) -> Vec<&String> {
    let is_header = |line: &str| line.contains(" targets   ");
    lines.iter().filter(|line| line.starts_with(SPINNER) || is_header(line)).collect()
}

/// How many lines begin with a time of day.
fn trail(lines: &[String]) -> usize {
    let is_time = |text: &str| text.bytes().filter(|byte| *byte == b':').count() == 2;
    lines
        .iter()
        .filter(|line| line.starts_with("  ") && line.get(2..10).is_some_and(is_time))
        .count()
}

/// Waits until the view has been drawn for the present size, and counts its lines.
fn check_view(terminal: &mut Terminal, lines: usize) {
    // The first may have been under way.
    terminal.wait_for_bytes(FRAME, 3);
    // Where lines are wrapped anew a frame may be incomplete so far.
    let shown = terminal.lines();
    assert_eq!(view(&shown).len(), lines, "{shown:#?}");
}

/// Watches until the view has so many lines, changes the width of the terminal several times, and interrupts it.
fn resized(session: Session, lines: usize) -> Terminal {
    let mut terminal = session.size(24, 100).start();
    terminal.wait_for("the view", |screen| {
        view(screen).len() == lines && !screen.iter().any(|line| line.contains("looking"))
    });
    for (rows, columns) in [(24, 80), (24, 40), (24, 100), (10, 40), (30, 20), (24, 100)] {
        terminal.resize(rows, columns);
        check_view(&mut terminal, lines);
    }
    terminal.type_in("\x03");
    assert_eq!(terminal.wait().code, 130);
    terminal
}

/// Checks that nothing of the view is left, that so many lines of the trail are, and these texts.
fn check_rest(terminal: &Terminal, count: usize, texts: &[&str]) {
    for lines in [terminal.lines(), terminal.reflowed_lines()] {
        assert!(view(&lines).is_empty(), "{lines:#?}");
        assert_eq!(trail(&lines), count, "{lines:#?}");
    }
    // The other cuts off what does not fit.
    let lines = terminal.reflowed_lines();
    for text in texts {
        assert!(lines.iter().any(|line| line.contains(text)), "no '{text}' in {lines:#?}");
    }
}

#[test]
fn nothing_of_one_target_is_left_behind() {
    let terminal = resized(txwatch(["watch", "sandbox:slow"]).in_real_time(), 1);
    check_rest(
        &terminal,
        1,
        &[
            "warning: this is the sandbox: a rehearsal on this machine, no money moves",
            "sandbox:slow  buy 100.00 EUR → USDT (TRC20)",
            "pending      the payment is not captured yet",
            "NOT final, interrupted after",
            "resume with  txwatch watch sandbox:slow",
        ],
    );
}

#[test]
fn nothing_of_several_targets_is_left_behind() {
    let targets = ["sandbox:slow@a", "sandbox:slow@b", "sandbox:slow@c", "sandbox:slow@d"];
    let session = txwatch(["watch"].into_iter().chain(targets)).in_real_time();
    let terminal = resized(session, 5);
    let changes =
        targets.map(|target| format!("{target}  pending      the payment is not captured yet"));
    check_rest(&terminal, 4, &changes.each_ref().map(String::as_str));
    check_rest(&terminal, 4, &["sandbox:slow@d  100.00 EUR → USDT  NOT final, interrupted after"]);
}

#[test]
fn nothing_is_left_behind_where_the_provider_writes_wide_characters() {
    const STATUS: &str = "支払いを確認していますので少々お待ちくださいませ";
    let server = Script::new()
        .rest(ID, [Reply::json(&proof::record(ID, STATUS, 0))])
        .push(ID, [Reply::upgrade([])])
        .start();
    let target = format!("proof:{ID}");
    let session = txwatch(["watch", &target, "-vv"])
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN", TOKEN);
    let terminal = resized(session, 1);
    // The other line of the trail begins with a date.
    check_rest(&terminal, 1, &[&target, STATUS, "interrupted after"]);
}

#[test]
fn a_terminal_that_is_lower_than_the_view_shows_what_fits() {
    let targets = (0..12).map(|clock| format!("sandbox:slow@{clock}"));
    let session = txwatch(["watch".to_owned()].into_iter().chain(targets)).in_real_time();
    let mut terminal = session.size(24, 80).start();
    terminal.wait_for("the view", |screen| view(screen).len() == 13);
    terminal.resize(8, 80);
    terminal.wait_for("a lower view", |screen| view(screen).len() == 6);
    terminal.resize(24, 80);
    terminal.wait_for("the view", |screen| view(screen).len() == 13);
    terminal.type_in("\x03");
    assert_eq!(terminal.wait().code, 130);
    let screen = terminal.screen();
    assert!(view(&screen).is_empty(), "{screen:#?}");
}
