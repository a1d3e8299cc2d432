//! Which push connections a command needs, and which of them it can have.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::plan::{Mode, Plan};
use super::watch::Route;
use crate::error::Failure;
use crate::exit::Code;
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
        let feed = plan.profiles[0].provider.account_feed()?;
        let authenticated = feed.request().auth != Auth::None;
        let route = Route { profile: 0, targets: Vec::new(), account: true, authenticated };
        return Ok(vec![(feed, route)]);
    }
    let mut feeds = Vec::new();
    for (profile, settings) in plan.profiles.iter().enumerate() {
        let mine: HashMap<&Id, usize> = plan
            .targets
            .iter()
            .enumerate()
            .filter(|(_, target)| target.profile == profile)
            .map(|(index, target)| (&target.id, index))
            .collect();
        let mut ids: Vec<Id> = mine.keys().map(|id| (*id).clone()).collect();
        ids.sort_by_key(|id| mine[id]);
        for (feed, ids) in settings.provider.feeds(&ids) {
            let targets = ids
                .into_iter()
                .map(|id| (mine[&id], id))
                .map(|(target, id)| (id, target))
                .collect();
            let authenticated = feed.request().auth != Auth::None;
            feeds.push((feed, Route { profile, targets, account: false, authenticated }));
        }
    }
    Ok(feeds)
}

/// So many of these connections; requests carry the targets of the others. What has to be said about
/// that comes along.
///
/// # Errors
/// Nothing but push could carry those targets.
pub(super) fn those_that_fit(
    plan: &Plan,
    mut wanted: Connections,
    room: usize,
) -> Result<(Connections, Option<String>), Failure> {
    if wanted.len() <= room {
        return Ok((wanted, None));
    }
    let many = wanted.len();
    // What matters most has a connection: what cannot be asked for, then what serves the most.
    wanted.sort_by_key(|(_, route)| {
        (plan.profiles[route.profile].asks, Reverse(route.targets.len()))
    });
    let limit = format!("the limit of open files allows {room} of {many} connections");
    let left_out = wanted.split_off(room);
    let asks = |route: &Route| plan.profiles[route.profile].asks;
    if plan.mode == Mode::WatchPushOnly || !left_out.iter().all(|(_, route)| asks(route)) {
        let failure = Failure::new(Code::Config, format!("{limit}, and push alone carries them"));
        return Err(failure.hint("raise it with  ulimit -n"));
    }
    let targets: usize = left_out.iter().map(|(_, route)| route.targets.len()).sum();
    let are = if targets == 1 { "target is" } else { "targets are" };
    let message = format!("{limit}; {targets} {are} polled instead (ulimit -n raises it)");
    Ok((wanted, Some(message)))
}
