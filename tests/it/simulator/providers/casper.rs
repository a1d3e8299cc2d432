//! A Casper node: JSON-RPC, and its stream of events. It knows some hashes as those of transactions, some
//! as those of deploys, and an older one knows nothing else.

use fastrand::Rng;
use serde_json::Value;

use super::{Answer, Simulated, executed};
use crate::simulator::formats::{Snapshot, casper as format};
use crate::simulator::history::Path;
use crate::simulator::time::{Millis, SECOND};
use txwatch::provider::Status;
use txwatch::wire::{Frame, Request};

pub struct Casper;

/// What a request asks for a hash as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A transaction of 2.0, of this kind.
    Tagged(&'static str),
    /// A deploy, as nodes of 1.x have them.
    Older,
}

/// The hash that is asked for, and as what.
fn asked(request: &Request) -> Option<(String, Asked)> {
    let body: Value = serde_json::from_str(request.body.as_deref()?).ok()?;
    let questions = [
        ("/params/transaction_hash/Version1", Asked::Tagged("Version1")),
        ("/params/transaction_hash/Deploy", Asked::Tagged("Deploy")),
        ("/params/deploy_hash", Asked::Older),
    ];
    let hash = |pointer| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    questions.into_iter().find_map(|(pointer, asked)| Some((hash(pointer)?, asked)))
}

impl Simulated for Casper {
    fn name(&self) -> &'static str {
        "casper"
    }

    fn id(&self, number: usize, _random: &mut Rng) -> String {
        format!("{number:064x}")
    }

    fn path(&self, random: &mut Rng) -> Path {
        let mut path = vec![("accepted", Status::Pending)];
        match random.u8(..10) {
            0 => {}
            1 => path.push(("expired", Status::Expired)),
            _ => {
                path.push(("included", Status::Processing));
                path.push(executed(random));
            }
        }
        path
    }

    /// A block takes a while, and so does a time to live: whole seconds, as it is written.
    fn pause(&self, _last: Status, next: Status, usual: Millis, random: &mut Rng) -> Millis {
        match next {
            Status::Expired => (60 + random.i64(0..60)) * SECOND,
            _ => usual + 16 * SECOND,
        }
    }

    fn is_pushed(&self, word: &str) -> bool {
        word != "included"
    }

    fn infers_expiry(&self) -> bool {
        true
    }

    fn subject(&self, request: &Request) -> Option<(String, bool)> {
        asked(request).map(|(id, asked)| (id, asked == Asked::Tagged("Version1")))
    }

    fn answer(&self, snapshot: &Snapshot<'_>, request: &Request) -> Answer {
        let error = |code, message| Answer {
            status: 200,
            body: format::error(code, message),
            reports: None,
        };
        let asked = asked(request).map(|(_, asked)| asked);
        match (asked, snapshot.is_older) {
            (Some(Asked::Older), true) => {}
            (_, true) => return error(-32601, "Method not found"),
            (Some(Asked::Tagged(tag)), false) if tag == format::tag(snapshot.id) => {}
            (_, false) => return error(-32014, "No such transaction"),
        }
        let (Some(step), Some(word)) = (snapshot.step, snapshot.word) else {
            return error(-32000, "deploy not known");
        };
        // No node says that a transaction expired, and none of 1.x that it is in a block.
        let is_untold = word == "expired" || (word == "included" && snapshot.is_older);
        let reports = Some(step - usize::from(is_untold));
        Answer { status: 200, body: format::answer(snapshot), reports }
    }

    /// There is no other question after that of an older node.
    fn ends_lookup(
        &self,
        _snapshot: &Snapshot<'_>,
        request: &Request,
        is_found: bool,
        _was_found: bool,
    ) -> bool {
        is_found || asked(request).is_some_and(|(_, asked)| asked == Asked::Older)
    }

    /// An older node has its events elsewhere.
    fn pushes_at(&self, request: &Request, is_older: bool) -> bool {
        request.url.path().ends_with("/main") == is_older
    }

    fn replay_from(&self, request: &Request) -> Option<Millis> {
        let (_, number) = request.url.query_pairs().find(|(name, _)| name == "start_from")?;
        Some(number.parse().unwrap())
    }

    /// A stream of events has none.
    fn close_codes(&self) -> &'static [u16] {
        &[]
    }

    fn update(&self, snapshot: &Snapshot<'_>, number: Millis) -> Frame {
        event(number, format::update(snapshot).to_string())
    }

    fn keep_alive(&self, number: Millis) -> Option<(Frame, Millis)> {
        let frame = match number % 2 {
            0 => Frame::Alive,
            _ => event(number, format::block().to_string()),
        };
        Some((frame, 12 * SECOND))
    }
}

fn event(number: Millis, data: String) -> Frame {
    Frame::Event { id: Some(number.to_string()), data }
}
