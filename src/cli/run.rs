//! The entry point: parses the arguments and dispatches to the command.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use clap::ArgMatches;
use clap_complete::env::CompleteEnv;

use super::arguments::{Cli, Command};
use super::context::{Context, print, stdout_error_code};
use super::definitions::definitions;
use super::target_command::{self, TargetCommand};
use super::{configuration, docs, output, parsing};
use crate::config::{Environment, Registry};
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Paint, write_log, write_stderr};

/// What `--version` prints.
const VERSION: &str = concat!("txwatch ", env!("CARGO_PKG_VERSION"), "\n");

/// Runs the command in the arguments, and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Code {
    let code = run_command(arguments, environment);
    match render::finish() {
        Err(error) if !matches!(code, Code::Io | Code::Closed) => stdout_error_code(&error),
        _ => code,
    }
}

fn run_command(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Code {
    let registry = Registry::built_in();
    if environment.get(docs::COMPLETE).is_some()
        && let Err(error) = render::check_stdout()
    {
        return stdout_error_code(&error);
    }
    CompleteEnv::with_factory(|| definitions(&registry)).var(docs::COMPLETE).complete();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if parsing::asks_version(&arguments) {
        return finish(print(VERSION).map(|()| Code::Ok), Paint(false));
    }
    let paints = output::early_paints(&arguments, &environment);
    match parsing::parse(&arguments, paints, &environment, &registry) {
        Ok((cli, matches)) => dispatch(&cli, &matches, environment, registry),
        Err(code) => code,
    }
}

fn dispatch(cli: &Cli, matches: &ArgMatches, environment: Environment, registry: Registry) -> Code {
    let context = Context {
        stderr: output::paint(cli.color, &environment, io::stderr().is_terminal()),
        stdout: output::paint(cli.color, &environment, io::stdout().is_terminal()),
        environment,
        registry,
    };
    start_log(cli.verbose);
    let follow = |command: TargetCommand<'_>| target_command::run(command, cli, matches, &context);
    match &cli.command {
        Command::Watch(arguments) => follow(TargetCommand::Watch(arguments)),
        Command::Poll(arguments) => follow(TargetCommand::Poll(arguments)),
        Command::Get(arguments) => follow(TargetCommand::Get(arguments)),
        Command::Config(arguments) => {
            finish(configuration::run(arguments, cli.quiet, &context), context.stderr)
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => {
            finish(super::sandbox::run(arguments, cli.quiet, &context), context.stderr)
        }
        Command::Completions(arguments) => {
            finish(docs::print_completions(arguments), context.stderr)
        }
        Command::Help(arguments) => {
            finish(docs::help(arguments, &context.registry, context.stdout), context.stderr)
        }
    }
}

/// Reports the failure of a command, and returns the exit code.
fn finish(result: Result<Code, Failure>, paint: Paint) -> Code {
    result.unwrap_or_else(|failure| {
        if failure.kind() != FailureKind::OutputClosed {
            write_stderr(&render::failure(&failure, paint));
        }
        failure.kind().into()
    })
}

/// `-v` logs connections, `-vv` also messages.
fn start_log(verbose: u8) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| Log)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    // Only this crate's events, for those of libraries may contain headers.
    let filter = Targets::new().with_target("txwatch", level);
    // Fails only if one is installed already, as in a test.
    let _ = tracing_subscriber::registry().with(layer).with(filter).try_init();
}

/// Writes sanitised log lines to stderr. Each call to `write` is one line.
struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        write_log(&format!("{}\n", render::clean(text.trim_end())));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_of_the_definitions() {
        assert_eq!(definitions(&Registry::built_in()).render_version(), VERSION);
    }
}
