//! Transak, played: REST, and Pusher Channels.

mod channel;
mod connection;
pub mod format;
mod market;
mod order;
pub mod pusher;
mod server;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::double::{Double, Endpoints};
use super::fault::Fault;
use super::scenario::Stage::{Completed, Failed, OnHold, Pending, Processing, Refunded, Verified};
use super::scenario::{SHORT, Scenario, Stage, Step, scenario, step};
use super::schedule::Schedule;
use super::{API_KEY, API_SECRET, PUSHER_KEY, TOKEN};

/// What goes before a partner's reference in a target.
const PARTNER: &str = "partner/";

static STORIES: &[(&str, &[Step])] = &[
    ("revived", &[step(0, Pending), step(1_000, Failed), step(4_000, Refunded)]),
    (
        "slow",
        &[
            step(0, Pending),
            step(20_000, Verified),
            step(30_000, OnHold),
            step(45_000, Processing),
            step(60_000, Completed),
        ],
    ),
];

static SCENARIOS: &[Scenario] = &[
    scenario(
        "shutdown",
        "completes although the push server goes away for two seconds",
        &[step(0, Pending), step(1_500, Processing), step(6_000, Completed)],
        Fault::Shutdown(Duration::from_millis(1_600), Duration::from_millis(3_600)),
    ),
    scenario("quota", "there are too many connections already", SHORT, Fault::Quota),
    scenario(
        "stalled",
        "the connection dies without a sign; completes after a minute",
        &[step(0, Pending), step(1_500, Processing), step(60_000, Completed)],
        Fault::Stalled,
    ),
    scenario(
        "backdated",
        "the ending that is pushed is stamped before the step before it; rehearse it without a token",
        SHORT,
        Fault::Backdated(Duration::from_millis(2_500)),
    ),
    scenario(
        order::ATTEMPTS,
        "partner/attempts has two orders: the newer one expires, the older one completes, which counts",
        SHORT,
        Fault::None,
    ),
];

/// Transak's double.
pub struct TransakDouble;

impl Double for TransakDouble {
    fn name(&self) -> &'static str {
        "transak"
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

    fn stories(&self) -> &'static [(&'static str, &'static [Step])] {
        STORIES
    }

    fn scenarios(&self) -> &'static [Scenario] {
        SCENARIOS
    }

    fn scenario_id<'a>(&self, id: &'a str) -> &'a str {
        id.strip_prefix(PARTNER).unwrap_or(id)
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { path: "", push_path: "", push_scheme: "ws" }
    }

    fn settings(&self, url: String, push_url: String) -> Vec<(&'static str, String)> {
        vec![
            ("url", url),
            ("push_url", push_url),
            ("pusher_key", PUSHER_KEY.to_owned()),
            ("api_key", API_KEY.to_owned()),
        ]
    }

    fn secrets(&self) -> &'static [(&'static str, &'static str)] {
        &[("token", TOKEN), ("api_secret", API_SECRET)]
    }

    fn router(&self, schedule: Arc<Schedule>) -> Router {
        server::router()
            .route("/app/{key}", get(socket::socket))
            .with_state(Arc::new(server::Transak::new(schedule)))
    }
}
