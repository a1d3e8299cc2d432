//! A node's events: its buffer of them, which has no socket, and those who listen.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::format::{self, Block, COMMENT};
use super::rpc::Shared;
use super::transaction::TransactionRun;
use crate::sandbox::clocks::{Clocks, Start};
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Event, Fault, Script};
use crate::sandbox::serving::{answer, header};

/// So many are kept for those who come back.
const MOST: usize = 5_000;
/// How often there is a block of no interest while somebody listens.
const PACE: Duration = Duration::from_secs(4);
/// After so much silence there is a comment.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// The buffer.
#[derive(Default)]
pub(super) struct Log {
    events: VecDeque<String>,
    /// The number of the first of them.
    first: u64,
    /// Up to which age each transaction's events are here.
    told: HashMap<String, Duration>,
    /// When the next block is due.
    block: Option<Instant>,
    blocks: u64,
    /// How often all connections were lost.
    cuts: u64,
}

/// What a transaction does next.
struct Next {
    id: String,
    start: Start,
    play: Script,
    at: Duration,
    event: Event,
}

impl Next {
    fn due(&self) -> Instant {
        let seen = match self.play.quirk {
            Fault::Late(until) => until,
            _ => Duration::ZERO,
        };
        self.start.instant + self.at.max(seen)
    }
}

impl Log {
    /// Takes in what has happened by now; answers when something happens next.
    fn advance(&mut self, clocks: &Clocks, now: Instant) -> Instant {
        let next = loop {
            match self.next(clocks) {
                Some(next) if next.due() <= now => self.happen(next),
                next => break next,
            }
        };
        let block = *self.block.get_or_insert(now + PACE);
        let block = if block <= now {
            self.blocks += 1;
            let first = Block::default();
            let block = Block { height: first.height + self.blocks, ..first };
            self.push(format::block_added(&block, &[]).to_string());
            *self.block.insert(now + PACE)
        } else {
            block
        };
        next.map_or(block, |next| next.due().min(block))
    }

    fn next(&self, clocks: &Clocks) -> Option<Next> {
        let next = |(id, start): (String, Start)| {
            let play = Script::of(Double::Casper, &id)?;
            let (at, event) = play.next(self.told.get(&id).copied())?;
            Some(Next { id, start, play, at, event })
        };
        clocks.since(0).into_iter().filter_map(next).min_by_key(Next::due)
    }

    fn happen(&mut self, next: Next) {
        let Next { id, start, play, at, event } = next;
        match event {
            Event::Lost => {
                self.cuts += 1;
                if matches!(play.quirk, Fault::Restart(..)) {
                    self.events.clear();
                    self.first = 0;
                }
            }
            Event::Step(index) => {
                // Who listened already is cut once, too.
                self.cuts += u64::from(play.quirk == Fault::Flaky && index == 0);
                for event in (TransactionRun { id: &id, play, start }).events(index) {
                    self.push(event);
                }
            }
        }
        self.told.insert(id, at);
    }

    fn push(&mut self, event: String) {
        if self.events.len() == MOST {
            self.events.pop_front();
            self.first += 1;
        }
        self.events.push_back(event);
    }

    /// The number of the event that comes next.
    fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The events from this number on, as they are sent. Nobody has those of a number that is not given yet.
    fn since(&self, number: u64) -> String {
        let begin = number.clamp(self.first, self.end());
        let skipped = usize::try_from(begin - self.first).unwrap_or(usize::MAX);
        let numbered = (begin..).zip(self.events.iter().skip(skipped));
        numbered.map(|(number, event)| format::server_sent(Some(number), event)).collect()
    }
}

/// Somebody who listens.
struct Listener {
    node: Shared,
    count: watch::Receiver<usize>,
    /// The number of the event that is sent next.
    next: u64,
    cuts: u64,
    said: Instant,
}

impl Listener {
    /// Begins at an event, or with what happens from now on.
    fn new(node: Shared, from: Option<u64>) -> Self {
        let now = Instant::now();
        let count = node.clocks.subscribe();
        let mut log = node.log();
        log.advance(&node.clocks, now);
        let (end, cuts) = (log.end(), log.cuts);
        drop(log);
        Listener { node, count, next: from.unwrap_or(end).min(end), cuts, said: now }
    }

    /// Waits for what is said next.
    ///
    /// # Errors
    /// The connection is lost.
    async fn next(&mut self) -> io::Result<String> {
        loop {
            let now = Instant::now();
            let (due, text) = self.look(now)?;
            if !text.is_empty() {
                self.said = now;
                return Ok(text);
            }
            let quiet = self.said + KEEP_ALIVE;
            if quiet <= now {
                self.said = now;
                return Ok(COMMENT.to_owned());
            }
            tokio::select! {
                () = sleep_until(due.min(quiet)) => {}
                Ok(()) = self.count.changed() => {}
            }
        }
    }

    /// When to look again, and what is new.
    fn look(&mut self, now: Instant) -> io::Result<(Instant, String)> {
        let mut log = self.node.log();
        let due = log.advance(&self.node.clocks, now);
        if log.cuts != self.cuts {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let text = log.since(self.next);
        self.next = log.end();
        Ok((due, text))
    }
}

/// Why nobody may listen now.
fn refusal(clocks: &Clocks) -> Option<Response> {
    clocks.find(|id, start| {
        let play = Script::of(Double::Casper, id)?;
        if play.is_away(start.age()) {
            return Some(answer(503, &json!("the sandbox's node is away")));
        }
        (play.quirk == Fault::Flaky && start.upgrades == 0).then(|| {
            start.upgrades += 1;
            answer(502, &json!("try again"))
        })
    })
}

/// The number to start from, if one is asked for.
fn start_from(query: &HashMap<String, String>) -> Result<Option<u64>, &'static str> {
    const WRONG: &str = "the only query is start_from, with the id of an event";
    match (query.len(), query.get("start_from")) {
        (0, _) => Ok(None),
        (1, Some(number)) => number.parse::<u32>().map(|id| Some(id.into())).map_err(|_| WRONG),
        _ => Err(WRONG),
    }
}

/// `GET /events`.
pub(super) async fn events(
    State(node): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let from = match start_from(&query) {
        Ok(from) => from,
        Err(problem) => return answer(422, &json!(problem)),
    };
    if let Some(refusal) = refusal(&node.clocks) {
        return refusal;
    }
    let listener = Listener::new(node, from);
    let told = stream::unfold(Some(listener), |listener| async move {
        let mut listener = listener?;
        match listener.next().await {
            Ok(text) => Some((Ok(text), Some(listener))),
            Err(lost) => Some((Err(lost), None)),
        }
    });
    let version =
        stream::once(async { Ok(format::server_sent(None, &format::api_version().to_string())) });
    let mut response = Response::new(Body::from_stream(version.chain(told)));
    response.headers_mut().insert(CONTENT_TYPE, header("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, header("no-cache"));
    response
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
