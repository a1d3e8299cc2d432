//! The lines of a list of targets: bare targets, txwatch's own plain output and its records, comments.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Failure, usage};
use crate::provider::Status;
use crate::wire::without_bom;

/// A target as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypedTarget {
    /// The text, not checked yet.
    pub(super) text: String,
    /// The line of standard input, counted from 1; none if it is an argument.
    pub(super) line: Option<usize>,
}

impl From<&str> for TypedTarget {
    fn from(text: &str) -> Self {
        TypedTarget { text: text.to_owned(), line: None }
    }
}

impl TypedTarget {
    /// A failure about this target, with its place.
    pub(super) fn failure(&self, failure: Failure) -> Failure {
        match self.line {
            Some(line) => failure.at(place(line)),
            None => failure,
        }
    }
}

fn place(line: usize) -> String {
    format!("line {line} of standard input")
}

/// Reads a list line by line.
#[derive(Default)]
pub(super) struct TargetLines {
    line: usize,
    /// The targets of records, of which a target has several.
    in_records: HashSet<String>,
}

/// The fields of a record that matter here. Another field of the same name is an error.
#[derive(Deserialize)]
struct Record {
    target: Option<Value>,
    v: Option<Value>,
    seq: Option<Value>,
    r#type: Option<Value>,
}

impl TargetLines {
    /// The target in the next line, if there is one.
    ///
    /// # Errors
    /// What is wrong with the line, and its number.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<Option<TypedTarget>, Failure> {
        self.line += 1;
        let found = self.target(line).map_err(|failure| failure.at(place(self.line)))?;
        Ok(found.map(|text| TypedTarget { text, line: Some(self.line) }))
    }

    fn target(&mut self, line: &[u8]) -> Result<Option<String>, Failure> {
        let text = std::str::from_utf8(line).map_err(|_| not_text(line))?;
        let text = without_bom(text).trim();
        if text.starts_with(['{', '[']) {
            return self.record(text);
        }
        let text = without_comment(text);
        if text.is_empty() {
            return Ok(None);
        }
        let mut columns = text.split('\t').map(str::trim);
        let target = columns.next().unwrap_or_default();
        let is_status = |word: &str| Status::ALL.iter().any(|status| status.name() == word);
        match (columns.next(), columns.next()) {
            (None, _) => {}
            // The status is not looked at: what has ended counts for the exit code, and is looked up again.
            (Some(status), None) if is_status(status) => {}
            _ => {
                return Err(usage(
                    "there is more in it than a target, or a target, a tab and its status",
                )
                .hint("write one target a line, or pass on what  txwatch get -  prints"));
            }
        }
        if target == "-" {
            return Err(usage("'-' is standard input itself, not a target in it"));
        }
        Ok(Some(target.to_owned()))
    }

    /// The target of a record of `-o json`, or of another JSON object with a `target`; none if the record is not about
    /// a target, or about one that was in the list already.
    fn record(&mut self, text: &str) -> Result<Option<String>, Failure> {
        const FORM: &str = "write one object a line, as  -o json  prints them and  jq -c  does";
        let record: Record = serde_json::from_str(text).map_err(|error| {
            // Its own words repeat the line number, which is always 1.
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            usage(format!("it begins as JSON, but is not one JSON object: {reason}")).hint(FORM)
        })?;
        let is_ours = [&record.v, &record.seq, &record.r#type].iter().all(|field| field.is_some());
        match record.target {
            Some(Value::String(target)) if !matches!(target.trim(), "" | "-") => {
                Ok(self.in_records.insert(target.clone()).then_some(target))
            }
            None if is_ours => Ok(None),
            Some(_) => Err(usage("the target in the JSON object is not the name of one")),
            None => Err(usage("the JSON object has no target")
                .hint("it needs one, as in  {\"target\":\"PROFILE:ID\"}")),
        }
    }
}

/// What is before a `#` that begins a line or follows a space. No id has one in it.
fn without_comment(text: &str) -> &str {
    let begins =
        |(at, _): &(usize, &str)| text[..*at].chars().next_back().is_none_or(char::is_whitespace);
    match text.match_indices('#').find(begins) {
        Some((at, _)) => text[..at].trim_end(),
        None => text,
    }
}

fn not_text(line: &[u8]) -> Failure {
    let failure = usage("it is not a list of targets: it is no text in UTF-8");
    let is_utf_16 = line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]);
    if is_utf_16 { failure.hint("it looks like UTF-16; write it as UTF-8") } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Hint;

    fn read(text: &[u8]) -> Result<Vec<String>, Failure> {
        let mut lines = TargetLines::default();
        let lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| lines.read(line));
        let targets = lines.collect::<Result<Vec<_>, _>>()?;
        Ok(targets.into_iter().flatten().map(|target| target.text).collect())
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        for (text, targets) in [
            (
                "\u{feff}proof:a\r\n\n  proof:b \n\u{feff}proof:c\n\u{feff}\n",
                &["proof:a", "proof:b", "proof:c"][..],
            ),
            ("a\u{feff}b\n", &["a\u{feff}b"]),
            (
                "# all of today\nproof:a # the first\n\t# none\nproof:b\t#\n#\n",
                &["proof:a", "proof:b"],
            ),
            ("proof:a#b\n", &["proof:a#b"]),
            (
                "proof:a\tpending\r\nproof:b\tcompleted\nb\tunknown # odd\n",
                &["proof:a", "proof:b", "b"],
            ),
            ("proof:a\nproof:a\n", &["proof:a", "proof:a"]),
            (
                "{\"v\":1,\"seq\":1,\"at\":\"\",\"type\":\"connection\",\"profile\":\"proof\"}\n\
                 {\"v\":1,\"seq\":2,\"at\":\"\",\"type\":\"status\",\"target\":\"proof:a\",\"data\":{\"target\":1}}\r\n\
                 \n{ \"target\" : \"proof:b\" }\n\
                 {\"v\":1,\"seq\":3,\"at\":\"\",\"type\":\"result\",\"target\":\"proof:a\",\"exit\":0}\n\
                 {\"v\":1,\"seq\":4,\"at\":\"\",\"type\":\"summary\",\"exit\":0}",
                &["proof:a", "proof:b"],
            ),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), targets, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (line, needle) in [
            (&b"proof:\xff"[..], "not a list of targets"),
            (b"\xff\xfep\0", "looks like UTF-16"),
            (b"proof:a\t12.50", "more in it than a target"),
            (b"proof:a\tpending\tpending", "more in it than a target"),
            (b"proof:a\tPENDING", "more in it than a target"),
            (b"-", "standard input itself"),
            (b"{", "not one JSON object: EOF while parsing an object"),
            (b"[\"proof:a\"]", "not one JSON object"),
            (b"{\"target\":\"a\"} {\"target\":\"b\"}", "not one JSON object: trailing characters"),
            (b"{\"target\":\"a\",\"target\":\"b\"}", "duplicate field `target`"),
            (b"{\"id\":\"a\"}", "has no target"),
            (b"{\"type\":\"order\",\"id\":\"a\"}", "has no target"),
            (b"{\"target\":null}", "has no target"),
            (b"{\"target\":7}", "not the name of one"),
            (b"{\"target\":\" \"}", "not the name of one"),
            (b"{\"target\":\"-\"}", "not the name of one"),
        ] {
            let failure = read(&[b"proof:ok\n\n", line].concat()).unwrap_err();
            let hints: Vec<_> = failure.hints().iter().filter_map(Hint::as_text).collect();
            let text = format!("{failure} / {}", hints.join(" / "));
            assert!(text.starts_with("line 3 of standard input: "), "{text}");
            assert!(text.contains(needle), "{text}");
        }
    }
}
