//! What the providers' tests have in common.

use jiff::Timestamp;

use super::{FeedAction, FeedSignal, Id, Lookup, Provider, Reading, Report, Step};
use crate::warning::WarningCode;
use crate::wire::{Auth, Request, Response};

/// Drives a lookup of one id to its end. Returns its requests and its reading.
pub(super) fn look_up(
    provider: &dyn Provider,
    id: &str,
    now: Timestamp,
    mut answer: impl FnMut(usize, &Request) -> Response,
) -> (Vec<Request>, Reading) {
    let mut lookup: Box<dyn Lookup> = provider.lookup(&[Id::new(id)]);
    let mut requests = Vec::new();
    while let Some(request) = lookup.next(now) {
        let response = answer(requests.len(), &request);
        requests.push(request);
        if let Step::Done(readings) = lookup.received(&response) {
            let [reading] = <[Reading; 1]>::try_from(readings).unwrap();
            assert!(lookup.next(now).is_none(), "a lookup that is done asks for more");
            return (requests, reading);
        }
    }
    panic!("the lookup asks nothing, but it is not done: {requests:?}");
}

/// The reading of a lookup whose requests all get this response.
pub(super) fn read(
    provider: &dyn Provider,
    id: &str,
    now: Timestamp,
    response: &Response,
) -> Reading {
    look_up(provider, id, now, |_, _| response.clone()).1
}

/// A request as it goes over the wire: method, address, where the token goes, headers, body.
pub(super) fn written(request: &Request) -> String {
    let method = if request.body.is_some() { "POST" } else { "GET" };
    let auth = match &request.auth {
        Auth::None => String::new(),
        Auth::Bearer => " (authorization: Bearer TOKEN)".to_owned(),
        Auth::Header(name) => format!(" ({name}: TOKEN)"),
        Auth::Query(name) => format!(" (?{name}=TOKEN)"),
    };
    let headers = request.headers.iter().map(|(name, value)| format!(" ({name}: {value})"));
    let headers: String = headers.collect();
    let body = request.body.iter().map(|body| format!(" {body}")).collect::<String>();
    format!("{method} {}{auth}{headers}{body}", request.url)
}

/// The report in a reading.
pub(super) fn observed(reading: Reading) -> Report {
    match reading {
        Reading::Observed(report) => *report,
        other => panic!("{other:?}"),
    }
}

/// The id and the report in a feed's action.
pub(super) fn reported(action: FeedAction) -> (Id, Report) {
    match action {
        FeedAction::Signal(FeedSignal::Observed(id, report)) => (id, *report),
        other => panic!("{other:?}"),
    }
}

/// Whether these actions are one warning about a message that cannot be understood.
pub(super) fn is_malformed(actions: &[FeedAction]) -> bool {
    matches!(actions, [FeedAction::Signal(FeedSignal::Warning(warning))]
        if warning.code == WarningCode::MalformedMessage)
}

/// Whether these actions are that the connection is live and subscribed to these ids.
pub(super) fn is_live_with(actions: &[FeedAction], ids: &[Id]) -> bool {
    matches!(actions, [FeedAction::Signal(FeedSignal::Live), FeedAction::Signal(FeedSignal::Subscribed(all))]
        if all == ids)
}

/// Checks the rule for 404: only what the provider itself writes about an unknown id is about the id; whatever else it
/// is comes from another web server, and is about the URL.
pub(super) fn assert_404(provider: &dyn Provider, id: &str, own: &[&str]) {
    let read = |body: &str| read(provider, id, Timestamp::UNIX_EPOCH, &Response::new(404, body));
    for body in own {
        assert!(matches!(read(body), Reading::NotFound(_)), "{body}: {:?}", read(body));
    }
    for body in
        ["", " ", "<!doctype html><title>404</title>", "not found", "[]", "null", "404", "{"]
    {
        let Reading::Unusable(answer) = read(body) else { panic!("{body}: {:?}", read(body)) };
        assert!(answer.contains("404 without a JSON body"), "{body}: {answer}");
    }
    for body in OTHER_SERVERS {
        assert!(matches!(read(body), Reading::Unusable(_)), "{body}: {:?}", read(body));
    }
}

/// What file servers, frameworks and gateways say about a path that they do not serve.
const OTHER_SERVERS: [&str; 14] = [
    "{}",
    r#"{"error":"Not Found"}"#,
    r#"{"message":"Not Found"}"#,
    r#"{"detail":"Not Found"}"#,
    r#"{"code":404,"message":"not found"}"#,
    r#"{"code":5,"message":"Not Found","details":[]}"#,
    r#"{"status":404,"error":"Not Found","path":"/widget/transactions/1"}"#,
    r#"{"statusCode":404,"message":"Cannot GET /deploys/1","error":"Not Found"}"#,
    r#"{"message":"no Route matched with those values"}"#,
    r#"{"error":{"code":"not_found","message":"The requested path could not be found"}}"#,
    r#"{"error":"not_found","code":"not_found","message":"no such path"}"#,
    r#"{"error":{"statusCode":404,"name":"NotFoundError","message":"Not Found"}}"#,
    r#"{"success":false,"error":{"name":"Not Found","message":"page not found"}}"#,
    r#"{"errors":[{"code":"not_found"}]}"#,
];

/// Checks that every reading of a busy provider has the `Retry-After` of the response.
pub(super) fn assert_busy_has_retry_after(provider: &dyn Provider, id: &str) {
    let second = std::time::Duration::from_secs(1);
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        for expected in [None, Some(second * 7)] {
            let response = Response { retry_after: expected, ..Response::new(status, "{}") };
            match read(provider, id, Timestamp::UNIX_EPOCH, &response) {
                Reading::Busy { retry_after, .. } => assert_eq!(retry_after, expected, "{status}"),
                other => panic!("{status}: {other:?}"),
            }
        }
    }
}
