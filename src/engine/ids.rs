//! Typed indices: a target, a profile and a push connection cannot be taken for each other.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use slab::Slab;

use super::target::Target;

/// A target of the command. Those of an account come and go, and their ids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(usize);

/// A profile of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileId(usize);

/// A push connection of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeedId(usize);

/// An index that counts from zero in the order of a list.
pub trait ListIndex: Copy {
    /// The index of this place.
    fn at(place: usize) -> Self;

    /// The place of this index.
    fn place(self) -> usize;
}

macro_rules! list_index {
    ($($index:ident),+) => {
        $(impl ListIndex for $index {
            fn at(place: usize) -> Self {
                $index(place)
            }

            fn place(self) -> usize {
                self.0
            }
        })+
    };
}

list_index!(TargetId, ProfileId, FeedId);

/// A list that is indexed by one kind of index alone.
#[derive(Clone, Debug)]
pub struct List<I, T> {
    items: Vec<T>,
    index: PhantomData<I>,
}

impl<I: ListIndex, T> List<I, T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The indices of all items.
    pub fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::at)
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// The items in order, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// The items with their indices.
    pub fn enumerate(&self) -> impl Iterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(place, item)| (I::at(place), item))
    }

    /// Adds an item; answers its index.
    pub fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::at(self.items.len() - 1)
    }
}

impl<I, T> Default for List<I, T> {
    fn default() -> Self {
        List { items: Vec::new(), index: PhantomData }
    }
}

impl<I, T> FromIterator<T> for List<I, T> {
    fn from_iter<U: IntoIterator<Item = T>>(items: U) -> Self {
        List { items: items.into_iter().collect(), index: PhantomData }
    }
}

impl<I: ListIndex, T> Index<I> for List<I, T> {
    type Output = T;

    fn index(&self, index: I) -> &T {
        &self.items[index.place()]
    }
}

impl<I: ListIndex, T> IndexMut<I> for List<I, T> {
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.items[index.place()]
    }
}

/// The targets of a command.
#[derive(Default)]
pub(super) struct Targets(Slab<Target>);

impl Targets {
    pub(super) fn insert(&mut self, target: Target) -> TargetId {
        TargetId(self.0.insert(target))
    }

    pub(super) fn remove(&mut self, id: TargetId) -> Target {
        self.0.remove(id.0)
    }

    pub(super) fn get(&self, id: TargetId) -> Option<&Target> {
        self.0.get(id.0)
    }

    pub(super) fn get_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        self.0.get_mut(id.0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.0.iter().map(|(key, target)| (TargetId(key), target))
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
        &self.0[id.0]
    }
}

impl IndexMut<TargetId> for Targets {
    fn index_mut(&mut self, id: TargetId) -> &mut Target {
        &mut self.0[id.0]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::{Name, Outcome};
    use crate::provider::Id;

    fn target(id: &str) -> Target {
        let name = Name { target: id.into(), provider: "fake".into(), id: id.into() };
        Target::new(name, Id::new(id), ProfileId::at(0), Duration::ZERO)
    }

    #[test]
    fn a_list_is_indexed_by_the_places_of_its_items() {
        let mut list: List<FeedId, &str> = ["a", "b"].into_iter().collect();
        let third = list.push("c");
        assert_eq!((third.place(), list[third], list.len()), (2, "c", 3));
        list[FeedId::at(0)] = "z";
        let items: Vec<_> = list.enumerate().map(|(id, item)| (id.place(), *item)).collect();
        assert_eq!(items, [(0, "z"), (1, "b"), (2, "c")]);
        assert_eq!(list.ids().map(ListIndex::place).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(!list.is_empty() && List::<FeedId, u8>::default().is_empty());
    }

    #[test]
    fn the_id_of_a_target_that_is_gone_is_used_again() {
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
    fn however_many_targets_pass_the_memory_is_that_of_those_at_once() {
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
