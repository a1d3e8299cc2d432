//! The state of a target: its status, its next lookup, and how it ended.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::held_push::HeldPush;
use super::trouble::Trouble;
use super::{FeedId, ProfileId};
use crate::event::{Name, Outcome, TargetResult, Undecided};
use crate::lifecycle::Tracker;
use crate::provider::Id;
use crate::warning::WarningCode;

/// One target.
pub(super) struct Target {
    pub(super) name: Name,
    pub(super) id: Id,
    pub(super) profile: ProfileId,
    /// The push connection that serves it, if one does.
    pub(super) feed: Option<FeedId>,
    /// When it was added, as time of the command.
    pub(super) since: Duration,
    /// How long before that it had begun by the provider's clock, of an order that was heard of late.
    begun_before: Duration,
    pub(super) tracker: Tracker,
    /// Whether the provider named it as one that it knows, without its status.
    pub(super) exists: bool,
    /// Whether its changes are pushed at present.
    pub(super) subscribed: bool,
    /// How often its push connection was reconnected.
    pub(super) reconnects: u32,
    /// Since when all responses were malformed, as time of the command.
    pub(super) malformed_since: Option<Duration>,
    /// Whether a push reached the goal, but a field of an expectation is not in it, so that a lookup has to confirm it.
    pub(super) awaiting_confirmation: bool,
    /// When the grace period of its last status ends, as time of the command, if a timer was set for that.
    pub(super) grace_ends: Option<Duration>,
    /// A push that would end the target. Boxed, for few targets have one, and there may be thousands.
    pub(super) held_push: Option<Box<HeldPush>>,
    /// What is wrong with its lookups, if the last one was not understood.
    pub(super) trouble: Option<Box<Trouble>>,
    lookup: LookupState,
    warned_codes: HashSet<WarningCode>,
    ended: Option<Ended>,
}

/// The next or present lookup of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookupState {
    /// None is planned.
    None,
    /// Planned for this time of the command.
    At(Duration),
    /// In the request queue.
    Queued,
    /// Under way.
    InFlight,
    /// Under way, and to be repeated after that.
    InFlightAndRequested,
}

/// How and when a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// As time of the command.
    pub(super) at: Duration,
}

impl Target {
    /// A target that was added at this time of the command.
    pub(super) fn new(name: Name, id: Id, profile: ProfileId, since: Duration) -> Self {
        Target {
            name,
            id,
            profile,
            feed: None,
            since,
            begun_before: Duration::ZERO,
            tracker: Tracker::default(),
            subscribed: false,
            reconnects: 0,
            malformed_since: None,
            awaiting_confirmation: false,
            grace_ends: None,
            exists: false,
            held_push: None,
            trouble: None,
            lookup: LookupState::None,
            warned_codes: HashSet::new(),
            ended: None,
        }
    }

    /// It was heard of late: it had begun at this time already.
    pub(super) fn begun_at(&mut self, begun: Timestamp, wall: Timestamp) {
        self.begun_before = Duration::try_from(wall.duration_since(begun)).unwrap_or_default();
    }

    /// How long it has taken until this time of the command.
    pub(super) fn elapsed(&self, at: Duration) -> Duration {
        at.saturating_sub(self.since).saturating_add(self.begun_before)
    }

    /// Whether the provider told something of it, so that it is not unknown to it.
    pub(super) fn is_known(&self) -> bool {
        self.tracker.status().is_some() || self.held_push.is_some() || self.exists
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Ends it, unless it has ended already. Returns whether it was open.
    pub(super) fn end(&mut self, outcome: Outcome, at: Duration) -> bool {
        let was_open = self.is_open();
        self.ended.get_or_insert(Ended { outcome, at });
        was_open
    }

    /// Its result, with a reason if the status alone does not show it.
    pub(super) fn result(&self, ended: Ended, reason: Option<String>) -> TargetResult {
        TargetResult {
            name: self.name.clone(),
            outcome: ended.outcome,
            status: self.tracker.status(),
            provider_status: self.tracker.provider_status().map(str::to_owned),
            elapsed: self.elapsed(ended.at),
            reconnects: self.reconnects,
            record: self.tracker.record().clone(),
            reason,
        }
    }

    /// Its entry in the closing report, if it was given up although the transaction may continue.
    pub(super) fn undecided(&self, can_poll: bool, now: Duration) -> Option<Undecided> {
        let is_seen = self.tracker.status().is_some();
        let ended = self.ended.filter(|ended| ended.outcome.leaves_open(is_seen))?;
        let ago = |then: Duration| now.saturating_sub(then);
        let tracker = &self.tracker;
        let last = || Some((tracker.status()?, ago(tracker.confirmed()?), ago(tracker.since()?)));
        let target = self.name.target.clone();
        Some(Undecided { target, outcome: ended.outcome, can_poll, last: last() })
    }

    /// Returns true at the first call for a code, for warnings that are given once.
    pub(super) fn is_first_warning(&mut self, code: WarningCode) -> bool {
        self.warned_codes.insert(code)
    }

    /// Plans the next lookup, and replaces one that was planned. Returns whether a timer is needed; not if a lookup is
    /// queued or under way.
    pub(super) fn plan_lookup(&mut self, due: Duration) -> bool {
        match self.lookup {
            LookupState::None | LookupState::At(_) => {
                self.lookup = LookupState::At(due);
                true
            }
            LookupState::Queued | LookupState::InFlight | LookupState::InFlightAndRequested => {
                false
            }
        }
    }

    /// Whether the next lookup is planned for this time of the command.
    pub(super) fn is_planned(&self, due: Duration) -> bool {
        self.lookup == LookupState::At(due)
    }

    /// Requests a lookup as soon as possible. One that is under way does not suffice, for its response may be older
    /// than the reason for this one. Returns whether the target has to be queued.
    pub(super) fn request_lookup(&mut self) -> bool {
        match self.lookup {
            LookupState::None | LookupState::At(_) => {
                self.lookup = LookupState::Queued;
                true
            }
            LookupState::Queued => false,
            LookupState::InFlight | LookupState::InFlightAndRequested => {
                self.lookup = LookupState::InFlightAndRequested;
                false
            }
        }
    }

    /// Its lookup was started.
    pub(super) fn lookup_started(&mut self) {
        self.lookup = LookupState::InFlight;
    }

    /// Its lookup is done, or was dropped from the queue. Returns whether another one was requested meanwhile.
    pub(super) fn lookup_finished(&mut self) -> bool {
        let ended = std::mem::replace(&mut self.lookup, LookupState::None);
        ended == LookupState::InFlightAndRequested
    }

    /// Whether its lookup is queued or under way.
    pub(super) fn has_pending_lookup(&self) -> bool {
        !matches!(self.lookup, LookupState::None | LookupState::At(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ListIndex;

    fn target() -> Target {
        let name = Name { target: "fake:0".into(), provider: "fake".into(), id: "0".into() };
        Target::new(name, Id::new("0"), ProfileId::at(0), Duration::ZERO)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_later_plan_replaces_the_one_before() {
        let mut target = target();
        assert!(target.plan_lookup(seconds(5)));
        assert!(target.plan_lookup(seconds(9)));
        assert!(!target.is_planned(seconds(5)));
        assert!(target.is_planned(seconds(9)));
        assert!(!target.has_pending_lookup());
    }

    #[test]
    fn a_target_is_queued_once_and_nothing_is_planned_meanwhile() {
        let mut target = target();
        target.plan_lookup(seconds(5));
        assert!(target.request_lookup());
        assert!(target.has_pending_lookup() && !target.is_planned(seconds(5)));
        assert!(!target.request_lookup());
        assert!(!target.plan_lookup(seconds(5)));
        target.lookup_started();
        assert!(!target.lookup_finished(), "a request while it is queued is the same lookup");
        assert!(!target.has_pending_lookup());
    }

    #[test]
    fn what_is_requested_during_a_lookup_is_requested_once_after_it() {
        let mut target = target();
        target.request_lookup();
        target.lookup_started();
        assert!(!target.request_lookup());
        assert!(!target.request_lookup());
        assert!(target.lookup_finished());
        assert!(!target.lookup_finished());
    }

    #[test]
    fn a_target_ends_once() {
        let mut target = target();
        assert!(target.end(Outcome::Reached, seconds(3)));
        assert!(!target.end(Outcome::Unfinished, seconds(9)));
        let ended = Ended { outcome: Outcome::Reached, at: seconds(3) };
        assert_eq!(target.ended(), Some(ended));
        assert!(!target.is_open());
    }

    #[test]
    fn a_warning_is_new_once_for_each_code() {
        let mut target = target();
        assert!(target.is_first_warning(WarningCode::Gap));
        assert!(!target.is_first_warning(WarningCode::Gap));
        assert!(target.is_first_warning(WarningCode::Held));
    }
}
