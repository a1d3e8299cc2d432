//! One target: what is known of it, when it is looked up next, and how it ended.

use std::collections::HashSet;
use std::time::Duration;

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
    /// Since when it is followed, as time of the command.
    pub(super) since: Duration,
    pub(super) tracker: Tracker,
    /// Whether its changes are pushed at present.
    pub(super) subscribed: bool,
    /// How often its push connection came back.
    pub(super) reconnects: u32,
    /// Malformed answers in a row.
    pub(super) malformed_answers: u8,
    /// The goal was reached by a push that lacks what an expectation looks for; a lookup will tell.
    pub(super) awaiting_confirmation: bool,
    lookup: LookupState,
    warned: HashSet<WarningCode>,
    ended: Option<Ended>,
}

/// Where a target's next lookup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookupState {
    /// None is planned.
    None,
    /// Planned for this time of the command.
    At(Duration),
    /// It waits in the request queue.
    Queued,
    /// It is under way.
    InFlight,
    /// It is under way, and wanted again as soon as it is back.
    InFlightAndWantedAgain,
}

/// How and when a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// As time of the command.
    pub(super) at: Duration,
}

impl Target {
    /// A target that is followed from this time of the command on.
    pub(super) fn new(name: Name, id: Id, profile: ProfileId, since: Duration) -> Self {
        Target {
            name,
            id,
            profile,
            feed: None,
            since,
            tracker: Tracker::default(),
            subscribed: false,
            reconnects: 0,
            malformed_answers: 0,
            awaiting_confirmation: false,
            lookup: LookupState::None,
            warned: HashSet::new(),
            ended: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Ends it, unless it has ended already. Whether it had not.
    pub(super) fn end(&mut self, outcome: Outcome, at: Duration) -> bool {
        let is_news = self.is_open();
        self.ended.get_or_insert(Ended { outcome, at });
        is_news
    }

    /// Its one result, for this reason where the status does not say it.
    pub(super) fn result(&self, ended: Ended, reason: Option<String>) -> TargetResult {
        TargetResult {
            name: self.name.clone(),
            outcome: ended.outcome,
            status: self.tracker.status(),
            provider_status: self.tracker.provider_status().map(str::to_owned),
            elapsed: ended.at.saturating_sub(self.since),
            reconnects: self.reconnects,
            record: self.tracker.record().clone(),
            reason,
        }
    }

    /// What is left to say of it, if its end is not known.
    pub(super) fn undecided(&self, can_poll: bool, now: Duration) -> Option<Undecided> {
        let ended = self.ended.filter(|ended| ended.outcome.is_undecided())?;
        let ago = |then: Duration| now.saturating_sub(then);
        let tracker = &self.tracker;
        let last = || Some((tracker.status()?, ago(tracker.confirmed()?), ago(tracker.since()?)));
        let target = self.name.target.clone();
        Some(Undecided { target, outcome: ended.outcome, can_poll, last: last() })
    }

    /// Whether this was not warned of yet.
    pub(super) fn is_first(&mut self, code: WarningCode) -> bool {
        self.warned.insert(code)
    }

    /// Plans the next lookup, in place of any that was planned. Whether a timer is needed.
    pub(super) fn plan_lookup(&mut self, due: Duration) -> bool {
        match self.lookup {
            LookupState::None | LookupState::At(_) => {
                self.lookup = LookupState::At(due);
                true
            }
            LookupState::Queued | LookupState::InFlight | LookupState::InFlightAndWantedAgain => {
                false
            }
        }
    }

    /// Whether a lookup is planned for this time.
    pub(super) fn is_planned(&self, due: Duration) -> bool {
        self.lookup == LookupState::At(due)
    }

    /// Wants a lookup as soon as possible. One that is under way was asked before whatever made this one
    /// necessary, so it does not count. Whether it has to be queued.
    pub(super) fn want_lookup(&mut self) -> bool {
        match self.lookup {
            LookupState::None | LookupState::At(_) => {
                self.lookup = LookupState::Queued;
                true
            }
            LookupState::Queued => false,
            LookupState::InFlight | LookupState::InFlightAndWantedAgain => {
                self.lookup = LookupState::InFlightAndWantedAgain;
                false
            }
        }
    }

    /// Its lookup begins.
    pub(super) fn lookup_begins(&mut self) {
        self.lookup = LookupState::InFlight;
    }

    /// Its lookup is back, or is not to be made. Whether another one is wanted.
    pub(super) fn lookup_ends(&mut self) -> bool {
        let ended = std::mem::replace(&mut self.lookup, LookupState::None);
        ended == LookupState::InFlightAndWantedAgain
    }

    /// Whether a lookup of it waits or is under way.
    pub(super) fn has_lookup(&self) -> bool {
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
        assert!(!target.has_lookup());
    }

    #[test]
    fn a_target_is_queued_once_and_nothing_is_planned_meanwhile() {
        let mut target = target();
        target.plan_lookup(seconds(5));
        assert!(target.want_lookup());
        assert!(target.has_lookup() && !target.is_planned(seconds(5)));
        assert!(!target.want_lookup());
        assert!(!target.plan_lookup(seconds(5)));
        target.lookup_begins();
        assert!(!target.lookup_ends(), "what was wanted while it waited is what it is");
        assert!(!target.has_lookup());
    }

    #[test]
    fn what_is_wanted_during_a_lookup_is_wanted_once_after_it() {
        let mut target = target();
        target.want_lookup();
        target.lookup_begins();
        assert!(!target.want_lookup());
        assert!(!target.want_lookup());
        assert!(target.lookup_ends());
        assert!(!target.lookup_ends());
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
        assert!(target.is_first(WarningCode::Gap));
        assert!(!target.is_first(WarningCode::Gap));
        assert!(target.is_first(WarningCode::Held));
    }
}
