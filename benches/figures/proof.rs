//! One transaction of Proof: start, one look, the final push, and what they take.

use std::ffi::OsString;
use std::fs::metadata;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::support::build::{packages, script};
use super::support::child::Program;
use super::support::machine::probe;
use super::support::runs::paired;
use super::support::server::{ENDED, Server, TOKEN};
use super::support::table::{Bar, Row, Sample, Unit};

/// How often memory is taken; it hardly varies.
const MEMORY_RUNS: usize = 15;
/// The transaction that is pushed to its end.
const PUSHED: &str = "6fa459ea-ee8a-3ca4-894e-db77e160355e";

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let server = Server::start()?;
    let programs = Programs::new(&server, &bench.built);
    let figures = Figures { server, programs, runs: bench.runs };
    bench.rows.push(figures.version()?);
    figures.get(bench)?;
    figures.push(bench)?;
    figures.memory(bench)?;
    bench.rows.push(Row {
        figure: "release binary, stripped".to_owned(),
        ours: Sample::new(
            vec![metadata(bench.built.join("txwatch"))?.len() as f64],
            Unit::Megabytes,
        ),
        theirs: None,
        bar: Bar::Below(6e6, "6 MB"),
    });
    Ok(())
}

/// The programs, and the server that they talk to.
struct Figures {
    server: Server,
    programs: Programs,
    runs: usize,
}

struct Programs {
    truth: Program,
    version: Program,
    get: Program,
    curl: Program,
    xh: Program,
    watch: Program,
    bare: Program,
    websocat: Program,
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
            xh: Program::new([
                "xh",
                "--ignore-stdin",
                "--check-status",
                "--auth-type=bearer",
                "--auth",
                TOKEN,
                &record,
            ]),
            watch: ours(&["watch", PUSHED]),
            bare: Program::new([bare, socket.clone().into(), TOKEN.into()]),
            websocat: Program::new([
                "websocat",
                "-1",
                "-U",
                &format!("--header={header}"),
                &socket,
            ]),
            node: Program::new([
                "node".as_ref(),
                script("node_client.mjs").as_path(),
                socket.as_ref(),
                TOKEN.as_ref(),
            ])
            .env("NODE_PATH", packages()),
        }
    }
}

fn row(figure: &str, (ours, theirs): (Sample, Sample), bar: Bar) -> Row {
    Row { figure: figure.to_owned(), ours, theirs: Some(theirs), bar }
}

impl Figures {
    fn version(&self) -> Result<Row> {
        let ours = || self.programs.version.wall();
        let pair = paired(self.runs, Unit::Milliseconds, ours, || self.programs.truth.wall())?;
        Ok(row("`txwatch --version` against `true`", pair, Bar::Share(2.0)))
    }

    fn get(&self, bench: &mut Bench) -> Result<()> {
        let ours = &self.programs.get;
        for (name, theirs) in [("curl", &self.programs.curl), ("xh", &self.programs.xh)] {
            let Some(version) = bench.peer(name) else {
                continue;
            };
            let time = paired(self.runs, Unit::Milliseconds, || ours.wall(), || theirs.wall())?;
            let memory = paired(MEMORY_RUNS, Unit::Mebibytes, || alone(ours), || alone(theirs))?;
            let figure = format!("`txwatch get` against {version}, whole process");
            bench.rows.push(row(&figure, time, Bar::Share(1.0)));
            bench.rows.push(row("the same, peak memory", memory, Bar::Share(0.5)));
        }
        Ok(())
    }

    fn push(&self, bench: &mut Bench) -> Result<()> {
        let figure = "final push to process exit, against a bare tungstenite client";
        bench.rows.push(self.pushed_against(figure, &self.programs.bare, Bar::Share(1.2))?);
        if let Some(version) = bench.peer("websocat") {
            let figure = format!("the same, against {version}");
            bench.rows.push(self.pushed_against(&figure, &self.programs.websocat, Bar::None)?);
        }
        Ok(())
    }

    fn pushed_against(&self, figure: &str, theirs: &Program, bar: Bar) -> Result<Row> {
        let ours = || self.push_to_exit(&self.programs.watch, true);
        let theirs = || self.push_to_exit(theirs, false);
        Ok(row(figure, paired(self.runs, Unit::Milliseconds, ours, theirs)?, bar))
    }

    /// Seconds from the moment before the final frame is written to the moment after the end.
    fn push_to_exit(&self, program: &Program, asks_too: bool) -> Result<f64> {
        self.server.forget();
        let (started, mut waiting) = program.meet(|| self.server.await_client(asks_too))?;
        let start = Instant::now();
        waiting.push(PUSHED)?;
        started.end()?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// The peak of a client that waits for the push.
    fn pushed(&self, program: &Program, asks_too: bool) -> Result<f64> {
        self.server.forget();
        program.peak(|| self.server.await_client(asks_too), |waiting| waiting.push(PUSHED))
    }

    fn memory(&self, bench: &mut Bench) -> Result<()> {
        let watch = || self.pushed(&self.programs.watch, true);
        let truth = || alone(&self.programs.truth);
        let (ours, floor) = paired(MEMORY_RUNS, Unit::Mebibytes, watch, truth)?;
        bench.notes.push(format!(
            "Memory: {MEMORY_RUNS} runs; its floor, `true` measured in the same way: {floor}."
        ));
        bench.rows.push(Row {
            figure: "one watch, peak memory".to_owned(),
            ours,
            theirs: None,
            bar: Bar::Below(8.0 * f64::from(1 << 20), "8 MiB"),
        });
        let mut node = Command::new("node");
        node.env("NODE_PATH", packages()).arg(script("node_client.mjs")).arg("--probe");
        let probed = probe(&mut node);
        let Some(version) = probed else {
            let note = "One watch against a Node.js client: not measured, there is neither Node.js 22 \
                        nor `ws`.";
            bench.notes.push(note.to_owned());
            return Ok(());
        };
        let node = || self.pushed(&self.programs.node, false);
        let pair = paired(MEMORY_RUNS, Unit::Mebibytes, watch, node)?;
        bench.rows.push(row(&format!("the same, against {version}"), pair, Bar::Share(0.2)));
        Ok(())
    }
}

/// The peak of a program that ends by itself.
fn alone(program: &Program) -> Result<f64> {
    program.peak(|| Ok(()), |()| Ok(()))
}
