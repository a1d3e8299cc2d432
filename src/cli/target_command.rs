//! `watch`, `poll` and `get`: from the arguments over the plan to the exit code.

use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::arguments::{Cli, GetArgs, PollArgs, TargetArgs, WatchArgs};
use super::context::{Context, runtime_failure, stdout_error_code};
use super::plan::{PlanBuilder, Prepared};
use super::session::Session;
use super::stdin::Unread;
use super::target_lines::TypedTarget;
use super::{output, refused, resume, stdin, variables};
use crate::config::options::{COLOR, OUTPUT, TIMEOUT, TRANSPORT};
use crate::config::values::{Colour, Limit, OutputFormat, TransportMode};
use crate::config::{CommandKind, CommandOptions};
use crate::driver::clock::Clock;
use crate::driver::{self, RunError};
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
            TargetCommand::Get(arguments) => {
                Mode::Get { exit_status: arguments.exit_status || arguments.common.goal.is_given() }
            }
        })
    }
}

/// The arguments that are known when a command fails, for its records.
#[derive(Clone)]
struct KnownArguments {
    format: Option<OutputFormat>,
    /// The profile of targets without one.
    profile: Option<String>,
    targets: Vec<String>,
}

/// The failure of a command, with the arguments that were known by then.
struct CommandFailure {
    known: KnownArguments,
    failure: Failure,
}

impl KnownArguments {
    fn with(self, targets: &[TypedTarget]) -> Self {
        KnownArguments {
            targets: targets.iter().map(|target| target.text.clone()).collect(),
            ..self
        }
    }

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
        let KnownArguments { targets, profile, .. } = &self.known;
        let names = refused::names(targets.iter().map(String::as_str), profile.as_deref());
        let text = render::aborted(now, &names, &self.failure);
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
    let known = KnownArguments {
        format: arguments.output.output,
        profile: arguments.connection.profile.clone(),
        targets: arguments.targets.clone(),
    };
    // Before any file is read, so that who asks how the targets stand ends nothing.
    let mut session = Session::start().map_err(|failure| known.fail(failure))?;
    let typed = arguments.time.timeout;
    let timeout = typed.and_then(|typed| typed.0);
    let mut config = context.config(timeout).map_err(|failure| known.fail(failure))?;
    let timeout = config.options(command.kind()).value(&TIMEOUT, typed);
    config.limit_reading(timeout.map_err(|failure| known.fail(failure))?.0);
    config.warnings.extend(variables::warnings(&config));
    let options = config.options(command.kind());
    let format = options.given(&OUTPUT, known.format).map_err(|failure| known.fail(failure))?;
    let profile = known.profile.or_else(|| config.default_profile().map(str::to_owned));
    let known = KnownArguments { format, profile, ..known };
    let mode = command.mode(options).map_err(|failure| known.fail(failure))?;
    let clock = Clock::start();
    let targets = read_targets(command, options, &known, &mut session)?;
    let waited = clock.now().elapsed;
    let known = known.with(&targets);
    let builder = PlanBuilder::new(arguments, mode, options, &config)
        .with_profile_typed(is_profile_typed(matches));
    let run_plan = || {
        let prepared =
            if targets.is_empty() { builder.account()? } else { builder.targets(&targets)? };
        let colour = options.value(&COLOR, cli.color)?;
        let started = Started { session, waited };
        execute(cli, known.format, colour, prepared, started, matches, context)
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

/// The targets of a command, with those on standard input.
fn read_targets(
    command: TargetCommand<'_>,
    options: CommandOptions<'_>,
    known: &KnownArguments,
    session: &mut Session,
) -> Result<Vec<TypedTarget>, CommandFailure> {
    // Without targets (--all) the account is followed.
    if known.targets.is_empty() {
        return Ok(Vec::new());
    }
    let timeout = options.value(&TIMEOUT, command.arguments().time.timeout);
    let timeout = timeout.map_err(|failure| known.fail(failure))?;
    stdin::expand(&known.targets, timeout.0, session)
        .map_err(|Unread { failure, targets }| known.clone().with(&targets).fail(failure))
}

/// What a command has begun before its plan was known.
struct Started {
    session: Session,
    /// How long it waited for standard input, which counts for `--timeout`.
    waited: Duration,
}

fn execute(
    cli: &Cli,
    format: Option<OutputFormat>,
    colour: Colour,
    prepared: Prepared,
    started: Started,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Code, Failure> {
    let Started { mut session, waited } = started;
    let mut plan = prepared.plan;
    let timeout = Limit(plan.timeout).to_string();
    plan.timeout = plan.timeout.map(|timeout| timeout.saturating_sub(waited));
    let limit = plan.timeout;
    let plan = Arc::new(plan);
    let options = output::output_options(cli, colour, format, &plan, &context.environment);
    if let Err(error) = render::check_stdout() {
        return Ok(stdout_error_code(&error));
    }
    let resume = |targets: &[&str]| resume::command(matches, &timeout, targets);
    let report = |closing: Closing| {
        let closing = Closing { elapsed: closing.elapsed + waited, ..closing };
        write_stderr(&render::closing_report(&closing, resume, cli.quiet, options.stderr));
    };
    // From now on a write that is not taken blocks nobody.
    render::detach();
    session.block_on(async |signals| {
        prepared.sandbox.serve();
        if options.progress == Progress::Live {
            driver::before_stopping(render::hide_view).map_err(runtime_failure)?;
        }
        let mut output = Output::new(&options);
        let ended = driver::run(plan, &prepared.transport, &mut output, signals).await;
        // Erases the live view.
        drop(output);
        let (code, closing) = match ended {
            Ok(closing) => (Code::from(&closing.summary), closing),
            Err(RunError::Failed(failure)) => return Err(failure),
            Err(RunError::Output(error, closing)) => (stdout_error_code(&error), *closing),
        };
        // The time is over, or a signal was received.
        let left = match limit {
            _ if code == Code::Io || code >= Code::Timeout => Duration::ZERO,
            Some(limit) => limit.saturating_sub(closing.elapsed),
            None => Duration::MAX,
        };
        if code != Code::Closed {
            report(closing);
        }
        driver::stderr_written(left, signals).await;
        Ok(code)
    })
}
