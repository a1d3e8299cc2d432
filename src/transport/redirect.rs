//! Which redirects are followed: those within the origin, and not in a circle.

use reqwest::redirect::{Attempt, Policy};
use url::{Position, Url};

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// A request was redirected within its origin again and again.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub(super) struct TooManyRedirects {
    /// How many were followed.
    count: usize,
    /// Where the next one leads, without its query, which may hold a token.
    to: String,
    /// Whether it leads to where the request had been already.
    is_circle: bool,
}

impl TooManyRedirects {
    fn sentence(&self) -> String {
        let TooManyRedirects { count, to, .. } = self;
        if self.is_circle {
            format!("it redirects in a circle: after {count} redirects it leads back to {to}")
        } else {
            format!("it redirects on and on: after {count} redirects it leads to {to}")
        }
    }
}

/// Only redirects within the origin are followed: reqwest sends custom headers, such as a token, along.
pub(super) fn same_origin_only() -> Policy {
    Policy::custom(|attempt| {
        let is_within =
            attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        if !is_within {
            attempt.stop()
        } else if attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            let error = too_many(&attempt);
            attempt.error(error)
        }
    })
}

fn too_many(attempt: &Attempt<'_>) -> TooManyRedirects {
    let path = |url: &Url| url[..Position::AfterPath].to_owned();
    let to = path(attempt.url());
    let is_circle = attempt.previous().iter().any(|url| path(url) == to);
    // The first of the previous addresses is that of the request.
    TooManyRedirects { count: attempt.previous().len() - 1, to, is_circle }
}
