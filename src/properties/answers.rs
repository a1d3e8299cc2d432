//! Answers to requests.

use jiff::Timestamp;
use serde_json::Value;

use super::{built, ids, judge};
use crate::provider::{Issued, Reading};
use crate::wire::Response;

/// By the digit that a sample begins with.
const STATUSES: [u16; 10] = [200, 201, 200, 302, 404, 503, 400, 401, 429, 403];
/// A minute after the transactions of the samples were sent.
const NOW: i64 = 1_732_728_310;

/// An answer is believed only if its own words say so, and is never taken for one about another
/// transaction.
pub fn answer(provider: &str, digit: u8, body: &[u8]) {
    let status = STATUSES[usize::from(digit.wrapping_sub(b'0')) % STATUSES.len()];
    let response = Response { status, date: None, body: body.to_vec() };
    let now = Timestamp::from_second(NOW).unwrap_or_default();
    let asked = built(provider);
    for id in ids(provider) {
        match asked.read(&id, &response, now) {
            Reading::Observed(report) => {
                assert!(matches!(status, 200..=299), "{status} is no answer");
                judge::report(provider, &id, &report);
                let told: Value = serde_json::from_slice(body).unwrap_or_default();
                assert!(judge::holds(&told, &report), "{report:?} was not told");
            }
            Reading::Denied(why) => assert!(matches!(status, 401 | 403) && !why.is_empty()),
            Reading::NotFound(why) | Reading::Busy(why) | Reading::Bad(why) => {
                assert!(!why.is_empty());
            }
        }
    }
    if let Issued::Token(..) = asked.issued(&response) {
        assert!(matches!(status, 200..=299), "{status} issues no token");
    }
}
