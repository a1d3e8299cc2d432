//! `txwatch sandbox`.

use std::net::SocketAddr;

use clap::Args;

use super::context::{block_on, print};
use crate::driver::Signals;
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::say;
use crate::sandbox::{API_KEY, API_SECRET, Double, PUSHER_KEY, SCENARIOS, Sandbox, TOKEN};

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

pub(super) fn run(arguments: &SandboxArgs, quiet: bool) -> Result<Code, Failure> {
    let sandbox = Sandbox::bind(arguments.listen)?;
    if !quiet {
        say(&introduction());
    }
    print(&variables(&sandbox))?;
    let io = |error| {
        Failure::from_error(FailureKind::Io, anyhow::Error::new(error).context("the sandbox broke"))
    };
    block_on(async {
        let mut signals = Signals::listen().map_err(io)?;
        tokio::select! {
            served = sandbox.serve() => served.map(|()| Code::Ok).map_err(io),
            signal = signals.next() => Ok(FailureKind::Interrupted(signal).into()),
        }
    })?
}

const INTRODUCTION: &str = "\
The sandbox: a rehearsal on this machine, no money moves. Stop it with Ctrl-C.
Point txwatch at it with the lines below, then  txwatch watch proof:happy transak:happy

Ids, who plays them, and what happens; NAME@ANYTHING has a clock of its own:
";
const HASHES: &str = "
Casper's ids are hashes: the name in hex and zeros behind it; NAME@deploy is a deploy's. For example:
";

fn introduction() -> String {
    let mut text = INTRODUCTION.to_owned();
    for scenario in SCENARIOS {
        let players = scenario.played_by();
        text.push_str(&format!("  {:<10} {players:<20} {}\n", scenario.name, scenario.about));
    }
    text.push_str(HASHES);
    for (player, id) in [(Double::Cspr, "happy"), (Double::Casper, "happy@deploy")] {
        let hash = player.wire_id(id).unwrap_or_default();
        text.push_str(&format!("  txwatch watch {}:{hash}  # {id}\n", player.name()));
    }
    text.push('\n');
    text
}

fn variables(sandbox: &Sandbox) -> String {
    let url = |player| sandbox.url(player);
    let push_url = |player| sandbox.push_url(player);
    let given = |text: &str| text.to_owned();
    let variables = [
        ("PROOF_URL", url(Double::Proof)),
        ("PROOF_TOKEN", given(TOKEN)),
        ("TRANSAK_URL", url(Double::Transak)),
        ("TRANSAK_PUSH_URL", push_url(Double::Transak)),
        ("TRANSAK_PUSHER_KEY", given(PUSHER_KEY)),
        ("TRANSAK_API_KEY", given(API_KEY)),
        ("TRANSAK_TOKEN", given(TOKEN)),
        ("TRANSAK_API_SECRET", given(API_SECRET)),
        ("CSPR_URL", url(Double::Cspr)),
        ("CSPR_PUSH_URL", push_url(Double::Cspr)),
        ("CSPR_TOKEN", given(TOKEN)),
        ("CASPER_URL", url(Double::Casper)),
        ("CASPER_PUSH_URL", push_url(Double::Casper)),
    ];
    let export = |(name, value)| format!("export TXWATCH_{name}={value}\n");
    variables.map(export).concat()
}
