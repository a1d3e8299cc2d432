//! A Casper node, played: JSON-RPC, and its stream of events.

mod chain;
mod events;
pub mod format;
mod log;
mod rpc;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::double::{Double, Endpoints};
use super::fault::Fault;
use super::hash;
use super::scenario::Stage::{Completed, Expired, Pending, Processing};
use super::scenario::{SHORT, Scenario, Stage, Step, scenario, step};
use super::schedule::Schedule;

pub(super) use transaction::{ERROR, is_deploy};

static STORIES: &[(&str, &[Step])] = &[
    // So that nobody asks at the moment at which it tells.
    ("happy", SHORT),
    ("reorder", &[step(0, Pending), step(3_000, Completed)]),
];

static SCENARIOS: &[Scenario] = &[
    scenario(
        "restart",
        "completes after the node restarted and counts its events anew",
        // Later than the fourth attempt to connect again, three of which may come too early (1, 2, 4 and 8 s at most).
        &[step(0, Pending), step(1_000, Processing), step(11_000, Completed)],
        Fault::Restart(Duration::from_millis(1_500), Duration::from_millis(2_500)),
    ),
    scenario(
        "lapsed",
        "runs out of time, and push never says so",
        &[step(0, Pending), step(2_000, Expired)],
        Fault::EndingUntold,
    ),
    scenario(
        "stuck",
        "is called expired by a node that is 40 minutes behind, then completes",
        &[step(0, Pending), step(5_000, Processing), step(6_000, Completed)],
        Fault::Stuck(Duration::from_millis(5_000)),
    ),
    scenario(
        "lagging",
        "is in a block, is not for a node that lags behind, then completes",
        &[step(0, Pending), step(1_000, Processing), step(4_000, Pending), step(7_000, Completed)],
        Fault::Lagging,
    ),
];

/// The double of a Casper node.
pub struct CasperDouble;

impl Double for CasperDouble {
    fn name(&self) -> &'static str {
        "casper"
    }

    /// A chain cancels nothing and pays nothing back.
    fn has_stage(&self, stage: Stage) -> bool {
        !matches!(stage, Stage::Cancelled | Stage::Refunded)
    }

    /// A node asks nobody for a token, and its reports carry no time of a change.
    fn has_fault(&self, fault: Fault) -> bool {
        !matches!(fault, Fault::Denied | Fault::Skewed(_))
    }

    fn stories(&self) -> &'static [(&'static str, &'static [Step])] {
        STORIES
    }

    fn scenarios(&self) -> &'static [Scenario] {
        SCENARIOS
    }

    fn wire_id(&self, id: &str) -> Option<String> {
        hash::of(id)
    }

    fn read_wire_id(&self, wire_id: &str) -> Option<String> {
        hash::read(wire_id)
    }

    fn example_id(&self) -> Option<&'static str> {
        Some("happy@deploy")
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { path: "/casper/rpc", push_path: "/casper/events", push_scheme: "http" }
    }

    fn settings(&self, url: String, push_url: String) -> Vec<(&'static str, String)> {
        vec![("url", url), ("push_url", push_url)]
    }

    fn secrets(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn router(&self, schedule: Arc<Schedule>) -> Router {
        rpc::router()
            .route("/casper/events", get(events::events))
            .with_state(Arc::new(rpc::Node::new(schedule)))
    }
}
