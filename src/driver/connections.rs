//! Which push connections a command needs, and which of them it can have.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::engine::plan::{Mode, Plan};
use crate::engine::{ProfileId, Route, TargetId};
use crate::error::{Failure, config};
use crate::provider::{Feed, Id};
use crate::wire::Auth;

/// Push connections, each with what it serves.
pub(super) type Connections = Vec<(Box<dyn Feed>, Route)>;

/// The push connections of a command.
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
    (feed, Route { profile, targets, account, authenticated })
}

/// As many of these connections as there is capacity for; polling carries the targets of the others. What has
/// to be said about that comes along.
///
/// # Errors
/// Nothing but push could carry those targets.
pub(super) fn those_that_fit(
    plan: &Plan,
    mut wanted: Connections,
    capacity: usize,
) -> Result<(Connections, Option<String>), Failure> {
    if wanted.len() <= capacity {
        return Ok((wanted, None));
    }
    let many = wanted.len();
    let can_poll = |route: &Route| plan.profiles[route.profile].can_poll;
    // What matters most has a connection: what cannot be polled, then what serves the most.
    wanted.sort_by_key(|(_, route)| (can_poll(route), Reverse(route.targets.len())));
    let limit = format!("the limit of open files allows {capacity} of {many} connections");
    let left_out = wanted.split_off(capacity);
    if plan.mode == Mode::WatchPushOnly || !left_out.iter().all(|(_, route)| can_poll(route)) {
        let failure = config(format!("{limit}, and push alone carries them"));
        return Err(failure.hint("raise it with  ulimit -n"));
    }
    let targets: usize = left_out.iter().map(|(_, route)| route.targets.len()).sum();
    let are = if targets == 1 { "target is" } else { "targets are" };
    let message = format!("{limit}; {targets} {are} polled instead (ulimit -n raises it)");
    Ok((wanted, Some(message)))
}
