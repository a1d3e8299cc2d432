//! What a simulated session is surrounded by, and the books that are kept of it. Whatever breaks a promise
//! is noted as a fault when it happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fastrand::Rng;

use super::life::{Kind, Millis, SECOND};
use super::peers::{self, Sight};
use super::story::{Scene, Story};
use crate::exit::Code;
use crate::provider;
use crate::session::clock::Clock;
use crate::session::plan::Mode;
use crate::wire::Request;

/// Two things that happen within this time happen at once.
pub(super) const TICK: Millis = 2;
/// How many requests of a provider may be on the wire at once.
const MOST_AT_ONCE: usize = 8;
/// More happens in no session, unless it runs in a circle.
const MOST_HAPPENINGS: u32 = 100_000;
/// CSPR.cloud's: so many requests within so many seconds.
const QUOTAS: [(usize, i64); 2] = [(100, 60), (6_000, 24 * 60 * 60)];

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) struct World {
    pub(super) story: Story,
    pub(super) clock: Clock,
    pub(super) random: Rng,
    pub(super) books: Vec<Book>,
    pub(super) desks: Vec<Desk>,
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) faults: Vec<String>,
    /// What happened, if somebody wants to read it.
    pub(super) log: Option<Vec<String>>,
    happenings: u32,
}

/// What is known of a target.
#[derive(Default)]
pub(super) struct Book {
    /// By step: since when the session knows of it, and since when it may have guessed it.
    pub(super) told: Vec<Option<Millis>>,
    pub(super) hinted: Vec<Option<Millis>>,
    /// By step: for when that counts, which of an answer is when it was asked for.
    pub(super) since: Vec<Millis>,
    /// What the look that goes on has found, though it is not over.
    pub(super) found: Option<usize>,
    /// When it began.
    pub(super) looked: Millis,
    /// The step that was shown last.
    pub(super) shown: Option<usize>,
    /// By when it has to be settled, for its end was pushed.
    pub(super) due: Option<Millis>,
    pub(super) result: Option<(Millis, Code)>,
    /// What the last answer was, if it did not tell where the transaction stands.
    pub(super) last: Last,
    /// Answers in a row that nobody can read.
    pub(super) unreadable: u32,
    /// Since when its changes are pushed.
    pub(super) subscribed: Option<Millis>,
    asking: bool,
    /// Whether a look goes on, which may take several requests.
    looking: bool,
    /// Since when it has to be looked at.
    owed: Option<Millis>,
    /// When the last answer came, and from when on it may be asked for again without a reason.
    answered: Option<(Millis, Millis)>,
    /// Since when there is a reason to ask before it is time.
    pub(super) reason: Option<Millis>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Last {
    #[default]
    Told,
    NotFound,
    Failed,
    Unreadable,
}

/// What is known of a provider.
#[derive(Default)]
pub(super) struct Desk {
    /// When it was last heard.
    pub(super) heard: Millis,
    pub(super) denied: bool,
    /// Until when it asked to be left alone.
    pub(super) closed_until: Millis,
    on_the_wire: usize,
    asked: Vec<Millis>,
    /// Whether any look ever came to nothing, so that looks are put off.
    failed: bool,
}

/// What is known of the place of a push connection.
#[derive(Default)]
pub(super) struct Line {
    pub(super) is_open: bool,
    /// Whether it was lost and is not back.
    is_down: bool,
    /// How long the last connection lasted.
    pub(super) lasted: Millis,
    /// How long the peer asked to wait when it last refused.
    pub(super) floor: Millis,
    /// From when on it may be opened again, and after how many tries.
    pub(super) not_before: Millis,
    pub(super) attempt: u32,
}

impl World {
    pub(super) fn new(story: Story, clock: Clock, random: Rng, verbose: bool) -> Self {
        let book = |steps: usize| Book {
            told: vec![None; steps],
            hinted: vec![None; steps],
            since: vec![Millis::MAX; steps],
            ..Book::default()
        };
        World {
            books: story.targets.iter().map(|target| book(target.life.steps.len())).collect(),
            desks: story.scenes.iter().map(|_| Desk::default()).collect(),
            lines: BTreeMap::new(),
            faults: Vec::new(),
            log: verbose.then(Vec::new),
            happenings: 0,
            story,
            clock,
            random,
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now().elapsed.as_millis() as Millis
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now();
        if let Some(log) = &mut self.log {
            log.push(format!("{:>10.3}  {}", now as f64 / 1_000.0, what()));
        }
    }

    pub(super) fn fault(&mut self, what: String) {
        let what = format!("at {:.3} s: {what}", self.now() as f64 / 1_000.0);
        self.note(|| format!("FAULT {what}"));
        self.faults.push(what);
    }

    pub(super) fn scene(&self, target: usize) -> &Scene {
        &self.story.scenes[self.story.targets[target].scene]
    }

    pub(super) fn sight(&self, target: usize, step: Option<usize>) -> Sight<'_> {
        Sight { scene: self.scene(target), target: &self.story.targets[target], step }
    }

    /// Whether the session goes round in a circle, in which case nothing more happens to it.
    pub(super) fn is_endless(&mut self) -> bool {
        self.happenings += 1;
        if self.happenings == MOST_HAPPENINGS {
            self.fault("the session runs in a circle".to_owned());
        }
        self.happenings >= MOST_HAPPENINGS
    }

    /// A scene and a target of it, from an address.
    pub(super) fn find(&self, request: &Request) -> Option<(usize, usize, bool)> {
        let scene = self.find_scene(request)?;
        let members = self.story.members(scene);
        let ids: Vec<_> =
            members.iter().map(|target| self.story.targets[*target].id.as_str()).collect();
        let (place, is_first) = peers::subject(self.story.scenes[scene].kind, &ids, request)?;
        Some((scene, members[place], is_first))
    }

    pub(super) fn find_scene(&self, request: &Request) -> Option<usize> {
        let host = request.url.host_str()?;
        self.story
            .scenes
            .iter()
            .position(|scene| host.strip_suffix(".example") == Some(&scene.name))
    }

    /// A request is made.
    pub(super) fn ask(&mut self, scene: usize, target: usize, is_first: bool) {
        let now = self.now();
        let name = self.story.targets[target].name.clone();
        if std::mem::replace(&mut self.books[target].asking, true) {
            self.fault(format!("{name} is asked for twice at once"));
        }
        if is_first {
            self.check_pace(target);
            self.books[target].looked = now;
            self.books[target].looking = true;
            self.books[target].owed = None;
            self.books[target].found = None;
            // What happens at once may be noticed only after it.
            let reason = &mut self.books[target].reason;
            *reason = reason.filter(|since| now <= since + TICK);
        }
        let desk = &mut self.desks[scene];
        desk.on_the_wire += 1;
        desk.asked.push(now);
        let (closed_until, busy) = (desk.closed_until, desk.on_the_wire);
        if is_first && now + TICK < closed_until {
            self.fault(format!("{name} is asked for during Retry-After"));
        }
        if busy > MOST_AT_ONCE {
            self.fault(format!("{busy} requests are on the wire at once"));
        }
        if self.story.scenes[scene].kind == Kind::Cspr {
            self.check_quotas(scene);
        }
    }

    fn check_quotas(&mut self, scene: usize) {
        let now = self.now();
        for (most, seconds) in QUOTAS {
            let asked = &self.desks[scene].asked;
            let recent = asked.iter().rev().take_while(|at| now - **at < seconds * SECOND);
            let count = recent.take(most + 1).count();
            if count > most {
                self.fault(format!("more than {most} requests within {seconds} s"));
            }
        }
    }

    /// A look is early unless it is the first, or something happened that makes it necessary.
    fn check_pace(&mut self, target: usize) {
        let now = self.now();
        let book = &self.books[target];
        if let (Some((answered, due)), false) = (book.answered, book.reason.is_some())
            && now + TICK < due
        {
            let name = &self.story.targets[target].name;
            let since = now - answered;
            self.fault(format!("{name} is asked for without a reason, {since} ms after the last"));
        }
    }

    /// From when on a target may be asked for again that was answered now.
    fn next_look(&self, target: usize, last: Last) -> Millis {
        let now = self.now();
        let book = &self.books[target];
        let scene = self.scene(target);
        let is_seen = book.told.iter().any(Option::is_some);
        let is_live = book.subscribed.is_some_and(|since| since + TICK < now);
        let pace = provider::find(scene.kind.name()).unwrap().pace;
        let wait = match self.story.mode {
            _ if matches!(last, Last::Failed | Last::Unreadable) => return now,
            Mode::WatchPushOnly if is_seen => return Millis::MAX / 2,
            Mode::Watch if is_live && is_seen => pace.safety.as_millis() as Millis,
            _ => pace.interval.as_millis() as Millis,
        };
        let due = now + wait / 10 * 9;
        match !is_seen && now < scene.appear {
            true => due.min(scene.appear),
            false => due,
        }
    }

    /// A request is answered, or not.
    pub(super) fn answered(&mut self, scene: usize, target: usize, last: Last, ends_look: bool) {
        let now = self.now();
        let next = self.next_look(target, last);
        self.desks[scene].failed |= matches!(last, Last::Failed | Last::Unreadable);
        let book = &mut self.books[target];
        book.asking = false;
        book.looking &= !ends_look;
        book.answered = Some((now, next));
        book.last = last;
        book.unreadable = match last {
            Last::Unreadable => book.unreadable + 1,
            Last::Told => 0,
            _ => book.unreadable,
        };
        self.desks[scene].on_the_wire -= 1;
        if ends_look && matches!(last, Last::Told | Last::NotFound) {
            self.desks[scene].heard = now;
        }
    }

    /// A target is subscribed: what happened before has to be asked for.
    pub(super) fn subscribe(&mut self, target: usize) {
        let now = self.now();
        let asks = self.scene(target).asks;
        let book = &mut self.books[target];
        book.subscribed = Some(now);
        book.reason = Some(now);
        book.owed = book.owed.or(asks.then_some(now));
    }

    /// A connection works.
    pub(super) fn is_live(&mut self, key: &str) {
        self.lines.entry(key.to_owned()).or_default().is_down = false;
    }

    /// A connection does not work, or works no longer: its targets have to be looked at.
    pub(super) fn lose(&mut self, key: &str, targets: &[usize]) {
        let now = self.now();
        let line = self.lines.entry(key.to_owned()).or_default();
        let is_news = !std::mem::replace(&mut line.is_down, true);
        for &target in targets {
            let owes = is_news && self.scene(target).asks && self.story.mode == Mode::Watch;
            let book = &mut self.books[target];
            book.subscribed = None;
            book.reason = Some(now);
            book.owed = book.owed.or(owes.then_some(now));
        }
    }

    /// Where nothing puts looks off, they come at once.
    pub(super) fn check_debts(&mut self) {
        let now = self.now();
        for target in 0..self.books.len() {
            let book = &self.books[target];
            let scene = self.story.targets[target].scene;
            let desk = &self.desks[scene];
            // Before a fifth of the minute's quota is used up nobody waits for his turn.
            let waits = desk.asked.len() > QUOTAS[0].0 / 5
                || self.story.members(scene).len() > MOST_AT_ONCE;
            // What was on its way already does not count, but has to come back first.
            let back = book.answered.map_or(0, |(answered, _)| answered);
            let is_late = book.owed.is_some_and(|owed| owed.max(back) + TICK < now);
            if is_late && !book.looking && !desk.failed && !waits && book.result.is_none() {
                let name = &self.story.targets[target].name;
                self.fault(format!("{name} is not looked at, though its connection came or went"));
                self.books[target].owed = None;
            }
        }
    }

    /// The session is told of a step.
    pub(super) fn tell(&mut self, target: usize, step: usize, is_pushed: bool) {
        let now = self.now();
        let status = self.story.targets[target].life.steps[step].status;
        let verdict = self.story.verdict(status);
        let grace = if status.is_bad_ending() { self.scene(target).grace } else { 0 };
        let book = &mut self.books[target];
        let is_newest = book.told.iter().skip(step + 1).all(Option::is_none);
        let is_news = book.told[step].is_none();
        book.told[step].get_or_insert(now);
        let since = if is_pushed { now } else { book.looked };
        book.since[step] = book.since[step].min(since);
        if status.is_final() {
            // An ending that seems to come late is a reason to look.
            book.reason = Some(now);
        }
        if is_newest && is_news {
            book.due = verdict.filter(|_| is_pushed).map(|_| now + grace);
        }
    }
}
