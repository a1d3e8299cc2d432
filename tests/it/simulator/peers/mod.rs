//! The providers as they are on the wire: what they answer, and what they push.

mod casper;
mod cspr;
mod proof;
mod transak;

use serde_json::Value;

use super::life::{Kind, Millis};
use super::story::{Scene, Target};
use txwatch::wire::{Frame, Request};

/// A transaction as its provider sees it at some time.
#[derive(Clone, Copy)]
pub(super) struct Snapshot<'a> {
    pub(super) scene: &'a Scene,
    pub(super) target: &'a Target,
    /// The step at which it stands, if it exists.
    pub(super) step: Option<usize>,
}

impl Snapshot<'_> {
    fn text(&self) -> &'static str {
        self.step.map_or("", |step| self.target.life.steps[step].word)
    }

    /// The word without what goes wrong with it.
    fn word(&self) -> &'static str {
        self.text().split(' ').next().unwrap_or_default()
    }

    fn error(&self) -> Option<&'static str> {
        self.text().contains(' ').then_some("User error: 1")
    }

    fn created(&self) -> Millis {
        self.target.life.steps.first().map_or(0, |step| step.at)
    }

    fn changed(&self) -> Millis {
        self.step.map_or(0, |step| self.target.life.steps[step].at)
    }

    /// A time as answers tell it, which may be in whole seconds.
    fn told(&self, at: Millis) -> String {
        if self.scene.coarse {
            format!("{:.0}", floor(self.scene.clock(at)))
        } else {
            self.exact(at)
        }
    }

    fn exact(&self, at: Millis) -> String {
        format!("{:.3}", self.scene.clock(at))
    }
}

fn floor(time: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(time.as_millisecond().div_euclid(1_000)).unwrap()
}

/// Which of a scene's targets a request is about, and whether it is the first of those that make a look.
pub(super) fn subject(kind: Kind, ids: &[&str], request: &Request) -> Option<(usize, bool)> {
    let (id, is_first) = match kind {
        Kind::Proof | Kind::Cspr => (request.url.path_segments()?.next_back()?.to_owned(), true),
        Kind::Transak => transak::subject(request)?,
        Kind::Casper => casper::subject(request)?,
    };
    Some((ids.iter().position(|known| *known == id)?, is_first))
}

/// An HTTP status and a body.
pub(super) type Answer = (u16, Value);

/// Whether a look is over that got this answer, having been told `before` of a step.
pub(super) fn ends_look(
    snapshot: Snapshot<'_>,
    request: &Request,
    told: bool,
    before: bool,
) -> bool {
    match snapshot.scene.kind {
        Kind::Proof | Kind::Cspr => true,
        Kind::Transak => transak::ends_look(snapshot, request, told, before),
        Kind::Casper => told || casper::is_last(request),
    }
}

/// What a request comes to, and of which step it tells, if of any.
pub(super) fn answer(snapshot: Snapshot<'_>, request: &Request) -> (Answer, Option<usize>) {
    match snapshot.scene.kind {
        Kind::Proof => (proof::answer(snapshot), snapshot.step),
        Kind::Cspr => (cspr::answer(snapshot), snapshot.step),
        Kind::Transak => transak::answer(snapshot, request),
        Kind::Casper => casper::answer(snapshot, request),
    }
}

/// What is pushed when a transaction took this step.
pub(super) fn message(snapshot: Snapshot<'_>, no: Millis) -> Frame {
    match snapshot.scene.kind {
        Kind::Proof => Frame::Text(proof::message(snapshot).to_string()),
        Kind::Cspr => Frame::Text(cspr::message(snapshot).to_string()),
        Kind::Transak => Frame::Text(transak::message(snapshot).to_string()),
        Kind::Casper => {
            Frame::Event { id: Some(no.to_string()), data: casper::message(snapshot).to_string() }
        }
    }
}

/// What is pushed to show that the peer lives, and every how many milliseconds.
pub(super) fn chatter(kind: Kind, no: Millis) -> Option<(Frame, Millis)> {
    match kind {
        Kind::Cspr => Some((Frame::Text("Ping".to_owned()), 30_000)),
        Kind::Casper if no % 2 == 0 => Some((Frame::Alive, 12_000)),
        Kind::Casper => {
            let block = r#"{"BlockAdded":{"block_hash":"00"}}"#.to_owned();
            Some((Frame::Event { id: Some(no.to_string()), data: block }, 12_000))
        }
        Kind::Proof | Kind::Transak => None,
    }
}

pub(super) use transak::{channel, pong, subscribed, welcome};
