//! What is observed of a target.

use std::time::Duration;

use serde::Serialize;

use crate::provider::Report;

/// Where an observation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A message on a push connection.
    Push,
    /// The response to a request.
    Pull,
}

/// A report with its source and time.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The report.
    pub report: Report,
    /// The source of the report.
    pub source: Source,
    /// From the start of the command to the arrival of a push, or to the request of a pull: a slow response does
    /// not override a push that arrived meanwhile.
    pub at: Duration,
}
