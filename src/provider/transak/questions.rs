//! What a list of orders is asked for: its pages, and the parts of the filter that need requests of their own.
//!
//! According to the documentation a list without a filter has completed buy orders of 90 days only; according to
//! integrators orders of all statuses are listed if none is asked for. So the first request names both products and no
//! status, and the echo of the filter in the answer decides whether a product or the statuses have to be asked for
//! separately. Without an echo it depends on what was listed.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::list::{PRODUCTS, Page};
use super::order::STATUSES;
use crate::wire::Request;

/// How many orders are on a page of a list.
const PAGE_SIZE: usize = 100;

/// The questions about a list of orders.
pub(super) struct Questions {
    /// The request without its query.
    request: Request,
    /// The only reference whose orders are asked for.
    reference: Option<String>,
    /// Orders that began earlier are not asked for; two years ago if there is none.
    since: Option<Timestamp>,
    /// How many pages of one list are read.
    max_pages: usize,
    queued: VecDeque<Question>,
    /// What part of the filter the server did not apply, so that an order may be hidden.
    pub(super) unapplied: Option<&'static str>,
    /// Whether there are more pages than were read.
    pub(super) is_cut_off: bool,
}

/// A page of a list to ask for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) products: Vec<&'static str>,
    /// Whether all statuses are named, or none is.
    pub(super) names_statuses: bool,
    page: usize,
    /// Whether other questions may follow from the answer.
    is_first: bool,
}

impl Questions {
    /// Questions about `…/orders`, for which `request` is.
    pub(super) fn new(request: Request, max_pages: usize) -> Self {
        let first =
            Question { products: PRODUCTS.into(), names_statuses: false, page: 0, is_first: true };
        Questions {
            request,
            reference: None,
            since: None,
            max_pages,
            queued: VecDeque::from([first]),
            unapplied: None,
            is_cut_off: false,
        }
    }

    /// Questions about the orders with a reference.
    pub(super) fn of_reference(self, reference: &str) -> Self {
        Questions { reference: Some(reference.to_owned()), ..self }
    }

    /// Questions about the orders that began on the day of this time or later.
    pub(super) fn since(self, time: Timestamp) -> Self {
        Questions { since: Some(time), ..self }
    }

    /// The next question, and its request.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(Question, Request)> {
        let question = self.queued.pop_front()?;
        let request = self.write(&question, now);
        Some((question, request))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.queued.clear();
    }

    fn write(&self, question: &Question, now: Timestamp) -> Request {
        let in_days = |days: i64| now.checked_add(Span::new().hours(24 * days)).unwrap_or(now);
        let date = |time: Timestamp| time.to_zoned(TimeZone::UTC).date().to_string();
        let list = |words: &[&str]| serde_json::json!(words).to_string();
        let mut request = self.request.clone();
        let mut query = request.url.query_pairs_mut();
        query
            .append_pair("limit", &PAGE_SIZE.to_string())
            .append_pair("skip", &(question.page * PAGE_SIZE).to_string())
            .append_pair("startDate", &date(self.since.unwrap_or_else(|| in_days(-2 * 365))))
            .append_pair("endDate", &date(in_days(1)))
            .append_pair("filter[productsAvailed]", &list(&question.products))
            .append_pair("filter[sortOrder]", "desc");
        if let Some(reference) = &self.reference {
            query.append_pair("filter[partnerOrderId]", reference);
        }
        if question.names_statuses {
            query.append_pair("filter[status]", &list(STATUSES));
        }
        drop(query);
        request
    }

    /// Plans the questions that follow from a page. `may_hide` says whether statuses may be hidden where the answer
    /// does not echo the filter.
    pub(super) fn plan(&mut self, question: &Question, page: &Page, may_hide: bool) {
        let listed = (question.page * PAGE_SIZE + page.count) as u64;
        let is_full = page.count >= PAGE_SIZE;
        if is_full && page.total.is_none_or(|total| total > listed) {
            if question.page + 1 < self.max_pages {
                let next = Question { page: question.page + 1, ..question.clone() };
                return self.queued.push_front(next);
            }
            self.is_cut_off = true;
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
        let asks_statuses = page.hides_statuses || (!page.has_echo && may_hide);
        for (products, names_statuses) in [(hidden, false), (&shown, true), (hidden, true)] {
            if !products.is_empty() && (asks_statuses || !names_statuses) {
                self.queued.push_back(follow_up(products, names_statuses));
            }
        }
    }
}
