//! The state of the command as the live view shows it.

use std::time::Duration;

use super::{FeedState, LinkState, Watch};
use crate::render::{Link, Row, View};
use crate::session::plan::Mode;

impl Watch {
    /// The command as it stands at this time.
    pub fn view(&self, elapsed: Duration) -> View {
        View {
            elapsed,
            left: self.plan.timeout.map(|timeout| timeout.saturating_sub(elapsed)),
            rows: (0..self.targets.len()).map(|target| self.row(target, elapsed)).collect(),
        }
    }

    fn row(&self, target: usize, elapsed: Duration) -> Row {
        let state = &self.targets[target];
        let tracker = &state.tracker;
        let profile = &self.plan.profiles[self.plan.targets[target].profile];
        Row {
            target: self.plan.targets[target].name.target.clone(),
            status: tracker.status().zip(tracker.word().map(str::to_owned)),
            held: match state.settled {
                Some(_) => state.settled_at,
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
                polling: (self.plan.mode == Mode::Watch).then_some(profile.interval),
            },
        }
    }
}
