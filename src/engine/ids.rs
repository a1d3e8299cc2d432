//! Typed indices: a target, a profile and a push connection cannot be taken for each other.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
