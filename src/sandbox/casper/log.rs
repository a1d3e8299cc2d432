//! A node's buffer of events, from which those who come back are told what they missed. It has no socket.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::format::{self, Block};
use super::transaction;
use crate::sandbox::fault::Fault;
use crate::sandbox::scenario::Event;
use crate::sandbox::schedule::{EventQueue, Run, Schedule};
use crate::sandbox::speed::Speed;

/// So many events are kept.
const CAPACITY: usize = 5_000;
/// How often there is a block of no interest while somebody listens.
const BLOCK_INTERVAL: Duration = Duration::from_secs(4);

/// The buffer.
pub(super) struct Log {
    speed: Speed,
    upcoming: EventQueue<()>,
    events: VecDeque<String>,
    /// The number of the first of them.
    first: u64,
    /// When the next block is due.
    block: Option<Instant>,
    blocks: u64,
    /// How often all connections were lost.
    pub(super) losses: u64,
}

impl Log {
    pub(super) fn new(speed: Speed) -> Self {
        Log {
            speed,
            upcoming: EventQueue::default(),
            events: VecDeque::new(),
            first: 0,
            block: None,
            blocks: 0,
            losses: 0,
        }
    }

    /// Takes in what has happened by now; answers when something happens next.
    pub(super) fn advance(&mut self, schedule: &Schedule, now: Instant) -> Instant {
        self.upcoming.follow_new(&(), schedule, |_| None);
        while self.upcoming.due().is_some_and(|due| due <= now) {
            if let Some(((), run, event)) = self.upcoming.take_next() {
                self.happen(&run, event);
            }
        }
        let interval = self.speed.real(BLOCK_INTERVAL);
        let mut block = *self.block.get_or_insert(now + interval);
        if block <= now {
            self.blocks += 1;
            let first = Block::default();
            let added = Block { height: first.height + self.blocks, ..first };
            self.push(format::block_added(&added, &[]).to_string());
            block = *self.block.insert(now + interval);
        }
        self.upcoming.due().map_or(block, |due| due.min(block))
    }

    fn happen(&mut self, run: &Run, event: Event) {
        let fault = run.script.fault;
        match event {
            Event::Lost => {
                self.losses += 1;
                if matches!(fault, Fault::Restart(..)) {
                    self.events.clear();
                    self.first = 0;
                }
            }
            Event::Step(step) => {
                self.losses += u64::from(fault.loses_listeners_at(step));
                for event in transaction::events(run, step) {
                    self.push(event);
                }
            }
        }
    }

    fn push(&mut self, event: String) {
        if self.events.len() == CAPACITY {
            self.events.pop_front();
            self.first += 1;
        }
        self.events.push_back(event);
    }

    /// The number of the event that comes next.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The events from this number on, as they are sent. Nobody has those of a number that is not given yet.
    pub(super) fn since(&self, number: u64) -> String {
        let begin = number.clamp(self.first, self.end());
        let skipped = usize::try_from(begin - self.first).unwrap_or(usize::MAX);
        let numbered = (begin..).zip(self.events.iter().skip(skipped));
        numbered.map(|(number, event)| format::server_sent(Some(number), event)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_is_limited() {
        let mut log = Log::new(Speed::REAL);
        for number in 0..CAPACITY + 10 {
            log.push(number.to_string());
        }
        assert!(log.since(0).starts_with("data:10\nid:10\n\ndata:11\n"));
        assert_eq!(log.end(), 5_010);
    }
}
