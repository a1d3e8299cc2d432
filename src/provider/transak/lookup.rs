//! Lookups at Transak: one request for an order, several for a partner's reference.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value};
use url::Url;

use super::order::{DECIDING, Order};
use crate::provider::{Id, Lookup, Reading, Report, Status, Step, json};
use crate::wire::{Auth, Request, Response, StatusClass};

/// The access token alone, without the name of a scheme.
pub(super) const ACCESS_TOKEN: Auth = Auth::header("access-token");

/// The statuses that are not final.
const OPEN_STATUSES: &[&str] = &[
    "PENDING_DELIVERY_FROM_TRANSAK",
    "PROCESSING",
    "PAYMENT_DONE_MARKED_BY_USER",
    "AWAITING_PAYMENT_FROM_USER",
    "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
];
/// The final statuses.
const FINAL_STATUSES: &[&str] = &["COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "REFUNDED"];
/// One request without a filter of statuses, then one for each status.
const MAX_REQUESTS: usize = 1 + OPEN_STATUSES.len() + FINAL_STATUSES.len();

/// Reads the response about one order: `{"meta", "data": order}`.
pub(super) fn read_order(id: &Id, response: &Response) -> Reading {
    read(response, |mut body| {
        let order = Order::of(data(&mut body)?)?;
        let echoed = || json::text(body.get("meta")?.as_object()?, "orderId");
        if order.id().or_else(echoed).is_some_and(|other| !id.is(&other)) {
            return Err("it is about another order".to_owned());
        }
        Ok(Reading::Observed(Box::new(order.report()?)))
    })
}

/// A lookup of the newest order with a partner's reference. Every filter is explicit, for the defaults leave out
/// open orders, sell orders and old ones. According to the documentation only completed orders are listed without
/// a filter of statuses; according to integrators all are. So if the request without it finds nothing, or only a
/// completed order, which may not be the newest one, each status is requested.
pub(super) struct ReferenceLookup {
    url: Url,
    reference: String,
    /// How many requests were made.
    sent: usize,
    found: Option<Box<Report>>,
    /// The last response that lists no order, quoted.
    not_found: String,
}

impl ReferenceLookup {
    /// A lookup of a reference; `url` is that of `…/orders`.
    pub(super) fn new(url: Url, reference: &str) -> Self {
        let reference = reference.to_owned();
        ReferenceLookup { url, reference, sent: 0, found: None, not_found: String::new() }
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

    /// Whether the order that was found is sure to be the newest one.
    fn is_newest(&self) -> bool {
        self.found.as_ref().is_some_and(|found| {
            found.status != Status::Completed || self.sent > OPEN_STATUSES.len()
        })
    }

    fn finish(&mut self) -> Step {
        self.sent = MAX_REQUESTS;
        Step::done(match self.found.take() {
            Some(found) => Reading::Observed(found),
            None => Reading::NotFound(std::mem::take(&mut self.not_found)),
        })
    }
}

impl Lookup for ReferenceLookup {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let status = match self.sent {
            0 => None,
            sent => Some(*OPEN_STATUSES.iter().chain(FINAL_STATUSES).nth(sent - 1)?),
        };
        self.sent += 1;
        Some(self.request(status, now))
    }

    fn received(&mut self, response: &Response) -> Step {
        match read(response, |body| read_list(body, &self.reference)) {
            Reading::Observed(report) => self.found = Some(newer(self.found.take(), report)),
            Reading::NotFound(answer) => self.not_found = answer,
            other => {
                self.sent = MAX_REQUESTS;
                return Step::done(other);
            }
        }
        if self.is_newest() || self.sent == MAX_REQUESTS { self.finish() } else { Step::Ask }
    }
}

/// The report about the attempt that was created last.
fn newer(found: Option<Box<Report>>, other: Box<Report>) -> Box<Report> {
    let created_at = |report: &Report| report.attempt.as_ref()?.created_at;
    match found {
        Some(found) if created_at(&found) > created_at(&other) => found,
        _ => other,
    }
}

/// Reads a list of orders: `{"meta", "data": [order…]}`. The newest one with the reference counts. A server that
/// does not know the filter lists other orders too.
fn read_list(mut body: Map<String, Value>, reference: &str) -> Result<Reading, String> {
    let orders = match data(&mut body)? {
        Value::Array(orders) => orders,
        other => {
            return Err(format!("its data is {}, not a list of orders", json::type_name(&other)));
        }
    };
    let orders = orders.into_iter().map(Order::of).collect::<Result<Vec<_>, _>>()?;
    let mine = orders.into_iter().filter(|order| order.reference().as_deref() == Some(reference));
    match mine.max_by_key(Order::created_at) {
        Some(order) => Ok(Reading::Observed(Box::new(order.report_attempt()?))),
        None => Ok(Reading::NotFound("no order has this partnerOrderId".to_owned())),
    }
}

fn data(body: &mut Map<String, Value>) -> Result<Value, String> {
    body.remove("data").ok_or_else(|| "it has no data".to_owned())
}

/// Reads a response; `success` reads the body of a 2xx. The response for an unknown order is a 400 with a message
/// that says so.
fn read(
    response: &Response,
    success: impl FnOnce(Map<String, Value>) -> Result<Reading, String>,
) -> Reading {
    if response.class() == StatusClass::Success {
        return match json::object(&response.body, DECIDING) {
            Ok(body) => success(body).unwrap_or_else(|problem| {
                Reading::Malformed(format!("its answer cannot be read: {problem}"))
            }),
            Err(unreadable) => unreadable.into(),
        };
    }
    let error = json::error_body(response, error_texts);
    let is_unknown = error.text.to_ascii_lowercase().contains("order not found");
    if response.status == 400 && is_unknown {
        return Reading::NotFound(error.text);
    }
    Reading::from_error(response, error.text, error.is_json)
}

/// The texts of an error body: `{"error": {name, message}}`, `{"error": text}` or `{"message": text}`.
pub(super) fn error_texts(body: &Map<String, Value>) -> Vec<String> {
    match body.get("error") {
        Some(Value::Object(error)) => json::texts(error, &["name", "message"]),
        Some(Value::String(error)) => vec![error.clone()],
        _ => json::texts(body, &["message"]),
    }
}
