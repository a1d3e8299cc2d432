//! Proof: a record by REST, and a WebSocket for each transaction.

use fastrand::Rng;
use serde_json::Value;

use super::{Answer, Question, Simulated, deciding};
use crate::simulator::ambiguity::Ambiguity;
use crate::simulator::history::Path;
use crate::simulator::snapshot::{Snapshot, exact};
use crate::simulator::time::Millis;
use txwatch::provider::Status;
use txwatch::sandbox::proof::format::{Transaction, error, record, update};
use txwatch::wire::{Frame, Request};

pub struct Proof;

/// A transaction with its times as they are written.
fn transaction<'a>(
    snapshot: &'a Snapshot<'_>,
    created_at: &'a str,
    changed_at: &'a str,
) -> Transaction<'a> {
    Transaction {
        id: snapshot.id,
        status: snapshot.word.unwrap_or_default(),
        created_at,
        changed_at: snapshot.is_timed.then_some(changed_at),
        ..Transaction::default()
    }
}

impl Simulated for Proof {
    fn name(&self) -> &'static str {
        "proof"
    }

    fn id(&self, number: usize, _random: &mut Rng) -> String {
        format!("order-{number}")
    }

    fn path(&self, random: &mut Rng) -> Path {
        let pending = [("pending", Status::Pending), ("new", Status::Pending)];
        let processing = [("processing", Status::Processing), ("paid", Status::Processing)];
        let mut path = vec![pending[random.usize(..2)]];
        if random.bool() {
            path.push(processing[random.usize(..2)]);
        }
        if random.u8(..10) == 0 {
            path.push(("in_review", Status::Unknown));
        }
        match random.u8(..20) {
            0..11 => path.push(("completed", Status::Completed)),
            11..13 => path.push(("cancelled", Status::Cancelled)),
            13..18 => path.push(("failed", Status::Failed)),
            _ => return path,
        }
        // A payment that failed may be tried again under the same id.
        if path.last().is_some_and(|last| last.0 == "failed") && random.bool() {
            path.push(("processing", Status::Processing));
            match random.u8(..3) {
                0 => path.push(("failed", Status::Failed)),
                1 => path.push(("completed", Status::Completed)),
                _ => {}
            }
        }
        path
    }

    fn has_times(&self, random: &mut Rng) -> bool {
        random.u8(..4) > 0
    }

    fn answer(&self, snapshot: &Snapshot<'_>, _question: &Question) -> Answer {
        let created = snapshot.rounded(snapshot.created_at);
        let changed = snapshot.rounded(snapshot.changed_at);
        let (status, body) = match snapshot.word {
            Some(_) => (200, record(&transaction(snapshot, &created, &changed))),
            None => (404, error("not_found", "transaction_not_found", "no such transaction")),
        };
        Answer { status, body, reports: snapshot.step }
    }

    fn error(&self) -> Value {
        error("internal_error", "internal_error", "try again")
    }

    fn ambiguities(
        &self,
        _snapshot: &Snapshot<'_>,
        _question: Option<&Question>,
    ) -> Vec<Ambiguity> {
        const ID: &str = "merchant_transaction_id";
        let mut ways = deciding("status", &[r#""completed""#, r#""failed""#, r#""cancelled""#]);
        ways.push(Ambiguity::Twice(ID, r#""another""#.to_owned()));
        ways.push(Ambiguity::Instead(ID, r#""another""#.to_owned()));
        ways
    }

    fn connection_subject(&self, request: &Request) -> Option<String> {
        let mut query = request.url.query_pairs();
        query.find(|(name, _)| name == "tx_id").map(|(_, id)| id.into_owned())
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        let (created, changed) = (exact(snapshot.created_at), exact(snapshot.changed_at));
        Frame::Text(update(&transaction(snapshot, &created, &changed)).to_string())
    }
}
