//! The figures that txwatch is held to, each beside what it is compared with: `cargo bench --bench figures`.
//!
//! Ours and theirs run in turn, against one server on this machine; the table shows medians (least and
//! most). It measures and never judges: it fails only where something could not be measured. More or
//! fewer runs: `FIGURES_RUNS=200 cargo bench --bench figures`.

#![allow(clippy::disallowed_methods)] // it reads the clock

mod support;

use std::env::args_os;
use std::ffi::OsString;
use std::fs::metadata;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use support::build::{built, script};
use support::child::{self, Program};
use support::machine::{description, probe};
use support::runs::{WARM_UP, paired, runs};
use support::server::{ENDED, Server, TOKEN};
use support::table::{Bar, Row, Sample, Unit, print};

/// How often memory is taken; it hardly varies.
const MEMORY_RUNS: usize = 15;
/// The transaction that is pushed to its end.
const PUSHED: &str = "6fa459ea-ee8a-3ca4-894e-db77e160355e";

fn main() -> Result<()> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    match arguments.split_first() {
        Some((first, argv)) if first == child::LAUNCH => child::launcher(argv),
        _ => figures(),
    }
}

fn figures() -> Result<()> {
    let runs = runs()?;
    let built = built(&["bare-client"])?;
    let server = Server::start()?;
    let programs = Programs::new(&server, &built);
    let mut notes = vec![format!(
        "{}; {runs} runs each for time and {MEMORY_RUNS} for memory, in turn, after {WARM_UP} that do \
         not count; medians (least–most).",
        description()
    )];
    let mut rows = vec![version(&programs, runs)?];
    match probe(Command::new("curl").arg("--version")) {
        Some(version) => {
            rows.extend(get(&programs, runs)?);
            notes.push(version.split(" (").next().unwrap_or_default().to_owned() + ".");
        }
        None => notes.push("`get` against curl: not measured, there is no curl.".to_owned()),
    }
    rows.push(push(&server, &programs, runs)?);
    rows.extend(memory(&server, &programs, &mut notes)?);
    rows.push(Row {
        figure: "release binary, stripped".to_owned(),
        ours: Sample::new(vec![metadata(built.join("txwatch"))?.len() as f64], Unit::Megabytes),
        theirs: None,
        bar: Bar::Below(6e6, "6 MB"),
    });
    print(&rows, &notes)
}

struct Programs {
    truth: Program,
    version: Program,
    get: Program,
    curl: Program,
    watch: Program,
    bare: Program,
    node: Program,
}

impl Programs {
    fn new(server: &Server, built: &Path) -> Self {
        let txwatch = built.join("txwatch");
        let bare = built.join("examples").join("bare-client");
        let header = format!("Authorization: Bearer {TOKEN}");
        let address = server.address;
        let record = format!("http://{address}/widget/transactions/{ENDED}");
        let socket = format!("ws://{address}/ws?tx_id={PUSHED}");
        let url = format!("http://{address}");
        let ours = |words: &[&str]| {
            let words = words.iter().map(OsString::from);
            Program::new([txwatch.clone().into()].into_iter().chain(words))
                .env("TXWATCH_PROOF_URL", &url)
                .env("TXWATCH_PROOF_TOKEN", TOKEN)
        };
        Programs {
            truth: Program::new(["true"]),
            version: ours(&["--version"]),
            get: ours(&["get", ENDED]),
            curl: Program::new(["curl", "-q", "-s", "-f", "-H", &header, &record]),
            watch: ours(&["watch", PUSHED]),
            bare: Program::new([bare, socket.clone().into(), TOKEN.into()]),
            node: Program::new([
                "node".as_ref(),
                script("node_client.mjs").as_path(),
                socket.as_ref(),
                TOKEN.as_ref(),
            ]),
        }
    }
}

fn row(figure: &str, (ours, theirs): (Sample, Sample), bar: Bar) -> Row {
    Row { figure: figure.to_owned(), ours, theirs: Some(theirs), bar }
}

fn version(programs: &Programs, runs: usize) -> Result<Row> {
    let ours = || programs.version.wall();
    let pair = paired(runs, Unit::Milliseconds, ours, || programs.truth.wall())?;
    Ok(row("`txwatch --version` against `true`", pair, Bar::Share(2.0)))
}

fn get(programs: &Programs, runs: usize) -> Result<[Row; 2]> {
    let (ours, theirs) = (&programs.get, &programs.curl);
    let time = paired(runs, Unit::Milliseconds, || ours.wall(), || theirs.wall())?;
    let memory = paired(MEMORY_RUNS, Unit::Mebibytes, || alone(ours), || alone(theirs))?;
    Ok([
        row("`txwatch get` against curl, whole process", time, Bar::Share(1.0)),
        row("the same, peak memory", memory, Bar::Share(0.5)),
    ])
}

/// Seconds from the moment before the final frame is written to the moment after the end.
fn push_to_exit(server: &Server, program: &Program, asks_too: bool) -> Result<f64> {
    server.forget();
    let (started, mut waiting) = program.meet(|| server.await_client(asks_too))?;
    let start = Instant::now();
    waiting.push(PUSHED)?;
    started.end()?;
    Ok(start.elapsed().as_secs_f64())
}

fn push(server: &Server, programs: &Programs, runs: usize) -> Result<Row> {
    let ours = || push_to_exit(server, &programs.watch, true);
    let theirs = || push_to_exit(server, &programs.bare, false);
    let pair = paired(runs, Unit::Milliseconds, ours, theirs)?;
    Ok(row("final push to process exit, against a bare tungstenite client", pair, Bar::Share(1.2)))
}

/// The peak of a program that ends by itself.
fn alone(program: &Program) -> Result<f64> {
    program.peak(|| Ok(()), |()| Ok(()))
}

/// The peak of a client that waits for the push.
fn pushed(server: &Server, program: &Program, asks_too: bool) -> Result<f64> {
    server.forget();
    program.peak(|| server.await_client(asks_too), |waiting| waiting.push(PUSHED))
}

fn memory(server: &Server, programs: &Programs, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let watch = || pushed(server, &programs.watch, true);
    let (ours, floor) = paired(MEMORY_RUNS, Unit::Mebibytes, watch, || alone(&programs.truth))?;
    notes.push(format!(
        "The floor of the memory figures, `true` measured in the same way: {floor}."
    ));
    let mut rows = vec![Row {
        figure: "one watch, peak memory".to_owned(),
        ours,
        theirs: None,
        bar: Bar::Below(8.0 * f64::from(1 << 20), "8 MiB"),
    }];
    match probe(Command::new("node").arg(script("node_client.mjs")).arg("--probe")) {
        Some(version) => {
            let node = || pushed(server, &programs.node, false);
            let pair = paired(MEMORY_RUNS, Unit::Mebibytes, watch, node)?;
            rows.push(row(&format!("the same, against {version}"), pair, Bar::Share(0.2)));
        }
        None => notes.push(
            "One watch against a Node.js client: not measured, there is neither Node.js 22 nor `ws`."
                .to_owned(),
        ),
    }
    Ok(rows)
}
