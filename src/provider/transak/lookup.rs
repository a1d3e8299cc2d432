//! Lookups at Transak: one request for an order, several for a partner's reference.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value};
use url::Url;

use super::order::Order;
use crate::provider::{Id, Lookup, Reading, Report, Status, Step, json};
use crate::wire::{Auth, Request, Response, StatusClass};

/// Where the access token goes, bare.
pub(super) const ACCESS_TOKEN: Auth = Auth::header("access-token");

/// The words of orders that may still end in any way.
const RUNNING: &[&str] = &[
    "PENDING_DELIVERY_FROM_TRANSAK",
    "PROCESSING",
    "PAYMENT_DONE_MARKED_BY_USER",
    "AWAITING_PAYMENT_FROM_USER",
    "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
];
/// The words of orders that came to their end.
const ENDED: &[&str] = &["COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "REFUNDED"];
/// One question without a status, then one for each.
const QUESTIONS: usize = 1 + RUNNING.len() + ENDED.len();

/// What the answer about one order means: `{"meta", "data": order}`.
pub(super) fn read_order(id: &Id, response: &Response) -> Reading {
    read(response, |mut body| {
        let order = Order::of(data(&mut body)?)?;
        let echoed = || json::text(body.get("meta")?.as_object()?, "orderId");
        if order.id().or_else(echoed).is_some_and(|other| other != id.as_str()) {
            return Err("it is about another order".to_owned());
        }
        Ok(Reading::Observed(Box::new(order.report()?)))
    })
}

/// The orders with a partner's reference. Every filter is explicit, for the defaults hide what runs, what is
/// sold and what is old. The documentation says that without a status only completed orders are listed, and
/// integrators say that all are; so each status is asked for once the open question found nothing, or nothing
/// but a completed order, which may hide one that runs.
pub(super) struct ReferenceLookup {
    url: Url,
    reference: String,
    asked: usize,
    found: Option<Box<Report>>,
    not_found: String,
}

impl ReferenceLookup {
    /// A lookup of a reference at the address of `…/orders`.
    pub(super) fn new(url: Url, reference: &str) -> Self {
        let reference = reference.to_owned();
        ReferenceLookup { url, reference, asked: 0, found: None, not_found: String::new() }
    }

    fn request(&self, status: Option<&str>, now: Timestamp) -> Request {
        let day = |days: i64| {
            let time = now.checked_add(Span::new().hours(24 * days)).unwrap_or(now);
            time.to_zoned(TimeZone::UTC).date().to_string()
        };
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("limit", "100")
            .append_pair("skip", "0")
            .append_pair("startDate", &day(-2 * 365))
            .append_pair("endDate", &day(1))
            .append_pair("filter[productsAvailed]", r#"["BUY","SELL"]"#)
            .append_pair("filter[sortOrder]", "desc")
            .append_pair("filter[partnerOrderId]", &self.reference);
        if let Some(status) = status {
            url.query_pairs_mut().append_pair("filter[status]", status);
        }
        Request::get(url, ACCESS_TOKEN)
    }

    /// Whether what was found is the newest order that there is.
    fn is_certain(&self) -> bool {
        self.found
            .as_ref()
            .is_some_and(|found| found.status != Status::Completed || self.asked > RUNNING.len())
    }

    fn finish(&mut self) -> Step {
        self.asked = QUESTIONS;
        Step::done(match self.found.take() {
            Some(found) => Reading::Observed(found),
            None => Reading::NotFound(std::mem::take(&mut self.not_found)),
        })
    }
}

impl Lookup for ReferenceLookup {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let status = match self.asked {
            0 => None,
            asked => Some(*RUNNING.iter().chain(ENDED).nth(asked - 1)?),
        };
        self.asked += 1;
        Some(self.request(status, now))
    }

    fn received(&mut self, response: &Response) -> Step {
        match read(response, |body| read_list(body, &self.reference)) {
            Reading::Observed(report) => self.found = Some(newer(self.found.take(), report)),
            Reading::NotFound(answer) => self.not_found = answer,
            other => {
                self.asked = QUESTIONS;
                return Step::done(other);
            }
        }
        if self.is_certain() || self.asked == QUESTIONS { self.finish() } else { Step::Ask }
    }
}

/// The report about the attempt that began last.
fn newer(found: Option<Box<Report>>, other: Box<Report>) -> Box<Report> {
    let began = |report: &Report| report.attempt.as_ref().and_then(|attempt| attempt.began);
    match found {
        Some(found) if began(&found) > began(&other) => found,
        _ => other,
    }
}

/// `{"meta", "data": [order…]}`. A user who begins again makes a new order with the same reference; the newest
/// one counts. A server that does not know the filter lists other orders too.
fn read_list(mut body: Map<String, Value>, reference: &str) -> Result<Reading, String> {
    let orders = match data(&mut body)? {
        Value::Array(orders) => orders,
        other => return Err(format!("its data is {}, not a list of orders", json::kind(&other))),
    };
    let orders = orders.into_iter().map(Order::of).collect::<Result<Vec<_>, _>>()?;
    let mine = orders.into_iter().filter(|order| order.reference().as_deref() == Some(reference));
    match mine.max_by_key(Order::created) {
        Some(order) => Ok(Reading::Observed(Box::new(order.report_of_attempt()?))),
        None => Ok(Reading::NotFound("no order has this partnerOrderId".to_owned())),
    }
}

fn data(body: &mut Map<String, Value>) -> Result<Value, String> {
    body.remove("data").ok_or_else(|| "it has no data".to_owned())
}

/// Reads a response whose body, if it is a success, is read by this. An unknown order is a 400 whose message
/// says so.
fn read(
    response: &Response,
    success: impl FnOnce(Map<String, Value>) -> Result<Reading, String>,
) -> Reading {
    if response.class() == StatusClass::Success {
        return json::object(&response.body).and_then(success).unwrap_or_else(|problem| {
            Reading::Malformed(format!("its answer cannot be read: {problem}"))
        });
    }
    let error = json::error_answer(response, error_words);
    let is_unknown = error.text.to_ascii_lowercase().contains("order not found");
    if response.status == 400 && is_unknown {
        return Reading::NotFound(error.text);
    }
    Reading::of_error(response, error.text, error.is_foreign)
}

/// `{"error": {name, message}}`, `{"error": text}` or `{"message": text}`.
pub(super) fn error_words(body: &Map<String, Value>) -> Vec<String> {
    match body.get("error") {
        Some(Value::Object(error)) => json::texts(error, &["name", "message"]),
        Some(Value::String(error)) => vec![error.clone()],
        _ => json::texts(body, &["message"]),
    }
}
