//! Endings that a customer may still revive.

use super::Engine;
use crate::event::{Outcome, Revivable};

impl Engine {
    /// The endings that were believed within the time in which a customer may revive them.
    pub(super) fn revivable(&self) -> Vec<Revivable> {
        let mut all = Vec::new();
        for (_, target) in self.targets.iter() {
            let Some(Outcome::Missed(status)) = target.ended().map(|ended| ended.outcome) else {
                continue;
            };
            let profile = &self.plan.profiles[target.profile];
            let window = profile.provider.retry_window(status);
            if let Some(window) = window.filter(|window| profile.grace < *window) {
                let provider = profile.provider.spec().title.clone();
                let revivable = Revivable { provider, status, window };
                if !all.contains(&revivable) {
                    all.push(revivable);
                }
            }
        }
        all
    }
}
