//! Long lines on a terminal: the trail and the results are folded between words.

use crate::support::proof::{self, ID};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::terminal::{Session, txwatch};
use crate::support::txwatch::{TOKEN, txwatch as piped};

/// What the provider says besides the status; the last word is wider than a narrow terminal.
const WORDS: &str = "the bank of the customer was asked whether it knows of \
                     deploy-hash-1e9a7b3c5d7f9a1b3c5d7f9a1b3c5d7f and does not answer";
const WIDE: &str =
    "お客様の銀行に確認しておりますので今しばらくお待ちくださいますようお願いいたします";

/// A server whose transaction has a status that needs so many words.
fn server(status: &str) -> Server {
    Script::new()
        .rest(ID, [Reply::json(&proof::record(ID, status, 0))])
        .push(ID, [Reply::upgrade([])])
        .start()
}

fn watching(server: &Server, arguments: &[&str]) -> Session {
    let target = format!("proof:{ID}");
    txwatch([&["watch", &target, "-t", "1s"], arguments].concat())
        .env("TXWATCH_PROOF_URL", server.url())
        .env("TXWATCH_PROOF_TOKEN", TOKEN)
}

/// The lines on the screen at the end. No line but that of a wide word may be wrapped by the terminal.
fn lines(session: Session, columns: u16) -> Vec<String> {
    let mut terminal = session.size(60, columns).start();
    assert_eq!(terminal.wait().code, 124);
    let lines = terminal.whole_lines();
    let report = lines.iter().position(|line| line.starts_with("error:")).unwrap();
    lines[..report].to_vec()
}

/// Checks that lines are as narrow as the terminal, unless they are a single word.
fn check_width(lines: &[String], columns: usize) {
    for line in lines {
        let width = console::measure_text_width(line);
        let is_word = !line.trim().contains(' ');
        assert!(width < columns || is_word, "{width} of {columns}: {line}\n{lines:#?}");
    }
}

#[test]
fn a_long_line_is_folded_with_an_indent_and_loses_nothing() {
    let server = server(WORDS);
    std::thread::scope(|scope| {
        for columns in [40, 80, 100] {
            for arguments in [&[][..], &["-v"], &["sandbox:slow"]] {
                let session = watching(&server, arguments);
                scope.spawn(move || check_folded(&lines(session, columns), columns.into()));
            }
        }
    });
}

fn check_folded(lines: &[String], columns: usize) {
    check_width(lines, columns);
    let first = lines.iter().position(|line| line.contains("unknown")).unwrap();
    let folded: Vec<_> =
        lines[first + 1..].iter().take_while(|line| line.starts_with("    ")).collect();
    assert!(!folded.is_empty(), "{columns}: {lines:#?}");
    let indent = |line: &str| line.len() - line.trim_start().len();
    assert!(folded.iter().all(|line| indent(line) == indent(folded[0])), "{lines:#?}");
    let words: Vec<_> = lines[first..].iter().flat_map(|line| line.split_whitespace()).collect();
    assert!(words.join(" ").contains(WORDS), "{columns}: {lines:#?}");
}

#[test]
fn wide_characters_are_folded_too() {
    let server = server(WIDE);
    for columns in [40, 80, 100] {
        let lines = lines(watching(&server, &[]), columns);
        check_width(&lines, columns.into());
        let text: String = lines.iter().map(|line| line.trim()).collect();
        assert!(text.contains(WIDE), "{columns}: {lines:#?}");
    }
}

#[test]
fn an_id_is_never_torn() {
    let server = server("pending");
    let lines = lines(watching(&server, &[]), 40);
    let target = format!("proof:{ID}");
    // In the title, and in the result.
    assert_eq!(lines.iter().filter(|line| line.contains(&target)).count(), 2, "{lines:#?}");
    assert!(lines.iter().any(|line| line.trim() == target), "{lines:#?}");
}

#[test]
fn a_line_that_no_terminal_shows_is_not_folded() {
    let server = server(WORDS);
    let target = format!("proof:{ID}");
    let output = piped(["watch", &target, "-t", "1s", "-o", "human"]).proof(&server.url()).run();
    assert_eq!(output.code, 124, "{output:#?}");
    let line = output.stderr.lines().find(|line| line.contains("unknown"));
    assert!(line.is_some_and(|line| line.contains(WORDS)), "{output:#?}");
}
