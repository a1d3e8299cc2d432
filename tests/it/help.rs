//! The texts of `--help`, and the variables of the options.

use std::collections::BTreeMap;

use clap::Command;
use txwatch::config::Registry;

use crate::support::bless;
use crate::support::txwatch::txwatch;

/// Every command with the words that select it, the program itself first.
pub fn commands() -> Vec<(Vec<String>, Command)> {
    fn walk(words: Vec<String>, command: Command, all: &mut Vec<(Vec<String>, Command)>) {
        for child in command.get_subcommands() {
            let words = [words.as_slice(), &[child.get_name().to_owned()]].concat();
            walk(words, child.clone(), all);
        }
        all.push((words, command));
    }
    let mut all = Vec::new();
    walk(Vec::new(), txwatch::cli::definitions(&Registry::built_in()), &mut all);
    all.reverse();
    all
}

#[test]
fn help_texts_are_current() {
    let mut files = BTreeMap::new();
    for (words, _) in commands() {
        for (flag, kind) in [("--help", "long"), ("-h", "short")] {
            let arguments: Vec<_> = words.iter().map(String::as_str).chain([flag]).collect();
            let output = txwatch(&arguments).run();
            assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{arguments:?}");
            let name = ["txwatch"].into_iter().chain(words.iter().map(String::as_str));
            let name = name.collect::<Vec<_>>().join("-");
            files.insert(format!("{name}.{kind}.txt"), output.stdout);
        }
    }
    bless::folder("tests/it/help", &files);
}

#[test]
fn help_and_dash_dash_help_are_the_same() {
    for (words, _) in commands() {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let flag = txwatch(words.iter().chain(&["--help"])).run();
        let command = txwatch(["help"].iter().chain(&words)).run();
        assert_eq!(flag.stdout, command.stdout, "{words:?}");
    }
}

#[test]
fn help_lines_fit_a_terminal_of_a_hundred_columns() {
    for (words, _) in commands() {
        let words: Vec<_> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let output = txwatch(&words).run();
        let long: Vec<_> =
            output.stdout.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(long.is_empty(), "{words:?}: {long:#?}");
    }
}

#[test]
fn every_long_option_has_its_variable() {
    let mut options = 0;
    for (words, command) in commands() {
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long() else {
                assert!(argument.is_positional(), "{words:?} {}", argument.get_id());
                continue;
            };
            let expected = format!("TXWATCH_{}", long.to_uppercase().replace('-', "_"));
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            assert_eq!(variable, Some(expected), "{words:?} --{long}");
            options += 1;
        }
    }
    assert!(options > 40, "{options}");
}

#[test]
fn every_command_has_an_example_and_every_argument_a_help_text() {
    for (words, command) in commands() {
        let examples = command.get_after_help().expect("examples").to_string();
        let lines = examples.lines().skip(1).take_while(|line| !line.is_empty());
        assert!(lines.clone().count() >= 1, "{words:?}");
        assert!(lines.clone().all(|line| line.contains("txwatch")), "{words:?} {examples}");
        assert!(command.get_about().is_some(), "{words:?}");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.len() > 5 && !help.ends_with('.'),
                "{words:?} {} {help}",
                argument.get_id()
            );
        }
    }
}

#[test]
fn variables_act_like_their_options() {
    type Check = fn(&str, &str) -> bool;
    type Line = (&'static [&'static str], &'static str, &'static str, i32, Check);
    const GET: &[&str] = &["get", "sandbox:happy"];
    const SLOW: &[&str] = &["watch", "sandbox:slow"];
    let table: [Line; 12] = [
        (SLOW, "TXWATCH_TIMEOUT", "1s", 124, |_, err| err.contains("timed out after 1s")),
        (SLOW, "TXWATCH_UNTIL", "pending", 0, |out, _| out == "sandbox:slow\tpending\n"),
        (&["watch", "sandbox:revived"], "TXWATCH_GRACE", "10s", 0, |out, _| {
            out.ends_with("completed\n")
        }),
        (&["watch", "sandbox:silent", "-v"], "TXWATCH_TRANSPORT", "poll", 0, |_, err| {
            !err.contains("websocket")
        }),
        (&["watch", "sandbox:drop"], "TXWATCH_EXPECT", "crypto_amount>=100", 13, |_, err| {
            err.contains("completed")
        }),
        (GET, "TXWATCH_EXIT_STATUS", "1", 20, |out, _| out.ends_with("pending\n")),
        (GET, "TXWATCH_EXIT_STATUS", "false", 0, |out, _| out.ends_with("pending\n")),
        (GET, "TXWATCH_OUTPUT", "json", 0, |out, _| out.ends_with("}\n")),
        (GET, "TXWATCH_OUTPUT", "human", 0, |out, _| out.starts_with("target  ")),
        (GET, "TXWATCH_OUTPUT", "xml", 2, |_, err| err.contains("possible values")),
        (GET, "TXWATCH_QUIET", "1", 0, |_, err| err.is_empty()),
        (&["get", "550e8400"], "TXWATCH_PROFILE", "proof", 78, |_, err| {
            err.contains("profile proof has no url")
        }),
    ];
    std::thread::scope(|scope| {
        for (arguments, name, value, code, check) in table {
            scope.spawn(move || {
                let output = txwatch(arguments).env(name, value).run();
                assert_eq!(output.code, code, "{name}={value} {output:#?}");
                assert!(check(&output.stdout, &output.stderr), "{name}={value} {output:#?}");
            });
        }
    });
}

#[test]
fn a_flag_overrides_its_variable_and_that_the_file() {
    let file = "[defaults]\noutput = \"json\"\n";
    let get =
        |arguments: &[&str]| txwatch(["get", "sandbox:happy"].iter().chain(arguments)).config(file);
    assert!(get(&[]).run().stdout.starts_with('{'));
    let plain = "sandbox:happy\tpending\n";
    assert_eq!(get(&[]).env("TXWATCH_OUTPUT", "plain").run().stdout, plain);
    assert_eq!(get(&["-o", "plain"]).env("TXWATCH_OUTPUT", "human").run().stdout, plain);
}
