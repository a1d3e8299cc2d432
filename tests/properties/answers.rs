//! Answers to lookups.

use jiff::Timestamp;
use serde_json::Value;
use txwatch::provider::{
    Id, Listed, Listing, ListingStep, Provider, Reading, Step, TokenIssue, json,
};
use txwatch::wire::Response;

use super::{Subject, judge};

/// By the digit that a sample begins with.
const STATUSES: [u16; 10] = [200, 201, 200, 302, 404, 503, 400, 401, 429, 403];
/// A minute after the transactions of the samples were sent.
const NOW: i64 = 1_732_728_310;
/// More questions than any lookup asks.
const MOST_QUESTIONS: usize = 100;

/// An answer is believed only if its own words say so, and is never taken for one about another
/// transaction. Every question of a lookup is answered by it.
pub fn answer(subject: &Subject, digit: u8, body: &[u8]) {
    let status = status(digit);
    let response = Response::new(status, body);
    let provider = &*subject.provider;
    for ids in subject.ids.chunks(provider.spec().ids_per_lookup) {
        for (id, reading) in ids.iter().zip(look_up(provider, ids, &response)) {
            match reading {
                Reading::Observed(report) => {
                    assert!(matches!(status, 200..=299), "{status} is no answer");
                    judge::report(&subject.name, id, &report);
                    let body = Value::Object(json::object(body, &[]).unwrap_or_default());
                    assert!(judge::holds(&body, &report), "{report:?} was not in the answer");
                }
                Reading::Denied { answer: why, .. } => {
                    assert!(matches!(status, 401 | 403) && !why.is_empty());
                }
                Reading::NotFound(why)
                | Reading::Unusable(why)
                | Reading::Busy { answer: why, .. }
                | Reading::Malformed(why) => assert!(!why.is_empty()),
            }
        }
    }
    if let Some(listing) = provider.orders_since(Timestamp::UNIX_EPOCH)
        && let Ok(listed) = list(listing, &response)
    {
        for (id, report) in listed.orders {
            assert!(matches!(status, 200..=299), "{status} is no list");
            judge::report(&subject.name, &id, &report);
            let body = Value::Object(json::object(body, &[]).unwrap_or_default());
            assert!(judge::holds(&body, &report), "{report:?} was not in the list");
        }
    }
    if let TokenIssue::Token(..) = provider.read_token(&response) {
        assert!(matches!(status, 200..=299), "{status} issues no token");
    }
}

/// The HTTP status behind the digit that a sample begins with.
pub fn status(digit: u8) -> u16 {
    STATUSES[usize::from(digit.wrapping_sub(b'0')) % STATUSES.len()]
}

fn list(mut listing: Box<dyn Listing>, response: &Response) -> Result<Listed, Reading> {
    let now = Timestamp::from_second(NOW).unwrap_or_default();
    for _ in 0..MOST_QUESTIONS {
        assert!(listing.next(now).is_some(), "a listing that is not done asks nothing");
        if let ListingStep::Done(listed) = listing.received(response) {
            return listed;
        }
    }
    panic!("a listing asks without end")
}

fn look_up(provider: &dyn Provider, ids: &[Id], response: &Response) -> Vec<Reading> {
    let now = Timestamp::from_second(NOW).unwrap_or_default();
    let mut lookup = provider.lookup(ids);
    for _ in 0..MOST_QUESTIONS {
        assert!(lookup.next(now).is_some(), "a lookup that is not done asks nothing");
        if let Step::Done(readings) = lookup.received(response) {
            assert_eq!(readings.len(), ids.len(), "a reading for each id");
            return readings;
        }
    }
    panic!("a lookup asks without end")
}
