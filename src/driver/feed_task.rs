//! The task of a push connection: it owns the socket, keeps it alive, and reconnects.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::traffic::redacted;
use crate::engine::{FeedId, Input, LinkEvent};
use crate::protocol::{Closed, KeepAlive, Reconnect, Refusal};
use crate::provider::{Feed, FeedAction, FeedSignal, Id};
use crate::transport::{Backoff, Connection, Error, Message, Network};
use crate::wire::{Frame, Token};

/// How long after a connection was opened the provider has to accept it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// The shortest time between two [`LinkEvent::Alive`].
const ALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a connection has to be open for the backoff to start over after its loss.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// What the task of a feed works with.
pub(super) struct FeedContext<N> {
    /// The id of the feed.
    pub(super) id: FeedId,
    /// Opens the connection.
    pub(super) network: N,
    /// The current token.
    pub(super) token: watch::Receiver<Token>,
    /// Takes the events of the connection.
    pub(super) inbox: mpsc::Sender<Input>,
    /// Ids whose reports have to stop.
    pub(super) forgotten: mpsc::UnboundedReceiver<Id>,
    /// Limits the concurrent handshakes.
    pub(super) permits: Arc<Semaphore>,
    /// For jitter.
    pub(super) random: fastrand::Rng,
    /// Fields with personal data, which are not logged.
    pub(super) personal: Arc<[String]>,
}

/// The task of one feed.
pub(super) struct FeedTask<N> {
    context: FeedContext<N>,
    /// Whether the provider has accepted the connection.
    is_live: bool,
    /// Started with the last [`LinkEvent::Alive`].
    last_alive: Clock,
}

/// Why a connection ended.
enum Ended {
    /// It was lost, or closed with the code of the close frame.
    Lost(Error, Option<u16>),
    /// The provider refused it for good.
    Refused(Refusal),
}

impl Ended {
    /// The error, with the reason of the provider's protocol if there is one, and whether to reconnect.
    fn reconnect(self, feed: &mut dyn Feed) -> (Error, Reconnect) {
        match self {
            Ended::Lost(error, code) => {
                let Closed { reconnect, reason } = feed.closed(code);
                (reason.map_or(error.clone(), |reason| error.with_reason(&reason)), reconnect)
            }
            Ended::Refused(Refusal { kind, message }) => {
                (Error::denied(message), Reconnect::Never(kind))
            }
        }
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Lost(error, None)
    }
}

/// The times of the last message and of the ping after it.
struct IdleTimer {
    received: Clock,
    pinged: Option<Clock>,
}

impl IdleTimer {
    fn start() -> Self {
        IdleTimer { received: Clock::start(), pinged: None }
    }

    /// When a ping is due, or when the connection counts as dead after it. The latter is counted from the ping, which
    /// may be late after a suspension.
    fn due(&self, limits: KeepAlive) -> Instant {
        match &self.pinged {
            None => self.received.instant(limits.idle),
            Some(pinged) => pinged.instant(limits.timeout),
        }
    }
}

impl<N: Network> FeedTask<N> {
    pub(super) fn new(context: FeedContext<N>) -> Self {
        FeedTask { context, is_live: false, last_alive: Clock::start() }
    }

    /// Keeps the feed open until the provider refuses it for good or the task is dropped.
    pub(super) async fn run(mut self, mut feed: Box<dyn Feed>) {
        let mut backoff = Backoff::new(self.context.random.fork());
        loop {
            while let Ok(id) = self.context.forgotten.try_recv() {
                // The connection is down, so there is nothing to send.
                feed.forget(&id);
            }
            self.send_event(LinkEvent::Connecting { attempt: backoff.attempt() }).await;
            let token = self.context.token.borrow_and_update().clone();
            feed.token(&token);
            let (error, reconnect) = self.connect(feed.as_mut(), &token, &mut backoff).await;
            if error.status.is_some_and(|status| feed.rejected(status)) {
                continue;
            }
            let retry_in = match reconnect {
                Reconnect::Never(kind) => {
                    let refusal = Refusal { kind, message: error.to_string() };
                    return self.send_event(LinkEvent::Signal(FeedSignal::Refused(refusal))).await;
                }
                Reconnect::Immediately if backoff.attempt() == 0 => {
                    backoff.next(Duration::ZERO);
                    Duration::ZERO
                }
                Reconnect::Immediately => backoff.next(Duration::ZERO),
                Reconnect::Backoff(floor) => {
                    backoff.next(floor.max(error.retry_after.unwrap_or_default()))
                }
            };
            let (attempt, generation) = (backoff.attempt(), token.generation);
            self.send_event(LinkEvent::Lost { error, attempt, retry_in, generation }).await;
            sleep(retry_in).await;
        }
    }

    /// One connection, from its handshake to its end.
    async fn connect(
        &mut self,
        feed: &mut dyn Feed,
        token: &Token,
        backoff: &mut Backoff,
    ) -> (Error, Reconnect) {
        let opened = {
            let _permit = self.context.permits.acquire().await;
            self.context.network.open(&feed.request(), token).await
        };
        match opened {
            Err(error) => (error, Reconnect::Backoff(Duration::ZERO)),
            Ok(stream) => {
                let open = Clock::start();
                let ended = self.serve(feed, stream).await;
                if open.now().elapsed >= STABLE_AFTER {
                    backoff.reset();
                }
                ended.reconnect(feed)
            }
        }
    }

    /// Sends an event to the loop; fails only if the command has ended.
    async fn send_event(&self, event: LinkEvent) {
        let _ = self.context.inbox.send(Input::Feed(self.context.id, event)).await;
    }

    /// Serves an open connection until it ends.
    async fn serve(&mut self, feed: &mut dyn Feed, mut stream: N::Connection) -> Ended {
        self.is_live = false;
        let handshake_due = Clock::start().instant(HANDSHAKE_TIMEOUT);
        let mut idle = IdleTimer::start();
        let mut turn = self.execute(feed.opened(), &mut stream).await;
        while turn.is_ok() {
            // The order matters: frames that have arrived are read before the idle timeout is checked, and a peer that
            // sends without a pause does not block the other branches.
            turn = tokio::select! {
                biased;
                Some(id) = self.context.forgotten.recv() => {
                    self.execute(feed.forget(&id), &mut stream).await
                }
                Ok(()) = self.context.token.changed() => {
                    feed.token(&self.context.token.borrow_and_update());
                    Ok(())
                }
                () = sleep_until(handshake_due), if !self.is_live => {
                    Err(Error::handshake_timeout(HANDSHAKE_TIMEOUT).into())
                }
                arrived = stream.next() => {
                    idle = IdleTimer::start();
                    self.handle_frame(feed, arrived, &mut stream).await
                }
                () = sleep_until(idle.due(feed.keep_alive())) => {
                    self.handle_idle(feed, &mut idle, &mut stream).await
                }
            };
        }
        stream.close().await;
        turn.err().unwrap_or_else(|| Error::closed(None, "").into())
    }

    /// Nothing arrived in time: sends the pings of the provider's protocol and of WebSocket; or ends the connection if
    /// they were sent already.
    async fn handle_idle(
        &mut self,
        feed: &mut dyn Feed,
        idle: &mut IdleTimer,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        if idle.pinged.replace(Clock::start()).is_some() {
            let KeepAlive { idle, timeout } = feed.keep_alive();
            return Err(Error::idle_timeout(idle + timeout).into());
        }
        self.execute(feed.idle(), stream).await?;
        Ok(stream.ping().await?)
    }

    async fn handle_frame(
        &mut self,
        feed: &mut dyn Feed,
        arrived: Result<Frame, Error>,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        let frame = arrived?;
        match &frame {
            Frame::Text(text) | Frame::Event { data: text, .. } => {
                tracing::debug!("< {}", redacted(text, &self.context.personal));
            }
            Frame::Binary(bytes) => tracing::debug!("< {} bytes", bytes.len()),
            Frame::Alive | Frame::Closed(..) => {}
        }
        let actions = match frame {
            Frame::Closed(code, reason) => {
                return Err(Ended::Lost(Error::closed(code, &reason), code));
            }
            Frame::Alive => Vec::new(),
            message => feed.received(message),
        };
        if self.last_alive.now().elapsed >= ALIVE_INTERVAL {
            self.last_alive = Clock::start();
            self.send_event(LinkEvent::Alive).await;
        }
        self.execute(actions, stream).await
    }

    async fn execute(
        &mut self,
        actions: Vec<FeedAction>,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        for action in actions {
            match action {
                FeedAction::Send(text) => {
                    tracing::debug!("> {}", redacted(&text, &self.context.personal));
                    stream.send(Message::Text(text)).await?;
                }
                FeedAction::Signal(FeedSignal::Refused(refusal)) => {
                    return Err(Ended::Refused(refusal));
                }
                FeedAction::Signal(signal) => {
                    self.is_live |= matches!(signal, FeedSignal::Live);
                    self.send_event(LinkEvent::Signal(signal)).await;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "feed_task_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "idle_tests.rs"]
mod idle;
