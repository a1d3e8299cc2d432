//! The command that goes on with a watch.

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command};

use crate::render::clean;

/// What was typed again, with these targets instead; the time limit is named even where it was not.
pub(super) fn command(
    name: &str,
    definition: &Command,
    typed: &ArgMatches,
    timeout: &str,
    targets: &[&str],
) -> String {
    let mut words = vec!["txwatch".to_owned(), name.to_owned()];
    words.extend(targets.iter().map(|target| (*target).to_owned()));
    let mut limited = false;
    for argument in definition.get_arguments().filter(|argument| !argument.is_positional()) {
        let (id, Some(long)) = (argument.get_id().as_str(), argument.get_long()) else {
            continue;
        };
        if !typed.try_contains_id(id).unwrap_or(false)
            || typed.value_source(id) != Some(ValueSource::CommandLine)
        {
            continue;
        }
        limited |= id == "timeout";
        match argument.get_action() {
            ArgAction::SetTrue => words.push(format!("--{long}")),
            ArgAction::Count => {
                let count = typed.get_count(id).into();
                words.extend(std::iter::repeat_n(format!("--{long}"), count));
            }
            _ => {
                for value in typed.get_raw(id).into_iter().flatten() {
                    let value = clean(&value.to_string_lossy()).into_owned();
                    if value.starts_with('-') {
                        words.push(format!("--{long}={value}"))
                    } else {
                        words.extend([format!("--{long}"), value])
                    }
                }
            }
        }
    }
    if !limited {
        words.extend(["--timeout".to_owned(), timeout.to_owned()]);
    }
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// A word as a shell takes it. One with a NUL never came from a command line.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
