//! The arguments of `watch`, `poll` and `get`, in the groups under which `--help` shows them.
//!
//! The default of an option is not written here: help gets it from the table in `config::options`.

use std::path::PathBuf;

use clap::builder::{BoolishValueParser, PathBufValueParser, StringValueParser};
use clap::{ArgAction, Args};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};

use super::variables::{OrVariable, parsed, word};
use crate::cli::candidates;
use crate::config::values::{Interval, Limit, OutputFormat, Span, Timeout, TransportMode};
use crate::lifecycle::{Expectation, Goal};

/// `txwatch watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// What it shares with the others.
    #[command(flatten)]
    pub common: TargetArgs,

    /// Follow every order of the profile's account, as it changes, until stopped or timed out
    ///
    /// For Transak, whose account channel needs api_key and an access token. Single endings do not end
    /// it, except with --any; its exit code is that of what ended it (124, 129, 130, 143 ...). An order that is
    /// paid back after it failed is shown as such, and counts as failed.
    #[arg(long, env = "TXWATCH_ALL", hide_env = true, help_heading = "Connection")]
    #[arg(action = ArgAction::SetTrue, value_parser = OrVariable(BoolishValueParser::new()))]
    pub all: bool,

    /// What carries the watch: push with polling while it is down, or one of them alone
    #[arg(long, value_name = "HOW", env = "TXWATCH_TRANSPORT", hide_env = true)]
    #[arg(help_heading = "Connection")]
    #[arg(value_parser = word::<TransportMode>(TransportMode::NAMES))]
    pub transport: Option<TransportMode>,
}

/// `txwatch poll`.
#[derive(Debug, Args)]
pub struct PollArgs {
    /// What it shares with the others.
    #[command(flatten)]
    pub common: TargetArgs,
}

/// `txwatch get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// What it shares with the others.
    #[command(flatten)]
    pub common: TargetArgs,

    /// Exit with the status's code instead of 0 (20 if it is not final)
    #[arg(long, env = "TXWATCH_EXIT_STATUS", hide_env = true, help_heading = "Goal")]
    #[arg(action = ArgAction::SetTrue, value_parser = OrVariable(BoolishValueParser::new()))]
    pub exit_status: bool,
}

/// What `watch`, `poll` and `get` share.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetArgs {
    /// Transactions, as PROFILE:ID or a bare ID; `-` reads them from standard input, one a line
    ///
    /// A line may also be one that txwatch has printed: a target, a tab and its status, which is not looked at, or a JSON
    /// record. Blank lines are passed over, and so is what follows a # at the start or after a space.
    #[arg(required = true, value_name = "TARGET", add = ArgValueCompleter::new(candidates::targets))]
    pub targets: Vec<String>,

    /// What ends the command, and well.
    #[command(flatten)]
    pub goal: GoalArgs,

    /// How long, and how often.
    #[command(flatten)]
    pub time: TimeArgs,

    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,

    /// Which provider, and how it is reached.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// What ends the command, and well.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Goal")]
pub struct GoalArgs {
    /// What to wait for; a later step (pending, processing, completed) satisfies an earlier one; get: implies
    /// --exit-status
    #[arg(long, value_name = "STATUS[,STATUS]", env = "TXWATCH_UNTIL", hide_env = true)]
    #[arg(value_parser = parsed::<Goal>())]
    #[arg(add = ArgValueCompleter::new(candidates::statuses))]
    pub until: Option<Goal>,

    /// End with 0 as soon as one target reaches the goal; get: implies --exit-status
    #[arg(long, env = "TXWATCH_ANY", hide_env = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = OrVariable(BoolishValueParser::new()))]
    pub any: bool,

    /// What must hold at the goal, e.g. 'crypto_amount>=99'; may be repeated; get: implies --exit-status
    ///
    /// PATH is a field of the transaction or of the provider's JSON (a.b.0 descends), OP one of >= <= = !=
    /// > <. Numbers are compared as decimals, digit for digit. If it does not hold, the exit code is 13.
    #[arg(long, value_name = "PATH OP VALUE", env = "TXWATCH_EXPECT", hide_env = true)]
    #[arg(value_parser = parsed::<Expectation>())]
    pub expect: Vec<Expectation>,
}

impl GoalArgs {
    /// Whether the command line or a variable asks for something, so that a code of 0 would claim that it is so.
    pub fn is_given(&self) -> bool {
        self.until.is_some() || self.any || !self.expect.is_empty()
    }
}

/// How long, and how often.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Time")]
pub struct TimeArgs {
    /// Give up after this time, for the whole command
    #[arg(short, long, value_name = "DUR|none", env = "TXWATCH_TIMEOUT", hide_env = true)]
    #[arg(value_parser = parsed::<Timeout>())]
    pub timeout: Option<Timeout>,

    /// How long an id may be unknown to the provider
    #[arg(long, value_name = "DUR|none", env = "TXWATCH_APPEAR_TIMEOUT", hide_env = true)]
    #[arg(value_parser = parsed::<Limit>())]
    pub appear_timeout: Option<Limit>,

    /// How long nothing may be heard from the provider
    #[arg(long, value_name = "DUR|none", env = "TXWATCH_MAX_OUTAGE", hide_env = true)]
    #[arg(value_parser = parsed::<Limit>())]
    pub max_outage: Option<Limit>,

    /// Hold failed, cancelled and expired this long before believing them
    ///
    /// Some payments are tried again under the same id after they failed: at Proof for up to an hour.
    #[arg(long, value_name = "DUR", env = "TXWATCH_GRACE", hide_env = true)]
    #[arg(value_parser = parsed::<Span>())]
    pub grace: Option<Span>,

    /// The time between requests, jittered
    #[arg(short, long, value_name = "DUR", env = "TXWATCH_INTERVAL", hide_env = true)]
    #[arg(value_parser = parsed::<Interval>())]
    pub interval: Option<Interval>,
}

/// What is printed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The form of the output
    #[arg(short, long, value_name = "FORM", env = "TXWATCH_OUTPUT", hide_env = true)]
    #[arg(value_parser = word::<OutputFormat>(OutputFormat::NAMES))]
    pub output: Option<OutputFormat>,

    /// Off a terminal, give a sign of life when nothing changes
    #[arg(long, value_name = "DUR|none", env = "TXWATCH_HEARTBEAT", hide_env = true)]
    #[arg(value_parser = parsed::<Timeout>())]
    pub heartbeat: Option<Timeout>,

    /// Keep personal data (names, e-mail, IP addresses, user ids, wallets) in the provider's JSON
    #[arg(long, env = "TXWATCH_SHOW_PERSONAL", hide_env = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = OrVariable(BoolishValueParser::new()))]
    pub show_personal: bool,
}

/// Which provider, and how it is reached.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// The profile of ids that are given without one [default: the only one that is set up]
    #[arg(short, long, value_name = "NAME", env = "TXWATCH_PROFILE", hide_env = true)]
    #[arg(value_parser = OrVariable(StringValueParser::new()))]
    #[arg(add = ArgValueCandidates::new(candidates::profiles))]
    pub profile: Option<String>,

    /// The provider's base address, instead of the profile's
    #[arg(long, value_name = "URL", env = "TXWATCH_URL", hide_env = true)]
    #[arg(value_parser = OrVariable(StringValueParser::new()))]
    pub url: Option<String>,

    /// The base address of its push side, instead of the profile's
    #[arg(long, value_name = "URL", env = "TXWATCH_PUSH_URL", hide_env = true)]
    #[arg(value_parser = OrVariable(StringValueParser::new()))]
    pub push_url: Option<String>,

    /// An extra trusted CA for HTTPS and WSS (PEM)
    #[arg(long, value_name = "FILE", env = "TXWATCH_CACERT", hide_env = true)]
    #[arg(value_parser = OrVariable(PathBufValueParser::new()))]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub cacert: Option<PathBuf>,
}
