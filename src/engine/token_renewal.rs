//! The token of a profile: which one counts, who accepted it, and when it is renewed.

use std::time::Duration;

use jiff::Timestamp;

use crate::lifecycle::Source;

/// How long before its end a token is renewed.
pub(super) const RENEWAL_MARGIN: Duration = Duration::from_secs(10 * 60);
/// How long a token is used at least: two clocks may disagree about when it was issued.
const SHORTEST_USE: Duration = Duration::from_secs(5 * 60);

/// The token of a profile.
pub(super) struct TokenRenewal {
    /// Counts the renewals.
    pub(super) generation: u32,
    /// The generation that the provider accepted last.
    accepted: Option<u32>,
    state: RenewalState,
    /// When the next renewal is planned, as time of the command.
    due: Option<Duration>,
    /// When the token that counts now expires, if that is known.
    expires_at: Option<Timestamp>,
    /// Whether it was said that there is no newer one.
    is_failure_reported: bool,
}

/// Reading a token again is tried once for each side of the provider that refuses it, until that same
/// side has accepted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RenewalState {
    Possible,
    /// It is under way, because this side refused the token; or for another reason.
    Running(Option<Source>),
    /// It was done because this side refused the token.
    Spent(Source),
}

impl TokenRenewal {
    pub(super) fn new(expires_at: Option<Timestamp>) -> Self {
        TokenRenewal {
            generation: 0,
            accepted: None,
            state: RenewalState::Possible,
            due: None,
            expires_at,
            is_failure_reported: false,
        }
    }

    /// A new token is come by, because this side refused the present one; or for another reason.
    pub(super) fn start(&mut self, refused_by: Option<Source>) {
        self.state = RenewalState::Running(refused_by);
        self.due = None;
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, RenewalState::Running(_))
    }

    /// Whether a refusal is a reason to come by a new token.
    pub(super) fn is_possible(&self) -> bool {
        self.state == RenewalState::Possible
    }

    /// The side whose refusal the renewal that is under way was started for.
    pub(super) fn refused_by(&self) -> Option<Source> {
        match self.state {
            RenewalState::Running(refused_by) => refused_by,
            RenewalState::Possible | RenewalState::Spent(_) => None,
        }
    }

    /// There is a new token.
    pub(super) fn renewed(&mut self, expires_at: Option<Timestamp>) {
        let refused_by = self.refused_by();
        self.generation += 1;
        self.expires_at = expires_at;
        self.is_failure_reported = false;
        self.state = refused_by.map_or(RenewalState::Possible, RenewalState::Spent);
    }

    /// There is no other token for now, and the present one is used on. Whether that is to be told.
    pub(super) fn keep(&mut self) -> bool {
        self.state = RenewalState::Possible;
        !std::mem::replace(&mut self.is_failure_reported, true)
    }

    /// This side of the provider accepted the token. A refusal by the other side stays in mind, or two
    /// sides that disagree would have the token read again without end.
    pub(super) fn accepted(&mut self, side: Source) {
        self.accepted = Some(self.generation);
        if self.state == RenewalState::Spent(side) {
            self.state = RenewalState::Possible;
        }
    }

    /// Whether a refusal of this generation is about the token that counts now, and nothing is done about
    /// that yet.
    pub(super) fn concerns(&self, generation: u32) -> bool {
        generation >= self.generation && !self.is_running()
    }

    /// Whether this generation was accepted.
    pub(super) fn was_accepted(&self, generation: u32) -> bool {
        self.accepted == Some(generation)
    }

    /// Whether the token that counts now has not come to its end, as far as that is known.
    pub(super) fn lasts(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| !left(at, wall).is_zero())
    }

    /// Whether the token that counts now is so near its end that it has to be renewed first.
    pub(super) fn ends_soon(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| left(at, wall) <= RENEWAL_MARGIN)
    }

    /// How long to use the token before it is renewed, if it has an end.
    pub(super) fn use_for(&self, wall: Timestamp) -> Option<Duration> {
        let left = left(self.expires_at?, wall);
        Some(left.saturating_sub(RENEWAL_MARGIN).max(SHORTEST_USE))
    }

    /// Plans the next renewal, in place of any that was planned.
    pub(super) fn plan(&mut self, due: Duration) {
        self.due = Some(due);
    }

    /// Whether a renewal is planned for this time.
    pub(super) fn is_planned(&self, due: Duration) -> bool {
        self.due == Some(due)
    }
}

fn left(expires_at: Timestamp, wall: Timestamp) -> Duration {
    Duration::try_from(expires_at.duration_since(wall)).unwrap_or_default()
}
