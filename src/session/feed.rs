//! One task for each push connection: it owns the socket and keeps it open, as its feed's protocol wants.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, sleep_until, timeout};

use super::clock::Clock;
use super::watch::{FeedInput, Input};
use crate::provider::{Action, Closed, Feed, Frame, Id, Reopen};
use crate::transport::{Backoff, Error, Heard, Socket, Transport};
use crate::wire::Token;

/// How long a connection may be open before the provider has accepted it.
const INTRODUCTION: Duration = Duration::from_secs(15);
/// After a connection has been open this long, its loss is a new story: backing off begins again.
const HEALTHY: Duration = Duration::from_secs(30);

/// What a feed's task is connected to.
pub(super) struct Line {
    /// The index of the feed.
    pub(super) index: usize,
    /// Opens the connection.
    pub(super) transport: Transport,
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
}

/// Keeps the feed open until the provider refuses it for good or the session drops the task.
pub(super) async fn drive(mut feed: Box<dyn Feed>, mut line: Line) {
    let mut backoff = Backoff::new(line.random.fork());
    loop {
        line.tell(FeedInput::Connecting(backoff.attempt())).await;
        let token = line.token.borrow_and_update().clone();
        feed.token(&token);
        let opened = {
            let _permit = line.permits.acquire().await;
            line.transport.open(&feed.request(), &token).await
        };
        let (error, reopen) = match opened {
            Err(error) => (error, Reopen::Backoff(Duration::ZERO)),
            Ok(socket) => {
                let open = Clock::start();
                let ended = line.pump(feed.as_mut(), socket).await;
                if open.now().elapsed >= HEALTHY {
                    backoff.reset();
                }
                ended
            }
        };
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

/// What became of a connection, and what to do about it.
type Ended = (Error, Reopen);

impl Line {
    /// If nobody listens any more, the task is about to be dropped.
    async fn tell(&self, input: FeedInput) {
        let _ = self.inbox.send(Input::Feed(self.index, input)).await;
    }

    /// Carries an open connection to its end.
    async fn pump(&mut self, feed: &mut dyn Feed, mut socket: Socket) -> Ended {
        self.live = false;
        let introduced = Clock::start().instant(INTRODUCTION);
        let actions = feed.opened();
        match self.carry_out(actions, &mut socket).await {
            Ok(()) => {}
            Err(ended) => return ended,
        }
        loop {
            let turn = tokio::select! {
                heard = next_or_dead(feed, &mut socket) => self.heard(feed, heard, &mut socket).await,
                Some(id) = self.forgotten.recv() => {
                    let actions = feed.forget(&id);
                    self.carry_out(actions, &mut socket).await
                }
                Ok(()) = self.token.changed() => {
                    feed.token(&self.token.borrow_and_update());
                    Ok(())
                }
                () = sleep_until(introduced), if !self.live => {
                    Err((Error::speechless(INTRODUCTION), feed.closed(None).reopen))
                }
            };
            if let Err(ended) = turn {
                return ended;
            }
        }
    }

    async fn heard(
        &mut self,
        feed: &mut dyn Feed,
        heard: Result<Heard, Error>,
        socket: &mut Socket,
    ) -> Result<(), Ended> {
        let actions = match heard {
            Ok(Heard::Text(text)) => {
                tracing::debug!("< {}", super::traffic::shown(&text, self.personal));
                feed.received(Frame::Text(&text))
            }
            Ok(Heard::Binary(bytes)) => {
                tracing::debug!("< {} bytes", bytes.len());
                feed.received(Frame::Binary(&bytes))
            }
            Ok(Heard::Alive) => Vec::new(),
            Ok(Heard::Closed(code, reason)) => {
                return Err(ended(Error::closed(code, &reason), feed.closed(code)));
            }
            Err(error) => return Err(ended(error, feed.closed(None))),
        };
        self.tell(FeedInput::Alive).await;
        self.carry_out(actions, socket).await
    }

    async fn carry_out(&mut self, actions: Vec<Action>, socket: &mut Socket) -> Result<(), Ended> {
        for action in actions {
            match action {
                Action::Send(text) => {
                    tracing::debug!("> {}", super::traffic::shown(&text, self.personal));
                    socket
                        .send(text)
                        .await
                        .map_err(|error| (error, Reopen::Backoff(Duration::ZERO)))?;
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
                    return Err((Error::refused(message), Reopen::Never(code)));
                }
            }
        }
        Ok(())
    }
}

/// The provider's own word on why a connection ended says more than the transport's.
fn ended(error: Error, closed: Closed) -> Ended {
    match closed.why {
        Some(why) => (error.because(&why), closed.reopen),
        None => (error, closed.reopen),
    }
}

/// The next thing on the socket; or the news that nothing came although it was asked for.
async fn next_or_dead(feed: &mut dyn Feed, socket: &mut Socket) -> Result<Heard, Error> {
    let silence = feed.silence();
    if let Ok(heard) = timeout(silence.ask_after, socket.next()).await {
        return heard;
    }
    let mut asked = false;
    for action in feed.idle() {
        if let Action::Send(text) = action {
            socket.send(text).await?;
            asked = true;
        }
    }
    if !asked {
        socket.ping().await?;
    }
    match timeout(silence.dead_after, socket.next()).await {
        Ok(heard) => heard,
        Err(_) => Err(Error::silent(silence.ask_after + silence.dead_after)),
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
