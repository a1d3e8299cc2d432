//! Transak: an order, or a partner's orders, by REST; the same on Pusher's channels.

use fastrand::Rng;
use serde_json::Value;

use super::{Answer, ClientMessage, Simulated};
use crate::simulator::formats::{Snapshot, transak as format};
use crate::simulator::history::Path;
use crate::simulator::time::Millis;
use txwatch::provider::Status;
use txwatch::wire::{Frame, Request};

/// What goes before a partner's own reference in an id.
const PARTNER: &str = "partner/";
const API_KEY: &str = "key";

pub struct Transak;

fn query(request: &Request, key: &str) -> Option<String> {
    let mut pairs = request.url.query_pairs();
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// The name of an order's channel.
fn channel(id: &str) -> String {
    match id.strip_prefix(PARTNER) {
        Some(reference) => format!("{API_KEY}_{reference}"),
        None => id.to_owned(),
    }
}

/// The order that has this channel.
fn id_of(channel: &str) -> String {
    match channel.strip_prefix(API_KEY).and_then(|rest| rest.strip_prefix('_')) {
        Some(reference) => format!("{PARTNER}{reference}"),
        None => channel.to_owned(),
    }
}

impl Simulated for Transak {
    fn name(&self) -> &'static str {
        "transak"
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[("api_key", API_KEY)]
    }

    fn id(&self, number: usize, random: &mut Rng) -> String {
        match random.u8(..4) {
            0 => format!("{PARTNER}ref-{number}"),
            _ => format!("order-{number}"),
        }
    }

    fn path(&self, random: &mut Rng) -> Path {
        let mut path = vec![("AWAITING_PAYMENT_FROM_USER", Status::Pending)];
        if random.bool() {
            path.push(("PAYMENT_DONE_MARKED_BY_USER", Status::Pending));
        }
        path.push(("PROCESSING", Status::Processing));
        if random.u8(..5) == 0 {
            path.push(("ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK", Status::OnHold));
        }
        if random.bool() {
            path.push(("PENDING_DELIVERY_FROM_TRANSAK", Status::Processing));
        }
        match random.u8(..20) {
            0..11 => path.push(("COMPLETED", Status::Completed)),
            11..13 => path.push(("EXPIRED", Status::Expired)),
            13..16 => path.push(("FAILED", Status::Failed)),
            16..18 => path.push(("CANCELLED", Status::Cancelled)),
            _ => return path,
        }
        let is_paid_back = matches!(path.last(), Some(("FAILED" | "CANCELLED", _)));
        if is_paid_back && random.bool() {
            path.push(("REFUNDED", Status::Refunded));
        }
        path
    }

    fn has_times(&self, _random: &mut Rng) -> bool {
        true
    }

    /// `…/order/{id}`, or `…/orders?…` with filters, of which the first has no status.
    fn subject(&self, request: &Request) -> Option<(String, bool)> {
        match query(request, "filter[partnerOrderId]") {
            Some(reference) => {
                let is_first = query(request, "filter[status]").is_none();
                Some((format!("{PARTNER}{reference}"), is_first))
            }
            None => Some((request.url.path_segments()?.next_back()?.to_owned(), true)),
        }
    }

    fn answer(&self, snapshot: &Snapshot<'_>, request: &Request) -> Answer {
        if snapshot.id.starts_with(PARTNER) {
            // Without a status, some list every order and some only those that are completed.
            let status = query(request, "filter[status]");
            let is_hidden =
                status.is_none() && snapshot.is_older && snapshot.word != Some("COMPLETED");
            let matches = status.is_none_or(|status| snapshot.word == Some(&status));
            let is_listed = snapshot.word.is_some() && matches && !is_hidden;
            let reports = snapshot.step.filter(|_| is_listed);
            return Answer { status: 200, body: format::list(snapshot, is_listed), reports };
        }
        let (status, body) = match snapshot.word {
            Some(_) => (200, format::answer(snapshot)),
            None => (400, format::not_found()),
        };
        Answer { status, body, reports: snapshot.step }
    }

    /// A partner's orders are asked for status by status until one is found; one that is completed is
    /// believed once it is known that no other one runs.
    fn ends_lookup(
        &self,
        snapshot: &Snapshot<'_>,
        request: &Request,
        is_found: bool,
        was_found: bool,
    ) -> bool {
        let status = query(request, "filter[status]");
        match status.as_deref() {
            _ if !snapshot.id.starts_with(PARTNER) => true,
            Some("REFUNDED" | "COMPLETED") if is_found => true,
            Some("ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK") => is_found || was_found,
            Some("REFUNDED") => true,
            _ => is_found && snapshot.word != Some("COMPLETED"),
        }
    }

    fn close_codes(&self) -> &'static [u16] {
        &[1001, 1006, 4100, 4200, 4201]
    }

    fn hello(&self) -> Option<Frame> {
        Some(Frame::Text(format::connection_established().to_string()))
    }

    fn received(&self, text: &str) -> ClientMessage {
        let message: Value = serde_json::from_str(text).unwrap();
        let channel = message["data"]["channel"].as_str().unwrap_or_default();
        match message["event"].as_str() {
            Some("pusher:ping") => {
                ClientMessage::Ping { pong: Frame::Text(format::pong().to_string()) }
            }
            Some("pusher:subscribe") => ClientMessage::Subscribe {
                id: id_of(channel),
                confirmation: Frame::Text(format::subscription_succeeded(channel).to_string()),
            },
            Some("pusher:unsubscribe") => ClientMessage::Unsubscribe { id: id_of(channel) },
            _ => ClientMessage::Other,
        }
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        let channel = channel(snapshot.id);
        Frame::Text(format::update(snapshot, &channel).to_string())
    }
}
