//! The output of `get` for people: the record of a transaction, aligned.

use jiff::Timestamp;

use super::phrases::{cost, duration_text, provider_status_suffix};
use super::{Paint, RecordSink, clean, zone};
use crate::event::{Change, Event, Stamped};
use crate::provider::PastStatus;

pub(super) struct HumanRecord {
    paint: Paint,
    has_printed: bool,
}

impl HumanRecord {
    pub(super) fn new(paint: Paint) -> Self {
        HumanRecord { paint, has_printed: false }
    }

    fn render(&self, change: &Change, now: Timestamp) -> String {
        let record = &change.record;
        let amount = |amount: &Option<String>, currency: &Option<String>| {
            let parts: Vec<_> =
                [amount, currency].into_iter().flatten().map(|part| clean(part)).collect();
            parts.join(" ")
        };
        let mut crypto = amount(&record.crypto_amount, &record.crypto_currency);
        if let Some(network) = &record.network {
            crypto = format!("{crypto}  on {}", clean(network)).trim_start().to_owned();
        }
        let text =
            |field: &Option<String>| field.as_deref().map(clean).unwrap_or_default().into_owned();
        let time = |field: &Option<String>| {
            field.as_deref().map(|time| when(time, now)).unwrap_or_default()
        };
        let status = self.paint.status(change.status, change.status);
        let (costs, cost) = cost(record).unwrap_or(("cost", String::new()));
        let rows = [
            ("target", self.paint.bold(&change.name.target)),
            (
                "status",
                format!(
                    "{status}{}",
                    provider_status_suffix(change.status, &change.provider_status)
                ),
            ),
            ("detail", change.detail.as_deref().map(clean).unwrap_or_default().into_owned()),
            ("kind", record.kind.map(|kind| kind.name().to_owned()).unwrap_or_default()),
            ("fiat", amount(&record.fiat_amount, &record.fiat_currency)),
            ("crypto", crypto),
            (costs, cost),
            ("hash", text(&record.hash)),
            ("block", text(&record.block)),
            ("created", time(&record.created_at)),
            ("updated", time(&record.updated_at)),
            ("history", history(&change.history)),
            ("error", text(&record.error)),
        ];
        rows.iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}  {value}\n", self.paint.dim(format!("{name:<10}"))))
            .collect()
    }
}

impl RecordSink for HumanRecord {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        let Event::Status(change) = &event.event else {
            return None;
        };
        let between = if std::mem::replace(&mut self.has_printed, true) { "\n" } else { "" };
        Some(format!("{between}{}", self.render(change, event.at)))
    }
}

/// `15:11:47 pending · 15:12:30 processing`.
fn history(passed: &[PastStatus]) -> String {
    let steps = passed.iter().map(|passed| {
        let time = passed.at.to_zoned(zone::local()).strftime("%H:%M:%S").to_string();
        format!("{time} {}", passed.status)
    });
    steps.collect::<Vec<_>>().join(" · ")
}

/// `2025-04-04 15:11:47  (7m ago)`; text that is not a time is returned as it is.
fn when(text: &str, now: Timestamp) -> String {
    let Ok(time) = text.parse::<Timestamp>() else {
        return clean(text).into_owned();
    };
    let local = time.to_zoned(zone::local()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    match now.duration_since(time).try_into() {
        Ok(age) => format!("{local}  ({} ago)", rough(age)),
        Err(_) => local,
    }
}

/// A duration in its two largest units.
fn rough(age: std::time::Duration) -> String {
    duration_text(age).split(' ').take(2).collect::<Vec<_>>().join(" ")
}
