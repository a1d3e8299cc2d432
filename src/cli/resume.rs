//! The command line that resumes a watch.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};

use super::arguments::ConnectionArgs;
use super::definitions::grammar;
use crate::render::clean;

/// The same command line with these targets; with `--timeout` even if it was not given.
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
    // Targets are named with their profiles.
    let is_left_out = |id: &str| matches!(id, "all" | "profile") && !targets.is_empty();
    let is_typed = |id: &str| {
        typed.try_contains_id(id).unwrap_or(false)
            && typed.value_source(id) == Some(ValueSource::CommandLine)
    };
    for argument in in_order(definition) {
        let id = argument.get_id().as_str();
        if let Some(long) = argument.get_long().filter(|_| is_typed(id) && !is_left_out(id)) {
            words.extend(option(argument, long, typed));
        }
    }
    if !is_typed("timeout") {
        words.extend(["--timeout".to_owned(), timeout.to_owned()]);
    }
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// The options, those of the connection first.
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

/// An option with its value, as it was given.
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

/// Quotes a word for a shell. Quoting fails only for a NUL, which cannot be on a command line.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resumed(words: &[&str]) -> String {
        let matches = grammar().try_get_matches_from(words).unwrap();
        command(&matches, "30m", &["proof:1"])
    }

    #[test]
    fn options_are_repeated_in_a_fixed_order() {
        let typed = [
            "txwatch",
            "-v",
            "watch",
            "1",
            "2",
            "--transport=poll",
            "-o",
            "json",
            "-i",
            "2s",
            "--any",
            "--expect=-a=b c",
            "--until",
            "failed",
            "--url",
            "http://h",
            "-p",
            "proof",
            "--verbose",
        ];
        assert_eq!(
            resumed(&typed),
            "txwatch watch proof:1 --url http://h --until failed --any \
             '--expect=-a=b c' --interval 2s --output json --transport poll --verbose --timeout 30m"
        );
    }

    #[test]
    fn the_orders_of_an_account_are_resumed_by_their_names_or_all() {
        let typed = ["txwatch", "watch", "--all", "-p", "transak", "-t", "1m"];
        let matches = grammar().try_get_matches_from(typed).unwrap();
        let resumed = |targets: &[&str]| command(&matches, "1m", targets);
        assert_eq!(resumed(&[]), "txwatch watch --profile transak --timeout 1m --all");
        assert_eq!(
            resumed(&["transak:a", "transak:b"]),
            "txwatch watch transak:a transak:b --timeout 1m"
        );
    }

    #[test]
    fn a_time_limit_that_was_typed_stays_where_it_is() {
        assert_eq!(
            resumed(&["txwatch", "get", "1", "-t", "5s", "--exit-status"]),
            "txwatch get proof:1 --timeout 5s --exit-status"
        );
    }
}
