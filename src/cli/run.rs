//! Carrying out what was typed.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use clap::ArgMatches;

use super::arguments::TargetArgs;
use super::context::{Context, block_on, no_runtime, output_broke, print};
use super::plan::{self, Prepared};
use super::{Cli, Command, configuration, docs, grammar, output, resume, targets};
use crate::config::values::{TransportMode, OutputFormat, Limit};
use crate::config::{Config, Environment};
use crate::config::Registry;
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Output, Paint, say};
use crate::driver::clock::Clock;
use crate::engine::plan::Mode;
use crate::driver::{self, Broken, Signals};

/// What `--version` prints.
pub(super) const VERSION: &str = concat!("txwatch ", env!("CARGO_PKG_VERSION"), "\n");

pub(super) fn dispatch(cli: Cli, matches: &ArgMatches, environment: Environment) -> Code {
    let context = Context {
        stderr: output::paint(cli.color, &environment, io::stderr().is_terminal()),
        stdout: output::paint(cli.color, &environment, io::stdout().is_terminal()),
        environment,
    };
    start_log(cli.verbose);
    match &cli.command {
        Command::Watch(arguments) => {
            targets_command(&cli, &arguments.common, matches, &context, |config| {
                let carrier = config.option("transport", arguments.transport, None)?;
                Ok(match carrier.unwrap_or_default() {
                    TransportMode::Auto => Mode::Watch,
                    TransportMode::Push => Mode::WatchPushOnly,
                    TransportMode::Poll => Mode::Poll,
                })
            })
        }
        Command::Poll(arguments) => {
            targets_command(&cli, &arguments.common, matches, &context, |_| Ok(Mode::Poll))
        }
        Command::Get(arguments) => {
            targets_command(&cli, &arguments.common, matches, &context, |_| {
                // Whoever expects something wants to be told by the code.
                Ok(Mode::Get {
                    exit_status: arguments.exit_status || !arguments.common.expect.is_empty(),
                })
            })
        }
        Command::Config(arguments) => {
            finish(configuration::run(arguments, &context), context.stderr)
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => finish(super::sandbox::run(arguments, &cli, &context.environment), context.stderr),
        Command::Completions(arguments) => {
            finish(docs::print_completions(arguments), context.stderr)
        }
        Command::Help(arguments) => docs::help(arguments),
    }
}

pub(super) fn print_version() -> Code {
    finish(print(VERSION).map(|()| Code::Ok), Paint(false))
}

/// Reports what a simple command came to.
fn finish(result: Result<Code, Failure>, paint: Paint) -> Code {
    result.unwrap_or_else(|failure| {
        if failure.kind() != FailureKind::OutputClosed {
            say(&render::failure(&failure, paint));
        }
        failure.kind().into()
    })
}

/// `watch`, `poll` and `get`.
fn targets_command(
    cli: &Cli,
    arguments: &TargetArgs,
    matches: &ArgMatches,
    context: &Context,
    mode: impl FnOnce(&Config) -> Result<Mode, Failure>,
) -> Code {
    let mut form = arguments.output;
    let mut typed = arguments.targets.clone();
    let done = prepare(arguments, context, mode, &mut form, &mut typed)
        .and_then(|prepared| execute(cli, form, prepared, matches, context));
    done.unwrap_or_else(|failure| {
        say(&render::failure(&failure, context.stderr));
        if form == Some(OutputFormat::Json) {
            return abort(&typed, &failure);
        }
        failure.kind().into()
    })
}

fn prepare(
    arguments: &TargetArgs,
    context: &Context,
    mode: impl FnOnce(&Config) -> Result<Mode, Failure>,
    form: &mut Option<OutputFormat>,
    typed: &mut Vec<String>,
) -> Result<Prepared, Failure> {
    let config = Config::load(context.environment.clone(), Registry::built_in())?;
    *form = config.option("output", *form, None)?;
    let mode = mode(&config)?;
    if !typed.is_empty() {
        *typed = targets::expand(typed, plan::timeout(arguments, mode, &config)?)?;
    }
    plan::prepare(arguments, typed, mode, &config)
}

/// In JSON every command has its records, also one that could not begin.
fn abort(targets: &[String], failure: &Failure) -> Code {
    let text =
        render::abort(Clock::start().now().wall, targets, failure);
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => failure.kind().into(),
        Err(error) => output_broke(&error),
    }
}

fn execute(
    cli: &Cli,
    form: Option<OutputFormat>,
    prepared: Prepared,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Code, Failure> {
    let plan = Arc::new(prepared.plan);
    let look = output::look(cli, prepared.colour, form, &plan, &context.environment);
    let timeout = Limit(plan.timeout).to_string();
    let ended = block_on(async {
        #[cfg(feature = "sandbox")]
        if let Some(sandbox) = prepared.sandbox {
            tokio::spawn(sandbox.serve());
        }
        let mut signals = Signals::listen().map_err(|error| Broken::Failed(no_runtime(error)))?;
        let mut output = Output::new(&look);
        driver::run(plan, &prepared.transport, &mut output, &mut signals).await
    })?;
    match ended {
        Ok(closing) => {
            let resume = |targets: &[&str]| resume_command(matches, &timeout, targets);
            say(&render::farewell(&closing, resume, look.stderr));
            Ok(Code::from(&closing.summary))
        }
        Err(Broken::Failed(failure)) => Err(failure),
        Err(Broken::Output(error)) => Ok(output_broke(&error)),
    }
}

fn resume_command(matches: &ArgMatches, timeout: &str, targets: &[&str]) -> String {
    let mut root = grammar();
    // Driver the options of all commands down to each.
    root.build();
    let found = matches
        .subcommand()
        .and_then(|(name, typed)| Some((name, typed, root.find_subcommand(name)?)));
    match found {
        Some((name, typed, definition)) => {
            resume::command(name, definition, typed, timeout, targets)
        }
        None => format!("txwatch watch {}", targets.join(" ")),
    }
}

/// `-v` tells of connections, `-vv` of the wire.
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
    // Only our own words: what libraries log may hold headers.
    let filter = Targets::new().with_target("txwatch", level);
    // Fails only if there is one already, as in a test.
    let _ = tracing_subscriber::registry().with(layer).with(filter).try_init();
}

/// stderr for the log, whose lines may repeat what came from outside. A line comes in one piece.
struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        say(&format!("{}\n", render::clean(text.trim_end())));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
