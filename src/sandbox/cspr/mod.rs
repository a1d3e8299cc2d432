//! CSPR.cloud, played: REST, and its stream of executed deploys.

mod deploy;
pub mod format;
mod server;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::double::{Double, Endpoints};
use super::fault::Fault;
use super::scenario::{SHORT, Stage, Step};
use super::schedule::Schedule;
use super::{TOKEN, hash};

/// CSPR.cloud's double.
pub struct CsprDouble;

impl Double for CsprDouble {
    fn name(&self) -> &'static str {
        "cspr"
    }

    /// A chain cancels nothing and pays nothing back.
    fn has_stage(&self, stage: Stage) -> bool {
        !matches!(stage, Stage::Cancelled | Stage::Refunded)
    }

    /// Its reports carry no time of a change.
    fn has_fault(&self, fault: Fault) -> bool {
        !matches!(fault, Fault::Skewed(_))
    }

    fn stories(&self) -> &'static [(&'static str, &'static [Step])] {
        // So that nobody asks at the moment at which it tells.
        &[("happy", SHORT)]
    }

    fn wire_id(&self, id: &str) -> Option<String> {
        hash::of(id)
    }

    fn read_wire_id(&self, wire_id: &str) -> Option<String> {
        hash::read(wire_id)
    }

    fn example_id(&self) -> Option<&'static str> {
        Some("happy")
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { path: "/cspr", push_path: "/cspr/stream", push_scheme: "ws" }
    }

    fn settings(&self, url: String, push_url: String) -> Vec<(&'static str, String)> {
        vec![("url", url), ("push_url", push_url)]
    }

    fn secrets(&self) -> &'static [(&'static str, &'static str)] {
        &[("token", TOKEN)]
    }

    fn router(&self, schedule: Arc<Schedule>) -> Router {
        server::router().route("/cspr/stream/deploys", get(stream::socket)).with_state(schedule)
    }
}
