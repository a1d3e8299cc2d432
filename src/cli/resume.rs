//! The command that goes on with a watch.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};

use super::arguments::ConnectionArgs;
use super::definitions::grammar;
use crate::render::clean;

/// What was typed again, with these targets instead; the time limit is named even where it was not.
pub(super) fn command(matches: &ArgMatches, timeout: &str, targets: &[&str]) -> String {
    let mut root = grammar();
    // Building passes the options of all commands down to each.
    root.build();
    let found = matches
        .subcommand()
        .and_then(|(name, typed)| Some((name, typed, root.find_subcommand(name)?)));
    match found {
        Some((name, typed, definition)) => again(name, definition, typed, timeout, targets),
        None => format!("txwatch watch {}", targets.join(" ")),
    }
}

fn again(
    name: &str,
    definition: &Command,
    typed: &ArgMatches,
    timeout: &str,
    targets: &[&str],
) -> String {
    let mut words = vec!["txwatch".to_owned(), name.to_owned()];
    words.extend(targets.iter().map(|target| (*target).to_owned()));
    let is_typed = |id: &str| {
        typed.try_contains_id(id).unwrap_or(false)
            && typed.value_source(id) == Some(ValueSource::CommandLine)
    };
    for argument in in_order(definition) {
        if let Some(long) = argument.get_long().filter(|_| is_typed(argument.get_id().as_str())) {
            words.extend(option(argument, long, typed));
        }
    }
    if !is_typed("timeout") {
        words.extend(["--timeout".to_owned(), timeout.to_owned()]);
    }
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// The options: how the provider is reached comes first.
fn in_order(definition: &Command) -> Vec<&Arg> {
    let connection = ConnectionArgs::augment_args(Command::new(""));
    let is_connection = |argument: &&Arg| {
        connection.get_arguments().any(|other| other.get_id() == argument.get_id())
    };
    let options = definition.get_arguments().filter(|argument| !argument.is_positional());
    let (mut first, rest): (Vec<_>, Vec<_>) = options.partition(is_connection);
    first.extend(rest);
    first
}

/// An option as it was typed.
fn option(argument: &Arg, long: &str, typed: &ArgMatches) -> Vec<String> {
    let id = argument.get_id().as_str();
    match argument.get_action() {
        ArgAction::SetTrue => vec![format!("--{long}")],
        ArgAction::Count => vec![format!("--{long}"); typed.get_count(id).into()],
        _ => {
            let values = typed.get_raw(id).into_iter().flatten();
            let values = values.map(|value| clean(&value.to_string_lossy()).into_owned());
            let words = values.map(|value| {
                if value.starts_with('-') {
                    vec![format!("--{long}={value}")]
                } else {
                    vec![format!("--{long}"), value]
                }
            });
            words.flatten().collect()
        }
    }
}

/// A word as a shell takes it. One with a NUL never came from a command line.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
