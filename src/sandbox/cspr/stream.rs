//! CSPR.cloud's stream of executed deploys.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::deploy::Deploy;
use super::format::PING;
use super::server::{Shared, error, find, is_known, unauthorized};
use crate::sandbox::clocks::Start;
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Event, Fault, Script};
use crate::sandbox::serving::{Socket, upgrade};

/// How often it says `Ping`.
const PACE: Duration = Duration::from_secs(5);

/// A WebSocket at `/deploys`, filtered by hashes or not.
pub(super) async fn socket(
    State(clocks): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let named = query.get("deploy_hash").map(|list| list.split(',').filter_map(find));
    let named: Option<Vec<_>> = named.map(Iterator::collect);
    let plays = || named.iter().flatten();
    if !is_known(request.headers()) || plays().any(|(_, play)| play.quirk == Fault::Denied) {
        return unauthorized();
    }
    let mut refused = false;
    for (id, play) in plays() {
        let start = clocks.touch(id, |start| start.upgrades += 1);
        refused |= play.is_away(start.age());
        refused |= play.quirk == Fault::Flaky && start.upgrades == 1;
    }
    if refused {
        return error(502, "bad_gateway", "the sandbox is away");
    }
    let only = named.map(|named| named.into_iter().map(|(id, _)| id).collect());
    let upgraded = upgrade(request, |socket| perform(socket, Line::new(clocks, only)));
    upgraded.unwrap_or_else(|| error(400, "invalid_input", "this is a WebSocket"))
}

/// Goes on until the connection ends.
async fn perform(mut socket: Socket, mut line: Line) {
    let mut count = line.clocks.subscribe();
    loop {
        let messages = tokio::select! {
            () = sleep_until(line.due()) => match line.happen() {
                Some(messages) => messages,
                None => return, // cut, without a close frame
            },
            Ok(()) = count.changed() => Vec::new(),
            heard = socket.next() => match heard {
                Some(Ok(_)) => Vec::new(),
                _ => return,
            },
        };
        for message in messages {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// A connection: whom it follows, and what it was told. It has no socket.
struct Line {
    clocks: Shared,
    /// The ids of the filter, if there is one.
    only: Option<Vec<String>>,
    begun: Instant,
    ping: Instant,
    /// Up to which age each deploy was told of.
    told: HashMap<String, Duration>,
}

/// What a deploy does next.
struct Next {
    deploy: Deploy,
    at: Duration,
    event: Event,
}

impl Next {
    fn due(&self) -> Instant {
        self.deploy.start.instant + self.at
    }
}

impl Line {
    fn new(clocks: Shared, only: Option<Vec<String>>) -> Self {
        let begun = Instant::now();
        Line { clocks, only, begun, ping: begun, told: HashMap::new() }
    }

    fn follows(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|other| other == id))
    }

    fn next(&self) -> Option<Next> {
        let next = |(id, start): (String, Start)| {
            let play = Script::of(Double::Cspr, &id)?;
            let missed = self.begun.saturating_duration_since(start.instant);
            let (at, event) = play.next(Some(*self.told.get(&id).unwrap_or(&missed)))?;
            Some(Next { deploy: Deploy { id, play, start }, at, event })
        };
        let mut followed = self.clocks.since(0);
        followed.retain(|(id, _)| self.follows(id));
        followed.into_iter().filter_map(next).min_by_key(Next::due)
    }

    /// When something happens next.
    fn due(&self) -> Instant {
        self.next().map_or(self.ping, |next| next.due().min(self.ping))
    }

    /// What is said then, unless the connection is cut. The misfortunes of one deploy's connection are
    /// not those of who follows all.
    fn happen(&mut self) -> Option<Vec<Message>> {
        let Some(next) = self.next().filter(|next| next.due() < self.ping) else {
            self.ping += PACE;
            return Some(vec![Message::text(PING)]);
        };
        self.told.insert(next.deploy.id.clone(), next.at);
        match next.event {
            Event::Step(index) => Some(next.deploy.messages(index)),
            Event::Lost => self.only.is_none().then(Vec::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clocks::Clocks;
    use std::sync::Arc;

    fn line(clocks: &Shared, only: &[&str]) -> Line {
        let only: Vec<_> = only.iter().map(|id| (*id).to_owned()).collect();
        Line::new(clocks.clone(), (!only.is_empty()).then_some(only))
    }

    /// What a line does for ten seconds: pings as `.`, deploys as `!`, a cut as `x`.
    fn seen(line: &mut Line) -> String {
        let end = line.begun + Duration::from_secs(10);
        let mut seen = String::new();
        while line.due() < end {
            let Some(messages) = line.happen() else {
                return seen + "x";
            };
            seen.extend(messages.iter().map(|message| match message.to_text() {
                Ok(PING) => '.',
                _ => '!',
            }));
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_at_one_moment_is_all_told() {
        let clocks = Arc::new(Clocks::default());
        for id in ["happy@a", "failed@b", "expired@c", "drop@d"] {
            clocks.touch(id, |_| {});
        }
        assert_eq!(seen(&mut line(&clocks, &[])), ".!!!.");
        assert_eq!(seen(&mut line(&clocks, &["failed@b", "expired@c"])), ".!.");
        assert_eq!(seen(&mut line(&clocks, &["happy@a", "drop@d"])), ".x");
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_before_is_not_told() {
        let clocks = Arc::new(Clocks::default());
        clocks.touch("happy", |_| {});
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(seen(&mut line(&clocks, &["happy"])), "..");
    }
}
