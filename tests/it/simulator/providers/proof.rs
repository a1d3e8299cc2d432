//! Proof: a record by REST, and a WebSocket for each transaction.

use fastrand::Rng;

use super::{Answer, Simulated};
use crate::simulator::formats::{Snapshot, proof as format};
use crate::simulator::history::Path;
use crate::simulator::time::Millis;
use txwatch::provider::Status;
use txwatch::wire::{Frame, Request};

pub struct Proof;

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

    fn answer(&self, snapshot: &Snapshot<'_>, _request: &Request) -> Answer {
        let (status, body) = match snapshot.word {
            Some(_) => (200, format::record(snapshot)),
            None => (404, format::not_found()),
        };
        Answer { status, body, reports: snapshot.step }
    }

    fn connection_subject(&self, request: &Request) -> Option<String> {
        let mut query = request.url.query_pairs();
        query.find(|(name, _)| name == "tx_id").map(|(_, id)| id.into_owned())
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        Frame::Text(format::update(snapshot).to_string())
    }
}
