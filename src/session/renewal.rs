//! Coming by a token: from its source, or issued by the provider.

use super::plan::Profile;
use super::watch::Unrenewed;
use crate::error::Failure;
use crate::exit::Code;
use crate::provider::Issued;
use crate::transport::{Credential, CredentialSource, Error, ErrorKind, Network, issued};
use crate::wire::Token;

/// The profile's next token.
///
/// # Errors
/// There is none to be had, or not now.
pub(super) async fn renew(
    profile: &Profile,
    network: &impl Network,
    generation: u32,
) -> Result<Token, Unrenewed> {
    let credential = &profile.credential;
    let first = generation == 1 && credential.token.is_none();
    let has_source = credential.source != CredentialSource::Nowhere;
    match &credential.issuer {
        Some(issuer) if !(first && has_source) => issue(profile, issuer, network, generation).await,
        _ => Ok(credential.read(generation).await?),
    }
}

/// Has the provider issue a token.
async fn issue(
    profile: &Profile,
    issuer: &Credential,
    network: &impl Network,
    generation: u32,
) -> Result<Token, Unrenewed> {
    let title = profile.provider.spec().title;
    let Some(request) = profile.provider.issue() else {
        return Err(Failure::new(Code::Config, format!("{title} issues no tokens")).into());
    };
    let secret = issuer.read(0).await?;
    let fetched = network.fetch(&request, &secret).await?;
    match profile.provider.issued(&fetched.response) {
        Issued::Token(secret, expires_at) => {
            let token = Token::new(issued(&secret)?, generation);
            Ok(expires_at.map_or(token.clone(), |at| token.expiring(at)))
        }
        Issued::Denied(answer) => {
            let context = format!(
                "the secret of profile {} that tokens are issued for was read from {}; it goes with the api_key",
                profile.name, issuer.origin
            );
            let refused = format!("{title} issued no token: {answer}");
            let error = anyhow::anyhow!(context).context(refused);
            Err(Failure::from_error(Code::Denied, error).into())
        }
        Issued::Busy(answer) => Err(Unrenewed::Later {
            reason: format!("{title} issued no token: {answer}"),
            wait: fetched.retry_after,
        }),
        Issued::Bad(problem) => {
            Err(Failure::new(Code::Protocol, format!("{}: {problem}", request.url)).into())
        }
    }
}

impl From<Failure> for Unrenewed {
    fn from(failure: Failure) -> Self {
        Unrenewed::Failed(failure)
    }
}

impl From<Error> for Unrenewed {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Untrusted => Unrenewed::Failed(Failure::from_error(Code::Protocol, error)),
            _ => Unrenewed::Later { reason: error.to_string(), wait: error.retry_after },
        }
    }
}
