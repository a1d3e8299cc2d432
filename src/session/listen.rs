//! Whether a provider's push side answers, for `config check`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::time::timeout;

use super::clock::Clock;
use super::feed;
use super::plan::Profile;
use super::watch::{FeedInput, Input};
use crate::error::Failure;
use crate::exit::Code;
use crate::provider::Id;
use crate::transport::{ErrorKind, Options, Transport};

/// Opens the push connection of an id until the provider has accepted it.
///
/// # Errors
/// It is refused, or nothing answers within the limit.
pub async fn listen(
    profile: &Profile,
    id: &Id,
    options: &Options,
    limit: Duration,
) -> Result<(), Failure> {
    let transport = Transport::new(options)?;
    let Some((feed, _)) = profile.provider.feeds(std::slice::from_ref(id)).into_iter().next()
    else {
        return Ok(());
    };
    let address = feed.request().url;
    let (inbox, mut heard) = mpsc::channel(16);
    let (_forget, forgotten) = mpsc::unbounded_channel();
    // It is not sent, but a peer that has seen it may repeat it.
    let known = profile.credential.token.clone().unwrap_or_default();
    let (_token, token) = latest::channel(known);
    let line = feed::Line {
        index: 0,
        network: transport,
        token,
        inbox,
        forgotten,
        permits: Arc::new(Semaphore::new(1)),
        random: fastrand::Rng::new(),
        personal: profile.provider.spec().personal,
        live: false,
        told: Clock::start(),
    };
    let task = tokio::spawn(feed::drive(feed, line));
    let told = timeout(limit, async {
        while let Some(input) = heard.recv().await {
            match input {
                Input::Feed(_, FeedInput::Live) => return Ok(()),
                Input::Feed(_, FeedInput::Refused(code, message)) => {
                    return Err(Failure::new(code, format!("{address}: {message}")));
                }
                Input::Feed(_, FeedInput::Lost { error, .. }) => {
                    let code = match error.kind {
                        ErrorKind::Unreachable => Code::Unreachable,
                        ErrorKind::Untrusted => Code::Protocol,
                        ErrorKind::Denied | ErrorKind::Unsupported => Code::Denied,
                    };
                    return Err(Failure::from_error(code, error));
                }
                _ => {}
            }
        }
        Ok(())
    });
    let told = told.await;
    task.abort();
    told.unwrap_or_else(|_| {
        let message = format!("{address} gave no answer within {}s", limit.as_secs());
        Err(Failure::new(Code::Unreachable, message))
    })
}
