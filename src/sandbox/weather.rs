//! What proxies and gateways put in place of a provider's answers: it says nothing about the transaction.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::serving::{answer, header};

/// A response that says nothing about the transaction that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// A page in HTML, with status 200.
    Html,
    /// No body at all, with status 200.
    Empty,
    /// The first half of the answer.
    Truncated,
    /// A page in HTML, with status 403: a firewall's.
    Forbidden,
    /// A redirect to another host.
    Redirect,
    /// The error object of this number, with status 200.
    Error(usize),
}

/// So many come in a row between good answers.
const IN_A_ROW: u32 = 2;

const HTML: &str = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>\n";
const FORBIDDEN: &str = "<!doctype html><title>403</title><p>Access denied (rehearsal)</p>\n";
const ELSEWHERE: &str = "https://maintenance.invalid/";

impl Weather {
    /// Those that all providers have, in the order in which they come.
    pub const PAGES: [Weather; 5] =
        [Weather::Html, Weather::Empty, Weather::Truncated, Weather::Forbidden, Weather::Redirect];

    /// What comes in place of the nth answer about a transaction, counted from 1, where there are so many error
    /// objects. The first answer is good, and so are all after each kind was there once.
    pub fn of_answer(nth: u32, errors: usize) -> Option<Self> {
        let (row, place) = (nth.checked_sub(2)? / (IN_A_ROW + 1), (nth - 2) % (IN_A_ROW + 1));
        if place == IN_A_ROW {
            return None;
        }
        let index = usize::try_from(row * IN_A_ROW + place).ok()?;
        match Weather::PAGES.get(index) {
            Some(weather) => Some(*weather),
            None => Some(index - Weather::PAGES.len())
                .filter(|error| *error < errors)
                .map(Weather::Error),
        }
    }

    /// The response, in place of an answer with this body.
    pub(super) fn response(self, body: &Value, errors: &[Value]) -> Response {
        match self {
            Weather::Html => page(StatusCode::OK, HTML),
            Weather::Empty => page(StatusCode::OK, ""),
            Weather::Truncated => {
                let whole = body.to_string();
                let half: String = whole.chars().take(whole.len() / 2).collect();
                let mut response = answer(200, body);
                *response.body_mut() = Body::from(half);
                response
            }
            Weather::Forbidden => page(StatusCode::FORBIDDEN, FORBIDDEN),
            Weather::Redirect => {
                let mut response = page(StatusCode::FOUND, "");
                response.headers_mut().insert(LOCATION, HeaderValue::from_static(ELSEWHERE));
                response
            }
            Weather::Error(number) => answer(200, errors.get(number).unwrap_or(&Value::Null)),
        }
    }
}

fn page(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, header("text/html; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_comes_once_between_good_answers() {
        let of = |errors| (1..30).map(|nth| Weather::of_answer(nth, errors)).collect::<Vec<_>>();
        let (html, empty) = (Some(Weather::Html), Some(Weather::Empty));
        let (truncated, forbidden) = (Some(Weather::Truncated), Some(Weather::Forbidden));
        let (redirect, error) = (Some(Weather::Redirect), |number| Some(Weather::Error(number)));
        let pages = [None, html, empty, None, truncated, forbidden, None, redirect];
        assert_eq!(of(1)[..8], pages);
        assert_eq!(of(1)[8..10], [error(0), None]);
        assert_eq!(of(3)[8..13], [error(0), None, error(1), error(2), None]);
        assert!(of(1)[10..].iter().all(Option::is_none));
        assert!(of(3)[13..].iter().all(Option::is_none));
    }
}
