//! `txwatch sandbox`.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;

use super::arguments::OrVariable;
use super::context::{Context, block_on, print, stdout_failure};
use crate::driver::Signals;
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Wait, write_stderr};
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
        value_parser = OrVariable(listen_address)
    )]
    pub listen: SocketAddr,
}

/// Parses `ADDRESS:PORT`.
///
/// # Errors
/// A sentence on what to write instead.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or_default();
    let instead = match (text.parse::<IpAddr>(), text.rsplit_once(':')) {
        (Ok(address), _) => SocketAddr::new(address, 0).to_string(),
        (_, Some((host, port))) => match (port.parse::<u16>(), host.trim_matches(['[', ']'])) {
            (Ok(port), "*") => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port).to_string(),
            (Ok(port), host) => {
                let address = host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
                SocketAddr::new(address, port).to_string()
            }
            _ if port.parse::<u64>().is_ok() => return Err(PORT_TOO_LARGE.to_owned()),
            _ => EXAMPLE.to_owned(),
        },
        _ if text.parse::<u16>().is_ok() => format!("{}:{text}", Ipv4Addr::LOCALHOST),
        _ if text.parse::<u64>().is_ok() => return Err(PORT_TOO_LARGE.to_owned()),
        _ => EXAMPLE.to_owned(),
    };
    Err(format!("an IP address and a port are needed; write {instead}, or port 0 for a free one"))
}

const EXAMPLE: &str = "127.0.0.1:8080";
const PORT_TOO_LARGE: &str = "a port is a number up to 65535; write 127.0.0.1:0 for a free one";

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
    let io = |error| {
        Failure::from_error(FailureKind::Io, anyhow::Error::new(error).context("the sandbox broke"))
    };
    block_on(async {
        let mut signals = Signals::listen().map_err(io)?;
        print(&variables(&sandbox))?;
        tokio::select! {
            // Whether it was taken or not, the sandbox serves.
            Err(error) = poll_fn(|context| render::poll_stdout(Wait::Failure, context)) => {
                Err(stdout_failure(&error))
            }
            served = sandbox.serve() => served.map(|()| Code::Ok).map_err(io),
            signal = signals.end() => Ok(FailureKind::Interrupted(signal).into()),
        }
    })?
}

const INTRODUCTION: &str = "\
The sandbox: a rehearsal on this machine, no money moves. Stop it with Ctrl-C.
Point txwatch at it with the lines below, then  txwatch watch proof:happy transak:happy

Ids, who plays them, and what happens; NAME@ANYTHING has a clock of its own:
";
const HASHES: &str = "
Proof itself has no status expired or refunded; txwatch believes them from a sandbox alone, to rehearse every exit code.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_with_a_port_is_answered_with_one() {
        for (text, instead) in [
            ("8080", "write 127.0.0.1:8080"),
            (":8080", "write 127.0.0.1:8080"),
            ("localhost:8080", "write 127.0.0.1:8080"),
            ("http://localhost:8080/", "write 127.0.0.1:8080"),
            ("*:8080", "write 0.0.0.0:8080"),
            ("0.0.0.0", "write 0.0.0.0:0"),
            ("::1", "write [::1]:0"),
            ("http://[::1]:8080", "write [::1]:8080"),
            ("localhost", "write 127.0.0.1:8080"),
            ("", "write 127.0.0.1:8080"),
            ("127.0.0.1:", "write 127.0.0.1:8080"),
            ("99999", "up to 65535"),
            ("127.0.0.1:99999", "up to 65535"),
        ] {
            let error = listen_address(text).unwrap_err();
            assert!(error.contains(instead), "{text}: {error}");
        }
        for text in ["127.0.0.1:0", "[::1]:8080", " 0.0.0.0:80"] {
            assert!(listen_address(text).is_ok(), "{text}");
        }
    }
}
