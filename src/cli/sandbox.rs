//! `txwatch sandbox`.

use std::net::SocketAddr;

use clap::Args;

use super::Cli;
use super::context::{block_on, print};
use crate::error::Failure;
use crate::exit::Code;
use crate::render::say;
use crate::sandbox::{API_KEY, API_SECRET, PUSHER_KEY, SCENARIOS, Sandbox, TOKEN};
use crate::session::Signals;

/// `txwatch sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "TXWATCH_LISTEN",
        hide_env = true,
        default_value = "127.0.0.1:0"
    )]
    pub listen: SocketAddr,
}

pub(super) fn run(arguments: &SandboxArgs, cli: &Cli) -> Result<Code, Failure> {
    let sandbox = Sandbox::bind(arguments.listen)?;
    if !cli.quiet {
        say(&introduction());
    }
    print(&variables(&sandbox))?;
    let io = |error| {
        Failure::from_error(Code::Io, anyhow::Error::new(error).context("the sandbox broke"))
    };
    block_on(async {
        let mut signals = Signals::listen().map_err(io)?;
        tokio::select! {
            served = sandbox.serve() => served.map(|()| Code::Ok).map_err(io),
            code = signals.next() => Ok(code),
        }
    })?
}

const INTRODUCTION: &str = "\
The sandbox: a rehearsal on this machine, no money moves. Stop it with Ctrl-C.
Point txwatch at it with the lines below, then  txwatch watch proof:happy transak:happy

Ids, who plays them, and what happens; NAME@ANYTHING has a clock of its own:
";

fn introduction() -> String {
    let mut text = INTRODUCTION.to_owned();
    for scenario in SCENARIOS {
        let players = scenario.played_by();
        text.push_str(&format!("  {:<10} {players:<15} {}\n", scenario.name, scenario.about));
    }
    text.push('\n');
    text
}

fn variables(sandbox: &Sandbox) -> String {
    let (url, push_url) = (sandbox.url(), sandbox.push_url());
    let variables = [
        ("PROOF_URL", url.as_str()),
        ("PROOF_TOKEN", TOKEN),
        ("TRANSAK_URL", &url),
        ("TRANSAK_PUSH_URL", &push_url),
        ("TRANSAK_PUSHER_KEY", PUSHER_KEY),
        ("TRANSAK_API_KEY", API_KEY),
        ("TRANSAK_TOKEN", TOKEN),
        ("TRANSAK_API_SECRET", API_SECRET),
    ];
    let export = |(name, value)| format!("export TXWATCH_{name}={value}\n");
    variables.map(export).concat()
}
