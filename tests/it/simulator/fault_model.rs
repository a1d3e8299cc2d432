//! What a network and a busy provider do to requests, connections and messages.

use fastrand::Rng;

use super::time::{MINUTE, Millis, SECOND};
use txwatch::sandbox::Weather;

/// The longest Retry-After, in seconds.
pub const MAX_RETRY_AFTER: i64 = 45;
/// How long a request takes at most that is answered.
const SLOWEST: Millis = 15 * SECOND;

/// The faults of one provider. Every chance is one in 256.
#[derive(Clone, Debug)]
pub struct FaultModel {
    /// From then on nothing goes wrong any more.
    pub clears_at: Millis,
    request_failures: u8,
    slow_requests: u8,
    /// Answers and messages that say nothing about the transaction.
    weather: u8,
    /// Answers and messages in which different things can be read.
    ambiguities: u8,
    denials: u8,
    request_outages: Vec<Outage>,
    connection_outages: Vec<Outage>,
    disconnects: u8,
    losses: u8,
    duplicates: u8,
    delays: u8,
    replays: u8,
}

/// A time in which everything fails in the same way.
#[derive(Clone, Debug)]
struct Outage {
    from: Millis,
    to: Millis,
    fault: Fault,
}

/// Why a request or a handshake does not get what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status, with or without a Retry-After in seconds.
    Status(u16, Option<i64>),
    /// The connection breaks.
    Break,
    /// Nothing comes back.
    Hang,
    /// Something that says nothing about the transaction.
    Weather(Weather),
    /// The provider's answer, made ambiguous.
    Ambiguous,
    /// The provider seems not to know the transaction.
    NotFound,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// How long the request is on its way; the answer is the truth of the moment when it arrives.
    pub there: Millis,
    /// How long the answer is on its way.
    pub back: Millis,
    pub fault: Option<Fault>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// It breaks.
    Break,
    /// The peer closes it with this code.
    Close(u16),
    /// The peer is gone, and nobody says so.
    Silence,
}

impl FaultModel {
    pub fn random(random: &mut Rng) -> Self {
        let clears_at = match random.u8(..10) {
            0..2 => 0,
            2..9 => random.i64(5 * SECOND..3 * MINUTE),
            _ => Millis::MAX,
        };
        let mildness = random.u8(1..=4);
        let mut chance = |most: u8| if random.bool() { random.u8(..most) / mildness } else { 0 };
        // In this order: each draws from the same random numbers.
        FaultModel {
            clears_at,
            request_failures: chance(200),
            slow_requests: chance(200),
            weather: chance(60),
            ambiguities: chance(40),
            denials: chance(8),
            disconnects: chance(255),
            losses: chance(150),
            duplicates: chance(150),
            delays: chance(200),
            replays: chance(200),
            request_outages: outages(random),
            connection_outages: outages(random),
        }
    }

    fn is_over(&self, now: Millis) -> bool {
        now >= self.clears_at
    }

    fn happens(chance: u8, random: &mut Rng) -> bool {
        random.u8(..) < chance
    }

    /// What becomes of a request that is made now.
    pub fn exchange(&self, random: &mut Rng, now: Millis) -> Exchange {
        let fine = Exchange { there: random.i64(5..250), back: random.i64(5..250), fault: None };
        if self.is_over(now) {
            return fine;
        }
        let timed = if Self::happens(self.slow_requests, random) {
            let (there, back) = (random.i64(0..SLOWEST / 2), random.i64(0..SLOWEST / 2));
            Exchange { there, back, ..fine }
        } else {
            fine
        };
        let fault = if Self::happens(self.denials, random) && Self::happens(self.denials, random) {
            Some(Fault::Status(401, None))
        } else if Self::happens(self.weather, random) {
            Some(any_weather(random))
        } else if Self::happens(self.ambiguities, random) {
            Some([Fault::Ambiguous, Fault::NotFound][random.usize(..2)])
        } else if Self::happens(self.request_failures, random) {
            Some(any_fault(random))
        } else {
            fault_at(&self.request_outages, now)
        };
        Exchange { fault, ..timed }
    }

    /// What becomes of a connection that is opened now: how long its handshake takes, and why it fails.
    pub fn handshake(&self, random: &mut Rng, now: Millis) -> (Millis, Option<Fault>) {
        let takes = random.i64(5..400);
        if self.is_over(now) {
            return (takes, None);
        }
        let fault = if Self::happens(self.request_failures / 2, random) {
            Some(any_fault(random))
        } else {
            fault_at(&self.connection_outages, now)
        };
        (takes, fault)
    }

    /// When and how a connection ends that opens now, if it does; `codes` are those that the peer closes with.
    pub fn disconnect(
        &self,
        codes: &[u16],
        random: &mut Rng,
        now: Millis,
    ) -> Option<(Millis, Disconnect)> {
        let length = match random.u8(..4) {
            0 => random.i64(0..2_000),
            _ => random.i64(0..MINUTE),
        };
        let end = now.saturating_add(length);
        if self.is_over(end) || !Self::happens(self.disconnects, random) {
            return None;
        }
        let how = match random.u8(..3) {
            0 => Disconnect::Break,
            1 if !codes.is_empty() => Disconnect::Close(codes[random.usize(..codes.len())]),
            _ => Disconnect::Silence,
        };
        Some((end, how))
    }

    /// After how long the copies of a message arrive that is sent then; usually there is one.
    /// Messages that carry no time are never late, or nobody could tell that they are.
    pub fn copies(&self, is_timed: bool, random: &mut Rng, sent: Millis) -> Vec<Millis> {
        let soon = random.i64(5..250);
        if self.is_over(sent) {
            return vec![soon];
        }
        let delay = |random: &mut Rng| {
            if Self::happens(self.delays, random) && is_timed {
                soon + random.i64(0..20_000)
            } else {
                soon
            }
        };
        if Self::happens(self.losses, random) {
            return Vec::new();
        }
        let mut copies = vec![delay(random)];
        while copies.len() < 4 && Self::happens(self.duplicates, random) {
            copies.push(delay(random));
        }
        copies
    }

    /// Whether the provider sends again what it sent before.
    pub fn repeats(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::happens(self.replays, random)
    }

    /// Whether a message of the protocol gets lost that would usually be sent.
    pub fn loses_reply(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::happens(self.losses / 4, random)
    }

    /// Whether a message arrives that is none of the provider's.
    pub fn inserts_garbage(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::happens(self.weather, random)
    }

    /// Whether an ambiguous copy of a message arrives that is sent then.
    pub fn inserts_ambiguity(&self, random: &mut Rng, sent: Millis) -> bool {
        !self.is_over(sent) && Self::happens(self.ambiguities, random)
    }
}

/// Any kind of weather, be it the first of the provider's error objects.
fn any_weather(random: &mut Rng) -> Fault {
    let pages = Weather::PAGES;
    let page = pages.get(random.usize(..=pages.len()));
    Fault::Weather(page.copied().unwrap_or(Weather::Error(0)))
}

fn any_fault(random: &mut Rng) -> Fault {
    let retry_after = random.bool().then(|| random.i64(1..=MAX_RETRY_AFTER));
    match random.u8(..6) {
        0 => Fault::Status(429, retry_after),
        1 => Fault::Status(503, retry_after),
        2 => Fault::Status(502, None),
        3 => Fault::Hang,
        _ => Fault::Break,
    }
}

/// At most two of them.
fn outages(random: &mut Rng) -> Vec<Outage> {
    let outage = |random: &mut Rng| {
        let from = random.i64(-30 * SECOND..2 * MINUTE);
        let to = from + random.i64(SECOND..2 * MINUTE);
        Outage { from, to, fault: any_fault(random) }
    };
    (0..random.u8(..3)).map(|_| outage(random)).collect()
}

fn fault_at(outages: &[Outage], now: Millis) -> Option<Fault> {
    outages.iter().find(|outage| (outage.from..outage.to).contains(&now)).map(|outage| outage.fault)
}
