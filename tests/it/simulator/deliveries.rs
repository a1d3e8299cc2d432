//! The messages that are on their way on a connection.

use std::collections::BTreeMap;

use super::time::Millis;
use txwatch::wire::Frame;

/// A message on its way to the command.
struct Delivery {
    sent: Millis,
    content: Content,
}

/// What a message says.
#[derive(Debug)]
pub enum Content {
    /// The connection counts as open from now on.
    Hello(Frame),
    /// The changes of this target come from now on.
    Subscribed(usize, Frame),
    /// This target took this step of its history. The message is written when it arrives, for most never do.
    Step(usize, usize),
    /// The same, made ambiguous.
    Ambiguous(usize, usize),
    /// It is none of the provider's messages.
    Garbage(Frame),
    /// Nothing of the above.
    Other(Frame),
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
    pub fn add(&mut self, sent: Millis, takes: Millis, content: Content) {
        self.count += 1;
        self.queue.insert((sent + takes, self.count), Delivery { sent, content });
    }

    /// When the next message arrives.
    pub fn next_due(&self) -> Option<Millis> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next message, if it has arrived.
    pub fn take_due(&mut self, now: Millis) -> Option<Content> {
        let next = self.queue.first_entry().filter(|next| next.key().0 <= now)?;
        Some(next.remove().content)
    }

    /// No message of this target is delivered any more.
    pub fn cancel(&mut self, target: usize) {
        let is_of = |content: &Content| matches!(content, Content::Step(of, _) | Content::Ambiguous(of, _) if *of == target);
        self.queue.retain(|_, delivery| !is_of(&delivery.content));
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
