//! What a simulated session is surrounded by, and the targets_seen that are kept of it. Whatever breaks a promise
//! is noted as a fault when it happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fastrand::Rng;

use super::life::{Kind, Millis};
use super::peers::{self, Snapshot};
use super::story::{Scene, Story};
use txwatch::driver::clock::Clock;
use txwatch::engine::plan::Mode;
use txwatch::exit::Code;
use txwatch::wire::Request;

/// Two things that happen within this time happen at once.
pub(super) const TICK: Millis = 2;
/// How many requests of a provider may be on the wire at once.
pub(super) const MOST_AT_ONCE: usize = 8;
/// More happens in no session, unless it runs in a circle.
const MOST_HAPPENINGS: u32 = 100_000;

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) struct World {
    pub(super) story: Story,
    pub(super) clock: Clock,
    pub(super) random: Rng,
    pub(super) targets_seen: Vec<TargetLedger>,
    pub(super) providers_seen: Vec<ProviderLedger>,
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) faults: Vec<String>,
    /// What happened, if somebody wants to read it.
    pub(super) log: Option<Vec<String>>,
    happenings: u32,
}

/// What is known of a target.
#[derive(Default)]
pub(super) struct TargetLedger {
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
    pub(super) asking: bool,
    /// Whether a look goes on, which may take several requests.
    pub(super) looking: bool,
    /// Since when it has to be looked at.
    pub(super) owed: Option<Millis>,
    /// When the last answer came, and from when on it may be asked for again without a reason.
    pub(super) answered: Option<(Millis, Millis)>,
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
pub(super) struct ProviderLedger {
    /// When it was last heard.
    pub(super) heard: Millis,
    pub(super) denied: bool,
    /// Until when it asked to be left alone.
    pub(super) closed_until: Millis,
    /// When it did.
    pub(super) closed_at: Millis,
    on_the_wire: usize,
    pub(super) asked: Vec<Millis>,
    /// Whether any look ever came to nothing, so that looks are put off.
    pub(super) failed: bool,
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
        let book = |steps: usize| TargetLedger {
            told: vec![None; steps],
            hinted: vec![None; steps],
            since: vec![Millis::MAX; steps],
            ..TargetLedger::default()
        };
        World {
            targets_seen: story
                .targets
                .iter()
                .map(|target| book(target.life.steps.len()))
                .collect(),
            providers_seen: story.scenes.iter().map(|_| ProviderLedger::default()).collect(),
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

    pub(super) fn snapshot(&self, target: usize, step: Option<usize>) -> Snapshot<'_> {
        Snapshot { scene: self.scene(target), target: &self.story.targets[target], step }
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
        if std::mem::replace(&mut self.targets_seen[target].asking, true) {
            self.fault(format!("{name} is asked for twice at once"));
        }
        if is_first {
            self.check_pace(target);
            self.targets_seen[target].looked = now;
            self.targets_seen[target].looking = true;
            self.targets_seen[target].owed = None;
            self.targets_seen[target].found = None;
            // What happens at once may be noticed only after it.
            let reason = &mut self.targets_seen[target].reason;
            *reason = reason.filter(|since| now <= since + TICK);
        }
        let desk = &mut self.providers_seen[scene];
        desk.on_the_wire += 1;
        desk.asked.push(now);
        let is_closed = desk.closed_at + TICK < now && now + TICK < desk.closed_until;
        let busy = desk.on_the_wire;
        if is_first && is_closed {
            self.fault(format!("{name} is asked for during Retry-After"));
        }
        if busy > MOST_AT_ONCE {
            self.fault(format!("{busy} requests are on the wire at once"));
        }
        if self.story.scenes[scene].kind == Kind::Cspr {
            self.check_quotas(scene);
        }
    }

    /// A request is answered, or not.
    pub(super) fn answered(&mut self, scene: usize, target: usize, last: Last, ends_look: bool) {
        let now = self.now();
        let next = self.next_look(target, last);
        self.providers_seen[scene].failed |= matches!(last, Last::Failed | Last::Unreadable);
        let book = &mut self.targets_seen[target];
        book.asking = false;
        book.looking &= !ends_look;
        book.answered = Some((now, next));
        book.last = last;
        book.unreadable = match last {
            Last::Unreadable => book.unreadable + 1,
            Last::Told => 0,
            _ => book.unreadable,
        };
        self.providers_seen[scene].on_the_wire -= 1;
        if ends_look && matches!(last, Last::Told | Last::NotFound) {
            self.providers_seen[scene].heard = now;
        }
    }

    /// A target is subscribed: what happened before has to be asked for.
    pub(super) fn subscribe(&mut self, target: usize) {
        let now = self.now();
        let can_poll = self.scene(target).can_poll;
        let book = &mut self.targets_seen[target];
        book.subscribed = Some(now);
        book.reason = Some(now);
        book.owed = book.owed.or(can_poll.then_some(now));
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
            let owes = is_news && self.scene(target).can_poll && self.story.mode == Mode::Watch;
            let book = &mut self.targets_seen[target];
            book.subscribed = None;
            book.reason = Some(now);
            book.owed = book.owed.or(owes.then_some(now));
        }
    }

    /// The session is told of a step.
    pub(super) fn tell(&mut self, target: usize, step: usize, is_pushed: bool) {
        let now = self.now();
        let status = self.story.targets[target].life.steps[step].status;
        let verdict = self.story.verdict(status);
        let grace = if status.is_bad_ending() { self.scene(target).grace } else { 0 };
        let book = &mut self.targets_seen[target];
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
