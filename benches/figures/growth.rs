//! What one pushed event costs in instructions, where there is one target and where there are many.
//!
//! Each event is shown before the next one is pushed, so that none is read together with another. It is
//! counted from the first of them; the difference between two runs with fewer and more events leaves the
//! end out.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use txwatch::sandbox::transak::format::{Order, order};

use super::Bench;
use super::support::child::{Program, Started};
use super::support::crowd::Crowd;
use super::support::json::only;
use super::support::pusher::{APP_KEY, Pusher};
use super::support::server::{TOKEN, record, update};
use super::support::table::{Bar, Row, Sample, Unit};

/// How many targets there are.
const TARGETS: [usize; 3] = [1, 100, 10_000];
/// Events of the two runs: so few that no silent connection is asked for a sign of life meanwhile.
const EVENTS: [usize; 2] = [100, 600];
/// How long a record may take, under an emulator.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let Some(version) = bench.peer("valgrind") else {
        return Ok(());
    };
    let [fewer, more] = EVENTS;
    bench.notes.push(format!(
        "Instructions: {version}, callgrind; one run each, which is as good as many: between {fewer} and \
         {more} events, to JSON."
    ));
    rows(bench, "of a Proof target on a socket of its own", &proof)?;
    rows(bench, "of an order on the one connection to Pusher", &transak)
}

/// How a program is followed: what it runs with, for so many targets and events.
type Followed = dyn Fn(&Emulated, usize, usize) -> Result<()>;

fn rows(bench: &mut Bench, what: &str, follow: &Followed) -> Result<()> {
    let mut first = None;
    for targets in TARGETS {
        let mut totals = [0.0; 2];
        for (total, events) in totals.iter_mut().zip(EVENTS) {
            let emulated = Emulated::new(&bench.built)?;
            follow(&emulated, targets, events)?;
            *total = emulated.instructions()?;
        }
        let each = (totals[1] - totals[0]) / (EVENTS[1] - EVENTS[0]) as f64;
        let sample = || Sample::new(vec![each], Unit::Instructions);
        let theirs = first.map(|first| Sample::new(vec![first], Unit::Instructions));
        first.get_or_insert(each);
        bench.rows.push(Row {
            figure: match targets {
                1 => format!("a pushed event {what}"),
                _ => format!("the same, one of {targets}, against the only one"),
            },
            ours: sample(),
            bar: if theirs.is_some() { Bar::Share(1.5) } else { Bar::None },
            theirs,
        });
    }
    Ok(())
}

/// txwatch under callgrind.
struct Emulated {
    folder: TempDir,
    txwatch: PathBuf,
}

impl Emulated {
    fn new(built: &Path) -> Result<Self> {
        Ok(Emulated { folder: TempDir::new()?, txwatch: built.join("txwatch") })
    }

    fn counts(&self) -> PathBuf {
        self.folder.path().join("counts")
    }

    /// A watch of these.
    fn watch(&self, names: impl Iterator<Item = String>) -> Result<Program> {
        let input = self.folder.path().join("targets");
        fs::write(&input, names.collect::<Vec<_>>().join("\n"))?;
        let mut counts = OsString::from("--callgrind-out-file=");
        counts.push(self.counts());
        let words = ["watch", "-", "-o", "json", "--transport", "push"].map(OsStr::new);
        let emulator = ["valgrind", "--tool=callgrind", "--instr-atstart=no"].map(OsStr::new);
        let emulator = emulator.into_iter().chain([counts.as_os_str()]);
        let argv = emulator.chain([self.txwatch.as_os_str()]).chain(words);
        Ok(Program::new(argv).reading(&input))
    }

    /// Begins to count.
    fn count(started: &Started) -> Result<()> {
        let pid = started.id().to_string();
        let status = Command::new("callgrind_control").args(["-i", "on", &pid]).output()?.status;
        ensure!(status.success(), "callgrind_control ended with {status}");
        Ok(())
    }

    fn instructions(&self) -> Result<f64> {
        let counts = fs::read_to_string(self.counts())?;
        let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
        Ok(total.context("callgrind tells no total")?.trim().parse()?)
    }
}

/// The `status` records of a program, as they come.
struct Records(Receiver<()>);

impl Records {
    fn of(started: &mut Started) -> Result<Self> {
        let lines = BufReader::new(started.stdout()?).lines();
        let (sender, records) = channel();
        spawn(move || {
            let lines = lines.map_while(Result::ok);
            let records = lines.filter(|line| line.contains("\"type\":\"status\""));
            // Whoever waits for no more of them still needs the pipe to be emptied.
            records.for_each(|_| sender.send(()).unwrap_or_default());
        });
        Ok(Records(records))
    }

    fn wait_for(&self, many: usize) -> Result<()> {
        (0..many).try_for_each(|_| self.0.recv_timeout(PATIENCE).context("a change was not shown"))
    }
}

/// Two statuses, time and again, each later than the one before.
fn step(event: usize, targets: usize, statuses: [&str; 2]) -> (&str, String) {
    let time = format!("2026-04-01T11:{:02}:{:02}Z", event / 60, event % 60);
    (statuses[event / targets % 2], time)
}

fn proof(emulated: &Emulated, targets: usize, events: usize) -> Result<()> {
    let crowd = Crowd::start(record)?;
    let id = |number: usize| format!("6fa459ea-ee8a-3ca4-894e-{number:012x}");
    let program = emulated
        .watch((0..targets).map(|number| format!("proof:{}", id(number))))?
        .env("TXWATCH_PROOF_URL", format!("http://{}", crowd.address))
        .env("TXWATCH_PROOF_TOKEN", TOKEN);
    let mut started = program.piped()?;
    let records = Records::of(&mut started)?;
    let sockets = crowd.gather(targets, targets)?;
    records.wait_for(targets)?;
    sockets.ping_all()?;
    Emulated::count(&started)?;
    for event in 0..events {
        let (status, time) = step(event, targets, ["on_hold", "pending"]);
        let id = id(event % targets);
        sockets.push(&id, &update(&id, status, &time))?;
        records.wait_for(1)?;
    }
    for number in 0..targets {
        sockets.push(&id(number), &update(&id(number), "completed", "2026-05-01T10:00:00Z"))?;
    }
    started.end()
}

fn transak(emulated: &Emulated, targets: usize, events: usize) -> Result<()> {
    let server = Pusher::start()?;
    let address = server.address;
    let id = |number: usize| format!("aa39d8e1-3a4c-4f6b-9d0e-{number:012x}");
    let program = emulated
        .watch((0..targets).map(|number| format!("transak:{}", id(number))))?
        .env("TXWATCH_TRANSAK_PUSH_URL", format!("ws://{address}"))
        .env("TXWATCH_TRANSAK_PUSHER_KEY", APP_KEY)
        .env("TXWATCH_TRANSAK_URL", format!("http://{address}"));
    let mut started = program.piped()?;
    let records = Records::of(&mut started)?;
    let mut subscriber = server.await_subscriber(targets)?;
    subscriber.listen_no_more()?;
    Emulated::count(&started)?;
    let mut publish = |number: usize, status: &str, time: &str| {
        let id = &id(number);
        let order = order(&Order { id, status, updated_at: time, ..Order::default() });
        let order = only(
            &order,
            &[
                "id",
                "status",
                "updatedAt",
                "fiatCurrency",
                "fiatAmount",
                "cryptoCurrency",
                "isBuyOrSell",
                "network",
            ],
        );
        subscriber.publish(id, "ORDER_PROCESSING", &order.to_string())
    };
    for event in 0..events {
        let statuses = ["AWAITING_PAYMENT_FROM_USER", "PENDING_DELIVERY_FROM_TRANSAK"];
        let (status, time) = step(event, targets, statuses);
        publish(event % targets, status, &time)?;
        records.wait_for(1)?;
    }
    for number in 0..targets {
        publish(number, "COMPLETED", "2026-05-01T10:00:00Z")?;
    }
    started.end()
}
