//! `watch`, `poll` and `get`: from the arguments over the plan to the exit code.

use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::arguments::{Cli, GetArgs, PollArgs, TargetArgs, WatchArgs};
use super::context::{Context, block_on, runtime_failure, stdout_error_code};
use super::plan::{PlanBuilder, Prepared};
use super::{output, resume, stdin, variables};
use crate::config::options::{COLOR, OUTPUT, TIMEOUT, TRANSPORT};
use crate::config::values::{Colour, Limit, OutputFormat, TransportMode};
use crate::config::{CommandKind, CommandOptions};
use crate::driver::clock::Clock;
use crate::driver::{self, RunError, Signals};
use crate::engine::plan::Mode;
use crate::error::Failure;
use crate::event::Closing;
use crate::exit::Code;
use crate::render::{self, Output, Progress, write_stderr};

/// One of the commands that have targets.
#[derive(Clone, Copy)]
pub(super) enum TargetCommand<'a> {
    Watch(&'a WatchArgs),
    Poll(&'a PollArgs),
    Get(&'a GetArgs),
}

impl<'a> TargetCommand<'a> {
    fn arguments(self) -> &'a TargetArgs {
        match self {
            TargetCommand::Watch(arguments) => &arguments.common,
            TargetCommand::Poll(arguments) => &arguments.common,
            TargetCommand::Get(arguments) => &arguments.common,
        }
    }

    fn kind(self) -> CommandKind {
        match self {
            TargetCommand::Watch(_) | TargetCommand::Poll(_) => CommandKind::Follow,
            TargetCommand::Get(_) => CommandKind::Get,
        }
    }

    fn mode(self, options: CommandOptions<'_>) -> Result<Mode, Failure> {
        Ok(match self {
            TargetCommand::Watch(arguments) => {
                match options.value(&TRANSPORT, arguments.transport)? {
                    TransportMode::Auto => Mode::Watch,
                    TransportMode::Push => Mode::WatchPushOnly,
                    TransportMode::Poll => Mode::Poll,
                }
            }
            TargetCommand::Poll(_) => Mode::Poll,
            // --expect implies --exit-status.
            TargetCommand::Get(arguments) => Mode::Get {
                exit_status: arguments.exit_status || !arguments.common.goal.expect.is_empty(),
            },
        })
    }
}

/// The arguments that are known when a command fails, for its records.
#[derive(Clone)]
struct KnownArguments {
    format: Option<OutputFormat>,
    targets: Vec<String>,
}

/// The failure of a command, with the arguments that were known by then.
struct CommandFailure {
    known: KnownArguments,
    failure: Failure,
}

impl KnownArguments {
    fn fail(&self, failure: Failure) -> CommandFailure {
        CommandFailure { known: self.clone(), failure }
    }
}

impl CommandFailure {
    /// Reports the failure. With JSON output there are also the records of the command.
    fn report(&self, context: &Context) -> Code {
        write_stderr(&render::failure(&self.failure, context.stderr));
        if self.known.format != Some(OutputFormat::Json) {
            return self.failure.kind().into();
        }
        let now = Clock::start().now().wall;
        let text = render::aborted(now, &self.known.targets, &self.failure);
        match render::write_stdout(text) {
            Ok(()) => self.failure.kind().into(),
            Err(error) => stdout_error_code(&error),
        }
    }
}

/// Runs the command to its end, and returns the exit code.
pub(super) fn run(
    command: TargetCommand<'_>,
    cli: &Cli,
    matches: &ArgMatches,
    context: &Context,
) -> Code {
    try_run(command, cli, matches, context).unwrap_or_else(|failure| failure.report(context))
}

fn try_run(
    command: TargetCommand<'_>,
    cli: &Cli,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Code, CommandFailure> {
    let arguments = command.arguments();
    let known =
        KnownArguments { format: arguments.output.output, targets: arguments.targets.clone() };
    let typed = arguments.time.timeout;
    let timeout = typed.and_then(|typed| typed.0);
    let mut config = context.config(timeout).map_err(|failure| known.fail(failure))?;
    let timeout = config.options(command.kind()).value(&TIMEOUT, typed);
    config.limit_reading(timeout.map_err(|failure| known.fail(failure))?.0);
    config.warnings.extend(variables::warnings(&config));
    let options = config.options(command.kind());
    let format = options.given(&OUTPUT, known.format).map_err(|failure| known.fail(failure))?;
    let known = KnownArguments { format, ..known };
    let (mode, targets) =
        read_arguments(command, options, &known.targets).map_err(|failure| known.fail(failure))?;
    let known = KnownArguments { targets, ..known };
    let builder = PlanBuilder::new(arguments, mode, options, &config)
        .with_profile_typed(is_profile_typed(matches));
    let run_plan = || {
        let prepared = if known.targets.is_empty() {
            builder.account()?
        } else {
            builder.targets(&known.targets)?
        };
        let colour = options.value(&COLOR, cli.color)?;
        execute(cli, known.format, colour, prepared, matches, context)
    };
    run_plan().map_err(|failure| {
        // What a file or a mistyped variable would have said may be what is missing.
        let passed_over = config.warnings.iter().map(|warning| warning.message.clone());
        known.fail(passed_over.fold(failure, Failure::hint))
    })
}

/// Whether `--profile` was typed: its variable is a default, which not every command has to use.
fn is_profile_typed(matches: &ArgMatches) -> bool {
    let typed = matches.subcommand().and_then(|(_, typed)| typed.value_source("profile"));
    typed == Some(ValueSource::CommandLine)
}

/// The mode of a command, and its targets with those on standard input.
fn read_arguments(
    command: TargetCommand<'_>,
    options: CommandOptions<'_>,
    typed: &[String],
) -> Result<(Mode, Vec<String>), Failure> {
    let mode = command.mode(options)?;
    // Without targets (--all) the account is followed.
    if typed.is_empty() {
        return Ok((mode, Vec::new()));
    }
    let timeout = options.value(&TIMEOUT, command.arguments().time.timeout)?;
    Ok((mode, stdin::expand(typed, timeout.0)?))
}

fn execute(
    cli: &Cli,
    format: Option<OutputFormat>,
    colour: Colour,
    prepared: Prepared,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Code, Failure> {
    let plan = Arc::new(prepared.plan);
    let options = output::output_options(cli, colour, format, &plan, &context.environment);
    if let Err(error) = render::check_stdout() {
        return Ok(stdout_error_code(&error));
    }
    let limit = plan.timeout;
    let timeout = Limit(limit).to_string();
    let resume = |targets: &[&str]| resume::command(matches, &timeout, targets);
    let report = |closing: &Closing| {
        write_stderr(&render::closing_report(closing, resume, options.stderr));
    };
    block_on(async {
        prepared.sandbox.serve();
        let mut signals = Signals::listen().map_err(runtime_failure)?;
        if options.progress == Progress::Live {
            driver::before_stopping(render::hide_view).map_err(runtime_failure)?;
        }
        let mut output = Output::new(&options);
        let ended = driver::run(plan, &prepared.transport, &mut output, &mut signals).await;
        // Erases the live view.
        drop(output);
        let (code, closing) = match ended {
            Ok(closing) => (Code::from(&closing.summary), closing),
            Err(RunError::Failed(failure)) => return Err(failure),
            Err(RunError::Output(error, closing)) => (stdout_error_code(&error), *closing),
        };
        if code != Code::Closed {
            report(&closing);
        }
        // The time is over, or a signal was received.
        let left = match limit {
            _ if code == Code::Io || code >= Code::Timeout => Duration::ZERO,
            Some(limit) => limit.saturating_sub(closing.elapsed),
            None => Duration::MAX,
        };
        driver::stderr_written(left, &mut signals).await;
        Ok(code)
    })?
}
