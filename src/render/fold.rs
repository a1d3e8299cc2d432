//! Folding of long lines, where a terminal would break them in the middle of a word.

use console::{AnsiCodeIterator, Term, measure_text_width};

/// An indent, in columns, for what follows a time of day.
pub(super) const AFTER_TIME: usize = 12;
/// An indent for narrow terminals.
const NARROW: usize = 4;

/// Where the lines of a stream are folded: at the width of its terminal, if it is one.
pub(super) struct Fold(Option<Term>);

impl Fold {
    pub(super) fn of(terminal: Term, is_terminal: bool) -> Self {
        Fold(is_terminal.then_some(terminal))
    }

    /// A line that goes on behind this many columns, or behind fewer where those are more than half of the width.
    pub(super) fn line(&self, line: &str, indent: usize) -> String {
        match &self.0 {
            // The last column stays free, for some terminals wrap as soon as it is taken.
            Some(terminal) => {
                folded(line, usize::from(terminal.size().1).saturating_sub(1), indent)
            }
            None => line.to_owned(),
        }
    }
}

/// Breaks a line at spaces, and before wide characters, which are written without spaces. Other words stay whole, so
/// that an id is never torn; the terminal wraps what is wider than itself.
fn folded(line: &str, width: usize, indent: usize) -> String {
    let indents = [indent, AFTER_TIME, NARROW];
    let indent = indents.into_iter().find(|indent| indent * 2 <= width).unwrap_or_default();
    let mut text = String::new();
    let (mut column, mut spaces) = (0, 0);
    let mut has_text = false;
    for (index, word) in line.split(' ').enumerate() {
        spaces += usize::from(index > 0);
        for piece in pieces(word) {
            let piece_width = measure_text_width(&piece);
            if has_text && column + spaces + piece_width > width {
                text.push('\n');
                (column, spaces) = (0, indent);
            }
            text.extend(std::iter::repeat_n(' ', spaces));
            text.push_str(&piece);
            column += spaces + piece_width;
            spaces = 0;
            has_text = true;
        }
    }
    text
}

/// The parts of a word that stay together: each wide character, and what is between them.
fn pieces(word: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut follows_wide = true;
    for (text, is_sequence) in AnsiCodeIterator::new(word) {
        for part in text.split_inclusive(|_| !is_sequence) {
            let is_wide = !is_sequence && measure_text_width(part) > 1;
            match pieces.last_mut() {
                Some(last) if !is_wide && !follows_wide => last.push_str(part),
                _ => pieces.push(part.to_owned()),
            }
            follows_wide = is_wide;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "  10:00:00  pending      +1m 12s  the bank of the customer was asked (WAITING)";

    #[test]
    fn a_line_that_fits_stays_as_it_is() {
        for text in ["", "  a  b", LINE, "\u{1b}[2mdim\u{1b}[0m text"] {
            assert_eq!(folded(text, 100, 34), text);
        }
        assert_eq!(folded(LINE, measure_text_width(LINE), 34), LINE);
    }

    #[test]
    fn a_long_line_goes_on_below_its_text() {
        let expected = "  10:00:00  pending      +1m 12s  the bank of the customer was asked\n                                  (WAITING)";
        assert_eq!(folded(LINE, 77, 34), expected);
    }

    #[test]
    fn a_narrow_terminal_has_less_of_an_indent() {
        let expected = "  10:00:00  pending      +1m 12s  the\n            bank of the customer was\n            asked (WAITING)";
        assert_eq!(folded(LINE, 39, 34), expected);
        let expected = "  10:00:00\n    pending\n    +1m 12s\n    the bank of\n    the\n    customer\n    was asked\n    (WAITING)";
        assert_eq!(folded(LINE, 15, 34), expected);
    }

    #[test]
    fn a_word_is_never_torn() {
        let id = "proof:550e8400-e29b-41d4-a716-446655440000";
        assert_eq!(
            folded(&format!("✔ completed  {id}  in 3s"), 39, 13),
            format!("✔ completed\n             {id}\n             in 3s")
        );
        assert_eq!(folded(id, 10, 4), id);
    }

    #[test]
    fn wide_characters_are_folded_without_spaces() {
        assert_eq!(
            folded("status 支払いを確認しています", 16, 4),
            "status 支払いを\n    確認していま\n    す"
        );
        assert_eq!(folded("確認proof:1確認", 10, 2), "確認\n  proof:1\n  確認");
    }

    #[test]
    fn colours_take_no_space() {
        let line = "\u{1b}[36mpending\u{1b}[0m \u{1b}[2mone two\u{1b}[0m";
        assert_eq!(folded(line, 15, 2), line);
        assert_eq!(folded(line, 12, 2), "\u{1b}[36mpending\u{1b}[0m \u{1b}[2mone\n  two\u{1b}[0m");
        assert_eq!(folded("\u{1b}[2m確認確認\u{1b}[0m", 5, 0), "\u{1b}[2m確認\n確認\u{1b}[0m");
    }
}
