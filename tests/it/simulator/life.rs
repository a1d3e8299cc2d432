//! What becomes of a transaction at its provider: the truth that a watch has to tell.

use fastrand::Rng;

use txwatch::provider::Status;

/// Milliseconds since the session began; what was before is negative.
pub(super) type Millis = i64;

pub(super) const SECOND: Millis = 1_000;
pub(super) const MINUTE: Millis = 60 * SECOND;

/// Whose transaction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Proof,
    Transak,
    Cspr,
    Casper,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Proof, Kind::Transak, Kind::Cspr, Kind::Casper];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Proof => "proof",
            Kind::Transak => "transak",
            Kind::Cspr => "cspr",
            Kind::Casper => "casper",
        }
    }
}

/// From when on a transaction is in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Millis,
    /// In the provider's word.
    pub(super) word: &'static str,
    pub(super) status: Status,
    /// Whether the provider pushes it at all.
    pub(super) pushed: bool,
}

/// The steps of a transaction, oldest first; none if it never comes to be.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) steps: Vec<Step>,
    /// How long a chain may take to execute it.
    pub(super) ttl: Millis,
}

impl Life {
    /// Any life that a transaction of this provider may have.
    pub(super) fn of(kind: Kind, random: &mut Rng) -> Self {
        let path = match kind {
            Kind::Proof => proof(random),
            Kind::Transak => transak(random),
            Kind::Cspr => cspr(random),
            Kind::Casper => casper(random),
        };
        let mut life = Life { steps: Vec::new(), ttl: 30 * MINUTE };
        if random.u8(..) < 10 {
            return life;
        }
        let mut at = begin(random);
        for (word, status) in path {
            at += life.pause(kind, status, random);
            life.steps.push(Step { at, word, status, pushed: is_pushed(kind, word) });
        }
        if let (Some(first), Some(last)) = (life.steps.first(), life.steps.last()) {
            match last.status {
                Status::Expired => life.ttl = last.at - first.at,
                // What would have to expire some day does so after everybody has left.
                status if !status.is_final() => life.ttl = 24 * 60 * MINUTE,
                _ => {}
            }
        }
        life
    }

    /// How long it stays where it is before it takes this step.
    fn pause(&self, kind: Kind, next: Status, random: &mut Rng) -> Millis {
        let Some(last) = self.steps.last() else {
            return 0;
        };
        let pause = match random.u8(..10) {
            0..3 => random.i64(300..1_500),
            3..8 => random.i64(1_000..15_000),
            _ => random.i64(15_000..90_000),
        };
        match (kind, next) {
            // A block takes a while, and so does a time to live; whole seconds, as it is written.
            (Kind::Casper, Status::Expired) => (60 + random.i64(0..60)) * SECOND,
            (Kind::Casper, _) => pause + 16 * SECOND,
            // Times are told in whole seconds at times, and what goes back must not look simultaneous.
            _ if last.status.is_final() || last.status == Status::OnHold => pause + 1_100,
            _ => pause,
        }
    }

    /// Where it stands at this time.
    pub(super) fn at(&self, time: Millis) -> Option<usize> {
        self.steps.iter().rposition(|step| step.at <= time)
    }
}

/// When it begins: mostly before it is watched, at times long before, at times only later.
fn begin(random: &mut Rng) -> Millis {
    match random.u8(..20) {
        0..12 => -random.i64(0..60_000),
        12..15 => -random.i64(300_000..900_000),
        _ => random.i64(0..40_000),
    }
}

fn is_pushed(kind: Kind, word: &str) -> bool {
    match kind {
        Kind::Proof | Kind::Transak => true,
        Kind::Cspr => word.starts_with("processed"),
        Kind::Casper => word != "included",
    }
}

type Path = Vec<(&'static str, Status)>;

fn proof(random: &mut Rng) -> Path {
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

fn transak(random: &mut Rng) -> Path {
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

/// The word after the space is the error that makes a failure of what was processed.
fn processed(random: &mut Rng) -> (&'static str, Status) {
    match random.u8(..4) {
        0 => ("processed with an error", Status::Failed),
        _ => ("processed", Status::Completed),
    }
}

fn cspr(random: &mut Rng) -> Path {
    let mut path = vec![("pending", Status::Pending)];
    match random.u8(..10) {
        0..8 => path.push(processed(random)),
        8 => path.push(("expired", Status::Expired)),
        _ => {}
    }
    path
}

fn casper(random: &mut Rng) -> Path {
    let mut path = vec![("accepted", Status::Pending)];
    match random.u8(..10) {
        0 => {}
        1 => path.push(("expired", Status::Expired)),
        _ => {
            path.push(("included", Status::Processing));
            path.push(processed(random));
        }
    }
    path
}
