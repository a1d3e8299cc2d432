//! A Casper node: JSON-RPC, and its stream of events. It knows some hashes as those of transactions, some
//! as those of deploys, and an older one knows nothing else.

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Question, Simulated, deciding, executed};
use crate::simulator::ambiguity::Ambiguity;
use crate::simulator::deadlines::BLOCK;
use crate::simulator::history::Path;
use crate::simulator::scenario::is_catching_up;
use crate::simulator::snapshot::{Snapshot, exact};
use crate::simulator::time::{MINUTE, Millis, SECOND, duration};
use txwatch::provider::Status;
use txwatch::sandbox::casper::format::{self, Block, Execution, NodeState, Transaction, Variant};
use txwatch::wire::{Frame, Request};

/// The question that nodes of 1.x understand; the others are named by the tag of the hash.
const FIRST: &str = "1.x";

/// The questions about the node, by the names of their methods.
const STATUS: &str = "info_get_status";
const GET_BLOCK: &str = "chain_get_block";
/// The height of the first block that a node has, which is older than any transaction.
const LOW: u64 = 7;
/// How long after the end of its time to live it may count as expired.
const EXPIRY_MARGIN: Millis = 3 * MINUTE;

pub struct Casper;

/// As what a node knows a hash: the last digit decides.
fn variant(id: &str) -> Variant {
    if id.ends_with(['1', '3', '5']) { Variant::Deploy } else { Variant::Version1 }
}

/// Writes something about the transaction as it was sent to the network.
fn write(snapshot: &Snapshot<'_>, format: impl FnOnce(&Transaction<'_>) -> Value) -> Value {
    let (timestamp, ttl) = (exact(snapshot.created_at), format!("{}s", snapshot.ttl / 1_000));
    let variant = if snapshot.is_older { Variant::Deploy } else { variant(snapshot.id) };
    let transaction = Transaction {
        hash: snapshot.id,
        variant,
        timestamp: &timestamp,
        ttl: &ttl,
        ..Transaction::default()
    };
    format(&transaction)
}

/// The timestamp of the last block of a node.
fn last_block(snapshot: &Snapshot<'_>) -> Timestamp {
    let end = snapshot.now.checked_sub(duration(snapshot.behind)).unwrap();
    Timestamp::from_millisecond(end.as_millisecond() / BLOCK * BLOCK).unwrap()
}

/// What a node says of itself.
fn status(snapshot: &Snapshot<'_>) -> Value {
    format::status_result(&NodeState {
        reactor_state: if is_catching_up(snapshot.behind) { "CatchUp" } else { "KeepUp" },
        last_block: Block { height: 1_000, ..Block::default() },
        timestamp: &exact(last_block(snapshot)),
        low: LOW,
    })
}

/// Whether a time is past the time to live, so that it counts.
fn is_over(snapshot: &Snapshot<'_>, at: Timestamp) -> bool {
    let age = at.as_millisecond() - snapshot.created_at.as_millisecond();
    age > snapshot.ttl / 1_000 * 1_000 + EXPIRY_MARGIN
}

/// How it was executed.
fn execution<'a>(snapshot: &Snapshot<'a>) -> Execution<'a> {
    Execution { error: snapshot.error, ..Execution::default() }
}

/// What nodes of 2.0 say of an execution.
fn execution_info(snapshot: &Snapshot<'_>) -> Value {
    match snapshot.word {
        Some("processed") => format::execution_info(&Block::default(), Some(&execution(snapshot))),
        Some("included") => format::execution_info(&Block::default(), None),
        _ => Value::Null,
    }
}

/// What a node says of a transaction that it knows.
fn result(snapshot: &Snapshot<'_>) -> Value {
    if snapshot.is_older {
        let (block, execution) = (Block::default(), execution(snapshot));
        let executed = (snapshot.word == Some("processed")).then_some((&block, &execution));
        write(snapshot, |deploy| format::first_deploy_result(deploy, executed))
    } else {
        let info = execution_info(snapshot);
        write(snapshot, |transaction| format::transaction_result(transaction, info))
    }
}

impl Simulated for Casper {
    fn name(&self) -> &'static str {
        "casper"
    }

    fn id(&self, number: usize, _random: &mut Rng) -> String {
        format!("{:064x}", number + 1)
    }

    fn path(&self, random: &mut Rng) -> Path {
        let mut path = vec![("accepted", Status::Pending)];
        match random.u8(..10) {
            0 => {}
            1 => path.push(("expired", Status::Expired)),
            _ => {
                path.push(("included", Status::Processing));
                path.push(executed(random));
            }
        }
        path
    }

    /// A block takes a while, and so does a time to live: whole seconds, as it is written.
    fn pause(&self, _last: Status, next: Status, usual: Millis, random: &mut Rng) -> Millis {
        match next {
            Status::Expired => (60 + random.i64(0..60)) * SECOND,
            _ => usual + 16 * SECOND,
        }
    }

    fn is_hint(&self, word: &str) -> bool {
        word == "expired"
    }

    fn hint(&self, snapshot: &Snapshot<'_>, number: Millis) -> Option<Frame> {
        Some(numbered(number, write(snapshot, format::expired)))
    }

    fn is_about_transaction(&self, question: &Question) -> bool {
        !matches!(question.form.as_deref(), Some(STATUS | GET_BLOCK))
    }

    fn is_pushed(&self, word: &str) -> bool {
        word != "included"
    }

    fn infers_expiry(&self) -> bool {
        true
    }

    fn question(&self, request: &Request) -> Option<Question> {
        let body: Value = serde_json::from_str(request.body.as_deref()?).ok()?;
        if let Some(method @ (STATUS | GET_BLOCK)) = body["method"].as_str() {
            let form = Some(method.to_owned());
            return Some(Question { id: String::new(), is_first: false, form });
        }
        let (version1, deploy) = (Variant::Version1.tag(), Variant::Deploy.tag());
        let hashes = &body["params"]["transaction_hash"];
        let asked = [
            (&hashes[version1], version1),
            (&hashes[deploy], deploy),
            (&body["params"]["deploy_hash"], FIRST),
        ];
        let asked = asked.into_iter().find_map(|(hash, form)| Some((hash.as_str()?, form)));
        let (id, form) = asked?;
        let is_first = form == version1;
        Some(Question { id: id.to_owned(), is_first, form: Some(form.to_owned()) })
    }

    fn answer(&self, snapshot: &Snapshot<'_>, question: &Question) -> Answer {
        let error = |code, message| Answer {
            status: 200,
            body: format::error(&1.into(), code, message),
            reports: None,
        };
        let about_node = |result| Answer {
            status: 200,
            body: format::response(&1.into(), result),
            reports: None,
        };
        match question.form.as_deref() {
            Some(STATUS) => return about_node(status(snapshot)),
            Some(GET_BLOCK) => {
                let lowest = Block { height: LOW, ..Block::default() };
                return about_node(format::block_result(&lowest, "2001-01-01T00:00:00Z"));
            }
            _ => {}
        }
        let understood = if snapshot.is_older { FIRST } else { variant(snapshot.id).tag() };
        if question.form.as_deref() != Some(understood) {
            return if snapshot.is_older {
                error(-32601, "Method not found")
            } else {
                error(-32014, "No such transaction")
            };
        }
        let (Some(step), Some(word)) = (snapshot.step, snapshot.word) else {
            return error(-32000, "deploy not known");
        };
        // No node says that a transaction expired, and none of 1.x that it is in a block.
        let is_untold = word == "expired" || (word == "included" && snapshot.is_older);
        let reports = Some(step - usize::from(is_untold));
        Answer { status: 200, body: format::response(&1.into(), result(snapshot)), reports }
    }

    /// That of a proxy.
    fn error(&self) -> Value {
        format::error(&1.into(), -32005, "limit exceeded")
    }

    fn ambiguities(&self, snapshot: &Snapshot<'_>, question: Option<&Question>) -> Vec<Ambiguity> {
        let twice = |key, value: Value| Ambiguity::Twice(key, value.to_string());
        let mut ways = Vec::new();
        if snapshot.word == Some("processed") && !(snapshot.is_older && question.is_some()) {
            ways.extend(deciding("error_message", &["null", r#""User error: 2""#]));
        }
        if question.is_none() {
            return ways;
        }
        let executed = |error| Execution { error, ..Execution::default() };
        for error in [None, Some("User error: 2")] {
            let (block, execution) = (Block::default(), executed(error));
            let info = format::execution_info(&block, Some(&execution));
            let (key, value) = if snapshot.is_older {
                let result =
                    json!({ "block_hash": block.hash, "result": execution.first_result() });
                ("execution_results", json!([result]))
            } else {
                ("execution_info", info)
            };
            ways.push(twice(key, value));
        }
        ways
    }

    /// There is no other question after that of an older node.
    fn ends_lookup(
        &self,
        snapshot: &Snapshot<'_>,
        question: &Question,
        is_found: bool,
        was_found: bool,
    ) -> bool {
        let is_in_step = !is_catching_up(snapshot.behind);
        match question.form.as_deref() {
            Some(STATUS) => return !(is_in_step && is_over(snapshot, last_block(snapshot))),
            Some(GET_BLOCK) => return false,
            _ => {}
        }
        let is_executed = matches!(snapshot.word, Some("processed"))
            || (snapshot.word == Some("included") && !snapshot.is_older);
        if is_found && !was_found && !is_executed && is_over(snapshot, snapshot.now) {
            return false;
        }
        was_found || is_found || question.form.as_deref() == Some(FIRST)
    }

    /// An older node has its events elsewhere.
    fn pushes_at(&self, request: &Request, is_older: bool) -> bool {
        request.url.path().ends_with("/main") == is_older
    }

    fn replay_from(&self, request: &Request) -> Option<Millis> {
        let (_, number) = request.url.query_pairs().find(|(name, _)| name == "start_from")?;
        Some(number.parse().unwrap())
    }

    /// A stream of events has none.
    fn close_codes(&self) -> &'static [u16] {
        &[]
    }

    fn update(&self, snapshot: &Snapshot<'_>, number: Millis) -> Frame {
        let event = match snapshot.word {
            Some("accepted") => write(snapshot, format::accepted),
            Some("expired") => write(snapshot, format::expired),
            _ => write(snapshot, |transaction| {
                format::processed(transaction, &Block::default(), &execution(snapshot))
            }),
        };
        numbered(number, event)
    }

    fn keep_alive(&self, number: Millis) -> Option<(Frame, Millis)> {
        let frame = match number % 2 {
            0 => Frame::Alive,
            _ => numbered(number, format::block_added(&Block::default(), &[])),
        };
        Some((frame, 12 * SECOND))
    }
}

fn numbered(number: Millis, event: Value) -> Frame {
    Frame::Event { id: Some(number.to_string()), data: event.to_string() }
}
