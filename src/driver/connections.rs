//! The push connections of a command, within the limit of open files.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::engine::plan::{Mode, Plan};
use crate::engine::{ProfileId, Route, TargetId};
use crate::error::{Failure, config};
use crate::provider::{Feed, Id};
use crate::wire::Auth;

/// Push connections with their routes.
pub(super) type Connections = Vec<(Box<dyn Feed>, Route)>;

/// All push connections that a command wants.
///
/// # Errors
/// The account of a profile cannot be followed.
pub(super) fn connections(plan: &Plan) -> Result<Connections, Failure> {
    if !plan.mode.pushes() {
        return Ok(Vec::new());
    }
    if plan.account {
        let mut feeds = Vec::new();
        for (profile, settings) in plan.profiles.enumerate() {
            let feed = settings.provider.account_feed()?;
            feeds.push(with_route(feed, profile, Vec::new(), true));
        }
        return Ok(feeds);
    }
    let mut feeds = Vec::new();
    for (profile, settings) in plan.profiles.enumerate() {
        let mine: HashMap<&Id, TargetId> = plan
            .targets
            .enumerate()
            .filter(|(_, target)| target.profile == profile)
            .map(|(index, target)| (&target.id, index))
            .collect();
        let mut ids: Vec<Id> = mine.keys().map(|id| (*id).clone()).collect();
        ids.sort_by_key(|id| mine[id]);
        for (feed, ids) in settings.provider.feeds(&ids) {
            let targets = ids.into_iter().map(|id| (mine[&id], id));
            let targets = targets.map(|(target, id)| (id, target)).collect();
            feeds.push(with_route(feed, profile, targets, false));
        }
    }
    Ok(feeds)
}

fn with_route(
    feed: Box<dyn Feed>,
    profile: ProfileId,
    targets: Vec<(Id, TargetId)>,
    account: bool,
) -> (Box<dyn Feed>, Route) {
    let authenticated = feed.request().auth != Auth::None;
    (feed, Route { profile, targets, account, authenticated, waits: false })
}

/// Has the connections wait that there is no capacity for, with a warning if the targets of some are polled meanwhile.
///
/// # Errors
/// Targets of the others cannot be polled.
pub(super) fn fit_capacity(
    plan: &Plan,
    mut connections: Connections,
    capacity: usize,
) -> Result<(Connections, Option<String>), Failure> {
    if connections.len() <= capacity {
        return Ok((connections, None));
    }
    let count = connections.len();
    let can_poll = |route: &Route| plan.profiles[route.profile].can_poll;
    // First those whose targets cannot be polled, then those with the most targets.
    connections.sort_by_key(|(_, route)| (can_poll(route), Reverse(route.targets.len())));
    let limit = format!("the limit of open files allows {capacity} of {count} connections");
    let (_, left_out) = connections.split_at_mut(capacity);
    if plan.mode == Mode::WatchPushOnly || !left_out.iter().all(|(_, route)| can_poll(route)) {
        let failure = config(format!("{limit}, and push alone carries them"));
        return Err(failure.hint("raise it with  ulimit -n"));
    }
    let targets: usize = left_out.iter().map(|(_, route)| route.targets.len()).sum();
    let are = if targets == 1 { "target is" } else { "targets are" };
    left_out.iter_mut().for_each(|(_, route)| route.waits = true);
    let message = format!(
        "{limit}; {targets} {are} polled instead, until others are closed (ulimit -n raises it)"
    );
    Ok((connections, Some(message)))
}
