//! The records of a command whose arguments are refused: as far as its words can be read, for the whole cannot.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::context::print;
use super::definitions::grammar;
use crate::config::Environment;
use crate::driver::clock::Clock;
use crate::error::{Failure, usage};
use crate::render;

/// The commands that have records.
const COMMANDS: [&str; 3] = ["watch", "poll", "get"];

/// What could be read of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    output: Option<String>,
    profile: Option<String>,
    targets: Vec<String>,
}

/// Prints the records of a command that was refused for this reason, if it was to print JSON.
pub(super) fn print_records(
    arguments: &[OsString],
    environment: &Environment,
    reason: &str,
) -> Result<(), Failure> {
    let words = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned());
    let Some(words) = read(words) else {
        return Ok(());
    };
    let or_variable =
        |given: Option<String>, name| given.or_else(|| environment.get(name).map(str::to_owned));
    if or_variable(words.output, "TXWATCH_OUTPUT").as_deref() != Some("json") {
        return Ok(());
    }
    let profile = or_variable(words.profile, "TXWATCH_PROFILE");
    let targets = names(words.targets.iter().map(String::as_str), profile.as_deref());
    print(&render::aborted(Clock::start().now().wall, &targets, &usage(reason)))
}

/// The names of targets for records, each once. One without a profile has no name.
pub(super) fn names<'a>(
    targets: impl Iterator<Item = &'a str>,
    profile: Option<&str>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for target in targets.filter(|target| !matches!(*target, "" | "-")) {
        let name = match (target.split_once(':'), profile) {
            (Some(("", _) | (_, "")), _) | (None, None) => continue,
            (Some(_), _) => target.to_owned(),
            (None, Some(profile)) => format!("{profile}:{target}"),
        };
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

/// Reads the words of a command that has records.
fn read(words: impl Iterator<Item = String>) -> Option<Words> {
    let mut root = grammar();
    // Building passes the options of all commands down to each.
    root.build();
    let mut reader =
        Reader { command: &root, has_command: false, after_unknown: false, read: Words::default() };
    let mut words = words;
    while let Some(word) = words.next() {
        if word == "--" {
            reader.read.targets.extend(words);
            break;
        }
        match word.strip_prefix("--") {
            Some(long) => reader.long(long, &mut words),
            None if word.len() > 1 && word.starts_with('-') => reader.short(&word[1..], &mut words),
            None => reader.word(word)?,
        }
    }
    reader.has_command.then_some(reader.read)
}

struct Reader<'a> {
    command: &'a Command,
    has_command: bool,
    /// Whether the word before is an option that there is not, whose value this one may be.
    after_unknown: bool,
    read: Words,
}

impl Reader<'_> {
    fn long(&mut self, option: &str, words: &mut impl Iterator<Item = String>) {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let argument =
            self.command.get_arguments().find(|argument| argument.get_long() == Some(name));
        self.after_unknown = argument.is_none() && value.is_none();
        if let Some(argument) = argument.filter(|argument| takes_value(argument)) {
            let id = argument.get_id().to_string();
            self.value(&id, value.or_else(|| words.next()));
        }
    }

    fn short(&mut self, cluster: &str, words: &mut impl Iterator<Item = String>) {
        self.after_unknown = false;
        for (at, letter) in cluster.char_indices() {
            let found =
                self.command.get_arguments().find(|argument| argument.get_short() == Some(letter));
            let Some(argument) = found else {
                self.after_unknown = true;
                return;
            };
            if takes_value(argument) {
                let rest = &cluster[at + letter.len_utf8()..];
                let value = Some(rest.strip_prefix('=').unwrap_or(rest).to_owned());
                let id = argument.get_id().to_string();
                return self
                    .value(&id, value.filter(|value| !value.is_empty()).or_else(|| words.next()));
            }
        }
    }

    fn value(&mut self, id: &str, value: Option<String>) {
        match id {
            "output" => self.read.output = value,
            "profile" => self.read.profile = value,
            _ => {}
        }
    }

    /// The name of the command, or a target. None if the command has no records.
    fn word(&mut self, word: String) -> Option<()> {
        let may_be_value = std::mem::take(&mut self.after_unknown) && !word.contains(':');
        if !self.has_command {
            let name = COMMANDS.into_iter().find(|name| *name == word);
            match name.and_then(|name| self.command.find_subcommand(name)) {
                Some(command) => (self.command, self.has_command) = (command, true),
                None if may_be_value => {}
                None => return None,
            }
        } else if !may_be_value {
            self.read.targets.push(word);
        }
        Some(())
    }
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Option<(String, String, String)> {
        let words = read(line.split(' ').map(str::to_owned))?;
        let text = |text: Option<String>| text.unwrap_or_default();
        Some((text(words.output), text(words.profile), words.targets.join(" ")))
    }

    #[test]
    fn words_are_read_as_far_as_they_can_be() {
        for (line, output, profile, targets) in [
            ("watch a:1 -o json b:2", "json", "", "a:1 b:2"),
            ("-v watch --output json a:1 --timeout", "json", "", "a:1"),
            ("poll --output=json -p proof 1 2", "json", "proof", "1 2"),
            ("get -qojson -p=proof 1", "json", "proof", "1"),
            ("get -qo json a:1 -- -x", "json", "", "a:1 -x"),
            ("watch --bogus 5 a:1 -o json", "json", "", "a:1"),
            ("watch --bogus a:1 -o json", "json", "", "a:1"),
            ("watch --bogus=5 1 -o json", "json", "", "1"),
            ("watch -Z 5 1 -o json", "json", "", "1"),
            ("watch -t -5s a:1 -o json", "json", "", "a:1"),
            ("--bogus 5 watch a:1 -o json", "json", "", "a:1"),
            ("watch -o", "", "", ""),
        ] {
            let expected = (output.to_owned(), profile.to_owned(), targets.to_owned());
            assert_eq!(read_line(line), Some(expected), "{line}");
        }
        for line in ["wacth a:1 -o json", "config show -o json", "sandbox:happy -o json", "-o json"]
        {
            assert_eq!(read_line(line), None, "{line}");
        }
    }

    #[test]
    fn a_name_has_a_profile_and_comes_once() {
        let typed = ["a:1", "1", "-", "a:1", "", ":x", "x:", "b:1"];
        assert_eq!(names(typed.into_iter(), None), ["a:1", "b:1"]);
        assert_eq!(names(typed.into_iter(), Some("a")), ["a:1", "b:1"]);
    }
}
