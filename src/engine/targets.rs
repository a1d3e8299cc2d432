//! The targets of a command, under stable ids.

use std::ops::{Index, IndexMut};

use slab::Slab;

use super::ids::{ListIndex, TargetId};
use super::target::Target;

/// The targets of a command.
#[derive(Default)]
pub(super) struct Targets(Slab<Target>);

impl Targets {
    pub(super) fn insert(&mut self, target: Target) -> TargetId {
        TargetId::at(self.0.insert(target))
    }

    pub(super) fn remove(&mut self, id: TargetId) -> Target {
        self.0.remove(id.index())
    }

    pub(super) fn get(&self, id: TargetId) -> Option<&Target> {
        self.0.get(id.index())
    }

    pub(super) fn get_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        self.0.get_mut(id.index())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.0.iter().map(|(key, target)| (TargetId::at(key), target))
    }

    /// The target, if it was not removed and is not settled.
    pub(super) fn open(&self, id: TargetId) -> Option<&Target> {
        self.get(id).filter(|target| target.is_open())
    }

    /// A target, if it is not settled.
    pub(super) fn open_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        self.get_mut(id).filter(|target| target.is_open())
    }

    /// The targets that are not settled.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.iter().filter(|(_, target)| target.is_open())
    }
}

impl Index<TargetId> for Targets {
    type Output = Target;

    fn index(&self, id: TargetId) -> &Target {
        &self.0[id.index()]
    }
}

impl IndexMut<TargetId> for Targets {
    fn index_mut(&mut self, id: TargetId) -> &mut Target {
        &mut self.0[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::ProfileId;
    use crate::event::{Name, Outcome};
    use crate::provider::Id;

    fn target(id: &str) -> Target {
        let name = Name { target: id.into(), provider: "fake".into(), id: id.into() };
        Target::new(name, Id::new(id), ProfileId::at(0), Duration::ZERO)
    }

    #[test]
    fn the_id_of_a_target_that_was_removed_is_reused() {
        let mut targets = Targets::default();
        let first = targets.insert(target("first"));
        let second = targets.insert(target("second"));
        assert_eq!(targets.remove(first).id.as_str(), "first");
        assert!(targets.get(first).is_none());
        let third = targets.insert(target("third"));
        assert_eq!(third, first);
        assert_eq!(targets[third].id.as_str(), "third");
        assert_eq!((targets[second].id.as_str(), targets.len()), ("second", 2));
    }

    #[test]
    fn memory_depends_on_the_targets_at_the_same_time_only() {
        let mut targets = Targets::default();
        for index in 0..10_000 {
            let id = targets.insert(target(&index.to_string()));
            targets.remove(id);
        }
        assert!(targets.0.capacity() <= 8, "{}", targets.0.capacity());
    }

    #[test]
    fn a_target_is_open_until_it_has_ended() {
        let mut targets = Targets::default();
        let ids = ["a", "b", "c"].map(|id| targets.insert(target(id)));
        targets[ids[1]].end(Outcome::Reached, Duration::ZERO);
        targets.remove(ids[2]);
        assert!(targets.open(ids[0]).is_some());
        assert!(targets.open(ids[1]).is_none() && targets.get(ids[1]).is_some());
        assert!(targets.open(ids[2]).is_none());
        assert_eq!(targets.all_open().map(|(id, _)| id).collect::<Vec<_>>(), [ids[0]]);
    }
}
