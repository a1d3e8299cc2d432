//! The token of a profile: its generation, whether it was accepted, and its renewal.

use std::time::Duration;

use jiff::Timestamp;

use super::{Obtained, RenewalReason, TokenOrigin};
use crate::credential::EXPIRY_LEEWAY;
use crate::lifecycle::Source;
use crate::token_store::{MIN_USE, RENEWAL_MARGIN};

/// The state of a profile's token.
pub(super) struct TokenRenewal {
    /// The number of renewals.
    pub(super) generation: u32,
    /// The generation that the provider accepted last.
    accepted: Option<u32>,
    state: RenewalState,
    /// When the next renewal is planned, as time of the command.
    due: Option<Duration>,
    /// When the current token expires, if that is known.
    expires_at: Option<Timestamp>,
    origin: TokenOrigin,
    /// Whether a message was signed with another token, since the last one that was not.
    was_suspected: bool,
    /// Whether there was a warning that the current token could not be renewed.
    is_failure_reported: bool,
}

/// After a token was refused it is renewed once. The next refusal leads to another renewal only if the same side
/// accepted a token in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RenewalState {
    /// A refusal leads to a renewal.
    Allowed,
    /// A renewal is under way; with the side that refused the token, if one did.
    Running(RenewalReason, Option<Source>),
    /// The token was renewed because this side refused it.
    Done(Source),
}

impl TokenRenewal {
    /// The token that was given, with its expiry if that is known.
    pub(super) fn new(expires_at: Option<Timestamp>) -> Self {
        TokenRenewal {
            generation: 0,
            accepted: None,
            state: RenewalState::Allowed,
            due: None,
            expires_at,
            origin: TokenOrigin::Given,
            was_suspected: false,
            is_failure_reported: false,
        }
    }

    /// A renewal starts; `refused_by` is the side that refused the current token, if one did.
    pub(super) fn start(&mut self, refused_by: Option<Source>) {
        let reason = match refused_by {
            Some(_) => RenewalReason::Refused,
            None => RenewalReason::Needed,
        };
        self.state = RenewalState::Running(reason, refused_by);
        self.due = None;
    }

    /// A renewal starts because a message was signed with another token.
    pub(super) fn suspect(&mut self) {
        self.was_suspected = true;
        self.state = RenewalState::Running(RenewalReason::Suspected, Some(Source::Push));
        self.due = None;
    }

    /// Why the renewal that is under way was started.
    pub(super) fn reason(&self) -> RenewalReason {
        match self.state {
            RenewalState::Running(reason, _) => reason,
            RenewalState::Allowed | RenewalState::Done(_) => RenewalReason::Needed,
        }
    }

    /// Whether a message that was signed with another token leads to a renewal.
    pub(super) fn may_be_suspected(&self) -> bool {
        self.is_allowed() && !self.was_suspected
    }

    /// Whether the current token was given, and has not expired.
    pub(super) fn is_given_and_lasts(&self, wall: Timestamp) -> bool {
        self.origin == TokenOrigin::Given && !self.has_ended(wall)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, RenewalState::Running(..))
    }

    /// Whether a refusal leads to a renewal.
    pub(super) fn is_allowed(&self) -> bool {
        self.state == RenewalState::Allowed
    }

    /// The side whose refusal started the renewal that is under way.
    pub(super) fn refused_by(&self) -> Option<Source> {
        match self.state {
            RenewalState::Running(_, refused_by) => refused_by,
            RenewalState::Allowed | RenewalState::Done(_) => None,
        }
    }

    /// The renewal succeeded.
    pub(super) fn renewed(&mut self, Obtained { expires_at, origin }: Obtained) {
        // One that another process has had issued may be out of force already: then one is issued.
        let refused_by = self.refused_by().filter(|_| origin != TokenOrigin::Kept);
        self.origin = origin;
        self.generation += 1;
        self.expires_at = expires_at;
        self.is_failure_reported = false;
        self.state = refused_by.map_or(RenewalState::Allowed, RenewalState::Done);
    }

    /// The renewal failed, and the current token is still used. Returns whether to warn about it.
    pub(super) fn renewal_failed(&mut self) -> bool {
        self.state = RenewalState::Allowed;
        !std::mem::replace(&mut self.is_failure_reported, true)
    }

    /// This side of the provider accepted the token. A refusal by the other side is not cleared by it, or two sides
    /// that disagree would lead to endless renewals.
    pub(super) fn accepted(&mut self, side: Source) {
        self.accepted = Some(self.generation);
        self.was_suspected &= side != Source::Push;
        if self.state == RenewalState::Done(side) {
            self.state = RenewalState::Allowed;
        }
    }

    /// Whether a refusal of this generation is about the current token, and no renewal is under way.
    pub(super) fn concerns(&self, generation: u32) -> bool {
        generation >= self.generation && !self.is_running()
    }

    /// Whether the provider accepted this generation last.
    pub(super) fn was_accepted(&self, generation: u32) -> bool {
        self.accepted == Some(generation)
    }

    /// Whether the current token is known not to have expired.
    pub(super) fn is_valid(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| !time_left(at, wall).is_zero())
    }

    /// Whether the current token has expired, or will before it is of use.
    pub(super) fn has_ended(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| time_left(at, wall) <= EXPIRY_LEEWAY)
    }

    /// How long from now until the token has to be renewed, if its expiry is known. One that was given is not replaced
    /// before it has ended.
    pub(super) fn renew_in(&self, wall: Timestamp) -> Option<Duration> {
        let left = time_left(self.expires_at?, wall);
        Some(match self.origin {
            TokenOrigin::Given => left.saturating_sub(EXPIRY_LEEWAY),
            TokenOrigin::Kept | TokenOrigin::Issued => {
                left.saturating_sub(RENEWAL_MARGIN).max(MIN_USE)
            }
        })
    }

    /// Plans the next renewal, and replaces one that was planned.
    pub(super) fn plan(&mut self, due: Duration) {
        self.due = Some(due);
    }

    /// Whether a renewal is planned for this time.
    pub(super) fn is_planned(&self, due: Duration) -> bool {
        self.due == Some(due)
    }
}

fn time_left(expires_at: Timestamp, wall: Timestamp) -> Duration {
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

    fn issued(expires_at: Option<Timestamp>) -> Obtained {
        Obtained { expires_at, origin: TokenOrigin::Issued }
    }

    /// The state of a token that was issued, with this expiry.
    fn of_issued(expires_at: Option<Timestamp>) -> TokenRenewal {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        token.renewed(issued(expires_at));
        token
    }

    /// A token that was read again because this side refused the one before.
    fn renewed_for(side: Source) -> TokenRenewal {
        let mut token = TokenRenewal::new(None);
        token.start(Some(side));
        token.renewed(issued(None));
        token
    }

    #[test]
    fn after_a_refusal_only_the_side_that_refused_allows_another_renewal() {
        let mut token = renewed_for(Source::Pull);
        assert!(!token.is_allowed());
        token.accepted(Source::Push);
        assert!(!token.is_allowed());
        token.accepted(Source::Pull);
        assert!(token.is_allowed());
    }

    #[test]
    fn a_renewal_without_a_refusal_allows_another_one() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.is_running() && !token.is_allowed());
        token.renewed(issued(None));
        assert!(!token.is_running() && token.is_allowed());
    }

    #[test]
    fn a_renewal_knows_which_side_it_is_for() {
        let mut token = TokenRenewal::new(None);
        assert_eq!(token.refused_by(), None);
        token.start(Some(Source::Push));
        assert_eq!(token.refused_by(), Some(Source::Push));
        token.renewed(issued(None));
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
        token.renewed(issued(None));
        assert!(!token.was_accepted(1));
    }

    #[test]
    fn a_failure_is_reported_once_until_there_is_a_new_token() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.renewal_failed());
        assert!(token.is_allowed());
        assert!(!token.renewal_failed());
        token.renewed(issued(None));
        assert!(token.renewal_failed());
    }

    #[test]
    fn an_issued_token_is_renewed_ten_minutes_before_it_expires() {
        let token = of_issued(Some(at(3_600)));
        assert_eq!(token.renew_in(at(0)), Some(seconds(3_000)));
        assert!(token.is_valid(at(3_599)));
        assert!(!token.is_valid(at(3_600)));
        // It is used for at least five minutes, even if it has expired by this machine's clock.
        assert_eq!(token.renew_in(at(2_900)), Some(seconds(300)));
        assert_eq!(token.renew_in(at(9_000)), Some(seconds(300)));
    }

    #[test]
    fn a_token_that_was_given_is_not_replaced_before_it_ends() {
        let token = TokenRenewal::new(Some(at(3_600)));
        assert!(token.is_given_and_lasts(at(3_539)) && !token.has_ended(at(3_539)));
        assert!(!token.is_given_and_lasts(at(3_540)) && token.has_ended(at(3_540)));
        assert_eq!(token.renew_in(at(0)), Some(seconds(3_540)));
        assert_eq!(token.renew_in(at(9_000)), Some(seconds(0)));
        // Of one without an expiry it is not known that it has ended.
        assert!(TokenRenewal::new(None).is_given_and_lasts(at(i64::from(u32::MAX))));
        assert!(!of_issued(None).is_given_and_lasts(at(0)));
    }

    #[test]
    fn a_token_without_an_expiry_neither_lasts_nor_ends() {
        for token in [TokenRenewal::new(None), of_issued(None)] {
            assert!(!token.has_ended(at(0)) && !token.is_valid(at(0)));
            assert_eq!(token.renew_in(at(0)), None);
        }
    }

    /// Another process has had it issued, and it may be out of force since.
    #[test]
    fn a_kept_token_in_place_of_a_refused_one_may_be_refused_too() {
        for (origin, is_allowed) in
            [(TokenOrigin::Kept, true), (TokenOrigin::Issued, false), (TokenOrigin::Given, false)]
        {
            let mut token = TokenRenewal::new(None);
            token.start(Some(Source::Pull));
            assert_eq!(token.reason(), RenewalReason::Refused);
            token.renewed(Obtained { expires_at: None, origin });
            assert_eq!(token.is_allowed(), is_allowed, "{origin:?}");
        }
    }

    #[test]
    fn a_token_is_suspected_once_until_a_message_is_signed_with_it() {
        let mut token = of_issued(None);
        assert!(token.may_be_suspected());
        token.suspect();
        assert_eq!(token.reason(), RenewalReason::Suspected);
        token.renewed(Obtained { expires_at: None, origin: TokenOrigin::Kept });
        token.accepted(Source::Pull);
        // A refusal still leads to another one.
        assert!(!token.may_be_suspected() && token.is_allowed());
        token.accepted(Source::Push);
        assert!(token.may_be_suspected());
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
