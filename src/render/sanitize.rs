//! Text from peers, made safe for a terminal.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest text from a peer that is shown, in characters.
const MAX_LENGTH: usize = 500;

/// Whether a character can move the cursor, change the direction of text, or is invisible.
pub(super) fn is_harmful(c: char) -> bool {
    !c.is_ascii_graphic()
        && c != ' '
        && matches!(
            c.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned
        )
}

/// The text without control, bidi and zero-width characters, on one line, and of limited length.
pub fn clean(text: &str) -> Cow<'_, str> {
    let long = text.len() > MAX_LENGTH && text.chars().nth(MAX_LENGTH).is_some();
    if !long && !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut cleaned: String = text
        .chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if is_harmful(c) => None,
            c => Some(c),
        })
        .take(MAX_LENGTH)
        .collect();
    if long {
        cleaned.push('…');
    }
    Cow::Owned(cleaned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_bidi_and_zero_width_go_and_words_stay() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m"), "[31mred[0m");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{feff}d\u{2066}e\u{9b}f\u{7f}g"), "abcdefg");
        assert_eq!(clean("one\r\ntwo\tthree"), "one  two three");
        assert_eq!(clean("größer → 価格 😀"), "größer → 価格 😀");
    }

    #[test]
    fn a_flood_is_cut() {
        let shown = clean(&"x".repeat(10_000)).chars().count();
        assert_eq!(shown, MAX_LENGTH + 1);
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!clean(&text).contains(is_harmful));
        }
    }
}
