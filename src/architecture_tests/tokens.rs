//! Rust source as words and signs, without its comments, strings and characters.

/// A piece of source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// `::`.
    Colons,
    /// Any other sign.
    Sign(char),
}

impl Token {
    pub(super) fn is_word(&self, expected: &str) -> bool {
        matches!(self, Token::Word(word) if word == expected)
    }

    /// The name, if it can be one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Token::Word(word) if !word.starts_with(|c: char| c.is_ascii_digit()) => Some(word),
            _ => None,
        }
    }
}

pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut rest = source;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = if let Some(skipped) = skip_comment(rest).or_else(|| skip_literal(rest)) {
            skipped
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push(Token::Colons);
            after
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            &rest[end..]
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            &rest[first.len_utf8()..]
        };
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows a comment. Those in blocks may be nested.
fn skip_comment(text: &str) -> Option<&str> {
    if text.starts_with("//") {
        return Some(text.split_once('\n').map_or("", |(_, rest)| rest));
    }
    let mut rest = text.strip_prefix("/*")?;
    let mut depth = 1;
    while depth > 0 && !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("/*") {
            (rest, depth) = (after, depth + 1);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (rest, depth) = (after, depth - 1);
        } else {
            rest = after_first(rest);
        }
    }
    Some(rest)
}

/// What follows a string or a character. A lifetime is none.
fn skip_literal(text: &str) -> Option<&str> {
    let after_prefix = text.strip_prefix(['b', 'c']).unwrap_or(text);
    if let Some(raw) = after_prefix.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(body) = raw[hashes..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            return Some(body.split_once(&end).map_or("", |(_, rest)| rest));
        }
    }
    if let Some(body) = after_prefix.strip_prefix('"') {
        return Some(skip_until(body, '"'));
    }
    let body = after_prefix.strip_prefix('\'')?;
    let is_character = body.starts_with('\\') || after_first(body).starts_with('\'');
    is_character.then(|| skip_until(body, '\''))
}

/// What follows this sign, where a backslash takes the next one's meaning.
fn skip_until(mut text: &str, end: char) -> &str {
    while let Some(first) = text.chars().next() {
        text = after_first(text);
        match first {
            '\\' => text = after_first(text),
            _ if first == end => return text,
            _ => {}
        }
    }
    text
}

fn after_first(text: &str) -> &str {
    text.chars().next().map_or("", |first| &text[first.len_utf8()..])
}

#[test]
fn comments_strings_and_characters_are_passed_over() {
    let source = r##"
        /// A [`doc`](crate::doc).
        use crate::a; // crate::b
        /* crate::c /* nested */ crate::d */
        let x: &'static str = "crate::e \" crate::f"; let y = r#"crate::"g""#;
        let z = ['"', '\'', b'"', 'é'];
    "##;
    let words: Vec<_> = tokens(source).iter().filter_map(|t| t.name().map(str::to_owned)).collect();
    let expected = ["use", "crate", "a", "let", "x", "static", "str", "let", "y", "let", "z"];
    assert_eq!(words, expected);
}
