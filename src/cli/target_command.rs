//! `watch`, `poll` and `get`: from what was typed over the plan to the exit code.

use std::io::{self, Write};
use std::sync::Arc;

use clap::ArgMatches;

use super::arguments::{Cli, GetArgs, PollArgs, TargetArgs, WatchArgs};
use super::context::{Context, block_on, no_runtime, output_broke};
use super::plan::{PlanBuilder, Prepared};
use super::{output, resume, stdin};
use crate::config::options::{COLOR, OUTPUT, TIMEOUT, TRANSPORT};
use crate::config::values::{Colour, Limit, OutputFormat, TransportMode};
use crate::config::{CommandKind, CommandOptions};
use crate::driver::clock::Clock;
use crate::driver::{self, RunError, Signals};
use crate::engine::plan::Mode;
use crate::error::Failure;
use crate::exit::Code;
use crate::render::{self, Output, write_stderr};

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
            // Whoever expects something wants to be told by the code.
            TargetCommand::Get(arguments) => Mode::Get {
                exit_status: arguments.exit_status || !arguments.common.goal.expect.is_empty(),
            },
        })
    }
}

/// What was typed, as far as it is read: the records of a command that could not begin name it.
#[derive(Clone)]
struct Typed {
    format: Option<OutputFormat>,
    targets: Vec<String>,
}

/// A command that could not begin, or did not end.
struct Stopped {
    typed: Typed,
    failure: Failure,
}

impl Typed {
    fn stopped(&self, failure: Failure) -> Stopped {
        Stopped { typed: self.clone(), failure }
    }
}

impl Stopped {
    /// Says why. In JSON every command has its records, also one that could not begin.
    fn report(&self, context: &Context) -> Code {
        write_stderr(&render::failure(&self.failure, context.stderr));
        if self.typed.format != Some(OutputFormat::Json) {
            return self.failure.kind().into();
        }
        let now = Clock::start().now().wall;
        let text = render::aborted(now, &self.typed.targets, &self.failure);
        match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => self.failure.kind().into(),
            Err(error) => output_broke(&error),
        }
    }
}

/// Runs the command to its end; answers the exit code.
pub(super) fn run(
    command: TargetCommand<'_>,
    cli: &Cli,
    matches: &ArgMatches,
    context: &Context,
) -> Code {
    attempt(command, cli, matches, context).unwrap_or_else(|stopped| stopped.report(context))
}

fn attempt(
    command: TargetCommand<'_>,
    cli: &Cli,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Code, Stopped> {
    let arguments = command.arguments();
    let typed = Typed { format: arguments.output.output, targets: arguments.targets.clone() };
    let config = context.config().map_err(|failure| typed.stopped(failure))?;
    let options = config.options(command.kind());
    let format = options.given(&OUTPUT, typed.format).map_err(|failure| typed.stopped(failure))?;
    let typed = Typed { format, ..typed };
    let (mode, targets) =
        read(command, options, &typed.targets).map_err(|failure| typed.stopped(failure))?;
    let typed = Typed { targets, ..typed };
    let builder = PlanBuilder::new(arguments, mode, options, &config);
    let carried_out = || {
        let prepared = if typed.targets.is_empty() {
            builder.account()?
        } else {
            builder.targets(&typed.targets)?
        };
        let colour = options.value(&COLOR, cli.color)?;
        execute(cli, typed.format, colour, prepared, matches, context)
    };
    carried_out().map_err(|failure| typed.stopped(failure))
}

/// The mode of a command, and its targets with those on standard input.
fn read(
    command: TargetCommand<'_>,
    options: CommandOptions<'_>,
    typed: &[String],
) -> Result<(Mode, Vec<String>), Failure> {
    let mode = command.mode(options)?;
    // No target is the whole account.
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
    let timeout = Limit(plan.timeout).to_string();
    let ended = block_on(async {
        prepared.sandbox.serve();
        let mut signals = Signals::listen().map_err(|error| RunError::Failed(no_runtime(error)))?;
        let mut output = Output::new(&options);
        driver::run(plan, &prepared.transport, &mut output, &mut signals).await
    })?;
    match ended {
        Ok(closing) => {
            let resume = |targets: &[&str]| resume::command(matches, &timeout, targets);
            write_stderr(&render::closing_report(&closing, resume, options.stderr));
            Ok(Code::from(&closing.summary))
        }
        Err(RunError::Failed(failure)) => Err(failure),
        Err(RunError::Output(error)) => Ok(output_broke(&error)),
    }
}
