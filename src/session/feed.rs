//! One task for each push connection: it owns the socket and keeps it open, as its feed's protocol wants.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::watch::{FeedInput, Input};
use crate::exit::Code;
use crate::provider::{Action, Closed, Feed, Frame, Id, Reopen, Silence};
use crate::transport::{Backoff, Connection, Error, Heard, Network};
use crate::wire::Token;

/// How long a connection may be open before the provider has accepted it.
const INTRODUCTION: Duration = Duration::from_secs(15);
/// How often it is told that something was heard which says nothing else.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// The HTTP status of a path that the peer does not have.
const NOT_THERE: u16 = 404;
/// After a connection has been open this long, its loss is a new story: backing off begins again.
const HEALTHY: Duration = Duration::from_secs(30);

/// What a feed's task is connected to.
pub(super) struct Line<N> {
    /// The index of the feed.
    pub(super) index: usize,
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
    /// What its messages hold that nobody is to see.
    pub(super) personal: &'static [&'static str],
    /// Whether the provider has accepted the connection.
    pub(super) live: bool,
    /// When it was last told that something was heard.
    pub(super) told: Clock,
}

/// Keeps the feed open until the provider refuses it for good or the session drops the task.
pub(super) async fn drive(mut feed: Box<dyn Feed>, mut line: Line<impl Network>) {
    let mut backoff = Backoff::new(line.random.fork());
    loop {
        while let Ok(id) = line.forgotten.try_recv() {
            // Nothing can be sent, and nothing of it will be subscribed.
            feed.forget(&id);
        }
        line.tell(FeedInput::Connecting(backoff.attempt())).await;
        let token = line.token.borrow_and_update().clone();
        feed.token(&token);
        let opened = {
            let _permit = line.permits.acquire().await;
            line.network.open(&feed.request(), &token).await
        };
        let (error, reopen) = match opened {
            Err(error) => (error, Reopen::Backoff(Duration::ZERO)),
            Ok(stream) => {
                let open = Clock::start();
                let ended = line.pump(feed.as_mut(), stream).await;
                if open.now().elapsed >= HEALTHY {
                    backoff.reset();
                }
                ended.and_now(feed.as_mut())
            }
        };
        if error.status == Some(NOT_THERE) && feed.elsewhere() {
            continue;
        }
        let retry_in = match reopen {
            Reopen::Never(code) => {
                return line.tell(FeedInput::Refused(code, error.to_string())).await;
            }
            Reopen::AtOnce if backoff.attempt() == 0 => {
                backoff.next(Duration::ZERO);
                Duration::ZERO
            }
            Reopen::AtOnce => backoff.next(Duration::ZERO),
            Reopen::Backoff(floor) => {
                backoff.next(floor.max(error.retry_after.unwrap_or_default()))
            }
        };
        line.tell(FeedInput::Lost {
            error,
            attempt: backoff.attempt(),
            retry_in,
            generation: token.generation,
        })
        .await;
        sleep(retry_in).await;
    }
}

/// What became of a connection.
enum Ended {
    /// It broke or was closed, perhaps with a code.
    Broken(Error, Option<u16>),
    /// The provider refused it for good.
    Refused(Code, String),
}

impl Ended {
    /// What to do about it. The provider's own word on why says more than the transport's.
    fn and_now(self, feed: &mut dyn Feed) -> (Error, Reopen) {
        match self {
            Ended::Broken(error, code) => {
                let Closed { reopen, why } = feed.closed(code);
                (why.map_or(error.clone(), |why| error.because(&why)), reopen)
            }
            Ended::Refused(code, message) => (Error::refused(message), Reopen::Never(code)),
        }
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Broken(error, None)
    }
}

/// When something was last heard on a connection, and when a sign of life was asked for since.
struct Pulse {
    heard: Clock,
    asked: Option<Clock>,
}

impl Pulse {
    fn now() -> Self {
        Pulse { heard: Clock::start(), asked: None }
    }

    /// When the silence has lasted too long. Whoever slept himself may ask late, and then has to give
    /// the peer its time all the same.
    fn due(&self, limits: Silence) -> Instant {
        match &self.asked {
            None => self.heard.instant(limits.ask_after),
            Some(asked) => asked.instant(limits.dead_after),
        }
    }
}

impl<N: Network> Line<N> {
    /// If nobody listens any more, the task is about to be dropped.
    async fn tell(&self, input: FeedInput) {
        let _ = self.inbox.send(Input::Feed(self.index, input)).await;
    }

    /// Carries an open connection to its end.
    async fn pump(&mut self, feed: &mut dyn Feed, mut stream: N::Connection) -> Ended {
        self.live = false;
        let introduced = Clock::start().instant(INTRODUCTION);
        let mut pulse = Pulse::now();
        let mut turn = self.carry_out(feed.opened(), &mut stream).await;
        while turn.is_ok() {
            // In this order: what has arrived is heard before its lateness counts, and a peer that never
            // pauses holds nothing else up.
            turn = tokio::select! {
                biased;
                Some(id) = self.forgotten.recv() => {
                    self.carry_out(feed.forget(&id), &mut stream).await
                }
                Ok(()) = self.token.changed() => {
                    feed.token(&self.token.borrow_and_update());
                    Ok(())
                }
                () = sleep_until(introduced), if !self.live => {
                    Err(Error::speechless(INTRODUCTION).into())
                }
                heard = stream.next() => {
                    pulse = Pulse::now();
                    self.heard(feed, heard, &mut stream).await
                }
                () = sleep_until(pulse.due(feed.silence())) => {
                    self.silent(feed, &mut pulse, &mut stream).await
                }
            };
        }
        stream.close().await;
        turn.err().unwrap_or_else(|| Error::closed(None, "").into())
    }

    /// Nothing was heard for long: asks for a sign of life, at the protocol's own level and at
    /// WebSocket's; or gives the connection up, if it was asked already.
    async fn silent(
        &mut self,
        feed: &mut dyn Feed,
        pulse: &mut Pulse,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        if pulse.asked.replace(Clock::start()).is_some() {
            let Silence { ask_after, dead_after } = feed.silence();
            return Err(Error::silent(ask_after + dead_after).into());
        }
        self.carry_out(feed.idle(), stream).await?;
        Ok(stream.ping().await?)
    }

    async fn heard(
        &mut self,
        feed: &mut dyn Feed,
        heard: Result<Heard, Error>,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        let actions = match heard? {
            Heard::Text(text) => {
                tracing::debug!("< {}", super::traffic::shown(&text, self.personal));
                feed.received(Frame::Text(&text))
            }
            Heard::Binary(bytes) => {
                tracing::debug!("< {} bytes", bytes.len());
                feed.received(Frame::Binary(&bytes))
            }
            Heard::Event(id, data) => {
                tracing::debug!("< {}", super::traffic::shown(&data, self.personal));
                feed.received(Frame::Event { id: id.as_deref(), data: &data })
            }
            Heard::Alive => Vec::new(),
            Heard::Closed(code, reason) => {
                return Err(Ended::Broken(Error::closed(code, &reason), code));
            }
        };
        if self.told.now().elapsed >= SIGN_OF_LIFE {
            self.told = Clock::start();
            self.tell(FeedInput::Alive).await;
        }
        self.carry_out(actions, stream).await
    }

    async fn carry_out(
        &mut self,
        actions: Vec<Action>,
        stream: &mut N::Connection,
    ) -> Result<(), Ended> {
        for action in actions {
            match action {
                Action::Send(text) => {
                    tracing::debug!("> {}", super::traffic::shown(&text, self.personal));
                    stream.send(text).await?;
                }
                Action::Live => {
                    self.live = true;
                    self.tell(FeedInput::Live).await;
                }
                Action::Unserved(ids, why) => self.tell(FeedInput::Unserved(ids, why)).await,
                Action::Subscribed(ids) => self.tell(FeedInput::Subscribed(ids)).await,
                Action::Observed(id, report) => self.tell(FeedInput::Observed(id, report)).await,
                Action::Warning(code, message) => {
                    self.tell(FeedInput::Warning(code, message)).await
                }
                Action::Refused(code, message) => {
                    return Err(Ended::Refused(code, message));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "silence_tests.rs"]
mod silence;
