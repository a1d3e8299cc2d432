//! The figures that txwatch is held to, each beside what it is compared with: `cargo bench --bench figures`.
//!
//! Ours and theirs run in turn, against one server on this machine; the table shows medians (least and
//! most). It measures and never judges: it fails only where something could not be measured. More or
//! fewer runs: `FIGURES_RUNS=200 cargo bench --bench figures`.

#![allow(clippy::disallowed_methods)] // it reads the clock

mod support;

use std::env::{args_os, current_exe, var, vars_os};
use std::ffi::OsString;
use std::fs::metadata;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use support::child::{self, Program};
use support::machine;
use support::server::{ENDED, Server, TOKEN};
use support::table::{Bar, Row, Sample, Unit};

/// How often time is taken, unless `FIGURES_RUNS` says otherwise.
const RUNS: usize = 60;
/// Runs that are not counted.
const WARM_UP: usize = 3;
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
    let runs = var("FIGURES_RUNS").map_or(Ok(RUNS), |text| text.parse())?;
    let built = built()?;
    let server = Server::start()?;
    let programs = Programs::new(&server, &built);
    let mut notes = vec![format!(
        "{}; {runs} runs each for time and {MEMORY_RUNS} for memory, in turn, after {WARM_UP} that do \
         not count; medians (least–most).",
        machine::description()
    )];
    let mut rows = vec![version(&server, &programs, runs)?];
    match probe("curl", &["--version".as_ref()]) {
        Some(version) => {
            rows.extend(get(&server, &programs, runs)?);
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

fn print(rows: &[Row], notes: &[String]) -> Result<()> {
    let mut out = stdout();
    writeln!(out, "| figure | ours | theirs | ratio | bar | met? |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    rows.iter().try_for_each(|row| writeln!(out, "{row}"))?;
    writeln!(out)?;
    Ok(notes.iter().try_for_each(|note| writeln!(out, "{note}"))?)
}

/// Builds what is measured as users get it: `cargo bench` itself adds the features of its dependencies.
fn built() -> Result<PathBuf> {
    for target in [["--bin", "txwatch"], ["--example", "bare-client"]] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--release", "--quiet"]);
        // What `cargo bench` says of this package would make dependencies be built again.
        for (name, _) in vars_os() {
            let ours = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if ours {
                cargo.env_remove(name);
            }
        }
        let status = cargo.args(target).status()?;
        ensure!(status.success(), "{target:?} could not be built");
    }
    let this = current_exe()?;
    Ok(this.ancestors().nth(2).context("it is not in a target directory")?.to_owned())
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
        let words = |words: &[&str]| Program::new(server, words);
        let ours = |words: &[&str]| {
            let words = words.iter().map(OsString::from);
            Program::new(server, [txwatch.clone().into()].into_iter().chain(words))
        };
        Programs {
            truth: words(&["true"]),
            version: ours(&["--version"]),
            get: ours(&["get", ENDED]),
            curl: words(&["curl", "-q", "-s", "-f", "-H", &header, &record]),
            watch: ours(&["watch", PUSHED]).asking_too(),
            bare: Program::new(server, [bare, socket.clone().into(), TOKEN.into()]),
            node: Program::new(
                server,
                ["node".as_ref(), node_client().as_path(), socket.as_ref(), TOKEN.as_ref()],
            ),
        }
    }
}

fn node_client() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/node_client.mjs")
}

/// The first line that a program prints, if it is there and works.
fn probe(program: &str, arguments: &[&Path]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Both in turn.
fn paired(
    runs: usize,
    unit: Unit,
    mut ours: impl FnMut() -> Result<f64>,
    mut theirs: impl FnMut() -> Result<f64>,
) -> Result<(Sample, Sample)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for run in 0..runs + WARM_UP {
        let pair = (ours()?, theirs()?);
        if run >= WARM_UP {
            a.push(pair.0);
            b.push(pair.1);
        }
    }
    Ok((Sample::new(a, unit), Sample::new(b, unit)))
}

fn row(figure: &str, (ours, theirs): (Sample, Sample), bar: Bar) -> Row {
    Row { figure: figure.to_owned(), ours, theirs: Some(theirs), bar }
}

fn version(server: &Server, programs: &Programs, runs: usize) -> Result<Row> {
    let ours = || programs.version.wall(server);
    let pair = paired(runs, Unit::Milliseconds, ours, || programs.truth.wall(server))?;
    Ok(row("`txwatch --version` against `true`", pair, Bar::Share(2.0)))
}

fn get(server: &Server, programs: &Programs, runs: usize) -> Result<[Row; 2]> {
    let (ours, theirs) = (&programs.get, &programs.curl);
    let time = paired(runs, Unit::Milliseconds, || ours.wall(server), || theirs.wall(server))?;
    let [ours, theirs] = [ours, theirs].map(|program| || program.peak(server, None));
    let memory = paired(MEMORY_RUNS, Unit::Mebibytes, ours, theirs)?;
    Ok([
        row("`txwatch get` against curl, whole process", time, Bar::Share(1.0)),
        row("the same, peak memory", memory, Bar::Share(0.5)),
    ])
}

fn push(server: &Server, programs: &Programs, runs: usize) -> Result<Row> {
    let ours = || programs.watch.push_to_exit(server, PUSHED);
    let theirs = || programs.bare.push_to_exit(server, PUSHED);
    let pair = paired(runs, Unit::Milliseconds, ours, theirs)?;
    Ok(row("final push to process exit, against a bare tungstenite client", pair, Bar::Share(1.2)))
}

fn memory(server: &Server, programs: &Programs, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let watch = || programs.watch.peak(server, Some(PUSHED));
    let (ours, floor) =
        paired(MEMORY_RUNS, Unit::Mebibytes, watch, || programs.truth.peak(server, None))?;
    notes.push(format!(
        "The floor of the memory figures, `true` measured in the same way: {floor}."
    ));
    let mut rows = vec![Row {
        figure: "one watch, peak memory".to_owned(),
        ours,
        theirs: None,
        bar: Bar::Below(8.0 * f64::from(1 << 20), "8 MiB"),
    }];
    match probe("node", &[&node_client(), "--probe".as_ref()]) {
        Some(version) => {
            let node = || programs.node.peak(server, Some(PUSHED));
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
