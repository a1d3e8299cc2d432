//! The commands and their arguments.

mod targets;
mod variables;

use std::path::PathBuf;

use clap::builder::{
    BoolishValueParser, PathBufValueParser, PossibleValuesParser, StringValueParser, Styles,
};
use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::engine::ArgValueCandidates;

use super::candidates;
use crate::config::values::Colour;

pub use targets::{
    ConnectionArgs, GetArgs, GoalArgs, OutputArgs, PollArgs, TargetArgs, TimeArgs, WatchArgs,
};
pub(super) use variables::OrVariable;
pub use variables::without_empty_variables;
use variables::word;

/// The shells that there are completions for.
pub const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

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
    #[arg(action = ArgAction::SetTrue, value_parser = OrVariable(BoolishValueParser::new()))]
    pub quiet: bool,

    /// Say more on stderr: connections coming and going; -vv: the wire, without secrets
    #[arg(short, long, global = true, env = "TXWATCH_VERBOSE", hide_env = true)]
    #[arg(action = ArgAction::Count, value_parser = OrVariable(verbosity))]
    pub verbose: u8,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", env = "TXWATCH_COLOR", hide_env = true)]
    #[arg(value_parser = word::<Colour>(Colour::NAMES))]
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
    /// Look at transactions once
    ///
    /// It prints what the provider knows, and exits 0 if the look worked, whatever the status is. With
    /// --exit-status the code says the status, and so it does with --until, --any or --expect.
    Get(GetArgs),
    /// Show where the configuration is, what is in force, and whether it works
    ///
    /// Secrets are never shown, only where they come from.
    Config(ConfigArgs),
    /// Serve the providers' protocols on this machine, to rehearse a gate
    ///
    /// The id picks what happens: happy, failed, expired and so on; it prints the list, and on stdout the
    /// environment that points txwatch at it. For one run no server is needed: `txwatch watch
    /// sandbox:happy` brings its own.
    #[cfg(feature = "sandbox")]
    Sandbox(super::sandbox::SandboxArgs),
    /// Print the completion script of a shell
    ///
    /// The script asks the txwatch on the PATH, so it completes the profiles of your configuration and the
    /// scenarios of the sandbox too.
    Completions(CompletionsArgs),
    /// Print help: for a command, `exit-codes`, `providers`, or the JSON `schema`
    Help(HelpArgs),
}

/// `txwatch config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What about it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where the configuration file is looked for
    Path,
    /// Show what is in force and where each value came from
    Show,
    /// Try each configured profile with one look
    Check(CheckArgs),
    /// Drop the token that was issued for a profile and is kept
    ///
    /// The next command that needs one has another issued, which puts the dropped one out of force; until
    /// then it stays valid at the provider. `config show` says where it is kept and until when.
    ForgetToken(ForgetTokenArgs),
}

/// `txwatch config check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only this profile
    #[arg(short, long, value_name = "NAME", env = "TXWATCH_PROFILE", hide_env = true)]
    #[arg(value_parser = OrVariable(StringValueParser::new()))]
    #[arg(add = ArgValueCandidates::new(candidates::profiles))]
    pub profile: Option<String>,

    /// An extra trusted CA for HTTPS (PEM)
    #[arg(long, value_name = "FILE", env = "TXWATCH_CACERT", hide_env = true)]
    #[arg(value_parser = OrVariable(PathBufValueParser::new()))]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub cacert: Option<PathBuf>,
}

/// `txwatch config forget-token`.
#[derive(Debug, Args)]
pub struct ForgetTokenArgs {
    /// Only this profile
    #[arg(short, long, value_name = "NAME", env = "TXWATCH_PROFILE", hide_env = true)]
    #[arg(value_parser = OrVariable(StringValueParser::new()))]
    #[arg(add = ArgValueCandidates::new(candidates::profiles))]
    pub profile: Option<String>,
}

/// `txwatch completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = PossibleValuesParser::new(SHELLS))]
    pub shell: String,
}

/// `txwatch help`.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command, `exit-codes`, `providers`, or `schema`
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// Parses the number of times that `-v` would be given.
///
/// # Errors
/// A sentence on what to write instead.
fn verbosity(text: &str) -> Result<u8, String> {
    text.trim().parse().map_err(|_| {
        "write 1 for what -v shows (connections coming and going), or 2 for the wire, too"
            .to_owned()
    })
}
