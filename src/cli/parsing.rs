//! Parsing of the arguments to [`Cli`], and printing of help and errors.

use std::ffi::OsString;

use clap::error::{ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};

use super::arguments::{Cli, without_empty_variables};
use super::context;
use super::definitions::{definitions, grammar};
use super::{refused, suggestions};
use crate::config::{Environment, Registry};
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Paint, clean, write_stderr};

/// Parses the arguments. Help and errors are printed in these colours of stdout and stderr, and the exit code is
/// returned.
pub(super) fn parse(
    arguments: &[OsString],
    paints: [Paint; 2],
    environment: &Environment,
    registry: &Registry,
) -> Result<(Cli, ArgMatches), Code> {
    let matches = |commands: clap::Command| {
        let commands = without_empty_variables(commands, environment);
        commands.try_get_matches_from(arguments)
    };
    let parsed = matches(grammar()).or_else(|error| {
        if shows_help(&error) { matches(definitions(registry)) } else { Err(error) }
    });
    let typed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (mut cli, matches) = typed.map_err(|error| {
        let is_refused = error.use_stderr();
        let (reason, code) = match suggestions::explain(&error, arguments, registry) {
            Some(failure) => {
                write_stderr(&render::failure(&failure, paints[1]));
                (failure.to_string(), failure.kind().into())
            }
            None => (reason(&error), print(error, paints)),
        };
        if !is_refused {
            return code;
        }
        let printed = refused::print_records(arguments, environment, &reason);
        printed.map_or_else(|broken| not_printed(&broken, paints[1]), |()| code)
    })?;
    // A flag has precedence over a variable; otherwise quiet has precedence over verbose.
    cli.quiet &= is_typed(&matches, "quiet") || !is_typed(&matches, "verbose");
    Ok((cli, matches))
}

/// Whether only the version is requested. Scripts do so to see whether the program is installed, so that is fast: the
/// definitions are not built.
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

/// The message of an error without its hints.
fn reason(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default();
    message.strip_prefix("error: ").unwrap_or(message).to_owned()
}

/// Reports that stdout could not be written, but not that its reader closed it.
fn not_printed(broken: &Failure, stderr: Paint) -> Code {
    if broken.kind() != FailureKind::OutputClosed {
        write_stderr(&render::failure(broken, stderr));
    }
    broken.kind().into()
}

/// Prints clap's help to stdout, or its error to stderr. An error repeats arguments, which may contain harmful
/// characters.
fn print(mut error: clap::Error, [stdout, stderr]: [Paint; 2]) -> Code {
    if !error.use_stderr() {
        return match context::print(&rendered(&error, stdout)) {
            Ok(()) => Code::Ok,
            Err(broken) => not_printed(&broken, stderr),
        };
    }
    on_one_line(&mut error);
    let plain = error.render().to_string();
    let is_clean = plain.lines().all(|line| clean(line) == line);
    if is_clean {
        write_stderr(&rendered(&error, stderr));
    } else {
        let lines: Vec<_> = plain.lines().map(clean).collect();
        write_stderr(&format!("{}\n", lines.join("\n")));
    }
    Code::Usage
}

/// The text of clap's help or error.
pub(super) fn rendered(error: &clap::Error, paint: Paint) -> String {
    let text = error.render();
    if paint.0 { text.ansi().to_string() } else { text.to_string() }
}

/// Removes line breaks from arguments in an error, which could otherwise look like another message.
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
