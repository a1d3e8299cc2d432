//! CSPR.cloud: a deploy by REST, and by its stream once it is executed.

use fastrand::Rng;
use serde_json::Value;

use super::{Answer, Question, Simulated, deciding, executed};
use crate::simulator::ambiguity::Ambiguity;
use crate::simulator::history::Path;
use crate::simulator::snapshot::{Snapshot, exact};
use crate::simulator::time::{Millis, SECOND};
use txwatch::provider::Status;
use txwatch::sandbox::cspr::format::{self, Deploy, PING};
use txwatch::wire::Frame;

pub struct CsprCloud;

fn deploy(snapshot: &Snapshot<'_>) -> Value {
    let is_executed = snapshot.word == Some("processed");
    format::deploy(&Deploy {
        hash: snapshot.id,
        status: snapshot.word.unwrap_or_default(),
        error: snapshot.error,
        block: is_executed.then_some(("b10c", 4_000_000)),
        timestamp: &exact(snapshot.created_at),
        ..Deploy::default()
    })
}

impl Simulated for CsprCloud {
    fn name(&self) -> &'static str {
        "cspr"
    }

    fn id(&self, number: usize, _random: &mut Rng) -> String {
        format!("{:064x}", number + 1)
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

    fn answer(&self, snapshot: &Snapshot<'_>, _question: &Question) -> Answer {
        let (status, body) = match snapshot.word {
            Some(_) => (200, format::found(deploy(snapshot))),
            None => (404, format::error("not_found", "deploy not found")),
        };
        Answer { status, body, reports: snapshot.step }
    }

    fn error(&self) -> Value {
        format::error("internal_error", "try again")
    }

    fn ambiguities(&self, snapshot: &Snapshot<'_>, _question: Option<&Question>) -> Vec<Ambiguity> {
        let mut ways = deciding("status", &[r#""processed""#, r#""expired""#]);
        ways.push(Ambiguity::Twice("error_message", "null".to_owned()));
        ways.push(Ambiguity::Twice("error_message", r#""User error: 2""#.to_owned()));
        ways.push(Ambiguity::Instead("deploy_hash", format!("\"{}\"", "7".repeat(64))));
        // While it waits, there is nothing to say about an error.
        if snapshot.word == Some("processed") {
            ways.push(Ambiguity::Absent("error_message"));
        }
        ways
    }

    fn update(&self, snapshot: &Snapshot<'_>, _number: Millis) -> Frame {
        let at = exact(snapshot.changed_at);
        Frame::Text(format::created(deploy(snapshot), at.into()).to_string())
    }

    fn keep_alive(&self, _number: Millis) -> Option<(Frame, Millis)> {
        Some((Frame::Text(PING.to_owned()), 30 * SECOND))
    }
}
