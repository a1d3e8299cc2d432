//! A transaction of Casper in a node's stream of events, beside curl and jq: `cargo bench --bench casper`.
//!
//! Ours and theirs run in turn, against one server on this machine; the table shows medians (least and
//! most). It measures and never judges: it fails only where something could not be measured.

#![allow(clippy::disallowed_methods)] // it reads the clock

mod support;

use std::env::args_os;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use support::build::built;
use support::child::{self, Program};
use support::machine::{description, probe};
use support::node::{Node, chunk};
use support::runs::{WARM_UP, in_turn};
use support::table::{Bar, Row, Sample, Unit, print};

/// Events of one run, ours being the last.
const EVENTS: usize = 100_000;
/// How many events there are for each block.
const PER_BLOCK: usize = 100;
/// How often they are told; each run tells time and memory.
const RUNS: usize = 5;
/// The transaction that is waited for.
const HASH: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";

fn main() -> Result<()> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    match arguments.split_first() {
        Some((first, argv)) if first == child::LAUNCH => child::launcher(argv),
        _ => figures(),
    }
}

fn figures() -> Result<()> {
    let built = built(&[])?;
    let network = Network { rng: Rng::with_seed(4), sent: Timestamp::now().to_string() };
    let node = Node::start(network.pending().to_string())?;
    let events = network.events()?;
    let (ours, theirs) = (ours(&node, &built), theirs(&node));
    let curl = probe(Command::new("curl").arg("--version"));
    let jq = probe(Command::new("jq").arg("--version"));
    let (a, b) = in_turn(
        RUNS,
        || listen(&node, &ours, &events),
        || curl.as_ref().and(jq.as_ref()).map(|_| listen(&node, &theirs, &events)).transpose(),
    )?;
    let b: Vec<_> = b.into_iter().flatten().collect();
    let row = |figure: &str, unit: Unit, pick: fn(&Heard) -> f64, bar: Bar| {
        let sample = |heard: &[Heard]| Sample::new(heard.iter().map(pick).collect(), unit);
        let theirs = (!b.is_empty()).then(|| sample(&b));
        Row { figure: figure.to_owned(), ours: sample(&a), theirs, bar }
    };
    let rows = [
        row(
            "events of a node until ours, against curl and jq",
            Unit::PerSecond,
            |heard| heard.pace,
            Bar::Multiple(1.0),
        ),
        row("the same, peak memory", Unit::Mebibytes, |heard| heard.peak, Bar::Share(1.0)),
    ];
    let mut notes = vec![
        format!(
            "{}; {RUNS} runs each, in turn, after {WARM_UP} that do not count; medians (least–most).",
            description()
        ),
        format!(
            "{EVENTS} events of {} MB in all, from the first byte that is sent to the end of the process.",
            events.len() / 1_000_000
        ),
    ];
    notes.push(match (&curl, &jq) {
        (Some(curl), Some(jq)) => format!(
            "{}, {jq}: `{PIPELINE}`; their memory is that of the largest process.",
            curl.split(" (").next().unwrap_or_default()
        ),
        _ => "Against curl and jq: not measured, one of them is missing.".to_owned(),
    });
    print(&rows, &notes)
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

/// What happens on the network: the same in every run but for the time.
struct Network {
    rng: Rng,
    /// When our transaction was sent.
    sent: String,
}

impl Network {
    /// What the node knows of our transaction before it tells any event.
    fn pending(&self) -> Value {
        let payload = json!({
            "initiator_addr": { "PublicKey": format!("01{}", "d9".repeat(32)) },
            "timestamp": self.sent, "ttl": "2h", "chain_name": "casper",
        });
        let transaction =
            json!({ "Version1": { "hash": HASH, "payload": payload, "approvals": [] } });
        json!({ "jsonrpc": "2.0", "id": 1, "result": {
            "api_version": "2.0.0", "transaction": transaction, "execution_info": null,
        } })
    }

    /// The stream: mostly signatures, transactions among them, and now and then a block.
    fn events(mut self) -> Result<Vec<u8>> {
        let mut chunks = Vec::new();
        chunk(&mut chunks, None, &json!({ "ApiVersion": "2.0.0" }).to_string())?;
        for id in 1..EVENTS - 1 {
            let height = id / PER_BLOCK;
            let event = match (id % PER_BLOCK, self.rng.u8(..10)) {
                (0, _) => self.block_added(height),
                (_, 0) => self.accepted(),
                (_, 1) => {
                    let hash = self.hex(32);
                    self.processed(&hash)
                }
                _ => self.signature(height),
            };
            chunk(&mut chunks, Some(id), &event.to_string())?;
        }
        let ours = self.processed(HASH);
        chunk(&mut chunks, Some(EVENTS - 1), &ours.to_string())?;
        Ok(chunks)
    }

    /// So many bytes in hex, rounded up to eight.
    fn hex(&mut self, bytes: usize) -> String {
        (0..bytes.div_ceil(8)).map(|_| format!("{:016x}", self.rng.u64(..))).collect()
    }

    fn key(&mut self) -> String {
        "01".to_owned() + &self.hex(32)
    }

    /// Some 20 to 100 KB: the hashes of its transactions, and who signed the blocks before it.
    fn block_added(&mut self, height: usize) -> Value {
        let transactions = self.rng.usize(200..1150);
        let mut lane =
            |many| (0..many).map(|_| json!({ "Version1": self.hex(32) })).collect::<Vec<_>>();
        let transactions =
            json!({ "0": lane(transactions / 2), "3": lane(transactions / 2), "4": [] });
        let (hash, parent) = (self.hex(32), self.hex(32));
        let signatures: Vec<Vec<u8>> = (0..3).map(|_| vec![255; 700]).collect();
        json!({ "BlockAdded": { "block_hash": hash, "block": { "Version2": {
            "hash": hash,
            "header": {
                "parent_hash": parent, "state_root_hash": self.hex(32), "body_hash": self.hex(32),
                "random_bit": true, "accumulated_seed": self.hex(32), "era_end": null,
                "timestamp": self.sent, "era_id": 20_500, "height": 6_000_000 + height,
                "protocol_version": "2.0.0", "proposer": self.key(), "current_gas_price": 1,
                "last_switch_block_hash": self.hex(32),
            },
            "body": { "transactions": transactions, "rewarded_signatures": signatures },
        } } } })
    }

    /// Half a KB.
    fn signature(&mut self, height: usize) -> Value {
        json!({ "FinalitySignature": { "V2": {
            "block_hash": self.hex(32), "block_height": 6_000_000 + height, "era_id": 20_500,
            "chain_name_hash": self.hex(32), "signature": "01".to_owned() + &self.hex(64),
            "public_key": self.key(),
        } } })
    }

    /// Some 1 to 3 KB.
    fn accepted(&mut self) -> Value {
        let named = |name: &str, kind: &str, bytes: String| {
            let value = json!({ "cl_type": kind, "bytes": bytes, "parsed": null });
            json!([name, value])
        };
        let length = self.rng.usize(64..900);
        let arguments = [
            named("target", "PublicKey", self.key()),
            named("amount", "U512", self.hex(8)),
            named("memo", "String", self.hex(length)),
        ];
        json!({ "TransactionAccepted": { "Version1": {
            "hash": self.hex(32),
            "payload": {
                "initiator_addr": { "PublicKey": self.key() }, "timestamp": self.sent, "ttl": "30m",
                "chain_name": "casper",
                "pricing_mode": { "PaymentLimited": {
                    "payment_amount": 100_000_000, "gas_price_tolerance": 1, "standard_payment": true,
                } },
                "fields": {
                    "args": { "Named": arguments }, "entry_point": "Transfer",
                    "scheduling": "Standard", "target": "Native",
                },
            },
            "approvals": [{ "signer": self.key(), "signature": "01".to_owned() + &self.hex(64) }],
        } } })
    }

    /// Some 2 to 20 KB: the effects, of which a call of a contract has more than a transfer.
    fn processed(&mut self, hash: &str) -> Value {
        let effects = self.rng.usize(6..72);
        let effects: Vec<_> = (0..effects)
            .map(|_| {
                let key = format!("balance-{}", self.hex(32));
                let value = json!({
                    "cl_type": "U512", "bytes": format!("07{}", self.hex(8)),
                    "parsed": self.rng.u64(..).to_string(),
                });
                match self.rng.u8(..3) {
                    0 => json!({ "key": key, "kind": "Identity" }),
                    1 => json!({ "key": key, "kind": { "AddUInt512": "100000000" } }),
                    _ => json!({ "key": key, "kind": { "Write": { "CLValue": value } } }),
                }
            })
            .collect();
        let initiator = json!({ "PublicKey": self.key() });
        json!({ "TransactionProcessed": {
            "transaction_hash": { "Version1": hash }, "initiator_addr": initiator,
            "timestamp": self.sent, "ttl": "2h", "block_hash": self.hex(32),
            "execution_result": { "Version2": {
                "initiator": initiator, "error_message": null, "current_price": 1,
                "limit": "100000000", "consumed": "100000000", "cost": "100000000", "refund": "0",
                "transfers": [], "size_estimate": 1_200, "effects": effects,
            } },
            "messages": [],
        } })
    }
}
