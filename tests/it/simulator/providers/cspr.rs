//! CSPR.cloud: a deploy by REST, and by its stream once it is executed.

use fastrand::Rng;

use super::{Answer, Simulated, executed};
use crate::simulator::formats::{Snapshot, cspr as format};
use crate::simulator::history::Path;
use crate::simulator::time::{Millis, SECOND};
use txwatch::provider::Status;
use txwatch::wire::{Frame, Request};

pub struct CsprCloud;

impl Simulated for CsprCloud {
    fn name(&self) -> &'static str {
        "cspr"
    }

    fn id(&self, number: usize, _random: &mut Rng) -> String {
        format!("{number:064x}")
    }

    fn path(&self, random: &mut Rng) -> Path {
        let mut path = vec![("pending", Status::Pending)];
        match random.u8(..10) {
            0..8 => path.push(executed(random)),
            8 => path.push(("expired", Status::Expired)),
            _ => {}
        }
        path
    }

    fn is_pushed(&self, word: &str) -> bool {
        word == "processed"
    }

    fn answer(&self, snapshot: &Snapshot<'_>, _request: &Request) -> Answer {
        let (status, body) = match snapshot.word {
            Some(_) => (200, format::answer(snapshot)),
            None => (404, format::not_found()),
        };
        Answer { status, body, reports: snapshot.step }
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        Frame::Text(format::update(snapshot).to_string())
    }

    fn keep_alive(&self, _number: Millis) -> Option<(Frame, Millis)> {
        Some((Frame::Text("Ping".to_owned()), 30 * SECOND))
    }
}
