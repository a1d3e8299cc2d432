//! Lookups, whatever they are answered.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use txwatch::provider::{Id, Provider, Reading, Step};
use txwatch::wire::{Request, Response};

use super::{each, groups, variants};
use crate::properties::{Subject, holds, status};

const HTML: &str = "<!doctype html><html><head><title>Welcome</title></head></html>";
/// More questions than a lookup has.
const MOST_QUESTIONS: usize = 64;

/// A minute after the transactions of the samples were sent.
fn now() -> Timestamp {
    Timestamp::from_second(1_732_728_310).unwrap()
}

/// Drives a lookup to its end; what it asked, and what it found for each id.
fn look_up(
    provider: &dyn Provider,
    ids: &[Id],
    answer: impl Fn(usize) -> Response,
) -> (Vec<Request>, Vec<Reading>) {
    let mut lookup = provider.lookup(ids);
    let mut asked: Vec<Request> = Vec::new();
    while let Some(request) = lookup.next(now()) {
        let response = answer(asked.len());
        asked.push(request);
        assert!(asked.len() <= MOST_QUESTIONS, "it asks without end");
        if let Step::Done(readings) = lookup.received(&response) {
            assert_eq!(readings.len(), ids.len(), "a reading for each id");
            assert!(lookup.next(now()).is_none(), "it is done, and asks on");
            return (asked, readings);
        }
    }
    panic!("it asks nothing, and is not done");
}

/// What is found for these ids where every question is answered like this.
fn read(provider: &dyn Provider, ids: &[Id], response: &Response) -> Vec<Reading> {
    look_up(provider, ids, |_| response.clone()).1
}

/// The reading of each id of the samples.
pub(super) fn read_all(subject: &Subject, response: &Response) -> Vec<(Id, Reading)> {
    let provider = &*subject.provider;
    let group = |ids: &[Id]| {
        let readings = read(provider, ids, response);
        ids.iter().cloned().zip(readings).collect::<Vec<_>>()
    };
    groups(provider, &subject.ids).flat_map(group).collect()
}

fn is_observed(reading: &Reading) -> bool {
    matches!(reading, Reading::Observed(_))
}

/// Bodies that a provider may send, whatever its status, and those that no provider sends.
fn bodies(subject: &Subject) -> Vec<Vec<u8>> {
    let samples: Vec<_> = subject.answers().into_iter().map(|(_, body)| body).collect();
    samples.into_iter().chain(broken(subject)).collect()
}

fn broken(subject: &Subject) -> Vec<Vec<u8>> {
    let halves = subject.answers().into_iter().map(|(_, body)| body[..body.len() / 2].to_vec());
    let others = [HTML, "", " \n", "null", "[]", "7", "{", "\u{1b}[31m", "{\"a\":\"\u{0}\"}"];
    halves.chain(others.map(|text| text.as_bytes().to_vec())).collect()
}

#[test]
fn a_sample_is_understood_and_backs_what_is_read_from_it() {
    each(|subject| {
        let mut understood = 0;
        for (digit, body) in subject.answers() {
            for (id, reading) in read_all(subject, &Response::new(status(digit), body.clone())) {
                if let Reading::Observed(report) = reading {
                    understood += 1;
                    assert!(!report.provider_status.is_empty(), "{id}");
                    let answer = serde_json::from_slice(&body).unwrap();
                    assert!(holds(&answer, &report), "{id}: {report:?} is not in the answer");
                }
            }
        }
        assert!(understood > 0, "{} has no sample of a known transaction", subject.name);
    });
}

#[test]
fn half_an_answer_is_none() {
    each(|subject| {
        for (_, body) in subject.answers() {
            for end in 0..body.len() {
                let response = Response::new(200, &body[..end]);
                for (id, reading) in read_all(subject, &response) {
                    assert!(!is_observed(&reading), "{id}: {reading:?} of {end} bytes");
                }
            }
        }
    });
}

#[test]
fn an_answer_about_another_transaction_is_not_believed() {
    each(|subject| {
        let mut tried = 0;
        for (digit, body) in subject.answers() {
            let body = String::from_utf8(body).unwrap();
            let whole = read_all(subject, &Response::new(status(digit), body.as_str()));
            for (id, _) in whole.iter().filter(|(_, reading)| is_observed(reading)) {
                let Some(other) = subject.ids.iter().find(|other| *other != id) else { continue };
                if !body.contains(id.as_str()) {
                    continue;
                }
                tried += 1;
                let swapped = body.replace(id.as_str(), other.as_str());
                let response = Response::new(status(digit), swapped);
                let (_, reading) =
                    read_all(subject, &response).into_iter().find(|it| it.0 == *id).unwrap();
                assert!(!is_observed(&reading), "{id}: {reading:?} is about {other}");
            }
        }
        assert!(tried > 0, "no sample says what it is about");
    });
}

#[test]
fn no_error_tells_where_a_transaction_stands() {
    each(|subject| {
        let statuses =
            [302, 304, 400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 500, 502, 503, 504, 599];
        for body in bodies(subject) {
            for status in statuses {
                if is_rpc_error(&body) && !is_decisive(status) {
                    continue;
                }
                let response = Response::new(status, body.clone());
                for (id, reading) in read_all(subject, &response) {
                    let shown = String::from_utf8_lossy(&body);
                    let problem = match &reading {
                        Reading::Observed(_) => panic!("{id}: {status} {shown} is an observation"),
                        Reading::Denied { answer: why, .. } => {
                            assert!(matches!(status, 401 | 403), "{id}: {status} {shown}");
                            why
                        }
                        Reading::Busy { answer, .. } => {
                            let is_busy = matches!(status, 408 | 425 | 429 | 500..);
                            assert!(is_busy, "{id}: {status} {shown}");
                            answer
                        }
                        Reading::NotFound(why)
                        | Reading::Unusable(why)
                        | Reading::Malformed(why) => {
                            let is_other =
                                matches!(status, 302 | 304 | 400 | 404 | 409 | 418 | 422);
                            assert!(is_other, "{id}: {status} {shown}: {reading:?}");
                            why
                        }
                    };
                    assert!(!problem.is_empty(), "{id}: {status} {shown}");
                }
            }
            // No provider has a status of its own for a transaction that it does not know.
            for status in [409, 418, 422].into_iter().filter(|_| !is_rpc_error(&body)) {
                for (id, reading) in read_all(subject, &Response::new(status, body.clone())) {
                    let is_none = matches!(reading, Reading::Malformed(_) | Reading::Unusable(_));
                    assert!(is_none, "{id}: {status} {reading:?}");
                }
            }
        }
    });
}

/// Whether a body is an error of JSON-RPC, which comes with any status behind a proxy.
fn is_rpc_error(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("jsonrpc").is_some() && body.get("error").is_some_and(Value::is_object)
}

/// Whether the status decides, whatever an error of JSON-RPC says.
fn is_decisive(status: u16) -> bool {
    matches!(status, 401 | 403 | 408 | 425 | 429 | 503)
}

#[test]
fn an_error_of_json_rpc_means_the_same_with_every_status() {
    each(|subject| {
        for body in bodies(subject).into_iter().filter(|body| is_rpc_error(body)) {
            let expected = read_all(subject, &Response::new(200, body.clone()));
            for status in [302, 400, 404, 409, 418, 422, 500, 502, 504] {
                let readings = read_all(subject, &Response::new(status, body.clone()));
                assert_eq!(format!("{readings:?}"), format!("{expected:?}"), "{status}");
            }
        }
    });
}

#[test]
fn who_is_busy_says_for_how_long() {
    each(|subject| {
        for retry_after in [None, Some(Duration::from_secs(7))] {
            for status in [408, 425, 429, 500, 502, 503, 504] {
                for body in bodies(subject) {
                    if is_rpc_error(&body) && !is_decisive(status) {
                        continue;
                    }
                    let response = Response { retry_after, ..Response::new(status, body) };
                    for (id, reading) in read_all(subject, &response) {
                        let Reading::Busy { retry_after: wait, .. } = reading else {
                            panic!("{id}: {status} {reading:?}")
                        };
                        assert_eq!(wait, retry_after, "{id}: {status}");
                    }
                }
            }
        }
    });
}

#[test]
fn what_another_web_server_answers_is_unusable() {
    each(|subject| {
        for body in broken(subject) {
            for status in [200, 203, 404] {
                for (id, reading) in read_all(subject, &Response::new(status, body.clone())) {
                    let shown = String::from_utf8_lossy(&body);
                    // An object of JSON may be an error of the provider's own.
                    let is_object = serde_json::from_slice::<serde_json::Map<_, _>>(&body).is_ok();
                    let is_unknown = is_object && matches!(reading, Reading::NotFound(_));
                    let is_expected = match &reading {
                        Reading::Unusable(_) => true,
                        Reading::Malformed(_) => is_object && status != 404,
                        _ => is_unknown,
                    };
                    assert!(is_expected, "{id}: {status} {shown}: {reading:?}");
                }
            }
        }
    });
}

/// Whatever was found so far: who refuses or is busy meanwhile has not said what is true.
#[test]
fn a_later_refusal_counts() {
    each(|subject| {
        for (digit, body) in subject.answers() {
            let first = Response::new(status(digit), body);
            for ids in groups(&*subject.provider, &subject.ids) {
                for later in [401, 429, 503] {
                    let answer = |asked| {
                        if asked == 0 { first.clone() } else { Response::new(later, HTML) }
                    };
                    let (asked, readings) = look_up(&*subject.provider, ids, answer);
                    if asked.len() < 2 {
                        continue;
                    }
                    for reading in readings {
                        let is_later = match later {
                            401 => matches!(reading, Reading::Denied { .. }),
                            _ => matches!(reading, Reading::Busy { .. }),
                        };
                        assert!(is_later, "{ids:?}: {later} {reading:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_lookup_stays_at_one_origin_with_one_token() {
    each(|subject| {
        for (what, provider) in variants(subject) {
            for (digit, body) in subject.answers() {
                let response = Response::new(status(digit), body);
                for ids in groups(&*provider, &subject.ids) {
                    let (asked, _) = look_up(&*provider, ids, |_| response.clone());
                    let first = &asked[0];
                    for request in &asked {
                        assert_eq!(request.auth, first.auth, "{what}: {}", request.url);
                        assert_eq!(request.url.origin(), first.url.origin(), "{what}");
                    }
                }
            }
        }
    });
}

/// Several ids in one lookup are each what they are alone, in any order.
#[test]
fn readings_come_in_the_order_of_the_ids() {
    each(|subject| {
        let provider = &*subject.provider;
        let most = provider.spec().ids_per_lookup;
        let mut ids: Vec<Id> = subject.ids.iter().take(most).cloned().collect();
        if ids.len() < most {
            ids.push(provider.spec().probe_id.clone());
        }
        for (digit, body) in subject.answers() {
            let response = Response::new(status(digit), body);
            for _ in 0..ids.len() {
                ids.rotate_left(1);
                let together = read(provider, &ids, &response);
                let alone: Vec<_> = ids
                    .iter()
                    .flat_map(|id| read(provider, std::slice::from_ref(id), &response))
                    .collect();
                assert_eq!(format!("{together:?}"), format!("{alone:?}"), "{ids:?}");
            }
        }
    });
}
