//! Proof, played.

pub mod format;
mod server;

use std::sync::Arc;

use axum::Router;

use super::TOKEN;
use super::double::{Double, Endpoints};
use super::fault::Fault;
use super::scenario::Stage;
use super::schedule::Schedule;

/// Proof's double.
pub struct ProofDouble;

impl Double for ProofDouble {
    fn name(&self) -> &'static str {
        "proof"
    }

    fn has_stage(&self, _: Stage) -> bool {
        true
    }

    fn has_fault(&self, _: Fault) -> bool {
        true
    }

    fn has_reopening(&self) -> bool {
        true
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { path: "", push_path: "", push_scheme: "ws" }
    }

    fn settings(&self, url: String, _push_url: String) -> Vec<(&'static str, String)> {
        vec![("url", url)]
    }

    fn secrets(&self) -> &'static [(&'static str, &'static str)] {
        &[("token", TOKEN)]
    }

    fn router(&self, schedule: Arc<Schedule>) -> Router {
        server::router(schedule)
    }
}
