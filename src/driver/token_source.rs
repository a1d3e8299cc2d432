//! Obtains a profile's token: from its source, from the state directory, or by a request to the provider.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::clock::Clock;
use crate::credential::{Credential, CredentialSource, EXPIRY_LEEWAY, issued_token};
use crate::engine::plan::Profile;
use crate::engine::{RenewalError, RenewalReason, TokenOrigin};
use crate::error::{Failure, FailureKind, config};
use crate::provider::TokenIssue;
use crate::token_store::{KeptToken, Lock, Locking, TokenStore};
use crate::transport::{Error, ErrorKind, Network};
use crate::warning::{Warning, WarningCode};
use crate::wire::Token;

/// How long another process may have the lock before that counts as an attempt that failed.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);
/// How often the lock is tried.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// Obtains tokens for a profile.
pub(super) struct TokenSource<'a, N> {
    pub(super) profile: &'a Profile,
    pub(super) network: &'a N,
    pub(super) clock: Clock,
    /// The current token, or none yet.
    pub(super) current: Token,
    pub(super) reason: RenewalReason,
    /// What the user has to know about a token that was obtained.
    pub(super) warnings: Vec<Warning>,
}

impl<N: Network> TokenSource<'_, N> {
    /// Obtains a token, which is of the next generation.
    ///
    /// # Errors
    /// The source failed, or the provider issued none.
    pub(super) async fn obtain(&mut self) -> Result<(Token, TokenOrigin), RenewalError> {
        let credential = &self.profile.credential;
        if credential.source != CredentialSource::None {
            let given = match credential.read(self.generation()).await {
                Ok(token) => token,
                Err(failure) => self.last_given(failure)?,
            };
            let expired_at = given.expires_at().filter(|at| has_ended(*at, self.now()));
            let Some((at, _)) = expired_at.zip(credential.issuer.as_ref()) else {
                return Ok((given, TokenOrigin::Given));
            };
            if !self.current.is_present() || self.current.text() == given.text() {
                let message = format!(
                    "the token of profile {} that was read from {} expired at {at}; an issued one is used in its place",
                    self.profile.name, credential.origin
                );
                self.warnings.push(Warning::new(WarningCode::TokenExpired, message));
            }
        }
        let Some(issuer) = &credential.issuer else {
            return Err(config("there is no token").into());
        };
        match &self.profile.token_store {
            Some(store) => self.shared(store, issuer).await,
            None => Ok((self.issue(issuer).await?, TokenOrigin::Issued)),
        }
    }

    /// The token that was given last, if its source was read again because that was not accepted, and gave none: a pipe
    /// can be read only once, and what ends the watch is that the token is refused.
    fn last_given(&mut self, failure: Failure) -> Result<Token, Failure> {
        let Profile { name, credential, .. } = self.profile;
        let last = if credential.issuer.is_none() {
            Some(self.current.clone()).filter(Token::is_present)
        } else {
            credential.token.clone()
        };
        match last.filter(|_| self.reason != RenewalReason::Needed) {
            Some(token) => {
                let message = format!(
                    "the token of profile {name} could not be read again from {}: {failure}; the one before is still used",
                    credential.origin
                );
                self.warnings.push(Warning::new(WarningCode::NotRenewed, message));
                Ok(token.of_generation(self.generation()))
            }
            None => Err(failure),
        }
    }

    /// The token that all processes share. One of them has it issued, and the others wait for that.
    async fn shared(
        &mut self,
        store: &TokenStore,
        issuer: &Credential,
    ) -> Result<(Token, TokenOrigin), RenewalError> {
        if let Some(token) = self.kept(store).await {
            return Ok((token, TokenOrigin::Kept));
        }
        if self.reason == RenewalReason::Suspected && !self.is_refused().await {
            let token = self.current.clone().of_generation(self.generation());
            return Ok((token, TokenOrigin::Kept));
        }
        let waiting = timeout(LOCK_PATIENCE, self.lock(store)).await;
        let _lock = waiting.map_err(|_| RenewalError::Later {
            reason: "another txwatch has been having a token issued for a minute".to_owned(),
            retry_after: None,
        })?;
        // The process that had the lock before may have had one issued.
        if let Some(token) = self.kept(store).await {
            return Ok((token, TokenOrigin::Kept));
        }
        self.drop_refused(store).await;
        let token = self.issue(issuer).await?;
        self.keep(store, KeptToken::new(&token, self.now())).await;
        Ok((token, TokenOrigin::Issued))
    }

    /// The token that is kept, if it can be used in place of the current one.
    async fn kept(&mut self, store: &TokenStore) -> Option<Token> {
        let reading = blocking(store, TokenStore::read).await?;
        if let Some(warning) = reading.warning {
            self.warn(warning);
        }
        let kept = reading.kept?;
        let is_new = self.reason == RenewalReason::Needed || !kept.is(&self.current);
        (is_new && kept.is_fresh(self.now())).then(|| kept.token(self.generation()))
    }

    /// Waits for the lock. Without one the token is issued all the same, for the user waits for a transaction.
    async fn lock(&mut self, store: &TokenStore) -> Option<Lock> {
        let mut has_waited = false;
        loop {
            match blocking(store, TokenStore::try_lock).await? {
                Locking::Locked(lock) => return Some(lock),
                Locking::Busy => {
                    if !std::mem::replace(&mut has_waited, true) {
                        tracing::debug!("another txwatch has a token issued; waiting for it");
                    }
                    sleep(LOCK_INTERVAL).await;
                }
                Locking::Unavailable(warning) => {
                    self.warn(warning);
                    return None;
                }
            }
        }
    }

    /// Drops the token that is kept if it is the one that the provider refused, so that no other process uses it.
    async fn drop_refused(&self, store: &TokenStore) {
        let reading = blocking(store, TokenStore::read).await.unwrap_or_default();
        let is_refused = reading.kept.is_some_and(|kept| kept.is(&self.current));
        if is_refused && self.reason != RenewalReason::Needed {
            // If it cannot be removed it cannot be replaced either, which is reported.
            let _ = blocking(store, TokenStore::forget).await;
        }
    }

    /// Keeps a token that was issued.
    async fn keep(&mut self, store: &TokenStore, kept: KeptToken) {
        if let Some(Err(warning)) = blocking(store, move |store| store.write(&kept)).await {
            // It says why, also of the lock and of the file that was there.
            self.warnings.retain(|warning| warning.code != WarningCode::TokenNotKept);
            self.warn(warning);
        }
    }

    /// Asks the provider whether it refuses the current token. A message that was signed with another one proves
    /// nothing, and issuing one would put that out of force.
    async fn is_refused(&self) -> bool {
        const UNAUTHORIZED: u16 = 401;
        let provider = self.profile.provider.as_ref();
        let Some(request) = provider.first_request(&provider.spec().probe_id) else {
            return false;
        };
        let response = self.network.fetch(&request, &self.current).await;
        response.is_ok_and(|response| response.status == UNAUTHORIZED)
    }

    /// Requests a token from the provider.
    async fn issue(&self, issuer: &Credential) -> Result<Token, RenewalError> {
        let Profile { name, provider, .. } = self.profile;
        let title = &provider.spec().title;
        let Some(request) = provider.token_request() else {
            return Err(config(format!("{title} issues no tokens")).into());
        };
        let secret = issuer.read(0).await?;
        let response = self.network.fetch(&request, &secret).await?;
        match provider.read_token(&response) {
            TokenIssue::Token(secret, expires_at) => {
                let token = issued_token(&secret, self.generation())?;
                Ok(match expires_at {
                    Some(at) => token.expiring(at),
                    None => token,
                })
            }
            TokenIssue::Denied(answer) => {
                let context = format!(
                    "the secret of profile {name} that tokens are issued for was read from {}; it goes with the api_key",
                    issuer.origin
                );
                let refused = format!("{title} issued no token: {answer}");
                let error = anyhow::anyhow!(context).context(refused);
                Err(Failure::from_error(FailureKind::Denied, error).into())
            }
            TokenIssue::Busy { answer, retry_after } => {
                let reason = format!("{title} issued no token: {answer}");
                Err(RenewalError::Later { reason, retry_after })
            }
            TokenIssue::Malformed(problem) => {
                let message = format!("{}: {problem}", request.url);
                Err(RenewalError::Unusable(Failure::new(FailureKind::Untrusted, message)))
            }
        }
    }

    fn generation(&self) -> u32 {
        self.current.generation + 1
    }

    fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Whether a token that was given counts as expired.
fn has_ended(expires_at: Timestamp, now: Timestamp) -> bool {
    expires_at.checked_sub(EXPIRY_LEEWAY).is_ok_and(|end| now >= end)
}

/// Works on the store outside of the event loop. None only if the work panicked.
async fn blocking<T: Send + 'static>(
    store: &TokenStore,
    work: impl FnOnce(&TokenStore) -> T + Send + 'static,
) -> Option<T> {
    let store = store.clone();
    spawn_blocking(move || work(&store)).await.ok()
}

impl From<Failure> for RenewalError {
    fn from(failure: Failure) -> Self {
        RenewalError::Failed(failure)
    }
}

impl From<Error> for RenewalError {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Untrusted => {
                RenewalError::Failed(Failure::from_error(FailureKind::Untrusted, error))
            }
            ErrorKind::Misconfigured => {
                RenewalError::Failed(Failure::from_error(FailureKind::Config, error))
            }
            ErrorKind::Unusable => {
                RenewalError::Unusable(Failure::from_error(FailureKind::Untrusted, error))
            }
            _ => RenewalError::Later { reason: error.to_string(), retry_after: error.retry_after },
        }
    }
}
