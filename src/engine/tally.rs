//! How many targets there are, and how they ended.

use std::collections::HashMap;

use crate::event::Outcome;

/// The count of a command's targets.
#[derive(Default)]
pub(super) struct Tally {
    known: usize,
    open: usize,
    outcomes: HashMap<Outcome, usize>,
}

impl Tally {
    pub(super) fn new(targets: usize) -> Self {
        Tally { known: targets, open: targets, outcomes: HashMap::new() }
    }

    /// There is one more.
    pub(super) fn add(&mut self) {
        self.known += 1;
        self.open += 1;
    }

    /// One of them ended.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.open -= 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// How many there were.
    pub(super) fn known(&self) -> usize {
        self.known
    }

    /// How many have not ended.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// How many reached the goal.
    pub(super) fn reached(&self) -> usize {
        self.outcomes.get(&Outcome::Reached).copied().unwrap_or_default()
    }

    /// How many had each outcome.
    pub(super) fn outcomes(&self) -> &HashMap<Outcome, usize> {
        &self.outcomes
    }
}
