//! The rules of a command, without sockets or a clock: a [`Harness`] stands for provider, network and time.

mod account;
mod any_order;
mod bad_responses;
mod batches;
mod changed;
mod clocks;
mod gaps;
mod harness;
mod held_push;
mod issued_tokens;
mod links;
mod lookups;
mod one_target;
mod outage;
mod push_only;
mod readings;
mod request_queue;
mod settle;
mod suspend;
mod tokens;
mod view;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::credential::Credential;
use crate::engine::plan::{Profile, Target};
use crate::event::{Name, Outcome};
use crate::exit::Code;
use crate::provider::{
    DenialReason, Feed, FeedSignal, Id, Listing, ListingStep, Lookup, Pace, Provider, Reading,
    Report, SingleRequest, Spec, Status,
};
use crate::transport::Error;
use crate::wire::{Auth, Request, Response};
use harness::Harness;

/// A provider whose responses the tests make up.
struct Fake(Arc<Spec>);

fn spec() -> Spec {
    let (interval, safety_interval) = (Duration::from_secs(5), Duration::from_secs(60));
    Spec {
        name: "fake".into(),
        title: "Fake".to_owned(),
        settings: Vec::new(),
        pace: Pace { interval, safety_interval, quotas: Vec::new() },
        personal: ["partneruserid".to_owned()].into(),
        id_shape: "anything".to_owned(),
        expiry: "Never.",
        ids_per_lookup: 1,
        push_name: "fake",
        has_account_feed: true,
        probe_id: Id::new("nobody"),
    }
}

impl Provider for Fake {
    fn spec(&self) -> &Arc<Spec> {
        &self.0
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let url = format!("https://fake.example/{}", ids[0]).parse().unwrap();
        let read = |_: &_| Reading::Malformed("nothing is read here".to_owned());
        Box::new(SingleRequest::new(Request::get(url, Auth::Bearer), read))
    }

    fn feeds(&self, _ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        Vec::new()
    }

    fn orders_since(&self, _time: jiff::Timestamp) -> Option<Box<dyn Listing>> {
        self.0.has_account_feed.then(|| Box::new(FakeListing) as Box<dyn Listing>)
    }

    fn retry_window(&self, ending: Status) -> Option<Duration> {
        (ending == Status::Failed).then_some(seconds(3600))
    }

    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Failed && to != Status::Failed
    }
}

/// A listing that the tests make up.
struct FakeListing;

impl Listing for FakeListing {
    fn next(&mut self, _now: jiff::Timestamp) -> Option<Request> {
        None
    }

    fn received(&mut self, _response: &Response) -> ListingStep {
        ListingStep::Ask
    }
}

/// The only profile of these plans.
fn profile() -> ProfileId {
    ProfileId::at(0)
}

/// Their only push connection.
fn feed() -> FeedId {
    FeedId::at(0)
}

/// A plan for so many targets `fake:0`, `fake:1`, … of one profile.
fn plan(mode: Mode, targets: usize) -> Plan {
    plan_with(mode, targets, |_| {})
}

/// The same with changed settings of that profile.
fn plan_with(mode: Mode, targets: usize, change: impl FnOnce(&mut Profile)) -> Plan {
    let target = |index: usize| Target {
        name: Name {
            target: format!("fake:{index}").into(),
            provider: "fake".into(),
            id: index.to_string().into(),
        },
        id: Id::new(&index.to_string()),
        profile: profile(),
    };
    let mut settings = Profile {
        name: "fake".into(),
        prefix: "fake:".into(),
        provider: Arc::new(Fake(Arc::new(spec()))),
        credential: Credential::value("a-fixed-token", "a test".to_owned()).unwrap(),
        token_store: None,
        quotas: Vec::new(),
        can_poll: true,
        interval: Duration::from_secs(5),
        safety_interval: Duration::from_secs(60),
        appear_timeout: Some(Duration::from_secs(60)),
        max_outage: Some(Duration::from_secs(300)),
        grace: Duration::ZERO,
    };
    change(&mut settings);
    Plan {
        mode,
        account: false,
        profiles: [settings].into_iter().collect(),
        targets: (0..targets).map(target).collect(),
        goal: "completed".parse().unwrap(),
        expectations: Vec::new(),
        any: false,
        timeout: Some(Duration::from_secs(1800)),
        heartbeat: None,
        show_personal: false,
        notices: Vec::new(),
    }
}

/// The targets of a lookup, if that is what was done.
fn targets_of(done: &str) -> Vec<usize> {
    let targets = done.strip_prefix("lookup ").unwrap_or_default();
    targets.split_whitespace().map(|target| target.parse().unwrap()).collect()
}

/// A report, timed by the provider at this second if at all.
fn report(status: Status, clock: Option<i64>) -> Box<Report> {
    let mut report = Report::new(status, status.name());
    report.occurred_at = clock.map(|second| jiff::Timestamp::from_second(second).unwrap());
    Box::new(report)
}

fn busy(answer: &str, retry_after: Option<u64>) -> Reading {
    Reading::Busy { answer: answer.to_owned(), retry_after: retry_after.map(seconds) }
}

fn denied() -> Reading {
    Reading::Denied { answer: "401".to_owned(), reason: DenialReason::Token }
}

fn not_found() -> Reading {
    Reading::NotFound("404".to_owned())
}

fn malformed() -> Reading {
    Reading::Malformed("it has the key status twice".to_owned())
}

fn html() -> Reading {
    Reading::Unusable("it is HTML".to_owned())
}

fn unreachable() -> Error {
    Error::closed(Some(1006), "gone")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
