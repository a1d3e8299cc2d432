//! Typed indices, so that a target, a profile and a push connection cannot be confused.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A target of the command. The id of an account's order is reused after the order was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(usize);

/// A profile of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileId(usize);

/// A push connection of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeedId(usize);

/// An index of a [`List`].
pub trait ListIndex: Copy {
    /// From an index that counts from zero.
    fn at(index: usize) -> Self;

    /// The index, which counts from zero.
    fn index(self) -> usize;
}

macro_rules! list_index {
    ($($id:ident),+) => {
        $(impl ListIndex for $id {
            fn at(index: usize) -> Self {
                $id(index)
            }

            fn index(self) -> usize {
                self.0
            }
        })+
    };
}

list_index!(TargetId, ProfileId, FeedId);

/// A list with a typed index.
#[derive(Clone, Debug)]
pub struct List<I, T> {
    items: Vec<T>,
    index: PhantomData<I>,
}

impl<I: ListIndex, T> List<I, T> {
    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
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

    /// The items in order, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// The items with their indices.
    pub fn enumerate(&self) -> impl Iterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(place, item)| (I::at(place), item))
    }

    /// Appends an item, and returns its index.
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
        &self.items[index.index()]
    }
}

impl<I: ListIndex, T> IndexMut<I> for List<I, T> {
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.items[index.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_indexed_by_the_places_of_its_items() {
        let mut list: List<FeedId, &str> = ["a", "b"].into_iter().collect();
        let third = list.push("c");
        assert_eq!((third.index(), list[third], list.len()), (2, "c", 3));
        list[FeedId::at(0)] = "z";
        let items: Vec<_> = list.enumerate().map(|(id, item)| (id.index(), *item)).collect();
        assert_eq!(items, [(0, "z"), (1, "b"), (2, "c")]);
        assert_eq!(list.ids().map(ListIndex::index).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(!list.is_empty() && List::<FeedId, u8>::default().is_empty());
    }
}
