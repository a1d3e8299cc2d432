//! Renewal of a token: from its source, or by a request to the provider.

use crate::credential::{Credential, CredentialSource, issued_token};
use crate::engine::RenewalError;
use crate::engine::plan::Profile;
use crate::error::{Failure, FailureKind, config};
use crate::provider::TokenIssue;
use crate::transport::{Error, ErrorKind, Network};
use crate::wire::Token;

/// Obtains the token of this generation.
///
/// # Errors
/// The source failed, or the provider issued none.
pub(super) async fn renew(
    profile: &Profile,
    network: &impl Network,
    generation: u32,
) -> Result<Token, RenewalError> {
    let credential = &profile.credential;
    let is_first = generation == 1 && credential.token.is_none();
    let has_source = credential.source != CredentialSource::None;
    match &credential.issuer {
        Some(issuer) if !(is_first && has_source) => {
            request_token(profile, issuer, network, generation).await
        }
        _ => Ok(credential.read(generation).await?),
    }
}

/// Requests a token from the provider.
async fn request_token(
    profile: &Profile,
    issuer: &Credential,
    network: &impl Network,
    generation: u32,
) -> Result<Token, RenewalError> {
    let title = &profile.provider.spec().title;
    let Some(request) = profile.provider.token_request() else {
        return Err(config(format!("{title} issues no tokens")).into());
    };
    let secret = issuer.read(0).await?;
    let response = network.fetch(&request, &secret).await?;
    match profile.provider.read_token(&response) {
        TokenIssue::Token(secret, expires_at) => {
            let token = issued_token(&secret, generation)?;
            Ok(match expires_at {
                Some(at) => token.expiring(at),
                None => token,
            })
        }
        TokenIssue::Denied(answer) => {
            let context = format!(
                "the secret of profile {} that tokens are issued for was read from {}; it goes with the api_key",
                profile.name, issuer.origin
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
            Err(Failure::new(FailureKind::Untrusted, message).into())
        }
    }
}

impl From<Failure> for RenewalError {
    fn from(failure: Failure) -> Self {
        RenewalError::Failed(failure)
    }
}

impl From<Error> for RenewalError {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Untrusted | ErrorKind::Unusable => {
                RenewalError::Failed(Failure::from_error(FailureKind::Untrusted, error))
            }
            _ => RenewalError::Later { reason: error.to_string(), retry_after: error.retry_after },
        }
    }
}
