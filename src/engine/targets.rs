//! The targets of a command under ids that they keep, while others come and go.

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
        self.0.remove(id.place())
    }

    pub(super) fn get(&self, id: TargetId) -> Option<&Target> {
        self.0.get(id.place())
    }

    pub(super) fn get_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        self.0.get_mut(id.place())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.0.iter().map(|(key, target)| (TargetId::at(key), target))
    }

    /// The target, if it is there and not settled.
    pub(super) fn open(&self, id: TargetId) -> Option<&Target> {
        self.get(id).filter(|target| target.is_open())
    }

    /// The targets that are not settled.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.iter().filter(|(_, target)| target.is_open())
    }
}

impl Index<TargetId> for Targets {
    type Output = Target;

    fn index(&self, id: TargetId) -> &Target {
        &self.0[id.place()]
    }
}

impl IndexMut<TargetId> for Targets {
    fn index_mut(&mut self, id: TargetId) -> &mut Target {
        &mut self.0[id.place()]
    }
}
