//! What the sandbox needs to know to play a provider.

use std::sync::Arc;

use axum::Router;

use super::fault::Fault;
use super::scenario::{Scenario, Stage, Step};
use super::schedule::Schedule;

/// A provider as the sandbox plays it. Which scenarios it plays follows from what it can show.
pub trait Double: Send + Sync {
    /// The provider's name, as in the registry.
    fn name(&self) -> &'static str;

    /// Whether the provider's transactions come to this stage.
    fn has_stage(&self, stage: Stage) -> bool;

    /// Whether the provider can misbehave like this.
    fn has_fault(&self, fault: Fault) -> bool;

    /// Whether a transaction of the provider may go on after an ending.
    fn has_reopening(&self) -> bool {
        false
    }

    /// What happens in place of the common stories, by the names of their scenarios.
    fn stories(&self) -> &'static [(&'static str, &'static [Step])] {
        &[]
    }

    /// Scenarios that no other provider plays, with stages and faults of any kind.
    fn scenarios(&self) -> &'static [Scenario] {
        &[]
    }

    /// The `NAME[@CLOCK]` in a target, which may have something before it.
    fn scenario_id<'a>(&self, id: &'a str) -> &'a str {
        id
    }

    /// The id on the provider's wire; none if it is too long to be one.
    fn wire_id(&self, id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    /// The id that [`wire_id`](Double::wire_id) was made from; none if this was made from no text.
    fn read_wire_id(&self, wire_id: &str) -> Option<String> {
        Some(wire_id.to_owned())
    }

    /// An id for the introduction, where ids on the wire cannot be read.
    fn example_id(&self) -> Option<&'static str> {
        None
    }

    /// Where it is served.
    fn endpoints(&self) -> Endpoints;

    /// The settings of a profile that reaches it at these addresses.
    fn settings(&self, url: String, push_url: String) -> Vec<(&'static str, String)>;

    /// The secrets of such a profile.
    fn secrets(&self) -> &'static [(&'static str, &'static str)];

    /// Its routes. All doubles are served on one port, so paths must be its own; the fallback is Proof's.
    fn router(&self, schedule: Arc<Schedule>) -> Router;
}

/// Where a double is served.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// The path behind the sandbox's address for requests.
    pub path: &'static str,
    /// The same for push.
    pub push_path: &'static str,
    /// `ws` or `http`.
    pub push_scheme: &'static str,
}
