//! The listing of the orders of an account that changed since a time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, Timestamp};

use super::answer::read;
use super::id::check_id;
use super::list::read_page;
use super::order::Order;
use super::questions::{Question, Questions};
use crate::provider::{Id, Listed, Listing, ListingStep, Reading, Report, Status};
use crate::wire::{Request, Response};

/// How many pages of one list are read.
const MAX_PAGES: usize = 10;
/// A list is of the orders that began in some days, not of those that changed. So many days before the time are asked
/// for as well, since a bank transfer takes that long.
const DAYS_BEFORE: i64 = 7;
/// A clock that differs by more says nothing.
const MAX_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// A listing of the orders that changed since a time.
pub(super) struct ChangedOrders {
    questions: Questions,
    /// By this machine's clock.
    since: Timestamp,
    asked: Option<(Question, Timestamp)>,
    /// How far the server's clock is ahead of this machine's, if that is known.
    skew: Option<SignedDuration>,
    /// By their ids; with the times of their last changes.
    found: BTreeMap<Id, (Timestamp, Report)>,
    /// Why the first order that was left out cannot be read.
    problem: Option<String>,
}

impl ChangedOrders {
    /// A listing of the orders that changed since this time; `request` is that for `…/orders`.
    pub(super) fn new(request: Request, since: Timestamp) -> Self {
        let first_day = since.checked_sub(Span::new().hours(24 * DAYS_BEFORE)).unwrap_or(since);
        ChangedOrders {
            questions: Questions::new(request, MAX_PAGES).since(first_day),
            since,
            asked: None,
            skew: None,
            found: BTreeMap::new(),
            problem: None,
        }
    }

    fn take(&mut self, order: Order) {
        match read_order(order) {
            Ok((id, changed_at, report)) => {
                // A list moves while its pages are read.
                if self.found.get(&id).is_none_or(|(known, _)| changed_at > *known) {
                    self.found.insert(id, (changed_at, report));
                }
            }
            Err(problem) => self.problem = self.problem.take().or(Some(problem)),
        }
    }

    fn finish(&mut self) -> ListingStep {
        self.questions.clear();
        let skew = self.skew.unwrap_or_default();
        let since = self.since.checked_add(skew).unwrap_or(self.since);
        let found = std::mem::take(&mut self.found).into_iter();
        let mut changed: Vec<_> = found.filter(|(_, (at, _))| *at >= since).collect();
        changed.sort_by_key(|(_, (at, _))| *at);
        let orders = changed.into_iter().map(|(id, (_, report))| (id, report)).collect();
        ListingStep::Done(Ok(Listed { orders, incomplete: self.incomplete() }))
    }

    fn incomplete(&mut self) -> Option<String> {
        let unapplied = self
            .questions
            .unapplied
            .map(|part| format!("the server did not apply the filter {part}"));
        let cut_off = self
            .questions
            .is_cut_off
            .then(|| format!("there are more orders than the {MAX_PAGES} pages that were read"));
        let unreadable =
            self.problem.take().map(|problem| format!("one cannot be read: {problem}"));
        let reasons: Vec<_> = [unapplied, cut_off, unreadable].into_iter().flatten().collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// The id of an order, the time of its last change, and the report about it.
fn read_order(order: Order) -> Result<(Id, Timestamp, Report), String> {
    let id = order.id().ok_or("it has no id")?;
    check_id(&id).map_err(|error| format!("its id is none: {error}"))?;
    let (created_at, completed_at) = (order.created_at(), order.completed_at());
    let report = order.report()?;
    let last = |is_it: &dyn Fn(Status) -> bool| {
        report.history.iter().filter(|past| is_it(past.status)).map(|past| past.at).max()
    };
    // An order that ended may be updated later without another status.
    let ended_at = match report.status {
        Status::Completed => completed_at.max(last(&|status| status == report.status)),
        ending if ending.is_final() => last(&|status| status == ending),
        _ => None,
    };
    let changed_at = ended_at.or(report.occurred_at.max(created_at).max(last(&|_| true)));
    Ok((Id::of_uuid_or(&id), changed_at.ok_or_else(|| format!("{id} has no time"))?, report))
}

impl Listing for ChangedOrders {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let (question, request) = self.questions.next(now)?;
        self.asked = Some((question, now));
        Some(request)
    }

    fn received(&mut self, response: &Response) -> ListingStep {
        let Some((question, asked_at)) = self.asked.take() else {
            return self.finish();
        };
        let skew = response.date.map(|date| date.duration_since(asked_at));
        self.skew = self.skew.or(skew.filter(|skew| skew.abs() <= MAX_SKEW));
        match read(response, |body| read_page(body, &question.products)) {
            Ok(mut page) => {
                // As where only completed orders are listed if no status is named.
                let is_completed = |order: &Order| {
                    order
                        .word()
                        .is_some_and(|word| super::order::map_status(word) == Status::Completed)
                };
                let may_hide = page.orders.iter().all(is_completed);
                self.questions.plan(&question, &page, may_hide);
                self.problem = self.problem.take().or(page.problem.take());
                page.orders.into_iter().for_each(|order| self.take(order));
            }
            Err(Reading::NotFound(_)) => {}
            // The documentation has no list of statuses.
            Err(Reading::Malformed(_)) if response.status == 400 && question.names_statuses => {
                self.questions.unapplied = Some("status");
            }
            Err(other) => {
                self.questions.clear();
                return ListingStep::Done(Err(other));
            }
        }
        if self.questions.is_empty() { self.finish() } else { ListingStep::Ask }
    }
}
