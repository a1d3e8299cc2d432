//! What becomes of a transaction at its provider: the truth that the command has to report.

use fastrand::Rng;

use super::providers::Simulated;
use super::time::{MINUTE, Millis};
use txwatch::provider::Status;

/// From when on a transaction is in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Millis,
    /// In the provider's word.
    pub word: &'static str,
    pub status: Status,
    /// Whether the provider pushes it at all.
    pub is_pushed: bool,
}

/// The statuses that a transaction goes through, in the provider's words and ours.
pub type Path = Vec<(&'static str, Status)>;

/// The steps of a transaction, oldest first; none if it never comes to be.
#[derive(Clone, Debug)]
pub struct History {
    pub steps: Vec<Step>,
    /// How long a chain may take to execute it.
    pub ttl: Millis,
}

impl History {
    /// Any history that a transaction of this provider may have.
    pub fn random(provider: &dyn Simulated, random: &mut Rng) -> Self {
        let path = provider.path(random);
        let mut history = History { steps: Vec::new(), ttl: 30 * MINUTE };
        if random.u8(..) < 10 {
            return history;
        }
        let mut at = begin(random);
        for (word, status) in path {
            at += history.pause_before(status, provider, random);
            history.steps.push(Step { at, word, status, is_pushed: provider.is_pushed(word) });
        }
        if let (Some(first), Some(last)) = (history.steps.first(), history.steps.last()) {
            match last.status {
                Status::Expired => history.ttl = last.at - first.at,
                // So short that it seems to have run out for a node that does not know the block.
                status if status.is_final() && provider.infers_expiry() && random.bool() => {
                    history.ttl = (last.at - first.at) / 1_000 * 1_000 + 1_000;
                }
                // What would have to expire some day does so after everybody has left.
                status if !status.is_final() => history.ttl = 24 * 60 * MINUTE,
                _ => {}
            }
        }
        history
    }

    /// How long it stays where it is before it takes the next step.
    fn pause_before(&self, next: Status, provider: &dyn Simulated, random: &mut Rng) -> Millis {
        let Some(last) = self.steps.last() else {
            return 0;
        };
        let pause = match random.u8(..10) {
            0..3 => random.i64(300..1_500),
            3..8 => random.i64(1_000..15_000),
            _ => random.i64(15_000..90_000),
        };
        provider.pause(last.status, next, pause, random)
    }

    /// The step at which it stands at this time.
    pub fn at(&self, time: Millis) -> Option<usize> {
        self.steps.iter().rposition(|step| step.at <= time)
    }
}

/// When it begins: mostly before the command does, at times long before, at times only later.
fn begin(random: &mut Rng) -> Millis {
    match random.u8(..20) {
        0..12 => -random.i64(0..60_000),
        12..15 => -random.i64(300_000..900_000),
        _ => random.i64(0..40_000),
    }
}
