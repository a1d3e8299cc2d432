//! The lookup of the orders with a partner's reference.

use jiff::Timestamp;

use super::answer::read;
use super::list::{Page, attempts, choose, read_page};
use super::questions::{Question, Questions};
use crate::provider::{Lookup, Reading, Report, Status, Step};
use crate::warning::{Warning, WarningCode};
use crate::wire::{Request, Response};

/// How many pages of one list are read. One reference has a few orders; only a server that does not know the filter
/// lists more.
const MAX_PAGES: usize = 3;

/// A lookup of the orders with a partner's reference. Where the filter is not echoed the statuses are asked for if
/// nothing good was found.
pub(super) struct ReferenceLookup {
    questions: Questions,
    reference: String,
    asked: Option<Question>,
    found: Vec<Report>,
    /// The last response that lists no order, quoted.
    not_found: String,
}

impl ReferenceLookup {
    /// A lookup of a reference; `request` is that for `…/orders`.
    pub(super) fn new(request: Request, reference: &str) -> Self {
        ReferenceLookup {
            questions: Questions::new(request, MAX_PAGES).of_reference(reference),
            reference: reference.to_owned(),
            asked: None,
            found: Vec::new(),
            not_found: "no order has this partnerOrderId".to_owned(),
        }
    }

    /// Takes note of a page and of the reports on it. Whether it decides the lookup.
    fn take(&mut self, question: &Question, page: &Page, reports: Vec<Report>) -> bool {
        let is_bad = |report: &Report| report.status.is_bad_ending();
        let nothing_good_was_found = reports.iter().chain(&self.found).all(is_bad);
        self.questions.plan(question, page, nothing_good_was_found);
        for report in reports {
            let id = |report: &Report| report.attempt.as_ref().map(|attempt| attempt.id.clone());
            self.found.retain(|known| id(known) != id(&report));
            self.found.push(report);
        }
        self.found.iter().any(|report| report.status == Status::Completed)
    }

    fn finish(&mut self) -> Step {
        self.questions.clear();
        let cut_off =
            self.questions.is_cut_off.then_some("partnerOrderId: it lists hundreds of orders");
        let unapplied = self.questions.unapplied.or(cut_off).map(|part| {
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
        let (question, request) = self.questions.next(now)?;
        self.asked = Some(question);
        Some(request)
    }

    fn received(&mut self, response: &Response) -> Step {
        let Some(question) = self.asked.take() else {
            return self.finish();
        };
        let page = read(response, |body| {
            let mut page = read_page(body, &question.products)?;
            let reports = attempts(&mut page, &self.reference)?;
            Ok((page, reports))
        });
        match page {
            Ok((page, reports)) => {
                if self.take(&question, &page, reports) {
                    return self.finish();
                }
            }
            Err(Reading::NotFound(answer)) => self.not_found = answer,
            // The documentation has no list of statuses.
            Err(Reading::Malformed(_)) if response.status == 400 && question.names_statuses => {
                self.questions.unapplied = Some("status");
            }
            Err(other) => {
                self.questions.clear();
                return Step::done(other);
            }
        }
        if self.questions.is_empty() { self.finish() } else { Step::Ask }
    }
}
