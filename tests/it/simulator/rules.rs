//! When a transaction may be asked for, and when it has to be.

use super::life::{Millis, SECOND};
use super::world::{Last, MOST_AT_ONCE, TICK, World};
use txwatch::config::Registry;
use txwatch::engine::plan::Mode;

/// CSPR.cloud's: so many requests within so many seconds.
const QUOTAS: [(usize, i64); 2] = [(100, 60), (6_000, 24 * 60 * 60)];

impl World {
    pub(super) fn check_quotas(&mut self, scene: usize) {
        let now = self.now();
        for (most, seconds) in QUOTAS {
            let asked = &self.providers_seen[scene].asked;
            let recent = asked.iter().rev().take_while(|at| now - **at < seconds * SECOND);
            let count = recent.take(most + 1).count();
            if count > most {
                self.fault(format!("more than {most} requests within {seconds} s"));
            }
        }
    }

    /// A look is early unless it is the first, or something happened that makes it necessary.
    pub(super) fn check_pace(&mut self, target: usize) {
        let now = self.now();
        let book = &self.targets_seen[target];
        if let (Some((answered, due)), false) = (book.answered, book.reason.is_some())
            && now + TICK < due
        {
            let name = &self.story.targets[target].name;
            let since = now - answered;
            self.fault(format!("{name} is asked for without a reason, {since} ms after the last"));
        }
    }

    /// From when on a target may be asked for again that was answered now.
    pub(super) fn next_look(&self, target: usize, last: Last) -> Millis {
        let now = self.now();
        let book = &self.targets_seen[target];
        let scene = self.scene(target);
        // A node's word that it accepted one counts only on its first connection.
        let is_seen = book.shown.is_some() || last == Last::Told;
        let is_live = book.subscribed.is_some_and(|since| since + TICK < now);
        let pace = Registry::built_in().find(scene.kind.name()).unwrap().spec().pace.clone();
        let wait = match self.story.mode {
            _ if matches!(last, Last::Failed | Last::Unreadable) => return now,
            Mode::WatchPushOnly if is_seen => return Millis::MAX / 2,
            Mode::Watch if is_live && is_seen => pace.safety.as_millis() as Millis,
            _ => pace.interval.as_millis() as Millis,
        };
        let due = now + wait / 10 * 9;
        if !is_seen && now < scene.appear { due.min(scene.appear) } else { due }
    }

    /// Where nothing puts looks off, they come at once.
    pub(super) fn check_debts(&mut self) {
        let now = self.now();
        for target in 0..self.targets_seen.len() {
            let book = &self.targets_seen[target];
            let scene = self.story.targets[target].scene;
            let desk = &self.providers_seen[scene];
            // Before a fifth of the minute's quota is used up nobody waits for his turn.
            let waits = desk.asked.len() > QUOTAS[0].0 / 5
                || self.story.members(scene).len() > MOST_AT_ONCE;
            // What was on its way already does not count, but has to come back first.
            let back = book.answered.map_or(0, |(answered, _)| answered);
            let is_late = book.owed.is_some_and(|owed| owed.max(back) + TICK < now);
            if is_late && !book.looking && !desk.failed && !waits && book.result.is_none() {
                let name = &self.story.targets[target].name;
                self.fault(format!("{name} is not looked at, though its connection came or went"));
                self.targets_seen[target].owed = None;
            }
        }
    }
}
