//! `txwatch sandbox`.

use std::net::SocketAddr;

use clap::Args;

use super::arguments::OrVariable;
use super::context::{Context, block_on, print};
use crate::driver::Signals;
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::write_stderr;
use crate::sandbox::{self, Doubles, Sandbox, Speed};

/// `txwatch sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "TXWATCH_LISTEN",
        hide_env = true,
        default_value = "127.0.0.1:0",
        value_parser = OrVariable(|text: &str| text.parse::<SocketAddr>())
    )]
    pub listen: SocketAddr,
}

pub(super) fn run(
    arguments: &SandboxArgs,
    quiet: bool,
    context: &Context,
) -> Result<Code, Failure> {
    let speed = Speed::read(context.environment.get(Speed::VARIABLE))?;
    let sandbox = Sandbox::bind(arguments.listen, &context.registry.doubles(), speed)?;
    if !quiet {
        write_stderr(&introduction(sandbox.doubles()));
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

fn introduction(doubles: &Doubles) -> String {
    let mut text = INTRODUCTION.to_owned();
    for scenario in sandbox::scenarios(doubles) {
        let players = sandbox::played_by(scenario, doubles);
        text.push_str(&format!("  {:<10} {players:<20} {}\n", scenario.name, scenario.about));
    }
    let examples = doubles.iter().filter_map(|double| {
        let id = double.example_id()?;
        let wire_id = double.wire_id(id)?;
        Some(format!("  txwatch watch {}:{wire_id}  # {id}\n", double.name()))
    });
    text + HASHES + &examples.collect::<String>() + "\n"
}

fn variables(sandbox: &Sandbox) -> String {
    let mut text = String::new();
    for double in sandbox.doubles() {
        let secrets = double.secrets().iter().map(|(key, value)| (*key, (*value).to_owned()));
        for (key, value) in sandbox.settings(double.name()).into_iter().chain(secrets) {
            let name = format!("TXWATCH_{}_{key}", double.name()).to_uppercase();
            text.push_str(&format!("export {name}={value}\n"));
        }
    }
    text
}
