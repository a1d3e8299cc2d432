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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A token that was read again because this side refused the one before.
    fn renewed_for(side: Source) -> TokenRenewal {
        let mut token = TokenRenewal::new(None);
        token.start(Some(side));
        token.renewed(None);
        token
    }

    #[test]
    fn after_a_refusal_only_the_side_that_refused_makes_another_renewal_possible() {
        let mut token = renewed_for(Source::Pull);
        assert!(!token.is_possible());
        token.accepted(Source::Push);
        assert!(!token.is_possible());
        token.accepted(Source::Pull);
        assert!(token.is_possible());
    }

    #[test]
    fn a_renewal_that_nobody_refused_a_token_for_leaves_another_one_possible() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.is_running() && !token.is_possible());
        token.renewed(None);
        assert!(!token.is_running() && token.is_possible());
    }

    #[test]
    fn a_renewal_knows_which_side_it_is_for() {
        let mut token = TokenRenewal::new(None);
        assert_eq!(token.refused_by(), None);
        token.start(Some(Source::Push));
        assert_eq!(token.refused_by(), Some(Source::Push));
        token.renewed(None);
        assert_eq!(token.refused_by(), None);
    }

    #[test]
    fn a_refusal_of_an_older_token_or_during_a_renewal_is_no_concern() {
        let mut token = renewed_for(Source::Pull);
        assert_eq!(token.generation, 1);
        assert!(!token.concerns(0));
        assert!(token.concerns(1));
        token.start(None);
        assert!(!token.concerns(1));
    }

    #[test]
    fn what_was_accepted_is_the_generation_that_counted_then() {
        let mut token = TokenRenewal::new(None);
        assert!(!token.was_accepted(0));
        token.accepted(Source::Pull);
        assert!(token.was_accepted(0));
        token.start(None);
        token.renewed(None);
        assert!(!token.was_accepted(1));
    }

    #[test]
    fn a_failure_is_told_once_until_there_is_a_new_token() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.keep());
        assert!(token.is_possible());
        assert!(!token.keep());
        token.renewed(None);
        assert!(token.keep());
    }

    #[test]
    fn a_token_is_renewed_ten_minutes_before_it_expires() {
        let token = TokenRenewal::new(Some(at(3_600)));
        assert_eq!(token.use_for(at(0)), Some(seconds(3_000)));
        assert!(!token.ends_soon(at(2_999)));
        assert!(token.ends_soon(at(3_000)));
        assert!(token.lasts(at(3_599)));
        assert!(!token.lasts(at(3_600)));
        // It is used for five minutes at least, whatever the clocks say.
        assert_eq!(token.use_for(at(2_900)), Some(seconds(300)));
        assert_eq!(token.use_for(at(9_000)), Some(seconds(300)));
    }

    #[test]
    fn a_token_without_an_expiry_neither_lasts_nor_ends() {
        let token = TokenRenewal::new(None);
        assert!(!token.ends_soon(at(0)) && !token.lasts(at(0)));
        assert_eq!(token.use_for(at(0)), None);
    }

    #[test]
    fn a_planned_renewal_is_replaced_by_a_later_plan_and_by_one_that_begins() {
        let mut token = TokenRenewal::new(None);
        token.plan(seconds(10));
        token.plan(seconds(20));
        assert!(!token.is_planned(seconds(10)));
        assert!(token.is_planned(seconds(20)));
        token.start(None);
        assert!(!token.is_planned(seconds(20)));
    }
}
