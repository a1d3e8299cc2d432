//! The definitions for clap, and the parts that only help shows, which come from tables.

use clap::{Arg, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::arguments::Cli;
use super::examples;
use crate::config::{OPTIONS, Registry};
use crate::exit;

/// The topics of `help` besides the commands.
pub(super) const MORE_TOPICS: [&str; 3] = ["exit-codes", "providers", "schema"];

/// The definitions without the parts that only help shows, which take most of the time of a start to build.
pub(super) fn grammar() -> clap::Command {
    Cli::command().mut_subcommands(|command| match command.get_name() {
        "watch" => command.mut_arg("targets", |targets| {
            targets.required(false).required_unless_present("all").conflicts_with("all")
        }),
        "help" => command.mut_arg("topic", |topic| topic.add(ArgValueCandidates::new(topics))),
        _ => command,
    })
}

/// The complete definitions.
pub fn definitions(registry: &Registry) -> clap::Command {
    with_help_texts(grammar(), registry)
}

/// Adds the defaults of options, the examples, and in the long help of commands with targets the exit codes.
fn with_help_texts(command: clap::Command, registry: &Registry) -> clap::Command {
    let examples = examples::as_text(command.get_name());
    let watches = matches!(command.get_name(), "txwatch" | "watch" | "poll" | "get");
    let command = command
        .mut_args(|argument| with_default(argument, registry))
        .after_help(examples.clone())
        .mut_subcommands(|command| with_help_texts(command, registry));
    if watches {
        let codes = exit::as_text();
        command.after_long_help(format!("{examples}\n\nExit codes:\n{codes}"))
    } else {
        command
    }
}

/// Adds the default of an option that has a value, at the end of the first paragraph.
fn with_default(argument: Arg, registry: &Registry) -> Arg {
    let row = OPTIONS.iter().find(|option| argument.get_id() == option.key);
    let row = row.filter(|_| argument.get_action().takes_values());
    let Some(default) = row.and_then(|option| option.built_in.in_help(registry)) else {
        return argument;
    };
    let add = |help: String| match help.split_once("\n\n") {
        Some((first, rest)) => format!("{first} [default: {default}]\n\n{rest}"),
        None => format!("{help} [default: {default}]"),
    };
    let (short, long) = (argument.get_help().cloned(), argument.get_long_help().cloned());
    let argument = argument.help(add(short.unwrap_or_default().to_string()));
    match long {
        Some(long) => argument.long_help(add(long.to_string())),
        None => argument,
    }
}

/// Completes a topic.
fn topics() -> Vec<CompletionCandidate> {
    let commands = grammar();
    let commands = commands.get_subcommands().map(|command| {
        CompletionCandidate::new(command.get_name()).help(command.get_about().cloned())
    });
    commands.chain(MORE_TOPICS.into_iter().map(CompletionCandidate::new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CommandKind;
    use crate::config::options::UNTIL;

    /// The defaults in the brackets of a help text.
    fn defaults(help: &str) -> Vec<&str> {
        help.split("[default: ").skip(1).filter_map(|rest| Some(rest.split_once(']')?.0)).collect()
    }

    fn check(command: &clap::Command, found: &mut Vec<String>) {
        command.get_subcommands().for_each(|command| check(command, found));
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            let short = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let long = argument.get_long_help().map_or_else(|| short.clone(), ToString::to_string);
            let row = OPTIONS.iter().find(|option| option.key == id);
            let expected = row
                .filter(|_| argument.get_action().takes_values())
                .and_then(|option| option.built_in.in_help(&Registry::built_in()));
            // The default of --profile depends on all profiles, and is not in the table.
            let expected = match id {
                "profile" if !matches!(command.get_name(), "check" | "forget-token") => {
                    vec!["the only one that is set up".to_owned()]
                }
                _ => expected.into_iter().collect(),
            };
            assert_eq!(defaults(&short), expected, "{} --{id}", command.get_name());
            assert_eq!(defaults(&long), expected, "{} --{id}", command.get_name());
            assert!(row.is_none() || argument.get_default_values().is_empty(), "--{id}");
            found.extend(row.filter(|_| !expected.is_empty()).map(|option| option.key.to_owned()));
        }
    }

    #[test]
    fn the_defaults_of_help_are_those_of_the_table() {
        let mut found = Vec::new();
        check(&definitions(&Registry::built_in()), &mut found);
        found.sort();
        found.dedup();
        let with_default = OPTIONS.iter().filter(|option| {
            let is_flag_or_none = matches!(option.key, "show_personal" | "cacert");
            !is_flag_or_none
        });
        let mut expected: Vec<_> = with_default.map(|option| option.key.to_owned()).collect();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_exit_codes_name_the_goal_of_the_table() {
        let goal = UNTIL.built_in(CommandKind::Follow).unwrap();
        let meaning = exit::TABLE[0].meaning;
        assert!(meaning.contains(&format!("by default {goal}")), "{meaning}");
    }
}
