//! The state of a push connection.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::gap::Gap;
use super::{ProfileId, TargetId};
use crate::provider::Id;

/// How many different malformed messages of a connection are quoted.
const MAX_QUOTED: usize = 20;

/// Which targets a push connection serves.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its profile.
    pub profile: ProfileId,
    /// The ids that it serves, and their targets.
    pub targets: Vec<(Id, TargetId)>,
    /// Whether it serves all transactions of the account.
    pub account: bool,
    /// Whether the token is sent when it is opened.
    pub authenticated: bool,
    /// Whether it is opened only once another one is closed, since the limit of open files allows no more. Until then
    /// its targets are polled.
    pub waits: bool,
}

/// One push connection.
pub(super) struct Link {
    pub(super) profile: ProfileId,
    /// Whether it serves all transactions of the account.
    pub(super) account: bool,
    /// Whether the token is sent when it is opened, so that a live connection proves that the token is accepted.
    pub(super) authenticated: bool,
    pub(super) state: LinkState,
    /// When something was last received, as time of the command.
    pub(super) last_received: Duration,
    /// What an account's connection did not tell.
    pub(super) gap: Gap,
    targets: BTreeMap<Id, TargetId>,
    /// How many of the targets are not settled.
    open_targets: usize,
    /// Whether it was ever live.
    pub(super) was_live: bool,
    /// Since when it has been down, as time of the command.
    down_since: Option<Duration>,
    is_unavailable_reported: bool,
    malformed: Malformed,
}

/// Whether a push connection is up.
#[derive(Debug, PartialEq)]
pub(super) enum LinkState {
    /// It waits until another one is closed, or is not opened again.
    Waiting,
    Connecting,
    Live,
    Down {
        reason: String,
        retry_at: Duration,
    },
}

/// The malformed messages of a connection.
#[derive(Default)]
struct Malformed {
    count: u32,
    quoted: HashSet<String>,
}

/// The state before a connection became live.
#[derive(Debug, PartialEq)]
pub(super) enum PreviousState {
    /// It was never live before.
    Never,
    /// It was live before, and then down for this long.
    Down(Duration),
    /// It was live, and was not reported as down.
    Live,
}

impl Link {
    pub(super) fn new(route: Route) -> Self {
        Link {
            profile: route.profile,
            account: route.account,
            authenticated: route.authenticated,
            state: if route.waits { LinkState::Waiting } else { LinkState::Connecting },
            last_received: Duration::ZERO,
            gap: Gap::default(),
            open_targets: route.targets.len(),
            targets: route.targets.into_iter().collect(),
            was_live: false,
            down_since: None,
            is_unavailable_reported: false,
            malformed: Malformed::default(),
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.state == LinkState::Waiting
    }

    /// It is opened in the place of another one. Returns false if that is of no use any more.
    pub(super) fn stop_waiting(&mut self) -> bool {
        self.state = LinkState::Connecting;
        self.open_targets > 0
    }

    pub(super) fn is_live(&self) -> bool {
        self.state == LinkState::Live
    }

    /// The target with an id.
    pub(super) fn target(&self, id: &Id) -> Option<TargetId> {
        self.targets.get(id).copied()
    }

    /// The targets that it serves, in the order of their ids.
    pub(super) fn targets(&self) -> Vec<TargetId> {
        self.targets.values().copied().collect()
    }

    /// The only target that it serves; none if there are several, or those of an account.
    pub(super) fn only_target(&self) -> Option<TargetId> {
        let mut targets = self.targets.values();
        match (targets.next(), targets.next()) {
            (Some(only), None) if !self.account => Some(*only),
            _ => None,
        }
    }

    /// Adds an open target.
    pub(super) fn add(&mut self, id: Id, target: TargetId) {
        self.targets.insert(id, target);
        self.open_targets += 1;
    }

    /// Removes a settled target.
    pub(super) fn remove(&mut self, id: &Id) {
        self.targets.remove(id);
    }

    /// One of its targets was settled. Returns whether there are others that are open.
    pub(super) fn settle_one(&mut self) -> bool {
        self.open_targets -= 1;
        self.open_targets > 0
    }

    /// The provider has accepted the connection.
    pub(super) fn set_live(&mut self, now: Duration) -> PreviousState {
        self.state = LinkState::Live;
        let down_since = self.down_since.take();
        if !std::mem::replace(&mut self.was_live, true) {
            return PreviousState::Never;
        }
        match down_since {
            Some(since) => PreviousState::Down(now.saturating_sub(since)),
            None => PreviousState::Live,
        }
    }

    /// The connection was refused for good; its targets are polled.
    pub(super) fn set_refused(&mut self) {
        self.state = LinkState::Waiting;
    }

    /// The connection is lost, or an attempt failed; the next attempt is at `retry_at`. Returns whether it was not down
    /// before.
    pub(super) fn set_down(&mut self, reason: String, retry_at: Duration) -> bool {
        let before = std::mem::replace(&mut self.state, LinkState::Down { reason, retry_at });
        !matches!(before, LinkState::Down { .. })
    }

    /// Starts counting the time that it is down. Returns false if that was started already.
    pub(super) fn count_down_time(&mut self, now: Duration) -> bool {
        let is_first = self.down_since.is_none();
        self.down_since.get_or_insert(now);
        is_first
    }

    /// Returns true at the first call, for a warning that is given once.
    pub(super) fn report_unavailable(&mut self) -> bool {
        !std::mem::replace(&mut self.is_unavailable_reported, true)
    }

    /// Counts a malformed message. Returns the text of the warning about it, unless it was quoted before or too many
    /// others were.
    pub(super) fn malformed(&mut self, message: &str) -> Option<String> {
        let Malformed { count, quoted } = &mut self.malformed;
        *count = count.saturating_add(1);
        if quoted.len() >= MAX_QUOTED || !quoted.insert(message.to_owned()) {
            return None;
        }
        let more =
            if quoted.len() == MAX_QUOTED { "; more of this is counted, not told" } else { "" };
        Some(format!("{message}{more}"))
    }

    /// The number of malformed messages, if not all of them were quoted.
    pub(super) fn unquoted_total(&self) -> Option<u32> {
        let Malformed { count, quoted } = &self.malformed;
        Some(*count).filter(|count| *count as usize > quoted.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ListIndex;

    fn link(targets: usize, account: bool) -> Link {
        let target = |place: usize| (Id::new(&place.to_string()), TargetId::at(place));
        Link::new(Route {
            profile: ProfileId::at(0),
            targets: (0..targets).map(target).collect(),
            account,
            authenticated: true,
            waits: false,
        })
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_link_has_an_only_target_where_it_serves_one_and_no_account() {
        assert_eq!(link(1, false).only_target(), Some(TargetId::at(0)));
        assert_eq!(link(2, false).only_target(), None);
        assert_eq!(link(0, false).only_target(), None);
        assert_eq!(link(1, true).only_target(), None);
    }

    #[test]
    fn it_is_needed_until_its_last_target_is_settled() {
        let mut link = link(2, false);
        link.add(Id::new("new"), TargetId::at(9));
        assert!(link.settle_one());
        assert!(link.settle_one());
        assert!(!link.settle_one());
    }

    #[test]
    fn one_that_waits_is_opened_if_a_target_is_still_open() {
        for (settled, is_opened) in [(0, true), (1, true), (2, false)] {
            let mut link = link(2, false);
            link.state = LinkState::Waiting;
            assert!(link.waits() && !link.is_live());
            for _ in 0..settled {
                link.settle_one();
            }
            assert_eq!((link.stop_waiting(), link.waits()), (is_opened, false));
        }
    }

    #[test]
    fn a_target_is_found_by_its_id_until_it_is_removed() {
        let mut link = link(2, false);
        link.add(Id::new("0-new"), TargetId::at(9));
        assert_eq!(link.target(&Id::new("0-new")), Some(TargetId::at(9)));
        assert_eq!(link.targets(), [0, 9, 1].map(TargetId::at));
        link.remove(&Id::new("0-new"));
        assert_eq!(link.target(&Id::new("0-new")), None);
        assert_eq!(link.targets(), [0, 1].map(TargetId::at));
    }

    #[test]
    fn what_was_before_it_is_live_is_known() {
        let mut link = link(1, false);
        assert!(!link.is_live());
        // Down time before it was live for the first time is no gap.
        assert!(link.count_down_time(seconds(1)));
        assert_eq!(link.set_live(seconds(5)), PreviousState::Never);
        assert!(link.is_live());
        assert_eq!(link.set_live(seconds(6)), PreviousState::Live);
        assert!(link.count_down_time(seconds(10)));
        assert!(!link.count_down_time(seconds(20)));
        assert_eq!(link.set_live(seconds(25)), PreviousState::Down(seconds(15)));
    }

    #[test]
    fn a_loss_is_new_only_once_in_a_row() {
        let mut link = link(1, false);
        assert!(link.set_down("gone".to_owned(), seconds(5)));
        assert!(!link.set_down("still gone".to_owned(), seconds(9)));
        let state = LinkState::Down { reason: "still gone".to_owned(), retry_at: seconds(9) };
        assert_eq!(link.state, state);
        link.set_live(seconds(10));
        assert!(link.set_down("gone".to_owned(), seconds(20)));
    }

    #[test]
    fn that_push_is_unavailable_is_reported_once() {
        let mut link = link(1, false);
        assert!(link.report_unavailable());
        assert!(!link.report_unavailable());
    }

    #[test]
    fn each_malformed_message_is_quoted_once() {
        let mut link = link(1, false);
        assert_eq!(link.malformed("not JSON").as_deref(), Some("not JSON"));
        assert_eq!(link.unquoted_total(), None);
        assert_eq!(link.malformed("not JSON"), None);
        assert_eq!(link.malformed("no id").as_deref(), Some("no id"));
        assert_eq!(link.unquoted_total(), Some(3));
    }

    #[test]
    fn the_last_quotation_says_that_it_is_the_last() {
        let mut link = link(1, false);
        let quotations = (0..30).filter_map(|index| link.malformed(&index.to_string()));
        let quotations: Vec<_> = quotations.collect();
        assert_eq!(quotations.len(), MAX_QUOTED);
        assert_eq!(quotations[18], "18");
        assert_eq!(quotations[19], "19; more of this is counted, not told");
        assert_eq!(link.unquoted_total(), Some(30));
    }
}
