//! What a network and a busy provider do to requests, connections and messages.

use fastrand::Rng;

use super::life::{Kind, MINUTE, Millis, SECOND};

/// The longest that anybody is asked to wait.
pub(super) const LONGEST_WAIT: i64 = 45;
/// How long a request takes at most that is answered.
const SLOWEST: Millis = 15 * SECOND;

/// The faults_model of one provider. Every chance is one in 256.
#[derive(Clone, Debug)]
pub(super) struct FaultModel {
    /// From then on nothing goes wrong any more.
    pub(super) heals: Millis,
    failing: u8,
    slow: u8,
    /// Whether anything else is answered than the truth or an error.
    nonsense: u8,
    denied: u8,
    closed: Vec<Spell>,
    away: Vec<Spell>,
    cuts: u8,
    loses: u8,
    doubles: u8,
    delays: u8,
    replays: u8,
}

/// A time in which nobody is answered.
#[derive(Clone, Debug)]
struct Spell {
    from: Millis,
    to: Millis,
    trouble: Trouble,
}

/// What becomes of a question that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// An HTTP status, with or without a wish to be left alone for so many seconds.
    Status(u16, Option<i64>),
    /// The connection breaks.
    Break,
    /// Nothing comes back.
    Hang,
    /// Something that is none of the provider's answers.
    Nonsense,
    /// The provider seems not to know the transaction.
    Forgetful,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trip {
    /// How long it takes there and back; the truth is that of the moment in between.
    pub(super) there: Millis,
    pub(super) back: Millis,
    pub(super) trouble: Option<Trouble>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It breaks.
    Break,
    /// The peer closes it with this code.
    Close(u16),
    /// The peer is gone, and nobody says so.
    Silence,
}

impl FaultModel {
    /// Any faults_model.
    pub(super) fn of(random: &mut Rng) -> Self {
        let heals = match random.u8(..10) {
            0..2 => 0,
            2..9 => random.i64(5 * SECOND..3 * MINUTE),
            _ => Millis::MAX,
        };
        let storm = random.u8(1..=4);
        let mut chance = |most: u8| if random.bool() { random.u8(..most) / storm } else { 0 };
        FaultModel {
            heals,
            failing: chance(200),
            slow: chance(200),
            nonsense: chance(40),
            denied: chance(8),
            cuts: chance(255),
            loses: chance(150),
            doubles: chance(150),
            delays: chance(200),
            replays: chance(200),
            closed: spells(random),
            away: spells(random),
        }
    }

    fn is_over(&self, now: Millis) -> bool {
        now >= self.heals
    }

    fn has(chance: u8, random: &mut Rng) -> bool {
        random.u8(..) < chance
    }

    /// What becomes of a request that is made now.
    pub(super) fn trip(&self, random: &mut Rng, now: Millis) -> Trip {
        let fine = Trip { there: random.i64(5..250), back: random.i64(5..250), trouble: None };
        if self.is_over(now) {
            return fine;
        }
        let slow = if Self::has(self.slow, random) {
            Trip { there: random.i64(0..SLOWEST / 2), back: random.i64(0..SLOWEST / 2), ..fine }
        } else {
            fine
        };
        let trouble = if Self::has(self.denied, random) && Self::has(self.denied, random) {
            Some(Trouble::Status(401, None))
        } else if Self::has(self.nonsense, random) {
            Some([Trouble::Nonsense, Trouble::Forgetful][random.usize(..2)])
        } else if Self::has(self.failing, random) {
            Some(any_trouble(random))
        } else {
            trouble_at(&self.closed, now)
        };
        Trip { trouble, ..slow }
    }

    /// What becomes of a connection that is opened now: how long it takes, or why it is refused.
    pub(super) fn welcome(&self, random: &mut Rng, now: Millis) -> (Millis, Option<Trouble>) {
        let after = random.i64(5..400);
        if self.is_over(now) {
            return (after, None);
        }
        let trouble = if Self::has(self.failing / 2, random) {
            Some(any_trouble(random))
        } else {
            trouble_at(&self.away, now)
        };
        (after, trouble)
    }

    /// When and how a connection ends that opens now, if it does.
    pub(super) fn end(&self, kind: Kind, random: &mut Rng, now: Millis) -> Option<(Millis, Cut)> {
        let length = match random.u8(..4) {
            0 => random.i64(0..2_000),
            _ => random.i64(0..MINUTE),
        };
        let end = now.saturating_add(length);
        if self.is_over(end) || !Self::has(self.cuts, random) {
            return None;
        }
        let codes: &[u16] = match kind {
            Kind::Transak => &[1001, 1006, 4100, 4200, 4201],
            _ => &[1000, 1001, 1006, 1012],
        };
        let cut = match random.u8(..3) {
            0 => Cut::Break,
            1 if kind != Kind::Casper => Cut::Close(codes[random.usize(..codes.len())]),
            _ => Cut::Silence,
        };
        Some((end, cut))
    }

    /// After how long the copies of a message arrive that is sent then; usually there is one.
    /// Without times they must not come late, or nobody could tell that they do.
    pub(super) fn copies(&self, is_timed: bool, random: &mut Rng, sent: Millis) -> Vec<Millis> {
        let soon = random.i64(5..250);
        if self.is_over(sent) {
            return vec![soon];
        }
        let late = |random: &mut Rng| {
            if Self::has(self.delays, random) && is_timed {
                soon + random.i64(0..20_000)
            } else {
                soon
            }
        };
        if Self::has(self.loses, random) {
            return Vec::new();
        }
        let mut copies = vec![late(random)];
        while copies.len() < 4 && Self::has(self.doubles, random) {
            copies.push(late(random));
        }
        copies
    }

    /// Whether the provider says again what it said before.
    pub(super) fn is_repeated(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::has(self.replays, random)
    }

    /// Whether a small thing gets lost that would usually be said.
    pub(super) fn is_mute(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::has(self.loses / 4, random)
    }

    /// Whether something odd is said in between.
    pub(super) fn is_odd(&self, random: &mut Rng, now: Millis) -> bool {
        !self.is_over(now) && Self::has(self.nonsense, random)
    }
}

fn any_trouble(random: &mut Rng) -> Trouble {
    let wait = random.bool().then(|| random.i64(1..=LONGEST_WAIT));
    match random.u8(..6) {
        0 => Trouble::Status(429, wait),
        1 => Trouble::Status(503, wait),
        2 => Trouble::Status(502, None),
        3 => Trouble::Hang,
        _ => Trouble::Break,
    }
}

/// At most two times in which nobody is answered.
fn spells(random: &mut Rng) -> Vec<Spell> {
    let spell = |random: &mut Rng| {
        let from = random.i64(-30 * SECOND..2 * MINUTE);
        let to = from + random.i64(SECOND..2 * MINUTE);
        Spell { from, to, trouble: any_trouble(random) }
    };
    (0..random.u8(..3)).map(|_| spell(random)).collect()
}

fn trouble_at(spells: &[Spell], now: Millis) -> Option<Trouble> {
    spells.iter().find(|spell| (spell.from..spell.to).contains(&now)).map(|spell| spell.trouble)
}
