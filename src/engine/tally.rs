//! The number of targets, open and by outcome.

use std::collections::HashMap;

use crate::event::Outcome;

/// Counts the targets of a command.
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

    /// Adds an open target.
    pub(super) fn add(&mut self) {
        self.known += 1;
        self.open += 1;
    }

    /// Counts an open target as settled.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.open -= 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// The number of all targets so far.
    pub(super) fn known(&self) -> usize {
        self.known
    }

    /// The number of targets that are not settled.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// The number of targets that reached the goal.
    pub(super) fn reached(&self) -> usize {
        self.outcomes.get(&Outcome::Reached).copied().unwrap_or_default()
    }

    /// The number of targets with each outcome.
    pub(super) fn outcomes(&self) -> &HashMap<Outcome, usize> {
        &self.outcomes
    }
}
