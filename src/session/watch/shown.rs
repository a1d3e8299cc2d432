//! The state of the command as the live view shows it.

use std::time::Duration;

use super::{FeedState, LinkState, TargetState, Watch};
use crate::exit::Code;
use crate::render::{Link, Row, View};
use crate::session::plan::Mode;

impl Watch {
    /// The command as it stands at this time.
    pub fn view(&self, elapsed: Duration) -> View {
        let good = self.outcomes.get(&Code::Ok).copied().unwrap_or_default();
        View {
            elapsed,
            targets: self.known,
            good,
            bad: self.known - self.unsettled - good,
            left: self.plan.timeout.map(|timeout| timeout.saturating_sub(elapsed)),
            rows: self.targets.iter().map(|(_, state)| self.row(state, elapsed)).collect(),
        }
    }

    fn row(&self, state: &TargetState, elapsed: Duration) -> Row {
        let tracker = &state.tracker;
        let profile = &self.plan.profiles[state.profile];
        Row {
            target: state.name.target.clone(),
            status: tracker.status().zip(tracker.word().map(str::to_owned)),
            held: match state.settled {
                Some(_) => state.settled_at.saturating_sub(state.since),
                None => elapsed.saturating_sub(tracker.since().unwrap_or_default()),
            },
            link: match state.feed {
                Some(feed) => self.link(&self.feeds[feed], elapsed),
                None => Link::Polling(profile.interval),
            },
            settled: state.settled,
            settled_at: state.settled_at,
        }
    }

    fn link(&self, feed: &FeedState, elapsed: Duration) -> Link {
        let profile = &self.plan.profiles[feed.profile];
        match &feed.link {
            LinkState::Connecting => Link::Connecting,
            LinkState::Live => Link::Live {
                transport: profile.provider.push_name(),
                heard: elapsed.saturating_sub(feed.heard),
            },
            LinkState::Down { reason, retry_at } => Link::Down {
                reason: reason.clone(),
                retry_in: retry_at.saturating_sub(elapsed),
                polling: (self.plan.mode == Mode::Watch && profile.asks)
                    .then_some(profile.interval),
            },
        }
    }
}
