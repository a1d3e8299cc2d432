//! What is wrong with a target that is none, or that is probably meant to be another one.

use std::path::Path;

use super::links;
use crate::cli::context::shorten;
use crate::config::Config;
use crate::error::{Failure, usage};
use crate::provider::is_uuid;
use crate::render::clean;

/// Signs that come with a copied target, and what they are called.
const AROUND: [(&str, &str); 4] = [
    (
        "\"'`\u{201c}\u{201d}\u{201e}\u{201f}\u{2018}\u{2019}\u{201a}\u{ab}\u{bb}\u{2039}\u{203a}\u{2032}\u{2033}",
        "quotes",
    ),
    ("<>()[]{}", "brackets"),
    (",;", "a comma or semicolon"),
    ("\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{200e}\u{200f}", "invisible characters"),
];

/// What word processors make of hyphens.
const DASHES: [char; 4] = ['\u{2010}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// The ends of names of files that lists of ids are kept in.
const OF_FILES: [&str; 12] = [
    ".txt", ".csv", ".tsv", ".list", ".lst", ".ids", ".json", ".jsonl", ".ndjson", ".log", ".dat",
    ".tmp",
];

/// The failure for a target that could not be resolved: the given one, or one that says better what was typed.
/// `named` is the profile of `--profile`.
pub(super) fn explain(
    text: &str,
    named: Option<&str>,
    config: &Config,
    failure: Failure,
) -> Failure {
    if let Some(targets) = several(text) {
        return usage(format!("'{}' is several targets in one argument", shorten(text)))
            .hint(format!("write them apart:  {}", targets.join(" ")));
    }
    let stripped = strip(text);
    if stripped.text != text {
        return surrounded(text, &stripped);
    }
    if let Some(option) = text.strip_prefix(DASHES).map(|rest| rest.trim_start_matches(DASHES)) {
        let option = option.trim_start_matches('-');
        return usage(format!(
            "'{}' begins with a dash of typography, not with a hyphen",
            shorten(text)
        ))
        .hint(format!("if it is an option, write  --{}", clean(option)));
    }
    if let Some(link) = links::parse(text) {
        return links::explain(text, &link, named, config);
    }
    if let Some((profile, id)) = text.split_once(':')
        && let Some(link) = links::parse(id)
    {
        return links::explain(id, &link, Some(profile), config);
    }
    if let Some(target) = with_colon(text, config) {
        return failure.hint(format!("did you mean  {}?", quoted(&target)));
    }
    match file_name(text) {
        Some(file) if looks_like_file(file) || Path::new(file).is_file() => of_file(text, file),
        _ => failure,
    }
}

/// The targets in a text that is several of them, with commas or blanks between.
fn several(text: &str) -> Option<Vec<String>> {
    let parts = text.split(|c: char| ",;".contains(c) || c.is_whitespace());
    let parts: Vec<_> =
        parts.map(|part| strip(part).text).filter(|part| !part.is_empty()).collect();
    let is_target = |part: &&String| part.contains(':') || is_uuid(part);
    let is_several = parts.len() > 1 && parts.iter().filter(is_target).count() > 1;
    is_several.then(|| parts.iter().map(|part| quoted(part)).collect())
}

/// The target for a profile and an id with another sign than a colon between.
fn with_colon(text: &str, config: &Config) -> Option<String> {
    let at = text.find(['/', '=', ':', '|', '#', ' '])?;
    let (profile, id) =
        (&text[..at], text[at..].trim_start_matches(['/', '=', ':', '|', '#', ' ']));
    let is_other = !id.is_empty() && text[at..].strip_prefix(':') != Some(id);
    let profile = profile.to_lowercase();
    (is_other && config.profile_names().contains(&*profile)).then(|| format!("{profile}:{id}"))
}

/// Refuses a target without a profile that is the name of one, although it may be an id, too.
pub(super) fn refuse_profile(text: &str, config: &Config) -> Result<(), Failure> {
    if config.profile_names().contains(text) {
        Err(usage(format!("'{text}' is a profile, not a target"))
            .hint(format!("write  {text}:ID, or if it is an id  PROFILE:{text}")))
    } else {
        Ok(())
    }
}

/// The failure for a target without a profile that is a list of ids by its name, although it may be an id, too.
pub(super) fn refuse_file(text: &str) -> Result<(), Failure> {
    match file_name(text) {
        Some(file) if looks_like_file(file) && Path::new(file).is_file() => {
            Err(of_file(text, file)
                .hint(format!("if it is an id, write PROFILE:{}", shorten(text))))
        }
        _ => Ok(()),
    }
}

/// What is odd about a target without a profile that is accepted as an id: it begins with the name of a profile, or is
/// called like a file.
pub(super) fn odd_name(text: &str, config: &Config) -> Option<String> {
    if let Some(target) = with_colon(text, config) {
        return Some(format!(
            "'{}' is watched as an id; did you mean  {}?",
            shorten(text),
            quoted(&target)
        ));
    }
    let file = file_name(text).filter(|file| looks_like_file(file))?;
    let shown = quoted(file);
    Some(format!(
        "'{}' is watched as an id; if it is a file with ids in it, write  - < {shown}  instead",
        shorten(text)
    ))
}

fn of_file(text: &str, file: &str) -> Failure {
    let shown = quoted(file);
    let is_there = Path::new(file).is_file();
    let what = if is_there { "is a file" } else { "looks like a file" };
    usage(format!("'{}' {what}, not a target", shorten(text)))
        .hint(format!("the targets in a file, one a line, are read from standard input:  txwatch watch - < {shown}"))
}

fn quoted(file: &str) -> String {
    let file = clean(file).into_owned();
    shlex::try_quote(&file).map_or_else(|_| file.clone(), std::borrow::Cow::into_owned)
}

/// The file that a target without a profile may be, also as `@FILE` and `file:FILE`.
fn file_name(text: &str) -> Option<&str> {
    let file = text.strip_prefix("file://").or_else(|| text.strip_prefix("file:"));
    let file = file.or_else(|| text.strip_prefix('@')).unwrap_or(text);
    (!file.is_empty() && !file.contains(':')).then_some(file)
}

fn looks_like_file(file: &str) -> bool {
    let lower = file.to_lowercase();
    OF_FILES.iter().any(|end| lower.ends_with(end) && lower.len() > end.len())
        || ["./", "../", "/", "~/"].iter().any(|start| file.starts_with(start))
}

/// A target without what does not belong to it.
struct Stripped {
    text: String,
    /// What was taken off.
    around: Vec<&'static str>,
}

fn surrounded(text: &str, stripped: &Stripped) -> Failure {
    let around = stripped.around.join(" and ");
    let failure = usage(format!("the target '{}' has {around} around it", shorten(text)));
    if stripped.text.is_empty() {
        failure.hint("write PROFILE:ID; is the variable that it comes from set?")
    } else {
        let target = clean(&stripped.text).into_owned();
        failure.hint(format!("write  {}", quoted(&target)))
    }
}

/// Takes off what is around a target, and around the profile and the id in it.
fn strip(text: &str) -> Stripped {
    let mut around = Vec::new();
    let mut strip_part = |part: &str| {
        part.trim_matches(|c: char| {
            let kind = kind_of(c);
            around.extend(kind.filter(|kind| !around.contains(kind)));
            kind.is_some()
        })
        .to_owned()
    };
    let whole = strip_part(text);
    let text = match whole.split_once(':') {
        Some((profile, id)) if !id.starts_with("//") => {
            format!("{}:{}", strip_part(profile), strip_part(id))
        }
        _ => whole,
    };
    Stripped { text, around }
}

/// What a character is called that is never at the start or end of a target.
fn kind_of(c: char) -> Option<&'static str> {
    if c.is_whitespace() || c.is_control() {
        return Some(if matches!(c, '\n' | '\r') { "a line break" } else { "blanks" });
    }
    AROUND.iter().find(|(signs, _)| signs.contains(c)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_target_is_taken_off_and_named() {
        for (text, target, around) in [
            ("\"proof:x\"", "proof:x", &["quotes"][..]),
            ("'proof:x'", "proof:x", &["quotes"]),
            ("`proof:x`", "proof:x", &["quotes"]),
            ("\u{201c}proof:x\u{201d}", "proof:x", &["quotes"]),
            ("\u{ab}\u{a0}x\u{a0}\u{bb}", "x", &["quotes", "blanks"]),
            (" proof:x ", "proof:x", &["blanks"]),
            ("proof: x", "proof:x", &["blanks"]),
            ("proof:\"x\"", "proof:x", &["quotes"]),
            ("proof:x\r\n", "proof:x", &["a line break"]),
            ("proof:x,", "proof:x", &["a comma or semicolon"]),
            ("\"proof:x\",", "proof:x", &["quotes", "a comma or semicolon"]),
            ("<proof:x>", "proof:x", &["brackets"]),
            ("[\"proof:x\"]", "proof:x", &["brackets", "quotes"]),
            ("\u{feff}proof:x", "proof:x", &["invisible characters"]),
            ("\"\"", "", &["quotes"]),
            ("'https://cspr.live/deploy/1'", "https://cspr.live/deploy/1", &["quotes"]),
        ] {
            let stripped = strip(text);
            assert_eq!(stripped.text, target, "{text:?}");
            let mut found = stripped.around.clone();
            found.sort_unstable();
            let mut around = around.to_vec();
            around.sort_unstable();
            assert_eq!(found, around, "{text:?}");
        }
        for text in ["proof:x", "x", "", "-", "sandbox:casper/happy@deploy", "a\"b", "https://h/x"]
        {
            assert_eq!(strip(text).text, text);
        }
    }

    #[test]
    fn several_targets_in_one_are_told_apart() {
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        for (text, targets) in [
            ("proof:x,proof:y", &["proof:x", "proof:y"][..]),
            ("proof:x, proof:y,", &["proof:x", "proof:y"]),
            ("[\"proof:x\",\"proof:y\"]", &["proof:x", "proof:y"]),
            ("proof:x\nproof:y\n", &["proof:x", "proof:y"]),
            (&format!("{uuid} {uuid}"), &[uuid, uuid]),
        ] {
            assert_eq!(several(text).unwrap_or_default(), targets, "{text:?}");
        }
        for text in ["proof:x", "proof:x,", "a b", "proof:a b", "proof: x", ""] {
            assert_eq!(several(text), None, "{text:?}");
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        for text in ["ids.txt", "IDS.CSV", "./ids", "/tmp/ids", "~/ids", "../a/b.json"] {
            assert!(looks_like_file(text), "{text}");
        }
        for text in ["ids", ".txt", "550e8400-e29b-41d4-a716-446655440000", "order.1", "a/b"] {
            assert!(!looks_like_file(text), "{text}");
        }
        assert_eq!(file_name("@ids.txt"), Some("ids.txt"));
        assert_eq!(file_name("file:///tmp/ids.txt"), Some("/tmp/ids.txt"));
        assert_eq!(file_name("proof:ids.txt"), None);
    }
}
