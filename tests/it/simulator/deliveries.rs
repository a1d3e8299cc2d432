//! The messages that are on their way on a connection.

use std::collections::BTreeMap;

use super::time::Millis;
use txwatch::wire::Frame;

/// A message on its way to the command.
pub struct Delivery {
    pub sent: Millis,
    pub frame: Frame,
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing that matters.
    Nothing,
    /// The connection counts as open from now on.
    Hello,
    /// The changes of this target come from now on.
    Subscribed(usize),
    /// This target took this step of its history.
    Step(usize, usize),
}

/// The messages in the order in which they arrive: by when that is, and by when they were added.
#[derive(Default)]
pub struct Deliveries {
    queue: BTreeMap<(Millis, u64), Delivery>,
    /// How many were ever added.
    count: u64,
}

impl Deliveries {
    /// A message that is sent then and takes so long.
    pub fn add(&mut self, sent: Millis, takes: Millis, frame: Frame, content: Content) {
        self.count += 1;
        self.queue.insert((sent + takes, self.count), Delivery { sent, frame, content });
    }

    /// When the next message arrives.
    pub fn next_due(&self) -> Option<Millis> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next message, if it has arrived.
    pub fn take_due(&mut self, now: Millis) -> Option<Delivery> {
        self.queue.first_entry().filter(|next| next.key().0 <= now).map(|next| next.remove())
    }

    /// No message of this target is delivered any more.
    pub fn cancel(&mut self, target: usize) {
        let is_of = |content| matches!(content, Content::Step(about, _) if about == target);
        self.queue.retain(|_, delivery| !is_of(delivery.content));
    }

    /// What was sent first is to arrive first.
    pub fn keep_order(&mut self) {
        let mut deliveries: Vec<_> = std::mem::take(&mut self.queue).into_iter().collect();
        deliveries.sort_by_key(|((_, number), delivery)| (delivery.sent, *number));
        let mut last = Millis::MIN;
        for (number, ((due, _), delivery)) in deliveries.into_iter().enumerate() {
            last = last.max(due);
            self.queue.insert((last, number as u64), delivery);
        }
    }
}
