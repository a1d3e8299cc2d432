//! Orders of Transak over Pusher Channels, beside the scripts of Transak's own documentation (pusher-js on
//! Node.js).

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::scope;
use std::time::Instant;

use anyhow::{Error, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use txwatch::protocol::jwt;
use txwatch::sandbox::transak::format::{Order, order};

use super::Bench;
use super::support::build::{packages, script};
use super::support::child::Program;
use super::support::machine::probe;
use super::support::pusher::{APP_KEY, Pusher, frame};
use super::support::runs::in_turn;
use super::support::table::{Bar, Row, Sample, Unit};

/// Orders on one connection.
const ORDERS: usize = 10_000;
/// How often the memory that they take is measured; it hardly varies.
const MEMORY_RUNS: usize = 5;
/// Events of all orders that are verified.
const EVENTS: usize = 20_000;
/// How often that is done.
const EVENT_RUNS: usize = 7;
const API_KEY: &str = "5c0a7d1e-9b1f-4c57-8d0e-6f2a3b4c5d6e";
/// The access token, which signs the events of all orders.
const TOKEN: &str = "figures-access-token-0123456789";
const TOKEN_VARIABLE: &str = "TXWATCH_TRANSAK_TOKEN";

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let programs = Programs::new(Pusher::start()?, &bench.built);
    let order_script = version_of("pusher_order.cjs");
    let all_script = order_script.as_ref().and(version_of("pusher_all.cjs"));
    bench.notes.push(match (&order_script, &all_script) {
        (Some(order), Some(all)) => format!(
            "Transak's scripts: {order}, {all}; {EVENT_RUNS} runs for events. No program has \
             NODE_EXTRA_CA_CERTS or SSL_CERT_FILE set; the first of them costs every start of Node.js some \
             65 ms more."
        ),
        _ => "Against Transak's scripts: not measured, there is no Node.js with the packages of tests/peers."
            .to_owned(),
    });
    bench.rows.extend(programs.order(bench.runs, order_script.is_some())?);
    bench.rows.push(programs.memory()?);
    bench.rows.extend(programs.events(all_script.is_some())?);
    Ok(())
}

fn version_of(name: &str) -> Option<String> {
    probe(Command::new("node").env("NODE_PATH", packages()).arg(script(name)).arg("--probe"))
}

/// The programs, and the server that they talk to.
struct Programs {
    server: Pusher,
    txwatch: PathBuf,
}

impl Programs {
    fn new(server: Pusher, built: &Path) -> Self {
        Programs { server, txwatch: built.join("txwatch") }
    }

    /// Without an access token: push alone carries the watch.
    fn ours(&self, words: &[&str]) -> Program {
        let address = self.server.address;
        let words = words.iter().map(OsStr::new);
        Program::new([self.txwatch.as_os_str()].into_iter().chain(words))
            .env("TXWATCH_TRANSAK_PUSH_URL", format!("ws://{address}"))
            .env("TXWATCH_TRANSAK_PUSHER_KEY", APP_KEY)
            .env("TXWATCH_TRANSAK_URL", format!("http://{address}"))
            .env("TXWATCH_TRANSAK_API_KEY", API_KEY)
    }

    fn theirs(&self, name: &str, channel: &str) -> Program {
        let port = self.server.address.port().to_string();
        let script = script(name).into_os_string();
        let argv = ["node".into(), script, port.into(), APP_KEY.into(), channel.into()];
        Program::new(argv).env("NODE_PATH", packages())
    }

    /// From the start to the subscription, and from the last event to the exit.
    fn order(&self, runs: usize, is_there: bool) -> Result<Vec<Row>> {
        let order = id(0);
        let ours = self.ours(&["watch", &format!("transak:{order}")]);
        let theirs = self.theirs("pusher_order.cjs", &order);
        let (a, b) = in_turn(
            runs,
            || self.follow(&ours, &order),
            || is_there.then(|| self.follow(&theirs, &order)).transpose(),
        )?;
        let b: Vec<_> = b.into_iter().flatten().collect();
        let row = |figure: &str, pick: fn(&Times) -> f64| {
            let sample =
                |times: &[Times]| Sample::new(times.iter().map(pick).collect(), Unit::Milliseconds);
            let theirs = (!b.is_empty()).then(|| sample(&b));
            Row { figure: figure.to_owned(), ours: sample(&a), theirs, bar: Bar::Share(1.0) }
        };
        Ok(vec![
            row("start to subscribed, against Transak's script", |times| times.subscribed),
            row("last event to process exit, against the same", |times| times.ended),
        ])
    }

    fn follow(&self, program: &Program, order: &str) -> Result<Times> {
        let start = Instant::now();
        let (started, mut subscriber) = program.meet(|| self.server.await_subscriber(1))?;
        let subscribed = subscriber.since.duration_since(start).as_secs_f64();
        let completed = completed(order).to_string();
        let start = Instant::now();
        subscriber.publish(order, "ORDER_COMPLETED", &completed)?;
        started.end()?;
        Ok(Times { subscribed, ended: start.elapsed().as_secs_f64() })
    }

    /// What an order takes of a connection that has many.
    fn memory(&self) -> Result<Row> {
        let folder = TempDir::new()?;
        let (many, one) =
            in_turn(MEMORY_RUNS, || self.peak(&folder, ORDERS), || self.peak(&folder, 1))?;
        let each = |(many, one)| (many - one) / (ORDERS - 1) as f64;
        let each = many.into_iter().zip(one).map(each).collect();
        Ok(Row {
            figure: format!("an order of {ORDERS} on one connection, peak memory"),
            ours: Sample::new(each, Unit::Bytes),
            theirs: None,
            bar: Bar::Below(2048.0, "2 KiB"),
        })
    }

    /// The peak of a watch of so many orders, each of which has to complete.
    fn peak(&self, folder: &TempDir, orders: usize) -> Result<f64> {
        let [input, output] = ["targets", "endings"].map(|name| folder.path().join(name));
        let targets = (0..orders).map(|order| format!("transak:{}\n", id(order)));
        fs::write(&input, targets.collect::<String>())?;
        let program = self.ours(&["watch", "-"]).between(&input, &output);
        let met = || self.server.await_subscriber(orders);
        let peak = program.peak(met, |subscriber| {
            subscriber.listen_no_more()?;
            (0..orders).map(id).try_for_each(|order| {
                subscriber.publish(&order, "ORDER_COMPLETED", &completed(&order).to_string())
            })
        })?;
        let endings = fs::read_to_string(&output)?;
        let told = endings.lines().filter(|line| line.ends_with("\tcompleted")).count();
        ensure!(told == orders, "{told} endings of {orders} orders");
        Ok(peak)
    }

    /// Signed events of all orders, to lines of JSON.
    fn events(&self, is_there: bool) -> Result<[Row; 2]> {
        let ours = self.ours(&["watch", "--all", "-p", "transak", "-o", "json"]);
        let theirs = self.theirs("pusher_all.cjs", API_KEY);
        let frames = signed()?;
        let against = |theirs: Program, figure: &str| {
            let [ours, theirs] = [&ours, &theirs].map(|it| it.clone().env(TOKEN_VARIABLE, TOKEN));
            let (a, b) = in_turn(
                EVENT_RUNS,
                || self.pace(&ours, &frames),
                || is_there.then(|| self.pace(&theirs, &frames)).transpose(),
            )?;
            let b: Vec<_> = b.into_iter().flatten().collect();
            anyhow::Ok(Row {
                figure: figure.to_owned(),
                ours: Sample::new(a, Unit::PerSecond),
                theirs: (!b.is_empty()).then(|| Sample::new(b, Unit::PerSecond)),
                bar: Bar::Multiple(1.0),
            })
        };
        Ok([
            against(
                theirs.clone(),
                "signed events of all orders to NDJSON, against Transak's script",
            )?,
            against(theirs.word("once"), "the same, against the script with its key made once")?,
        ])
    }

    /// Events per second, from before the first is written to after the last is read.
    fn pace(&self, program: &Program, frames: &[u8]) -> Result<f64> {
        let (mut started, subscriber) = program.meet_piped(|| self.server.await_subscriber(1))?;
        let mut lines = BufReader::new(started.stdout()?);
        let mut writer = subscriber.writer()?;
        let (told, took) = scope(|scope| {
            let start = Instant::now();
            // It fails only if the program ends, which the lines tell.
            scope.spawn(|| writer.write_all(frames));
            let told = statuses(&mut lines, EVENTS);
            let took = start.elapsed();
            started.kill()?;
            told.map(|told| (told, took))
        })?;
        ensure!(told == EVENTS, "{told} of {EVENTS} events");
        Ok(EVENTS as f64 / took.as_secs_f64())
    }
}

/// Seconds.
struct Times {
    subscribed: f64,
    ended: f64,
}

/// Reads this many `status` records, or as many as there are.
fn statuses(lines: &mut impl BufRead, many: usize) -> Result<usize> {
    let mut line = String::new();
    let mut told = 0;
    while told < many {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            break;
        }
        told += usize::from(line.contains("\"type\":\"status\""));
    }
    Ok(told)
}

/// The id of an order.
fn id(order: usize) -> String {
    format!("aa39d8e1-3a4c-4f6b-9d0e-{order:012x}")
}

/// An order at its end.
fn completed(id: &str) -> Value {
    order(&Order {
        id,
        reference: Some("partner-order-id"),
        status: "COMPLETED",
        amount_paid: "30",
        created_at: "2025-04-04T13:11:47.260Z",
        updated_at: "2025-04-04T13:11:48.374Z",
        ..Order::default()
    })
}

/// The frames of as many signed events, each of another order.
fn signed() -> Result<Vec<u8>> {
    let mut frames = Vec::new();
    for order in 0..EVENTS {
        let token = jwt::sign(&completed(&id(order)), TOKEN.as_bytes()).map_err(Error::msg)?;
        frame(&mut frames, API_KEY, "ORDER_COMPLETED", &token)?;
    }
    Ok(frames)
}
