//! When a transaction may be asked for, and when it has to be.

use super::ledgers::{AnswerKind, ProviderLedger};
use super::time::{Millis, SECOND, TICK, millis};
use super::world::{Subject, World};
use txwatch::engine::plan::Mode;

/// How many requests of a provider may be on their way at once.
const MAX_IN_FLIGHT: usize = 8;
/// The longest time between two lookups that have to confirm something.
const CONFIRMATION_INTERVAL: Millis = 5 * SECOND;

impl World {
    /// A request that is about to be made has to be allowed.
    pub fn check_request(&mut self, subject: &Subject) {
        let Subject { provider, target, .. } = *subject;
        let name = self.name(target);
        if self.targets[target].is_requested {
            self.violation(format!("{name} is asked for twice at once"));
        }
        if subject.question.is_first {
            self.check_pace(target);
            self.check_retry_after(provider, &name);
        }
    }

    /// While a provider asks to wait, nothing is begun.
    pub fn check_retry_after(&mut self, provider: usize, name: &str) {
        let now = self.now();
        let ProviderLedger { busy_since, busy_until, .. } = self.providers[provider];
        if busy_since + TICK < now && now + TICK < busy_until {
            self.violation(format!("{name} is asked for during Retry-After"));
        }
    }

    /// A lookup is early unless it is the first, or something happened that makes it necessary.
    fn check_pace(&mut self, target: usize) {
        let now = self.now();
        let lookup = &self.targets[target].lookup;
        if let (Some((answered, due)), None) = (lookup.answered, lookup.reason)
            && now + TICK < due
        {
            let (name, since) = (self.name(target), now - answered);
            self.violation(format!(
                "{name} is asked for without a reason, {since} ms after the last"
            ));
        }
    }

    /// What a provider allows in all.
    pub fn check_limits(&mut self, provider: usize) {
        let now = self.now();
        let in_flight = self.providers[provider].in_flight;
        if in_flight > MAX_IN_FLIGHT {
            self.violation(format!("{in_flight} requests are on their way at once"));
        }
        let spec = self.scenario.providers[provider].spec.clone();
        for quota in &spec.pace.quotas {
            let (most, within) = (quota.requests as usize, millis(quota.within));
            let requests = self.providers[provider].requests.iter().rev();
            let recent = requests.take_while(|at| now - **at < within).take(most + 1).count();
            if recent > most {
                self.violation(format!("more than {most} requests within {within} ms"));
            }
        }
    }

    /// From when on a target may be looked up again that was answered now.
    pub fn next_lookup(&self, target: usize, kind: AnswerKind) -> Millis {
        let now = self.now();
        let ledger = &self.targets[target];
        let provider = self.provider_of(target);
        // A node's word that it accepted one counts only on its first connection.
        let is_seen = ledger.shown.is_some() || kind == AnswerKind::Status;
        let is_live = ledger.subscribed.is_some_and(|since| since + TICK < now);
        let pace = &provider.spec.pace;
        // An ending in a push may have to be confirmed, and one that is older than a push by its times repeated.
        let is_doubtful = ledger.is_unconfirmed || provider.push_ahead > provider.answer_ahead;
        let wait = match self.scenario.mode {
            _ if !kind.is_understood() => return now,
            Mode::WatchPushOnly if is_seen && !is_doubtful => return Millis::MAX / 2,
            Mode::Watch if is_live && is_seen => millis(pace.safety_interval),
            _ => millis(pace.interval),
        };
        let wait = if is_doubtful { wait.min(CONFIRMATION_INTERVAL) } else { wait };
        let due = now + wait / 10 * 9;
        let appears = provider.appear_timeout;
        if !is_seen && now < appears { due.min(appears) } else { due }
    }

    /// A lookup that has to be made, and that nothing puts off, is made at once.
    pub fn check_required_lookups(&mut self) {
        let now = self.now();
        for target in 0..self.targets.len() {
            let ledger = &self.targets[target];
            let lookup = &ledger.lookup;
            // What was on its way already does not count, but has to come back first.
            let back = lookup.answered.map_or(0, |(answered, _)| answered);
            let is_late = lookup.required.is_some_and(|since| since.max(back) + TICK < now);
            let is_done = lookup.is_running || ledger.result.is_some();
            if is_late && !is_done && !self.is_put_off(self.scenario.targets[target].provider) {
                let name = self.name(target);
                self.violation(format!(
                    "{name} is not looked up, though its connection came or went"
                ));
                self.targets[target].lookup.required = None;
            }
        }
    }

    /// Whether lookups of a provider may have to wait: for each other, for its quota, or because one failed.
    fn is_put_off(&self, provider: usize) -> bool {
        let ledger = &self.providers[provider];
        // Before a fifth of a quota is used up, nobody waits for it.
        let quotas = &self.scenario.providers[provider].spec.pace.quotas;
        let is_near = |requests: u32| ledger.requests.len() > requests as usize / 5;
        ledger.has_failed
            || quotas.iter().any(|quota| is_near(quota.requests))
            || self.scenario.targets_of(provider).len() > MAX_IN_FLIGHT
    }
}
