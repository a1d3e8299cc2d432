//! The state of a simulation: the scenario, the ledgers, and the log. Whatever breaks a promise of the
//! command is noted as a violation when it happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use tokio::task;

use super::ledgers::{AnswerKind, ConnectionLedger, ProviderLedger, TargetLedger};
use super::providers::Question;
use super::scenario::{ProviderSetup, Scenario};
use super::snapshot::Snapshot;
use super::time::{Millis, TICK, millis};
use txwatch::driver::clock::Clock;
use txwatch::engine::plan::Mode;
use txwatch::provider::Status;
use txwatch::wire::Request;

/// More happens in no command, unless it never comes to an end.
const MAX_HAPPENINGS: u32 = 100_000;

pub type SharedWorld = Arc<Mutex<World>>;

pub struct World {
    pub scenario: Scenario,
    pub clock: Clock,
    pub random: Rng,
    /// In the order of the scenario's targets.
    pub targets: Vec<TargetLedger>,
    /// In the order of the scenario's providers.
    pub providers: Vec<ProviderLedger>,
    /// By the name of the target that it serves, or of the profile if it serves several.
    pub connections: BTreeMap<String, ConnectionLedger>,
    pub violations: Vec<String>,
    /// What happened, if somebody wants to read it.
    pub log: Option<Vec<String>>,
    happenings: u32,
    /// The targets of the lookups, each of which is a task.
    lookups: HashMap<task::Id, usize>,
    /// The providers of the probes, each of which is a task too.
    probes: HashMap<task::Id, usize>,
}

/// What a request is about.
#[derive(Clone, Debug)]
pub struct Subject {
    pub provider: usize,
    pub target: usize,
    pub question: Question,
}

impl World {
    pub fn new(scenario: Scenario, clock: Clock, random: Rng, verbose: bool) -> Self {
        let targets = scenario.targets.iter();
        World {
            targets: targets.map(|it| TargetLedger::new(it.history.steps.len())).collect(),
            providers: scenario.providers.iter().map(|_| ProviderLedger::default()).collect(),
            connections: BTreeMap::new(),
            violations: Vec::new(),
            log: verbose.then(Vec::new),
            happenings: 0,
            lookups: HashMap::new(),
            probes: HashMap::new(),
            scenario,
            clock,
            random,
        }
    }

    pub fn now(&self) -> Millis {
        millis(self.clock.now().elapsed)
    }

    pub fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now();
        if let Some(log) = &mut self.log {
            log.push(format!("{:>10.3}  {}", now as f64 / 1_000.0, what()));
        }
    }

    pub fn violation(&mut self, what: String) {
        let what = format!("at {:.3} s: {what}", self.now() as f64 / 1_000.0);
        self.note(|| format!("VIOLATION {what}"));
        self.violations.push(what);
    }

    pub fn name(&self, target: usize) -> String {
        self.scenario.targets[target].name.clone()
    }

    /// The provider of a target.
    pub fn provider_of(&self, target: usize) -> &ProviderSetup {
        &self.scenario.providers[self.scenario.targets[target].provider]
    }

    pub fn connection(&mut self, key: &str) -> &mut ConnectionLedger {
        self.connections.entry(key.to_owned()).or_default()
    }

    /// A target as its provider sees it at this step, with times of a clock that is so far ahead of the provider's.
    pub fn snapshot(&self, target: usize, step: Option<usize>, ahead: Millis) -> Snapshot<'_> {
        let lookup = &self.targets[target].lookup;
        let provider = self.provider_of(target);
        let setup = &self.scenario.targets[target];
        let steps = &setup.history.steps;
        let current = step.map(|step| steps[step]);
        let is_failed = current.is_some_and(|step| step.status == Status::Failed);
        let clock = |at: Option<Millis>| provider.clock(at.unwrap_or_default());
        Snapshot {
            id: &setup.id,
            step,
            word: current.map(|step| step.word),
            error: is_failed.then_some("User error: 1"),
            created_at: clock(steps.first().map(|step| step.at)),
            changed_at: clock(current.map(|step| step.at + ahead)),
            ttl: setup.history.ttl,
            now: provider.clock(self.now()),
            behind: provider.behind(self.now(), lookup.lags),
            proofs: lookup.proofs,
            is_timed: provider.is_timed,
            whole_seconds: provider.whole_seconds,
            is_older: provider.is_older,
        }
    }

    /// Whether the command goes on without end, in which case nothing more happens to it.
    pub fn is_endless(&mut self) -> bool {
        self.happenings += 1;
        if self.happenings == MAX_HAPPENINGS {
            self.violation("the command goes on without end".to_owned());
        }
        self.happenings >= MAX_HAPPENINGS
    }

    /// What a request is about, if anything.
    pub fn subject(&mut self, request: &Request) -> Option<Subject> {
        let provider = self.provider_at(request)?;
        let simulated = self.scenario.providers[provider].simulated;
        let mut question = simulated.question(request)?;
        let known = self.lookups.get(&task::id()).copied();
        let mut targets = self.scenario.targets_of(provider).into_iter();
        let target = targets.find(|target| self.scenario.targets[*target].id == question.id);
        let target = target.or(known.filter(|_| !simulated.is_about_transaction(&question)))?;
        question.is_first &= known.is_none();
        self.lookups.insert(task::id(), target);
        Some(Subject { provider, target, question })
    }

    /// What a probe asks, and of which provider: for the id that nobody has, or what belongs to the same lookup.
    pub fn probed(&mut self, request: &Request) -> Option<(usize, Question)> {
        let provider = self.provider_at(request)?;
        let setup = &self.scenario.providers[provider];
        let question = setup.simulated.question(request)?;
        let is_probe = question.id == setup.spec.probe_id.as_str();
        if is_probe {
            self.probes.insert(task::id(), provider);
        }
        self.probes.contains_key(&task::id()).then_some((provider, question))
    }

    /// The provider whose host a request goes to.
    pub fn provider_at(&self, request: &Request) -> Option<usize> {
        let name = request.url.host_str()?.strip_suffix(".example")?;
        self.scenario.providers.iter().position(|provider| provider.name == name)
    }

    /// A request is made.
    pub fn requested(&mut self, subject: &Subject) {
        let Subject { provider, target, .. } = *subject;
        let now = self.now();
        self.check_request(subject);
        let ProviderSetup { simulated, backend_lag, .. } = &self.scenario.providers[provider];
        let (is_chain, has_pair) = (simulated.infers_expiry(), *backend_lag > 0);
        let lags = has_pair && self.random.bool();
        self.targets[target].is_requested = true;
        let lookup = &mut self.targets[target].lookup;
        // The two backends take turns.
        lookup.lags = has_pair && !lookup.lags;
        lookup.proofs += u32::from(is_chain && lookup.found.is_some());
        if subject.question.is_first {
            let lookup = &mut self.targets[target].lookup;
            lookup.began = now;
            lookup.is_running = true;
            lookup.required = None;
            lookup.found = None;
            lookup.proofs = 0;
            lookup.lags = lags;
            // What happens at once may be noticed only after it.
            lookup.reason = lookup.reason.filter(|since| now <= since + TICK);
        }
        let ledger = &mut self.providers[provider];
        ledger.in_flight += 1;
        ledger.requests.push(now);
        self.check_limits(provider);
    }

    /// A request is answered, or not.
    pub fn answered(&mut self, subject: &Subject, kind: AnswerKind, ends_lookup: bool) {
        let Subject { provider, target, .. } = *subject;
        let now = self.now();
        let next = self.next_lookup(target, kind);
        self.targets[target].is_requested = false;
        let lookup = &mut self.targets[target].lookup;
        lookup.is_running &= !ends_lookup;
        lookup.answered = Some((now, next));
        lookup.last_answer = kind;
        let ledger = &mut self.providers[provider];
        ledger.has_failed |= !kind.is_understood();
        ledger.in_flight -= 1;
        ledger.puzzles += u32::from(kind == AnswerKind::Puzzling);
        if ends_lookup && kind.is_understood() {
            ledger.heard = now;
            ledger.was_understood = true;
        }
    }

    /// A target is subscribed: what happened before has to be looked up.
    pub fn subscribed(&mut self, target: usize) {
        let now = self.now();
        let can_poll = self.provider_of(target).can_poll;
        let ledger = &mut self.targets[target];
        ledger.subscribed = Some(now);
        ledger.lookup.reason = Some(now);
        ledger.lookup.required = ledger.lookup.required.or(can_poll.then_some(now));
    }

    /// A connection works no longer, or cannot be opened: its targets have to be looked up.
    pub fn connection_lost(&mut self, key: &str, targets: &[usize]) {
        let now = self.now();
        let is_news = !std::mem::replace(&mut self.connection(key).is_down, true);
        for &target in targets {
            let can_poll = self.provider_of(target).can_poll && self.scenario.mode == Mode::Watch;
            let ledger = &mut self.targets[target];
            ledger.subscribed = None;
            ledger.lookup.reason = Some(now);
            let required = (is_news && can_poll).then_some(now);
            ledger.lookup.required = ledger.lookup.required.or(required);
        }
    }

    /// A step is reported to the command.
    pub fn reported(&mut self, target: usize, step: usize, is_pushed: bool) {
        let now = self.now();
        let status = self.scenario.targets[target].history.steps[step].status;
        let outcome = self.scenario.outcome_of(status);
        let grace = if status.is_bad_ending() { self.provider_of(target).grace } else { 0 };
        let has_two_clocks = self.provider_of(target).has_two_clocks();
        let is_unsigned = is_pushed && self.provider_of(target).has_unsigned_pushes();
        let ledger = &mut self.targets[target];
        let is_newest = ledger.reported.iter().skip(step + 1).all(Option::is_none);
        let is_news = ledger.reported[step].is_none();
        ledger.reported[step].get_or_insert(now);
        let since = if is_pushed { now } else { ledger.lookup.began };
        ledger.counts_from[step] = ledger.counts_from[step].min(since);
        if status.is_final() || outcome.is_some() || has_two_clocks {
            // What may have to be confirmed, and what seems to come late, is a reason to look it up.
            ledger.lookup.reason = Some(now);
        }
        ledger.is_unconfirmed |= is_unsigned && outcome.is_some();
        ledger.unsigned[step] =
            is_unsigned && outcome.is_some() && (is_news || ledger.unsigned[step]);
        if is_newest && is_news && !has_two_clocks && !is_unsigned {
            ledger.due = outcome.filter(|_| is_pushed).map(|_| now + grace);
        }
    }
}
