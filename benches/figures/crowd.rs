//! Ten thousand at once: as many sockets of Proof, and as many hashes on one stream of CSPR.cloud.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use txwatch::sandbox::cspr::format::{Deploy, created, deploy, found};

use super::Bench;
use super::support::child::Program;
use super::support::crowd::{Crowd, Gathered};
use super::support::json::only;
use super::support::server::{AT_LAST, TOKEN, record, update};
use super::support::table::{Bar, Row, Sample, Unit};

/// How many there are.
const MANY: usize = 10_000;
/// How often it is done; it hardly varies.
const RUNS: usize = 3;
/// What this program needs besides the sockets.
const OTHER_FILES: usize = 100;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    bench.notes.push(format!("{MANY} at once: {RUNS} runs, all endings reported in each."));
    sockets(bench)?;
    hashes(bench)
}

/// What one run tells.
struct Told {
    /// Bytes.
    peak: f64,
    /// Seconds from the start until everything was subscribed and looked at.
    gathered: f64,
    /// Seconds from the first push to the end of the process.
    ended: f64,
}

fn sockets(bench: &mut Bench) -> Result<()> {
    let allowed = rlimit::increase_nofile_limit((MANY + OTHER_FILES) as u64)?;
    if allowed < (MANY + OTHER_FILES) as u64 {
        let note = format!("{MANY} sockets: not measured, {allowed} files may be open.");
        bench.notes.push(note);
        return Ok(());
    }
    let crowd = Crowd::start(record)?;
    let program = |built: &Path| {
        ours(built)
            .env("TXWATCH_PROOF_URL", format!("http://{}", crowd.address))
            .env("TXWATCH_PROOF_TOKEN", TOKEN)
    };
    let program = program(&bench.built);
    let run = |many| {
        let push = |gathered: &Gathered, number| {
            let id = deposit(number);
            gathered.push(&id, &update(&id, "completed", AT_LAST))
        };
        let names = (0..many).map(|number| format!("proof:{}", deposit(number)));
        follow(&crowd, &program, names.collect(), (many, many), push)
    };
    let (one, all) = runs(run)?;
    let all_of = |pick: fn(&Told) -> f64, unit| Sample::new(all.iter().map(pick).collect(), unit);
    let row = |figure, ours, bar| Row { figure, ours, theirs: None, bar };
    bench.rows.extend([
        row(
            format!("each of {MANY} Proof targets on as many sockets, peak memory"),
            each(&one, &all),
            Bar::Below(20.0 * 1024.0, "20 KiB"),
        ),
        row(
            format!("start of {MANY} Proof targets until all are connected and looked at"),
            all_of(|told| told.gathered, Unit::Seconds),
            Bar::None,
        ),
        row(
            format!("{MANY} endings on as many sockets, first push to process exit"),
            all_of(|told| told.ended, Unit::Seconds),
            Bar::None,
        ),
    ]);
    Ok(())
}

fn hashes(bench: &mut Bench) -> Result<()> {
    let crowd = Crowd::start(pending)?;
    let address = crowd.address;
    let program = ours(&bench.built)
        .env("TXWATCH_CSPR_URL", format!("http://{address}"))
        .env("TXWATCH_CSPR_PUSH_URL", format!("ws://{address}"))
        .env("TXWATCH_CSPR_TOKEN", TOKEN);
    let run = |many| {
        let push = |gathered: &Gathered, number| gathered.push_to_all(&executed(&hash(number)));
        let names = (0..many).map(|number| format!("cspr:{}", hash(number))).collect();
        follow(&crowd, &program, names, (1, 1), push)
    };
    let (one, all) = runs(run)?;
    bench.rows.push(Row {
        figure: format!("each of {MANY} hashes on one stream of CSPR.cloud, peak memory"),
        ours: each(&one, &all),
        theirs: None,
        bar: Bar::None,
    });
    Ok(())
}

fn ours(built: &Path) -> Program {
    Program::new([built.join("txwatch").as_os_str(), OsStr::new("watch"), OsStr::new("-")])
}

/// Runs with one and with many, in turn.
fn runs(run: impl Fn(usize) -> Result<Told>) -> Result<(Vec<Told>, Vec<Told>)> {
    let pairs = (0..RUNS).map(|_| Ok((run(1)?, run(MANY)?)));
    Ok(pairs.collect::<Result<Vec<_>>>()?.into_iter().unzip())
}

/// What each takes that is there besides the first.
fn each(one: &[Told], all: &[Told]) -> Sample {
    let each = |(all, one): (&Told, &Told)| (all.peak - one.peak) / (MANY - 1) as f64;
    Sample::new(all.iter().zip(one).map(each).collect(), Unit::Bytes)
}

/// A watch of these, each of which has to complete.
fn follow(
    crowd: &Crowd,
    program: &Program,
    names: Vec<String>,
    (sockets, requests): (usize, usize),
    push: impl Fn(&Gathered, usize) -> Result<()>,
) -> Result<Told> {
    let folder = TempDir::new()?;
    let [input, output] = ["targets", "endings"].map(|name| folder.path().join(name));
    fs::write(&input, names.join("\n"))?;
    crowd.forget();
    let start = Instant::now();
    let (mut gathered, mut pushed) = (start, start);
    let peak = program.clone().between(&input, &output).peak(
        || {
            let sockets = crowd.gather(sockets, requests);
            gathered = Instant::now();
            sockets
        },
        |sockets| {
            pushed = Instant::now();
            (0..names.len()).try_for_each(|number| push(sockets, number))
        },
    )?;
    let ended = pushed.elapsed().as_secs_f64();
    let endings = fs::read_to_string(&output)?;
    let told = endings.lines().filter(|line| line.ends_with("\tcompleted")).count();
    ensure!(told == names.len(), "{told} endings of {}", names.len());
    Ok(Told { peak, gathered: gathered.duration_since(start).as_secs_f64(), ended })
}

fn deposit(number: usize) -> String {
    format!("6fa459ea-ee8a-3ca4-894e-{number:012x}")
}

fn hash(number: usize) -> String {
    format!("{number:064x}")
}

/// What CSPR.cloud answers about a deploy that waits.
fn pending(hash: &str) -> Value {
    let deploy = deploy(&Deploy { hash, timestamp: "2026-04-01T10:00:00Z", ..Deploy::default() });
    found(only(&deploy, &["deploy_hash", "status", "error_message", "timestamp"]))
}

/// What CSPR.cloud sends when a deploy was executed.
fn executed(hash: &str) -> Value {
    let deploy = deploy(&Deploy {
        hash,
        status: "processed",
        block: Some((hash, 4_000_000)),
        cost: "100000000",
        timestamp: "2026-04-01T10:00:00Z",
        ..Deploy::default()
    });
    let keys = [
        "deploy_hash",
        "block_hash",
        "status",
        "error_message",
        "cost",
        "caller_public_key",
        "timestamp",
    ];
    created(only(&deploy, &keys), "2026-04-01T10:03:45.123456789Z".into())
}
