//! What can be typed.
//!
//! House rules for flags: a short form only for what is typed every day; a long form always, with an
//! environment variable `TXWATCH_…`; durations have units; a secret is never a flag's value; the help
//! says what a thing is for, then its default in brackets.

mod arguments;
mod check;
mod configuration;
mod context;
mod docs;
mod examples;
mod man;
mod output;
mod plan;
mod providers;
mod resume;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod targets;

use std::ffi::OsString;

use clap::builder::{BoolishValueParser, PossibleValuesParser, Styles, TypedValueParser};
use clap::error::{ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::env::CompleteEnv;

use crate::config::Environment;
use crate::config::values::Colour;
use crate::exit::{self, Code};
use crate::render::say;

pub use arguments::{GetArgs, PollArgs, TargetArgs, WatchArgs};
pub use docs::completions;
pub use man::man_pages;
pub use providers::providers_as_markdown;

/// The variable that the completion scripts call the binary with.
const COMPLETE: &str = "TXWATCH_COMPLETE";

const ABOUT: &str = "Wait for a transaction the way `wait` waits for a process";
const LONG_ABOUT: &str = "Wait for a transaction the way `wait` waits for a process.

txwatch attaches to a deposit, an order or a chain transaction by its id, shows every status change as it \
happens, and exits with a code that says how it ended, so that shell scripts and CI jobs can gate on it.";
/// Everything that can be typed.
#[derive(Debug, Parser)]
#[command(name = "txwatch", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(styles = Styles::styled(), max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,

    /// Say less on stderr: errors only
    #[arg(short, long, global = true, env = "TXWATCH_QUIET", hide_env = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub quiet: bool,

    /// Say more on stderr: connections coming and going; -vv: the wire, without secrets
    #[arg(short, long, global = true, env = "TXWATCH_VERBOSE", hide_env = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to use colour [default: auto]
    #[arg(long, global = true, value_name = "WHEN", env = "TXWATCH_COLOR", hide_env = true)]
    #[arg(value_parser = PossibleValuesParser::new(Colour::WORDS).try_map(|word| word.parse::<Colour>()))]
    pub color: Option<Colour>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow transactions to their end by push, with polling underneath
    ///
    /// It subscribes to the provider's push feed, looks once, and then follows. While push is down it
    /// polls, and goes on reconnecting underneath. Every change is shown as it happens; when all targets
    /// are settled it exits with a code that says how they ended. Durations have units: 90s, 5m, 1h 30m.
    Watch(WatchArgs),
    /// Follow transactions to their end by requests only
    ///
    /// The same as watch, for networks that WebSockets do not get through. Durations have units: 90s, 5m,
    /// 1h 30m.
    Poll(PollArgs),
    /// OutputOptions at transactions once
    ///
    /// It prints what the provider knows, and exits 0 if the look worked, whatever the status is. With
    /// --exit-status the code says the status.
    Get(GetArgs),
    /// Show where the configuration is, what is in force, and whether it works
    ///
    /// Secrets are never shown, only where they come from.
    Config(configuration::ConfigArgs),
    /// Serve the providers' protocols on this machine, to rehearse a gate
    ///
    /// The id picks what happens: happy, failed, expired and so on; it prints the list, and on stdout the
    /// environment that points txwatch at it. For one run no server is needed: `txwatch watch
    /// sandbox:happy` brings its own.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArgs),
    /// Print the completion script of a shell
    ///
    /// The script asks the txwatch on the PATH, so it completes the profiles of your configuration and the
    /// scenarios of the sandbox too.
    Completions(docs::CompletionsArgs),
    /// Print help: for a command, `exit-codes`, `providers`, or the JSON `schema`
    Help(docs::HelpArgs),
}

/// What can be typed, without what only help shows: to fill that in takes most of the time of a start.
fn grammar() -> clap::Command {
    Cli::command().mut_subcommands(|command| match command.get_name() {
        "watch" => command.mut_arg("targets", |targets| {
            targets.required(false).required_unless_present("all").conflicts_with("all")
        }),
        _ => command,
    })
}

/// The definitions, with what is filled in from tables.
pub fn definitions() -> clap::Command {
    filled_in(grammar())
}

/// Examples below the help; and in the long help of what watches, the exit codes.
fn filled_in(command: clap::Command) -> clap::Command {
    let examples = examples::as_text(command.get_name());
    let watches = matches!(command.get_name(), "txwatch" | "watch" | "poll" | "get");
    let command = command.after_help(examples.clone()).mut_subcommands(filled_in);
    if watches {
        let codes = exit::as_text();
        command.after_long_help(format!("{examples}\n\nExit codes:\n{codes}"))
    } else {
        command
    }
}

/// Runs what was typed; answers the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Code {
    CompleteEnv::with_factory(definitions).var(COMPLETE).complete();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if asks_version(&arguments) {
        return run::print_version();
    }
    let colour = output::early_colour(&arguments, &environment);
    let parse = |commands: clap::Command| commands.color(colour).try_get_matches_from(&arguments);
    let parsed = parse(grammar())
        .or_else(|error| if shows_help(&error) { parse(definitions()) } else { Err(error) });
    let typed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    match typed {
        Ok((mut cli, matches)) => {
            // What is typed goes before what is set; of the rest, quiet wins.
            cli.quiet &= is_typed(&matches, "quiet") || !is_typed(&matches, "verbose");
            run::dispatch(cli, &matches, environment)
        }
        Err(error) => print_clap(error),
    }
}

fn shows_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

fn is_typed(matches: &clap::ArgMatches, argument: &str) -> bool {
    matches.value_source(argument) == Some(ValueSource::CommandLine)
}

/// Whether the version is all that is asked for. Scripts ask for it to see whether the program is there, so
/// it is answered without building the definitions, which would take most of the time.
fn asks_version(arguments: &[OsString]) -> bool {
    matches!(arguments, [_, only] if only == "--version" || only == "-V")
}

/// clap's help goes to stdout, its complaints to stderr. A complaint repeats what was typed, which may
/// have been somebody else's.
fn print_clap(mut error: clap::Error) -> Code {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Code::Ok,
            Err(error) => context::output_broke(&error),
        };
    }
    on_one_line(&mut error);
    let plain = error.render().to_string();
    let harmless = plain.lines().all(|line| crate::render::clean(line) == line);
    if harmless {
        drop(error.print())
    } else {
        let lines: Vec<_> = plain.lines().map(crate::render::clean).collect();
        say(&format!("{}\n", lines.join("\n")));
    }
    Code::Usage
}

/// What was typed stays within its line of a complaint; a second one could pass for another message.
fn on_one_line(error: &mut clap::Error) {
    let typed: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if text.contains(['\n', '\r']) => {
                Some((kind, crate::render::clean(text).into_owned()))
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
    fn the_version_is_the_one_of_the_definitions() {
        assert_eq!(definitions().render_version(), run::VERSION);
        let typed = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(asks_version(&typed(&["txwatch", "--version"])));
        assert!(asks_version(&typed(&["txwatch", "-V"])));
        assert!(!asks_version(&typed(&["txwatch", "-V", "watch"])));
        assert!(!asks_version(&typed(&["txwatch"])));
    }
}
