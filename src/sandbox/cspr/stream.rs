//! CSPR.cloud's stream of executed deploys.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::deploy;
use super::format::PING;
use super::server::{Shared, error, is_known, unauthorized};
use crate::sandbox::fault::ConnectionFault;
use crate::sandbox::hash;
use crate::sandbox::scenario::Event;
use crate::sandbox::schedule::{EventQueue, Run, sleep_until};
use crate::sandbox::serving::{Socket, upgrade};

/// How often it says `Ping`.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// A WebSocket at `/deploys`, filtered by hashes or not.
pub(super) async fn socket(
    State(schedule): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let is_known = is_known(request.headers());
    let ids = query.get("deploy_hash").map(|list| list.split(',').filter_map(hash::read));
    let followed = match ids {
        // All of them are followed, even if one of them is refused.
        Some(ids) => Vec::from_iter(ids.map(|id| schedule.connect(&id, is_known)))
            .into_iter()
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()
            .map(Some),
        None => Ok(None),
    };
    match followed {
        Err(ConnectionFault::Denied) => unauthorized(),
        _ if !is_known => unauthorized(),
        Err(_) => error(502, "bad_gateway", "the sandbox is away"),
        Ok(only) => upgrade(request, |socket| perform(socket, Connection::new(schedule, only)))
            .unwrap_or_else(|| error(400, "invalid_input", "this is a WebSocket")),
    }
}

/// Goes on until the connection ends.
async fn perform(mut socket: Socket, mut connection: Connection) {
    let mut count = connection.schedule.subscribe();
    loop {
        let messages = tokio::select! {
            () = sleep_until(Some(connection.due())) => match connection.take_next() {
                Some(messages) => messages,
                None => return, // cut, without a close frame
            },
            Ok(()) = count.changed(), if connection.follows_all => {
                connection.follow_new();
                Vec::new()
            }
            received = socket.next() => match received {
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

/// A connection: whom it follows, and what it is told when. It has no socket.
struct Connection {
    schedule: Shared,
    events: EventQueue<()>,
    follows_all: bool,
    /// When it is told `Ping` next.
    ping: Instant,
}

impl Connection {
    fn new(schedule: Shared, only: Option<Vec<Run>>) -> Self {
        let mut events = EventQueue::default();
        let follows_all = only.is_none();
        match only {
            Some(runs) => runs.into_iter().for_each(|run| events.follow_from_now((), run)),
            None => events.follow_all_from_now(&(), &schedule),
        }
        Connection { schedule, events, follows_all, ping: Instant::now() }
    }

    fn follow_new(&mut self) {
        self.events.follow_new(&(), &self.schedule, |_| Some(Duration::ZERO));
    }

    /// When something happens next.
    fn due(&self) -> Instant {
        self.events.due().map_or(self.ping, |due| due.min(self.ping))
    }

    /// What is said then, unless the connection is cut. The misfortunes of one deploy's connection are
    /// not those of who follows all.
    fn take_next(&mut self) -> Option<Vec<Message>> {
        if self.events.due().is_none_or(|due| due >= self.ping) {
            self.ping += self.schedule.speed().real(PING_INTERVAL);
            return Some(vec![Message::text(PING)]);
        }
        match self.events.take_next()? {
            ((), run, Event::Step(step)) => Some(deploy::messages(&run, step)),
            ((), _, Event::Lost) => self.follows_all.then(Vec::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cspr::CsprDouble;
    use crate::sandbox::schedule::Schedule;

    fn connection(schedule: &Shared, only: &[&str]) -> Connection {
        let only: Vec<_> = only.iter().filter_map(|id| schedule.begin(id)).collect();
        Connection::new(schedule.clone(), (!only.is_empty()).then_some(only))
    }

    /// What happens on a connection within ten seconds: pings as `.`, deploys as `!`, a cut as `x`.
    fn seen(connection: &mut Connection) -> String {
        let end = Instant::now() + Duration::from_secs(10);
        let mut seen = String::new();
        while connection.due() < end {
            let Some(messages) = connection.take_next() else {
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
        let schedule = Schedule::of(CsprDouble);
        for id in ["happy@a", "failed@b", "expired@c", "drop@d"] {
            schedule.begin(id);
        }
        assert_eq!(seen(&mut connection(&schedule, &[])), ".!!!.");
        assert_eq!(seen(&mut connection(&schedule, &["failed@b", "expired@c"])), ".!.");
        assert_eq!(seen(&mut connection(&schedule, &["happy@a", "drop@d"])), ".x");
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_before_is_not_told() {
        let schedule = Schedule::of(CsprDouble);
        schedule.begin("happy");
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(seen(&mut connection(&schedule, &["happy"])), "..");
    }
}
