//! `txwatch sandbox`.

use std::net::SocketAddr;

use clap::Args;

use super::Cli;
use super::context::{block_on, print};
use crate::error::Failure;
use crate::exit::Code;
use crate::render::say;
use crate::sandbox::{SCENARIOS, Sandbox, TOKEN};
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
    print(&variables(&sandbox.url()))?;
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

fn introduction() -> String {
    let mut text =
        "The sandbox: a rehearsal on this machine, no money moves. Stop it with Ctrl-C.\n\
                    Point txwatch at it with the lines below, then  txwatch watch proof:happy\n\n\
                    Ids and what happens to them; NAME@ANYTHING has a clock of its own:\n"
            .to_owned();
    for scenario in SCENARIOS {
        text.push_str(&format!("  {:<10} {}\n", scenario.name, scenario.about));
    }
    text.push('\n');
    text
}

fn variables(url: &str) -> String {
    format!("export TXWATCH_PROOF_URL={url}\nexport TXWATCH_PROOF_TOKEN={TOKEN}\n")
}
