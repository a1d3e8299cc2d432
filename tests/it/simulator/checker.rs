//! Reads the records of a command as a program would, and holds each against the truth.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::ledgers::AnswerKind;
use super::time::{Millis, SECOND, TICK, wall};
use super::world::{SharedWorld, World};
use txwatch::error::FailureKind;
use txwatch::event::{Rows, Stamped, View, ViewSize};
use txwatch::exit::{Code, TABLE};
use txwatch::render::{JsonLines, RecordSink, Renderer};

pub struct RecordChecker {
    world: SharedWorld,
    records: JsonLines,
    /// The number of the last record.
    seq: u64,
    pub summary: Option<Record>,
    /// For a live view, which most seeds do without for the sake of speed.
    view_size: Option<ViewSize>,
    /// When it was drawn, as time of the command.
    pub drawn: Vec<Duration>,
}

/// As much of a record as is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Record {
    seq: u64,
    r#type: String,
    at: String,
    target: Option<String>,
    profile: String,
    state: String,
    attempt: u32,
    retry_in_ms: Option<Millis>,
    status: Option<String>,
    provider_status: String,
    source: String,
    occurred_at: Option<String>,
    pub exit: u8,
    pub targets: usize,
    pub outcomes: BTreeMap<String, usize>,
    outcome: String,
}

impl RecordChecker {
    pub fn new(world: SharedWorld, view_size: Option<ViewSize>) -> Self {
        let records = JsonLines::default();
        RecordChecker { world, records, seq: 0, summary: None, view_size, drawn: Vec::new() }
    }
}

impl Renderer for RecordChecker {
    fn event(&mut self, event: &Stamped) -> io::Result<()> {
        let line = self.records.event(event).unwrap();
        let record: Record = serde_json::from_str(&line).unwrap();
        let mut world = self.world.lock().unwrap();
        world.note(|| format!("=> {}", line.trim_end()));
        world.check_required_lookups();
        self.seq += 1;
        if record.seq != self.seq || self.summary.is_some() {
            world.violation(format!("an unexpected record: {line}"));
        }
        if time(&record.at) != wall(world.now()) {
            world.violation(format!("a record of another time: {line}"));
        }
        match record.r#type.as_str() {
            "status" => check_status(&mut world, &record),
            "connection" => check_connection(&mut world, &record),
            "result" => check_result(&mut world, &record),
            "summary" => self.summary = Some(record),
            _ => {}
        }
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        self.view_size
    }

    fn draw(&mut self, view: &View) {
        self.drawn.push(view.elapsed);
        if let (Rows::Partial { slowest, latest }, Some(size)) = (&view.rows, self.view_size) {
            assert!(
                slowest.len() + latest.len() <= size.partial_rows,
                "there is no room for {view:#?}"
            );
        }
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn target_of(world: &World, record: &Record) -> usize {
    let name = record.target.as_deref().unwrap();
    world.scenario.targets.iter().position(|target| target.name == name).unwrap()
}

/// A change has to be one that was reported to the command, and a step forward.
fn check_status(world: &mut World, record: &Record) {
    let target = target_of(world, record);
    let provider = world.provider_of(target);
    let ledger = &world.targets[target];
    let steps = &world.scenario.targets[target].history.steps;
    let is_pushed = record.source == "push";
    let ahead = if is_pushed { provider.push_ahead } else { provider.answer_ahead };
    let is_it = |index: &usize| {
        let step = &steps[*index];
        let is_then = record.occurred_at.as_deref().is_none_or(|at| {
            let then = provider.clock(step.at + ahead);
            time(at).duration_since(then).abs().as_millis() < SECOND.into()
        });
        is_then
            && step.word == record.provider_status
            && record.status.as_deref() == Some(step.status.name())
            && (ledger.reported[*index].is_some() || ledger.inferable[*index].is_some())
    };
    // Where times cannot be compared, nobody can tell which of two steps is the newer one.
    let from = ledger.shown.filter(|_| !provider.has_two_clocks()).map_or(0, |shown| shown + 1);
    match (from..steps.len()).find(|step| ledger.shown != Some(*step) && is_it(step)) {
        Some(step) => world.targets[target].shown = Some(step),
        None => {
            let before = ledger.shown.map_or("nothing", |shown| steps[shown].word);
            let (name, word) = (world.name(target), &record.provider_status);
            let what = format!("{name}: {word} is shown after {before}");
            world.violation(what);
        }
    }
    if world.targets[target].result.is_some() {
        world.violation("a change is shown after the result".to_owned());
    }
}

/// Losses are counted, and waits grow with them.
fn check_connection(world: &mut World, record: &Record) {
    /// A loss after this long begins a new series of attempts.
    const HEALTHY: Millis = 30 * SECOND;
    const LONGEST: Millis = 30 * SECOND;
    if record.state != "lost" {
        return;
    }
    let now = world.now();
    let key = record.target.as_ref().unwrap_or(&record.profile);
    let Some(ledger) = world.connections.get_mut(key) else {
        return world.violation(format!("{key} was never opened, and is lost"));
    };
    let wait = record.retry_in_ms.unwrap_or_default();
    let expected = if ledger.lasted >= HEALTHY { 1 } else { ledger.attempt + 1 };
    // Pusher's own codes ask for a second.
    let floor = ledger.retry_after;
    let ceiling = (SECOND << (expected - 1).min(5)).min(LONGEST).max(floor);
    let is_fine = record.attempt == expected && (floor..=ceiling).contains(&wait);
    ledger.attempt = record.attempt;
    ledger.not_before = now + wait;
    if !is_fine {
        let attempt = record.attempt;
        let what = format!("{key}: the wait after attempt {attempt} ({expected}) is {wait} ms");
        world.violation(what);
    }
}

/// A result has to be the truth, or its reason has to hold; there is one for each target, and in time.
fn check_result(world: &mut World, record: &Record) {
    let target = target_of(world, record);
    let name = world.name(target);
    let row = TABLE.iter().find(|row| row.code.number() == record.exit);
    let Some(code) = row.filter(|row| row.name == record.outcome).map(|row| row.code) else {
        return world.violation(format!("{name}: there is no outcome {record:?}"));
    };
    let now = world.now();
    if world.targets[target].result.replace((now, code)).is_some() {
        world.violation(format!("{name} has two results"));
    }
    if is_of_transaction(code) && !is_proved(world, target, code) {
        world.violation(format!("{name} {code} comes without proof"));
    }
    let is_allowed = if is_of_transaction(code) {
        is_true(world, target, code, record)
    } else {
        is_excused(world, target, code)
    };
    if !is_allowed {
        let reported = &world.targets[target].reported;
        let status = record.status.as_deref().unwrap_or("nothing");
        let what = format!("{name} {code} after {status} is not true, reported {reported:?}");
        world.violation(what);
    }
    let latest = world.settled_by(target);
    if now > latest {
        world.violation(format!("{name} {code} comes {} ms too late", now - latest));
    }
}

/// Whether the transaction itself ended so.
fn is_of_transaction(code: Code) -> bool {
    use Code::{Cancelled, Expired, Failed, Mismatch, Ok, Refunded};
    matches!(code, Ok | Failed | Cancelled | Expired | Mismatch | Refunded)
}

/// Whether the transaction had taken a step by then that ends so (an expired one can be executed no more), and whether
/// that was in an answer or a message about it that was delivered, and in which nothing else can be read.
fn is_proved(world: &World, target: usize, code: Code) -> bool {
    /// For so long a message that anybody could have sent has to be confirmed.
    const CONFIRMED_WITHIN: Millis = 60 * SECOND;
    let now = world.now();
    let ledger = &world.targets[target];
    let unsigned = ledger.reported.iter().zip(&ledger.unsigned).filter(|(_, unsigned)| **unsigned);
    // A newer one of them does not prolong the time.
    let unsigned_since = unsigned.filter_map(|(at, _)| *at).min();
    let steps = world.scenario.targets[target].history.steps.iter().enumerate();
    let mut taken = steps.filter(|(_, step)| step.at <= now);
    taken.any(|(index, step)| {
        let is_believed = |_| {
            !ledger.unsigned[index] || unsigned_since.is_some_and(|at| now >= at + CONFIRMED_WITHIN)
        };
        let is_told = ledger.reported[index].is_some_and(is_believed);
        (is_told || ledger.inferable[index].is_some())
            && world.scenario.outcome_of(step.status) == Some(code)
    })
}

/// Whether the step behind the result was reported, nothing newer was, and a bad ending was held long enough.
fn is_true(world: &World, target: usize, code: Code, record: &Record) -> bool {
    let now = world.now();
    let ledger = &world.targets[target];
    let steps = &world.scenario.targets[target].history.steps;
    let is_known = |at: &Option<Millis>| at.is_some_and(|at| at < now - TICK);
    // Where times cannot be compared, an older one may seem to be the newest.
    let has_two_clocks = world.provider_of(target).has_two_clocks();
    let counts = |step: &usize| is_known(&ledger.reported[*step]) && !ledger.unsigned[*step];
    let newest = (0..steps.len()).rev().find(counts).filter(|_| !has_two_clocks);
    let grace = world.provider_of(target).grace;
    (newest.unwrap_or(0)..steps.len()).any(|step| {
        let status = steps[step].status;
        let held = if status.is_bad_ending() { grace } else { 0 };
        world.scenario.outcome_of(status) == Some(code)
            && record.status.as_deref() == Some(status.name())
            && now + TICK >= counts_from(world, target, step).saturating_add(held)
    })
}

/// Since when a step counts. If the same word came before, and nothing was reported in between, then since
/// that.
fn counts_from(world: &World, target: usize, step: usize) -> Millis {
    let ledger = &world.targets[target];
    let steps = &world.scenario.targets[target].history.steps;
    let mut from = ledger.inferable[step].unwrap_or(Millis::MAX).min(ledger.counts_from[step]);
    for before in (0..step).rev() {
        match ledger.reported[before].filter(|at| Some(*at) <= ledger.reported[step]) {
            Some(_) if steps[before].word != steps[step].word => break,
            Some(_) => from = from.min(ledger.counts_from[before]),
            None => {}
        }
    }
    from
}

/// Whether a command that gives a target up has a reason to.
fn is_excused(world: &World, target: usize, code: Code) -> bool {
    /// That something was heard is told once in this time, if it says nothing else.
    const SIGN_OF_LIFE: Millis = 1_100;
    let now = world.now();
    let scenario = &world.scenario;
    let ledger = &world.targets[target];
    let setup = world.provider_of(target);
    let provider = &world.providers[scenario.targets[target].provider];
    match code {
        Code::Timeout => now >= scenario.timeout,
        Code::HungUp | Code::Interrupted | Code::Terminated => {
            scenario.interrupt.is_some_and(|(at, signal)| {
                at == now && code == FailureKind::Interrupted(signal).into()
            })
        }
        Code::Unfinished => {
            let is_reached = |result: Option<(Millis, Code)>| result == Some((now, Code::Ok));
            scenario.any && world.targets.iter().any(|target| is_reached(target.result))
        }
        Code::NotFound => {
            let counts = |step: usize| ledger.reported[step].is_some() && !ledger.unsigned[step];
            !(0..ledger.reported.len()).any(counts)
                && now >= setup.appear_timeout
                && ledger.lookup.last_answer == AnswerKind::NotFound
        }
        Code::Unreachable => now + SIGN_OF_LIFE >= provider.heard + setup.max_outage,
        Code::Protocol => {
            let is_wrong_address = !provider.was_understood && provider.puzzles > 1;
            let lasts = now + SIGN_OF_LIFE >= provider.heard + setup.max_outage;
            is_wrong_address || (lasts && provider.puzzles > 0)
        }
        Code::Denied => provider.has_denied || (provider.has_forbidden && !provider.was_understood),
        _ => false,
    }
}
