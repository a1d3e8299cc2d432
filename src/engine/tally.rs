//! The number of targets, open and by outcome.

use std::collections::HashMap;

use crate::event::Outcome;
use crate::provider::Status;

/// Counts the targets of a command.
#[derive(Default)]
pub(super) struct Tally {
    known: usize,
    open: usize,
    outcomes: HashMap<Outcome, usize>,
    endings: HashMap<(Outcome, Option<Status>), usize>,
}

impl Tally {
    pub(super) fn new(targets: usize) -> Self {
        Tally { known: targets, open: targets, ..Tally::default() }
    }

    /// Adds an open target.
    pub(super) fn add(&mut self) {
        self.known += 1;
        self.open += 1;
    }

    /// Counts an open target as settled, with its last status.
    pub(super) fn settle(&mut self, outcome: Outcome, status: Option<Status>) {
        self.open -= 1;
        *self.outcomes.entry(outcome).or_default() += 1;
        *self.endings.entry((outcome, status)).or_default() += 1;
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

    /// The number of targets with each outcome and last status.
    pub(super) fn endings(&self) -> &HashMap<(Outcome, Option<Status>), usize> {
        &self.endings
    }
}
