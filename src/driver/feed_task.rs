//! One task for each push connection: it owns the socket and keeps it open, as its feed's protocol wants.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::traffic::shown;
use crate::engine::{FeedId, Input, LinkEvent};
use crate::protocol::{Closed, KeepAlive, Reconnect, Refusal};
use crate::provider::{Feed, FeedAction, FeedSignal, Id};
use crate::transport::{Backoff, Connection, Error, Message, Network};
use crate::wire::{Frame, Token};

/// How long a connection may be open before the provider has accepted it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a sign of life is passed on, where nothing else is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// After a connection has been open this long, its loss begins a new series of attempts.
const HEALTHY: Duration = Duration::from_secs(30);

/// What a feed's task is connected to.
pub(super) struct Wiring<N> {
    /// The feed.
    pub(super) id: FeedId,
    /// Opens the connection.
    pub(super) network: N,
    /// The token that counts now.
    pub(super) token: watch::Receiver<Token>,
    /// Where everything goes.
    pub(super) inbox: mpsc::Sender<Input>,
    /// Ids that need no more reports.
    pub(super) forgotten: mpsc::UnboundedReceiver<Id>,
    /// How many handshakes may go on at once.
    pub(super) permits: Arc<Semaphore>,
    /// Spreads the retries.
    pub(super) random: fastrand::Rng,
    /// The fields of its messages that no log shows.
    pub(super) personal: Arc<[String]>,
}

/// The task of one feed.
pub(super) struct FeedTask<N> {
    wiring: Wiring<N>,
    /// Whether the provider has accepted the connection.
    is_live: bool,
    /// When a sign of life was last passed on.
    last_alive: Clock,
}

/// Why a connection ended.
enum Ended {
    /// It broke or was closed, perhaps with a code.
    Broken(Error, Option<u16>),
    /// The provider refused it for good.
    Refused(Refusal),
}

impl Ended {
    /// What to do about it. The provider's own word on why says more than the transport's.
    fn reconnect(self, feed: &mut dyn Feed) -> (Error, Reconnect) {
        match self {
            Ended::Broken(error, code) => {
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
        Ended::Broken(error, None)
    }
}

/// When something last arrived on a connection, and when a ping was sent since.
struct IdleTimer {
    received: Clock,
    pinged: Option<Clock>,
}

impl IdleTimer {
    fn start() -> Self {
        IdleTimer { received: Clock::start(), pinged: None }
    }

    /// When the silence has lasted too long. A task that was suspended may ping late, and then has to give
    /// the peer its time all the same.
    fn due(&self, limits: KeepAlive) -> Instant {
        match &self.pinged {
            None => self.received.instant(limits.idle),
            Some(pinged) => pinged.instant(limits.timeout),
        }
    }
}

impl<N: Network> FeedTask<N> {
    pub(super) fn new(wiring: Wiring<N>) -> Self {
        FeedTask { wiring, is_live: false, last_alive: Clock::start() }
    }

    /// Keeps the feed open until the provider refuses it for good or the task is dropped.
    pub(super) async fn run(mut self, mut feed: Box<dyn Feed>) {
        let mut backoff = Backoff::new(self.wiring.random.fork());
        loop {
            while let Ok(id) = self.wiring.forgotten.try_recv() {
                // Nothing can be sent, and nothing of it will be subscribed.
                feed.forget(&id);
            }
            self.tell(LinkEvent::Connecting { attempt: backoff.attempt() }).await;
            let token = self.wiring.token.borrow_and_update().clone();
            feed.token(&token);
            let (error, reconnect) = self.connect(feed.as_mut(), &token, &mut backoff).await;
            if error.is_not_found && feed.fallback_endpoint() {
                continue;
            }
            let retry_in = match reconnect {
                Reconnect::Never(kind) => {
                    let refusal = Refusal { kind, message: error.to_string() };
                    return self.tell(LinkEvent::Signal(FeedSignal::Refused(refusal))).await;
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
            self.tell(LinkEvent::Lost { error, attempt, retry_in, generation }).await;
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
            let _permit = self.wiring.permits.acquire().await;
            self.wiring.network.open(&feed.request(), token).await
        };
        match opened {
            Err(error) => (error, Reconnect::Backoff(Duration::ZERO)),
            Ok(stream) => {
                let open = Clock::start();
                let ended = self.pump(feed, stream).await;
                if open.now().elapsed >= HEALTHY {
                    backoff.reset();
                }
                ended.reconnect(feed)
            }
        }
    }

    /// If nobody listens any more, the task is about to be dropped.
    async fn tell(&self, event: LinkEvent) {
        let _ = self.wiring.inbox.send(Input::Feed(self.wiring.id, event)).await;
    }

    /// Carries an open connection to its end.
    async fn pump(&mut self, feed: &mut dyn Feed, mut stream: N::Connection) -> Ended {
        self.is_live = false;
        let handshake_due = Clock::start().instant(HANDSHAKE_TIMEOUT);
        let mut idle = IdleTimer::start();
        let mut turn = self.execute(feed.opened(), &mut stream).await;
        while turn.is_ok() {
            // In this order: what has arrived is read before its lateness counts, and a peer that never
            // pauses holds nothing else up.
            turn = tokio::select! {
                biased;
                Some(id) = self.wiring.forgotten.recv() => {
                    self.execute(feed.forget(&id), &mut stream).await
                }
                Ok(()) = self.wiring.token.changed() => {
                    feed.token(&self.wiring.token.borrow_and_update());
                    Ok(())
                }
                () = sleep_until(handshake_due), if !self.is_live => {
                    Err(Error::handshake_timeout(HANDSHAKE_TIMEOUT).into())
                }
                arrived = stream.next() => {
                    idle = IdleTimer::start();
                    self.arrived(feed, arrived, &mut stream).await
                }
                () = sleep_until(idle.due(feed.keep_alive())) => {
                    self.is_idle(feed, &mut idle, &mut stream).await
                }
            };
        }
        stream.close().await;
        turn.err().unwrap_or_else(|| Error::closed(None, "").into())
    }

    /// Nothing arrived for long: sends a ping, at the protocol's own level and at WebSocket's; or gives the
    /// connection up, if one was sent already.
    async fn is_idle(
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

    async fn arrived(
        &mut self,
        feed: &mut dyn Feed,
        arrived: Result<Frame, Error>,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        let frame = arrived?;
        match &frame {
            Frame::Text(text) | Frame::Event { data: text, .. } => {
                tracing::debug!("< {}", shown(text, &self.wiring.personal));
            }
            Frame::Binary(bytes) => tracing::debug!("< {} bytes", bytes.len()),
            Frame::Alive | Frame::Closed(..) => {}
        }
        let actions = match frame {
            Frame::Closed(code, reason) => {
                return Err(Ended::Broken(Error::closed(code, &reason), code));
            }
            Frame::Alive => Vec::new(),
            message => feed.received(message),
        };
        if self.last_alive.now().elapsed >= SIGN_OF_LIFE {
            self.last_alive = Clock::start();
            self.tell(LinkEvent::Alive).await;
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
                    tracing::debug!("> {}", shown(&text, &self.wiring.personal));
                    stream.send(Message::Text(text)).await?;
                }
                FeedAction::Signal(FeedSignal::Refused(refusal)) => {
                    return Err(Ended::Refused(refusal));
                }
                FeedAction::Signal(signal) => {
                    self.is_live |= matches!(signal, FeedSignal::Live);
                    self.tell(LinkEvent::Signal(signal)).await;
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
#[path = "silence_tests.rs"]
mod silence;
