//! Transak: an order, or a partner's orders, by REST; the same on Pusher's channels.

use fastrand::Rng;
use serde_json::Value;

use super::{Answer, ClientMessage, Question, Simulated, deciding};
use crate::simulator::ambiguity::Ambiguity;
use crate::simulator::history::Path;
use crate::simulator::snapshot::{Snapshot, exact};
use crate::simulator::time::Millis;
use txwatch::provider::Status;
use txwatch::sandbox::transak::{format, pusher};
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
        Some(reference) => format::partner_channel(API_KEY, reference),
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

/// Whether the orders of a reference have no `createdAt`.
fn is_undated(reference: &str) -> bool {
    reference.ends_with(['1', '3', '5', '7', '9'])
}

/// Writes something about the order, as it stands since `updated_at`.
fn write(
    snapshot: &Snapshot<'_>,
    updated_at: &str,
    format: impl FnOnce(&format::Order<'_>) -> Value,
) -> Value {
    let reference = snapshot.id.strip_prefix(PARTNER);
    let own_id = reference.map(|reference| format!("id-of-{reference}"));
    let created_at = match reference {
        Some(reference) if is_undated(reference) => String::new(),
        _ => snapshot.rounded(snapshot.created_at),
    };
    let order = format::Order {
        id: own_id.as_deref().unwrap_or(snapshot.id),
        reference,
        status: snapshot.word.unwrap_or_default(),
        created_at: &created_at,
        updated_at,
        ..format::Order::default()
    };
    format(&order)
}

/// The order in an answer.
fn record(snapshot: &Snapshot<'_>) -> Value {
    write(snapshot, &snapshot.rounded(snapshot.changed_at), format::record)
}

/// The orders with a reference: the one that the simulation is about, and until that has ended badly a newer one that
/// has. The newer one never counts.
fn attempts(snapshot: &Snapshot<'_>) -> Vec<Value> {
    let mut orders = vec![record(snapshot)];
    let has_ended = matches!(snapshot.word, Some("EXPIRED" | "FAILED" | "CANCELLED" | "REFUNDED"));
    if !has_ended {
        let mut other = record(snapshot);
        let created_at = snapshot.rounded(snapshot.created_at + jiff::Span::new().seconds(1));
        other["_id"] = format!("another-of-{}", snapshot.id).into();
        other["status"] = ["EXPIRED", "CANCELLED", "REFUNDED"][snapshot.id.len() % 3].into();
        other["createdAt"] = if other["createdAt"] == "" { Value::Null } else { created_at.into() };
        orders.insert(0, other);
    }
    orders
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

    /// Its channels are public.
    fn signs_pushes(&self) -> bool {
        false
    }

    fn has_times(&self, _random: &mut Rng) -> bool {
        true
    }

    /// `…/order/{id}`, or `…/orders?…` with filters, of which the first has no status.
    fn question(&self, request: &Request) -> Option<Question> {
        if let Some(reference) = query(request, "filter[partnerOrderId]") {
            let id = format!("{PARTNER}{reference}");
            let status = query(request, "filter[status]");
            return Some(Question { id, is_first: status.is_none(), form: status });
        }
        let id = request.url.path_segments()?.next_back()?.to_owned();
        Some(Question { id, is_first: true, form: None })
    }

    fn answer(&self, snapshot: &Snapshot<'_>, question: &Question) -> Answer {
        let status = question.form.as_deref();
        if snapshot.id.starts_with(PARTNER) {
            // Without a status, some list every order and some only those that are completed, and say so.
            let is_hidden =
                status.is_none() && snapshot.is_older && snapshot.word != Some("COMPLETED");
            let is_listed = snapshot.word.is_some() && !is_hidden;
            let reports = snapshot.step.filter(|_| is_listed);
            let hides = status.is_none() && snapshot.is_older;
            let query = format::Query {
                statuses: &Vec::from_iter(hides.then(|| "COMPLETED".to_owned())),
                products: &["BUY".to_owned(), "SELL".to_owned()],
                reference: snapshot.id.strip_prefix(PARTNER),
                skip: 0,
                limit: 100,
            };
            let mut orders = if is_listed { attempts(snapshot) } else { Vec::new() };
            orders.retain(|order| !hides || order["status"] == "COMPLETED");
            return Answer { status: 200, body: format::list(&query, orders), reports };
        }
        let (status, body) = match snapshot.word {
            Some(_) => (200, format::found(record(snapshot))),
            None => (400, format::error(400, "Bad Request", "Order not found")),
        };
        Answer { status, body, reports: snapshot.step }
    }

    fn error(&self) -> Value {
        format::error(500, "Internal Server Error", "try again")
    }

    fn ambiguities(&self, snapshot: &Snapshot<'_>, question: Option<&Question>) -> Vec<Ambiguity> {
        let mut ways = deciding("status", &[r#""COMPLETED""#, r#""EXPIRED""#, r#""FAILED""#]);
        if question.is_some() && !snapshot.id.starts_with(PARTNER) {
            ways.push(Ambiguity::Twice("_id", r#""another""#.to_owned()));
            ways.push(Ambiguity::Instead("_id", r#""another""#.to_owned()));
        }
        ways
    }

    /// A partner's orders are asked for once more, with all statuses, if the first answer says that it lists only
    /// those that are completed.
    fn ends_lookup(
        &self,
        snapshot: &Snapshot<'_>,
        question: &Question,
        _is_found: bool,
        _was_found: bool,
    ) -> bool {
        !snapshot.id.starts_with(PARTNER)
            || question.form.is_some()
            || !snapshot.is_older
            || snapshot.word == Some("COMPLETED")
    }

    fn close_codes(&self) -> &'static [u16] {
        &[1001, 1006, 4100, 4200, 4201]
    }

    fn hello(&self) -> Option<Frame> {
        Some(Frame::Text(pusher::connection_established("1.1", 120).to_string()))
    }

    fn received(&self, text: &str) -> ClientMessage {
        let message: Value = serde_json::from_str(text).unwrap();
        let channel = message["data"]["channel"].as_str().unwrap_or_default();
        match message["event"].as_str() {
            Some("pusher:ping") => {
                ClientMessage::Ping { pong: Frame::Text(pusher::pong().to_string()) }
            }
            Some("pusher:subscribe") => ClientMessage::Subscribe {
                id: id_of(channel),
                confirmation: Frame::Text(pusher::subscription_succeeded(channel).to_string()),
            },
            Some("pusher:unsubscribe") => ClientMessage::Unsubscribe { id: id_of(channel) },
            _ => ClientMessage::Other,
        }
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        let order = write(snapshot, &exact(snapshot.changed_at), format::order);
        // All bad endings have the same event.
        let event = "ORDER_FAILED";
        let data = if snapshot.is_older { format::claims(&order, event) } else { order };
        let message = pusher::published(event, &channel(snapshot.id), data.to_string());
        Frame::Text(message.to_string())
    }
}
