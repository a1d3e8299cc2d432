//! A transaction of Casper in a node's stream of events, beside curl and jq.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Bench;
use super::support::child::Program;
use super::support::machine::probe;
use super::support::network::{EVENTS, HASH, Network};
use super::support::node::Node;
use super::support::runs::in_turn;
use super::support::table::{Bar, Row, Sample, Unit};

/// How often they are told; each run tells time and memory.
const RUNS: usize = 5;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let network = Network::new();
    let node = Node::start(network.pending().to_string())?;
    let events = network.events()?;
    let (ours, theirs) = (ours(&node, &bench.built), theirs(&node));
    let jq = probe(Command::new("jq").arg("--version"));
    let pipeline = bench.peer("curl").zip(jq);
    let (a, b) = in_turn(
        RUNS,
        || listen(&node, &ours, &events),
        || pipeline.as_ref().map(|_| listen(&node, &theirs, &events)).transpose(),
    )?;
    let b: Vec<_> = b.into_iter().flatten().collect();
    let row = |figure: &str, unit: Unit, pick: fn(&Heard) -> f64, bar: Bar| {
        let sample = |heard: &[Heard]| Sample::new(heard.iter().map(pick).collect(), unit);
        let theirs = (!b.is_empty()).then(|| sample(&b));
        Row { figure: figure.to_owned(), ours: sample(&a), theirs, bar }
    };
    bench.rows.extend([
        row(
            "events of a node until ours, against curl and jq",
            Unit::PerSecond,
            |heard| heard.pace,
            Bar::Multiple(1.0),
        ),
        row("the same, peak memory", Unit::Mebibytes, |heard| heard.peak, Bar::Share(1.0)),
    ]);
    bench.notes.push(format!(
        "A node's {EVENTS} events: {} MB in all, {RUNS} runs, from the first byte that is sent to the end of \
         the process.",
        events.len() / 1_000_000
    ));
    bench.notes.push(match pipeline {
        Some((curl, jq)) => format!(
            "curl and jq: {curl}, {jq}, `{PIPELINE}`; their memory is that of the largest process."
        ),
        None => "Against curl and jq: not measured, one of them is missing.".to_owned(),
    });
    Ok(())
}

fn ours(node: &Node, built: &Path) -> Program {
    let address = node.address;
    let target = format!("casper:{HASH}");
    Program::new([built.join("txwatch").as_os_str(), "watch".as_ref(), target.as_ref()])
        .env("TXWATCH_CASPER_URL", format!("http://{address}/rpc"))
        .env("TXWATCH_CASPER_PUSH_URL", format!("http://{address}/events"))
}

/// It ends with the stream, and well only if jq has found something. `sed -u` would read byte by byte.
const PIPELINE: &str = "curl -qsN \"$URL\" | stdbuf -oL sed -n 's/^data://p' | \
     jq -ce --arg hash \"$HASH\" 'select(.TransactionProcessed.transaction_hash.Version1 == $hash)'";

fn theirs(node: &Node) -> Program {
    Program::new(["sh", "-c", PIPELINE])
        .env("URL", format!("http://{}/events", node.address))
        .env("HASH", HASH)
}

/// What one run tells.
struct Heard {
    /// Events per second.
    pace: f64,
    /// Bytes.
    peak: f64,
}

/// All events, from before the first is written to after the end of who hears them.
fn listen(node: &Node, program: &Program, events: &[u8]) -> Result<Heard> {
    let mut start = None;
    let peak = program.peak(
        || node.await_listener(),
        |listener| {
            start = Some(Instant::now());
            listener.tell(events)
        },
    )?;
    let took = start.context("nothing was told")?.elapsed();
    Ok(Heard { pace: EVENTS as f64 / took.as_secs_f64(), peak })
}
