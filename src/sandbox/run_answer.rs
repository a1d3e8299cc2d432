//! Answers about a run, with what its scenario puts in their place.

use axum::response::Response;
use serde_json::Value;

use super::schedule::{Run, Schedule};
use super::serving::answer;

/// The answer that tells of a run, or what its scenario has in place of that. `errors` are the error objects that may
/// come with status 200.
pub fn tell(schedule: &Schedule, run: &Run, body: &Value, errors: &[Value]) -> Response {
    match schedule.weather(run, errors.len()) {
        Some(weather) => weather.response(body, errors),
        None => answer(200, body),
    }
}
