//! Plain output for logs and pipes: stable columns, UTC, no escape sequences.

use super::clean;
use super::phrases::{duration_text, plain_time, retry, warning};
use super::sink::{ProgressSink, RecordSink};
use super::standing::StandingForm;
use crate::event::{ConnectionState, Event, LinkView, OpenTargets, Row, Stamped};
use crate::provider::Status;

/// `TARGET<TAB>STATUS` for each settled target.
pub(super) struct ResultLine;

impl RecordSink for ResultLine {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        match &event.event {
            Event::Result(outcome) => {
                let status = outcome.status.unwrap_or(Status::Unknown);
                Some(format!("{}\t{status}\n", outcome.name.target))
            }
            _ => None,
        }
    }
}

/// A line for each change: `RFC3339 TARGET STATUS PROVIDER_STATUS DETAIL`.
pub(super) struct PlainLog {
    pub(super) verbose: bool,
}

impl ProgressSink for PlainLog {
    fn event(&mut self, event: &Stamped) -> String {
        let time = plain_time(event.at);
        match &event.event {
            Event::Status(change) => {
                // The column must not contain spaces.
                let provider_status = clean(&change.provider_status).replace(' ', "_");
                let detail = change.detail.as_deref().map(clean).unwrap_or_default();
                let line = format!(
                    "{time} {} {} {provider_status} {detail}",
                    change.name.target, change.status
                );
                format!("{}\n", line.trim_end())
            }
            Event::Heartbeat(open) if open.rows.is_empty() => {
                format!("{time} - {}\n", open_counts(open))
            }
            Event::Heartbeat(open) => {
                let line = |row: &Row| format!("{time} {} {}\n", row.target, heartbeat_text(row));
                open.rows.iter().map(line).collect()
            }
            Event::Connection(connection) if self.verbose => {
                let about = connection.target.as_deref().unwrap_or(&connection.profile);
                let reason = connection.reason.as_deref().map(clean).unwrap_or_default();
                let state = match connection.state {
                    ConnectionState::Polling => "polling".to_owned(),
                    state => format!("{} {}", connection.transport, state.name()),
                };
                format!("{}\n", format!("{time} {about} {state} {reason}").trim_end())
            }
            Event::Standing(view) => StandingForm::Plain.text(event.at, view),
            event => match warning(event) {
                Some((target, _, message)) => {
                    let target = target.unwrap_or("-");
                    format!("{time} {target} warning: {}\n", clean(&message))
                }
                None => String::new(),
            },
        }
    }
}

/// `203 targets are open: 200 pending, 3 processing`.
fn open_counts(open: &OpenTargets) -> String {
    let name = |status: Option<Status>| status.map_or("not seen", Status::name);
    let counts: Vec<_> =
        open.counts.iter().map(|(status, count)| format!("{count} {}", name(*status))).collect();
    match open.total() {
        0 => "no target is open".to_owned(),
        open => format!("{open} targets are open: {}", counts.join(", ")),
    }
}

fn heartbeat_text(row: &Row) -> String {
    let status = row.status.as_ref().map_or("not seen", |(status, _)| status.name());
    let link = match &row.link {
        LinkView::Connecting => "connecting".to_owned(),
        LinkView::Live { last_received, .. } => {
            format!("live, last heard {} ago", duration_text(*last_received))
        }
        LinkView::Down { retry_in, polling: Some(_), .. } => {
            format!("polling, push lost, {}", retry(*retry_in))
        }
        LinkView::Down { reason, .. } => format!("lost: {}", clean(reason)),
        LinkView::Polling(_) => "polling".to_owned(),
        LinkView::LookedUpOnce => "looked up once".to_owned(),
    };
    format!("still {status} after {} ({link})", duration_text(row.in_status))
}
