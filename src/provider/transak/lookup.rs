//! The lookup of the orders with a partner's reference.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::answer::read;
use super::list::{PRODUCTS, Page, choose, read_page};
use super::order::STATUSES;
use crate::provider::{Lookup, Reading, Report, Status, Step};
use crate::warning::{Warning, WarningCode};
use crate::wire::{Request, Response};

/// How many orders are on a page of a list.
const PAGE_SIZE: usize = 100;
/// How many pages of one list are read. One reference has a few orders; only a server that does not know the filter
/// lists more.
const MAX_PAGES: usize = 3;

/// A lookup of the orders with a partner's reference. According to the documentation a list without a filter has
/// completed buy orders of 90 days only; according to integrators orders of all statuses are listed if none is asked
/// for. So the first request names both products and no status, and the echo of the filter in the answer decides
/// whether a product or the statuses have to be asked for separately. Without an echo the statuses are asked for if
/// nothing was found.
pub(super) struct ReferenceLookup {
    /// The request without its query.
    request: Request,
    reference: String,
    queued: VecDeque<Question>,
    asked: Option<Question>,
    found: Vec<Report>,
    /// What part of the filter the server did not apply, so that an order may be hidden.
    unapplied: Option<&'static str>,
    /// The last response that lists no order, quoted.
    not_found: String,
}

/// A page of a list to ask for.
#[derive(Clone, Debug)]
struct Question {
    products: Vec<&'static str>,
    /// Whether all statuses are named, or none is.
    names_statuses: bool,
    page: usize,
    /// Whether other questions may follow from the answer.
    is_first: bool,
}

impl ReferenceLookup {
    /// A lookup of a reference; `request` is that for `…/orders`.
    pub(super) fn new(request: Request, reference: &str) -> Self {
        let first =
            Question { products: PRODUCTS.into(), names_statuses: false, page: 0, is_first: true };
        ReferenceLookup {
            request,
            reference: reference.to_owned(),
            queued: VecDeque::from([first]),
            asked: None,
            found: Vec::new(),
            unapplied: None,
            not_found: "no order has this partnerOrderId".to_owned(),
        }
    }

    fn write(&self, question: &Question, now: Timestamp) -> Request {
        let day = |days: i64| {
            let time = now.checked_add(Span::new().hours(24 * days)).unwrap_or(now);
            time.to_zoned(TimeZone::UTC).date().to_string()
        };
        let list = |words: &[&str]| serde_json::json!(words).to_string();
        let mut request = self.request.clone();
        let mut query = request.url.query_pairs_mut();
        query
            .append_pair("limit", &PAGE_SIZE.to_string())
            .append_pair("skip", &(question.page * PAGE_SIZE).to_string())
            .append_pair("startDate", &day(-2 * 365))
            .append_pair("endDate", &day(1))
            .append_pair("filter[productsAvailed]", &list(&question.products))
            .append_pair("filter[sortOrder]", "desc")
            .append_pair("filter[partnerOrderId]", &self.reference);
        if question.names_statuses {
            query.append_pair("filter[status]", &list(STATUSES));
        }
        drop(query);
        request
    }

    /// Takes note of a page. Whether it decides the lookup.
    fn take(&mut self, question: &Question, page: Page) -> bool {
        self.plan(question, &page);
        for report in page.reports {
            let id = |report: &Report| report.attempt.as_ref().map(|attempt| attempt.id.clone());
            self.found.retain(|known| id(known) != id(&report));
            self.found.push(report);
        }
        self.found.iter().any(|report| report.status == Status::Completed)
    }

    /// Plans the questions that follow from a page.
    fn plan(&mut self, question: &Question, page: &Page) {
        let listed = (question.page * PAGE_SIZE + page.count) as u64;
        let is_full = page.count >= PAGE_SIZE;
        if is_full && page.total.is_none_or(|total| total > listed) {
            if question.page + 1 < MAX_PAGES {
                let next = Question { page: question.page + 1, ..question.clone() };
                return self.queued.push_front(next);
            }
            self.unapplied = Some("partnerOrderId: it lists hundreds of orders");
        }
        if !question.is_first {
            if !page.hidden_products.is_empty() {
                self.unapplied = Some("productsAvailed");
            } else if question.names_statuses && page.hides_statuses {
                self.unapplied = Some("status");
            }
            return;
        }
        let follow_up = |products: &[&'static str], names_statuses: bool| Question {
            products: products.into(),
            names_statuses,
            page: 0,
            is_first: false,
        };
        let hidden = &page.hidden_products[..];
        let shown: Vec<_> = PRODUCTS.into_iter().filter(|it| !hidden.contains(it)).collect();
        let is_bad = |report: &Report| report.status.is_bad_ending();
        let nothing_good_was_found = page.reports.iter().chain(&self.found).all(is_bad);
        let asks_statuses = page.hides_statuses || (!page.has_echo && nothing_good_was_found);
        for (products, names_statuses) in [(hidden, false), (&shown, true), (hidden, true)] {
            if !products.is_empty() && (asks_statuses || !names_statuses) {
                self.queued.push_back(follow_up(products, names_statuses));
            }
        }
    }

    fn finish(&mut self) -> Step {
        self.queued.clear();
        let unapplied = self.unapplied.map(|part| {
            format!("the server did not apply the filter {part}; an order may be hidden")
        });
        Step::done(match (choose(std::mem::take(&mut self.found)), unapplied) {
            // The order that may be hidden may be paid for.
            (Some(report), Some(message)) if report.status.is_bad_ending() => {
                Reading::Malformed(format!("{} is listed, but {message}", report.provider_status))
            }
            (Some(mut report), unapplied) => {
                if let Some(message) = unapplied
                    && report.status != Status::Completed
                {
                    report.warning = Some(Warning::new(WarningCode::FilterNotApplied, message));
                }
                Reading::Observed(Box::new(report))
            }
            // Whether there is such an order cannot be told.
            (None, Some(message)) => Reading::Malformed(message),
            (None, None) => Reading::NotFound(std::mem::take(&mut self.not_found)),
        })
    }
}

impl Lookup for ReferenceLookup {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let question = self.queued.pop_front()?;
        let request = self.write(&question, now);
        self.asked = Some(question);
        Some(request)
    }

    fn received(&mut self, response: &Response) -> Step {
        let Some(question) = self.asked.take() else {
            return self.finish();
        };
        let page = read(response, |body| read_page(body, &self.reference, &question.products));
        match page {
            Ok(page) => {
                if self.take(&question, page) {
                    return self.finish();
                }
            }
            Err(Reading::NotFound(answer)) => self.not_found = answer,
            // The documentation has no list of statuses.
            Err(Reading::Malformed(_)) if response.status == 400 && question.names_statuses => {
                self.unapplied = Some("status");
            }
            Err(other) => {
                self.queued.clear();
                return Step::done(other);
            }
        }
        if self.queued.is_empty() { self.finish() } else { Step::Ask }
    }
}
