//! Checks that a push connection can be opened, for `config check`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::time::timeout;
use url::Url;

use super::feed_task::{FeedContext, FeedTask};
use crate::engine::plan::Profile;
use crate::engine::{FeedId, Input, LinkEvent, ListIndex};
use crate::error::{Failure, FailureKind};
use crate::protocol::Refusal;
use crate::provider::{FeedSignal, Id};
use crate::transport::{ErrorKind, Options, Transport};

/// Opens the push connection of an id, and waits until the provider has accepted it.
///
/// # Errors
/// It is refused or fails, or there is no answer within the limit.
pub async fn check_push(
    profile: &Profile,
    id: &Id,
    options: &Options,
    limit: Duration,
) -> Result<(), Failure> {
    let network = Transport::new(options)?;
    let Some((feed, _)) = profile.provider.feeds(std::slice::from_ref(id)).into_iter().next()
    else {
        return Ok(());
    };
    let address = feed.request().url;
    let (inbox, mut inputs) = mpsc::channel(16);
    let (_forget, forgotten) = mpsc::unbounded_channel();
    // The token may not be sent, but has to be redacted in what the peer sends.
    let known_token = profile.credential.token.clone().unwrap_or_default();
    let (_token, token) = latest::channel(known_token);
    let task = FeedTask::new(FeedContext {
        id: FeedId::at(0),
        network,
        token,
        inbox,
        forgotten,
        permits: Arc::new(Semaphore::new(1)),
        random: fastrand::Rng::new(),
        personal: profile.provider.spec().personal.clone(),
    });
    let task = tokio::spawn(task.run(feed));
    let result = timeout(limit, async {
        while let Some(input) = inputs.recv().await {
            if let Input::Feed(_, event) = input
                && let Some(result) = check_result(event, &address)
            {
                return result;
            }
        }
        Ok(())
    });
    let result = result.await;
    task.abort();
    result.unwrap_or_else(|_| {
        let message = format!("{address} gave no answer within {}s", limit.as_secs());
        Err(Failure::new(FailureKind::Unreachable, message))
    })
}

/// The result of the check, if the event decides it.
fn check_result(event: LinkEvent, address: &Url) -> Option<Result<(), Failure>> {
    match event {
        LinkEvent::Signal(FeedSignal::Live) => Some(Ok(())),
        LinkEvent::Signal(FeedSignal::Refused(Refusal { kind, message })) => {
            Some(Err(Failure::new(kind.into(), format!("{address}: {message}"))))
        }
        LinkEvent::Lost { error, .. } => {
            let kind = match error.kind {
                ErrorKind::Unreachable => FailureKind::Unreachable,
                ErrorKind::Untrusted | ErrorKind::Unusable => FailureKind::Untrusted,
                ErrorKind::Misconfigured => FailureKind::Config,
                ErrorKind::Denied | ErrorKind::Unsupported => FailureKind::Denied,
            };
            Some(Err(Failure::from_error(kind, error)))
        }
        _ => None,
    }
}
