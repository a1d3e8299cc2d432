//! Those who listen to a node's events.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::format::{self, COMMENT};
use super::rpc::Shared;
use crate::sandbox::fault::ConnectionFault;
use crate::sandbox::schedule::{Run, Schedule, sleep_until};
use crate::sandbox::serving::{answer, header};

/// After so much silence there is a comment.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Somebody who listens.
struct Listener {
    node: Shared,
    count: watch::Receiver<usize>,
    /// The number of the event that is sent next.
    next: u64,
    /// How often connections had been lost before this one.
    losses: u64,
    said: Instant,
}

impl Listener {
    /// Begins at an event, or with what happens from now on.
    fn new(node: Shared, from: Option<u64>) -> Self {
        let now = Instant::now();
        let count = node.schedule.subscribe();
        let mut log = node.log();
        log.advance(&node.schedule, now);
        let (end, losses) = (log.end(), log.losses);
        drop(log);
        Listener { node, count, next: from.unwrap_or(end).min(end), losses, said: now }
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
            let quiet = self.said + self.node.schedule.speed().real(KEEP_ALIVE);
            if quiet <= now {
                self.said = now;
                return Ok(COMMENT.to_owned());
            }
            tokio::select! {
                () = sleep_until(Some(due.min(quiet))) => {}
                Ok(()) = self.count.changed() => {}
            }
        }
    }

    /// When to look again, and what is new.
    fn look(&mut self, now: Instant) -> io::Result<(Instant, String)> {
        let mut log = self.node.log();
        let due = log.advance(&self.node.schedule, now);
        if log.losses != self.losses {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let text = log.since(self.next);
        self.next = log.end();
        Ok((due, text))
    }
}

/// Why nobody may listen now.
fn refusal(schedule: &Schedule) -> Option<Response> {
    schedule.refuse(Run::fault_of_next_connection).map(|fault| match fault {
        ConnectionFault::Flaky => answer(502, &json!("try again")),
        _ => answer(503, &json!("the sandbox's node is away")),
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
    if let Some(refusal) = refusal(&node.schedule) {
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
