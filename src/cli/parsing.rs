//! clap's part: what was typed becomes [`Cli`], or help, or a complaint.

use std::ffi::OsString;

use clap::error::{ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, ColorChoice, FromArgMatches};

use super::arguments::Cli;
use super::context::output_broke;
use super::definitions::{definitions, grammar};
use crate::config::Registry;
use crate::exit::Code;
use crate::render::{clean, write_stderr};

/// Parses what was typed. What is only shown, help and complaints, is printed, and its code answered.
pub(super) fn parse(
    arguments: &[OsString],
    colour: ColorChoice,
    registry: &Registry,
) -> Result<(Cli, ArgMatches), Code> {
    let matches = |commands: clap::Command| commands.color(colour).try_get_matches_from(arguments);
    let parsed = matches(grammar()).or_else(|error| {
        if shows_help(&error) { matches(definitions(registry)) } else { Err(error) }
    });
    let typed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (mut cli, matches) = typed.map_err(print)?;
    // What is typed goes before what is set; of the rest, quiet wins.
    cli.quiet &= is_typed(&matches, "quiet") || !is_typed(&matches, "verbose");
    Ok((cli, matches))
}

/// Whether the version is all that is asked for. Scripts ask for it to see whether the program is there, so
/// it is answered without building the definitions, which would take most of the time.
pub(super) fn asks_version(arguments: &[OsString]) -> bool {
    matches!(arguments, [_, only] if only == "--version" || only == "-V")
}

fn shows_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

fn is_typed(matches: &ArgMatches, argument: &str) -> bool {
    matches.value_source(argument) == Some(ValueSource::CommandLine)
}

/// clap's help goes to stdout, its complaints to stderr. A complaint repeats what was typed, which may
/// have been somebody else's.
fn print(mut error: clap::Error) -> Code {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Code::Ok,
            Err(error) => output_broke(&error),
        };
    }
    on_one_line(&mut error);
    let plain = error.render().to_string();
    let harmless = plain.lines().all(|line| clean(line) == line);
    if harmless {
        drop(error.print());
    } else {
        let lines: Vec<_> = plain.lines().map(clean).collect();
        write_stderr(&format!("{}\n", lines.join("\n")));
    }
    Code::Usage
}

/// What was typed stays within its line of a complaint; a second one could pass for another message.
fn on_one_line(error: &mut clap::Error) {
    let typed: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if text.contains(['\n', '\r']) => {
                Some((kind, clean(text).into_owned()))
            }
            _ => None,
        })
        .collect();
    for (kind, text) in typed {
        error.insert(kind, ContextValue::String(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_alone_is_answered_without_definitions() {
        let typed = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(asks_version(&typed(&["txwatch", "--version"])));
        assert!(asks_version(&typed(&["txwatch", "-V"])));
        assert!(!asks_version(&typed(&["txwatch", "-V", "watch"])));
        assert!(!asks_version(&typed(&["txwatch"])));
    }
}
