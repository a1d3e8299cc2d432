//! Reads the records of a session as a program would, and holds each against the truth.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::life::{Millis, SECOND};
use super::story::wall;
use super::world::{Shared, TICK, World};
use txwatch::error::FailureKind;
use txwatch::event::{Rows, Stamped, View, ViewSize};
use txwatch::exit::{Code, TABLE};
use txwatch::render::{Lines, RecordSink, Renderer};

pub(super) struct Witness {
    shared: Shared,
    records: Lines,
    seq: u64,
    pub(super) summary: Option<Record>,
    /// For a live view, which most seeds do without for the sake of speed.
    room: Option<ViewSize>,
    /// When it was drawn, as time of the command.
    pub(super) drawn: Vec<Duration>,
}

/// As much of a record as is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record {
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
    occurred_at: Option<String>,
    pub(super) exit: u8,
    pub(super) targets: usize,
    pub(super) outcomes: BTreeMap<String, usize>,
    outcome: String,
}

impl Witness {
    pub(super) fn new(shared: Shared, room: Option<ViewSize>) -> Self {
        let records = Lines::default();
        Witness { shared, records, seq: 0, summary: None, room, drawn: Vec::new() }
    }
}

impl Renderer for Witness {
    fn event(&mut self, event: &Stamped) -> io::Result<()> {
        let line = self.records.event(event).unwrap();
        let record: Record = serde_json::from_str(&line).unwrap();
        let mut world = self.shared.lock().unwrap();
        world.note(|| format!("=> {}", line.trim_end()));
        world.check_debts();
        self.seq += 1;
        if record.seq != self.seq || self.summary.is_some() {
            world.fault(format!("an unexpected record: {line}"));
        }
        if time(&record.at) != wall(world.now()) {
            world.fault(format!("a record of another time: {line}"));
        }
        match record.r#type.as_str() {
            "status" => shown(&mut world, &record),
            "connection" => connection(&mut world, &record),
            "result" => result(&mut world, &record),
            "summary" => self.summary = Some(record),
            _ => {}
        }
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        self.room
    }

    fn draw(&mut self, view: &View) {
        self.drawn.push(view.elapsed);
        if let (Rows::Some { slowest, latest }, Some(room)) = (&view.rows, self.room) {
            assert!(slowest.len() + latest.len() <= room.some, "there is no room for {view:#?}");
        }
    }
}

fn is_of_transaction(code: Code) -> bool {
    code.number() < Code::NotFound.number() && code != Code::Usage
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn find(world: &World, record: &Record) -> usize {
    let name = record.target.as_deref().unwrap();
    world.story.targets.iter().position(|target| target.name == name).unwrap()
}

/// A change has to be one that the session was told of, and a step forward.
fn shown(world: &mut World, record: &Record) {
    let target = find(world, record);
    let scene = world.scene(target);
    let book = &world.targets_seen[target];
    let steps = &world.story.targets[target].life.steps;
    let is_it = |index: &usize| {
        let step = &steps[*index];
        let is_then = record.occurred_at.as_deref().is_none_or(|at| {
            time(at).duration_since(scene.clock(step.at)).abs().as_millis() < SECOND.into()
        });
        is_then
            && step.word.split(' ').next() == Some(&record.provider_status)
            && record.status.as_deref() == Some(step.status.name())
            && (book.told[*index].is_some() || book.hinted[*index].is_some())
    };
    let from = book.shown.map_or(0, |shown| shown + 1);
    match (from..steps.len()).find(is_it) {
        Some(step) => world.targets_seen[target].shown = Some(step),
        None => {
            let before = book.shown.map_or("nothing", |shown| steps[shown].word);
            let name = &world.story.targets[target].name;
            let what = format!("{name}: {} is shown after {before}", record.provider_status);
            world.fault(what);
        }
    }
    if world.targets_seen[target].result.is_some() {
        world.fault("a change is shown after the result".to_owned());
    }
}

/// Losses are counted, and waits grow with them.
fn connection(world: &mut World, record: &Record) {
    /// After which a loss is a new story.
    const HEALTHY: Millis = 30 * SECOND;
    const LONGEST: Millis = 30 * SECOND;
    if record.state != "lost" {
        return;
    }
    let now = world.now();
    let key = record.target.as_ref().unwrap_or(&record.profile);
    let Some(line) = world.lines.get_mut(key) else {
        return world.fault(format!("{key} was never opened, and is lost"));
    };
    let wait = record.retry_in_ms.unwrap_or_default();
    let expected = if line.lasted >= HEALTHY { 1 } else { line.attempt + 1 };
    // Pusher's own codes ask for a second.
    let ceiling = (SECOND << (expected - 1).min(5)).min(LONGEST).max(line.floor);
    let is_fine = record.attempt == expected && (line.floor..=ceiling).contains(&wait);
    line.attempt = record.attempt;
    line.not_before = now + wait;
    if !is_fine {
        let attempt = record.attempt;
        world.fault(format!("{key}: the wait after try {attempt} ({expected}) is {wait} ms"));
    }
}

fn result(world: &mut World, record: &Record) {
    let target = find(world, record);
    let name = world.story.targets[target].name.clone();
    let row = TABLE.iter().find(|row| row.code.number() == record.exit);
    let Some(code) = row.filter(|row| row.name == record.outcome).map(|row| row.code) else {
        return world.fault(format!("{name}: there is no outcome {record:?}"));
    };
    let now = world.now();
    if world.targets_seen[target].result.replace((now, code)).is_some() {
        world.fault(format!("{name} has two results"));
    }
    let allowed = if is_of_transaction(code) && code != Code::Unfinished {
        is_true(world, target, code, record)
    } else {
        is_excused(world, target, code)
    };
    if !allowed {
        let told = &world.targets_seen[target].told;
        let status = record.status.as_deref().unwrap_or("nothing");
        let what = format!("{name} {code} after {status} is not true, told of {told:?}");
        world.fault(what);
    }
    let latest = world.latest(target);
    if now > latest {
        world.fault(format!("{name} {code} comes {} ms too late", now - latest));
    }
}

/// The step behind the result was told, nothing newer was, and a bad ending was held long enough.
fn is_true(world: &World, target: usize, code: Code, record: &Record) -> bool {
    let now = world.now();
    let book = &world.targets_seen[target];
    let steps = &world.story.targets[target].life.steps;
    let newest = book.told.iter().rposition(|told| told.is_some_and(|told| told < now - TICK));
    let grace = world.scene(target).grace;
    (newest.unwrap_or(0)..steps.len()).any(|step| {
        let status = steps[step].status;
        let held = if status.is_bad_ending() { grace } else { 0 };
        world.story.verdict(status) == Some(code)
            && record.status.as_deref() == Some(status.name())
            && now + TICK >= since(world, target, step).saturating_add(held)
    })
}

/// Since when a step counts. If the same word came before, and the session was told of nothing in between,
/// then since that.
fn since(world: &World, target: usize, step: usize) -> Millis {
    let book = &world.targets_seen[target];
    let steps = &world.story.targets[target].life.steps;
    let mut since = book.hinted[step].unwrap_or(Millis::MAX).min(book.since[step]);
    for before in (0..step).rev() {
        match book.told[before].filter(|told| Some(*told) <= book.told[step]) {
            Some(_) if steps[before].word != steps[step].word => break,
            Some(_) => since = since.min(book.since[before]),
            None => {}
        }
    }
    since
}

/// A watch that gives up has a reason to.
fn is_excused(world: &World, target: usize, code: Code) -> bool {
    /// That something was heard is told once in this time, if it says nothing else.
    const SIGN_OF_LIFE: Millis = 1_100;
    let now = world.now();
    let book = &world.targets_seen[target];
    let scene = world.scene(target);
    let desk = &world.providers_seen[world.story.targets[target].scene];
    let is_unseen = book.told.iter().all(Option::is_none);
    match code {
        Code::Timeout => now >= world.story.timeout,
        Code::Interrupted | Code::Terminated => {
            world.story.interrupt.is_some_and(|(at, signal)| {
                (at, Code::from(FailureKind::Interrupted(signal))) == (now, code)
            })
        }
        Code::Unfinished => {
            let reached = |result: Option<(Millis, Code)>| result == Some((now, Code::Ok));
            world.story.any && world.targets_seen.iter().any(|book| reached(book.result))
        }
        Code::NotFound => {
            is_unseen && now >= scene.appear && book.last == super::world::Last::NotFound
        }
        Code::Unreachable => now + SIGN_OF_LIFE >= desk.heard + scene.outage,
        Code::Protocol => book.unreadable > 0,
        Code::Denied => desk.denied,
        _ => false,
    }
}
