//! The simulated network: it loses, delays, repeats and refuses what a seed wants it to.

use std::sync::MutexGuard;
use std::time::Duration;

use tokio::time::sleep;

use super::faults_model::{Trip, Trouble};
use super::life::{Kind, Millis, SECOND};
use super::peers;
use super::story::TOKEN;
use super::wire::Wire;
use super::world::{Last, Shared, World};
use txwatch::transport::{Error, ErrorKind, Network};
use txwatch::wire::{Auth, Request, Response, Token};

/// How long our side waits for an answer.
const PATIENCE: Millis = 20 * SECOND;

#[derive(Clone)]
pub(super) struct Net(pub(super) Shared);

/// What comes of a request in the end.
struct Outcome {
    /// Whether it tells anything of the transaction, and of which step.
    last: Last,
    told: Option<usize>,
    /// Whether nothing more has to be asked before that is believed.
    ends_look: bool,
    /// The step that follows from it, once enough time has passed.
    hinted: Option<usize>,
    status: u16,
    body: Vec<u8>,
    retry_after: Option<i64>,
}

impl Outcome {
    fn failed(status: u16, retry_after: Option<i64>) -> Self {
        let body = br#"{"error":"not now"}"#.to_vec();
        Outcome {
            last: Last::Failed,
            told: None,
            ends_look: true,
            hinted: None,
            status,
            body,
            retry_after,
        }
    }
}

impl Net {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// The truth of this moment, or what the faults_model makes of it.
    fn outcome(&self, target: usize, request: &Request, trip: Trip) -> Outcome {
        let world = self.world();
        let scene = world.scene(target);
        let seen = world.now() - if trip.trouble.is_none() { scene.lag } else { 0 };
        let step = match trip.trouble {
            Some(Trouble::Status(status, wait)) => return Outcome::failed(status, wait),
            Some(Trouble::Nonsense) => {
                let body = b"<html>Welcome!</html>".to_vec();
                return Outcome { last: Last::Unreadable, body, ..Outcome::failed(200, None) };
            }
            Some(Trouble::Forgetful) => None,
            _ => world.story.targets[target].life.at(seen),
        };
        let snapshot = world.snapshot(target, step);
        let ((status, body), told) = peers::answer(snapshot, request);
        let before = world.targets_seen[target].found.is_some();
        let ends_look = peers::ends_look(snapshot, request, told.is_some(), before);
        let last = if told.is_some() { Last::Told } else { Last::NotFound };
        let body = body.to_string().into_bytes();
        // A node never says that a transaction expired, but when it would.
        let hinted = step.filter(|_| scene.kind == Kind::Casper && told.is_some());
        Outcome { last, told, ends_look, hinted, status, body, retry_after: None }
    }

    /// The answer arrives, and the session knows what it says.
    fn deliver(&self, scene: usize, target: usize, outcome: Outcome) -> Response {
        let mut world = self.world();
        let now = world.now();
        let Outcome { last, told, ends_look, hinted, status, body, retry_after } = outcome;
        let found = told.or(world.targets_seen[target].found);
        if let Some(step) = found.filter(|_| ends_look && told_anything(last)) {
            world.tell(target, step, false);
        }
        world.targets_seen[target].found = found.filter(|_| !ends_look);
        world.answered(scene, target, last, ends_look);
        let began = world.targets_seen[target].looked;
        if let Some(step) = hinted {
            world.targets_seen[target].hinted[step].get_or_insert(began);
        }
        let desk = &mut world.providers_seen[scene];
        desk.denied |= status == 401;
        if let Some(wait) = retry_after {
            desk.closed_until = desk.closed_until.max(now + wait * SECOND);
            desk.closed_at = now;
        }
        let name = &world.story.targets[target].name;
        let told = format!("{name} <- {status} {}", String::from_utf8_lossy(&body));
        world.note(|| told);
        let date = Some(world.story.scenes[scene].clock(now));
        let retry_after = retry_after.map(|wait| Duration::from_secs(wait.unsigned_abs()));
        Response { status, date, retry_after, body }
    }

    async fn lose(&self, scene: usize, target: usize, after: Millis) -> Error {
        pass(after).await;
        let mut world = self.world();
        world.answered(scene, target, Last::Failed, true);
        let name = world.story.targets[target].name.clone();
        world.note(|| format!("{name} <- nothing"));
        Error::closed(None, "simulated")
    }

    /// What becomes of a request that is made now; nothing, if the session goes round in a circle.
    fn begin(&self, request: &Request, token: &Token) -> Option<(usize, usize, Trip)> {
        let mut world = self.world();
        check_token(&mut world, request, token);
        let Some((scene, target, is_first)) = world.find(request) else {
            world.fault(format!("nobody is at {}", request.url));
            return None;
        };
        if world.is_endless() {
            return None;
        }
        world.ask(scene, target, is_first);
        let now = world.now();
        let World { story, random, .. } = &mut *world;
        Some((scene, target, story.scenes[scene].faults_model.trip(random, now)))
    }

    /// What becomes of a connection that is opened now.
    fn begin_opening(&self, request: &Request, token: &Token) -> Option<Opening> {
        let mut world = self.world();
        check_token(&mut world, request, token);
        if world.is_endless() {
            return None;
        }
        let scene = world.find_scene(request)?;
        let key = Wire::key(&world, scene, request);
        check_opening(&mut world, &key);
        let now = world.now();
        let World { story, random, .. } = &mut *world;
        let (after, trouble) = story.scenes[scene].faults_model.welcome(random, now);
        Some(Opening { scene, key, after, trouble })
    }

    fn end_opening(&self, request: &Request, opening: Opening) -> Result<Wire, Error> {
        let Opening { scene, key, trouble, .. } = opening;
        let mut world = self.world();
        let refused = match trouble {
            None => is_elsewhere(&world, scene, request),
            Some(trouble) => Some(refusal(trouble)),
        };
        let Some(error) = refused else {
            world.note(|| format!("{key} opens"));
            drop(world);
            return Ok(Wire::open(self.0.clone(), scene, key, request));
        };
        world.note(|| format!("{key} is refused: {error}"));
        let line = world.lines.entry(key.clone()).or_default();
        line.is_open = false;
        line.lasted = 0;
        line.floor = error.retry_after.unwrap_or_default().as_millis() as Millis;
        if !error.is_not_there {
            Wire::lose(&mut world, scene, &key);
        }
        Err(error)
    }
}

/// A connection that is being opened.
struct Opening {
    scene: usize,
    key: String,
    after: Millis,
    trouble: Option<Trouble>,
}

impl Network for Net {
    type Connection = Wire;

    async fn fetch(&self, request: &Request, token: &Token) -> Result<Response, Error> {
        let Some((scene, target, trip)) = self.begin(request, token) else {
            return std::future::pending().await;
        };
        pass(trip.there).await;
        match trip.trouble {
            Some(Trouble::Break) => return Err(self.lose(scene, target, trip.back).await),
            Some(Trouble::Hang) => {
                return Err(self.lose(scene, target, PATIENCE - trip.there).await);
            }
            _ => {}
        }
        let outcome = self.outcome(target, request, trip);
        pass(trip.back).await;
        Ok(self.deliver(scene, target, outcome))
    }

    async fn open(&self, request: &Request, token: &Token) -> Result<Wire, Error> {
        let Some(opening) = self.begin_opening(request, token) else {
            return std::future::pending().await;
        };
        let hangs = opening.trouble == Some(Trouble::Hang);
        pass(if hangs { PATIENCE } else { opening.after }).await;
        self.end_opening(request, opening)
    }
}

fn told_anything(last: Last) -> bool {
    matches!(last, Last::Told | Last::NotFound)
}

async fn pass(millis: Millis) {
    sleep(Duration::from_millis(millis.max(0).unsigned_abs())).await;
}

fn check_token(world: &mut World, request: &Request, token: &Token) {
    if request.auth != Auth::None && token.text() != Some(TOKEN) {
        world.fault(format!("{} is asked with another token", request.url));
    }
}

fn check_opening(world: &mut World, key: &str) {
    let now = world.now();
    let line = world.lines.entry(key.to_owned()).or_default();
    let (not_before, was_open) = (line.not_before, std::mem::replace(&mut line.is_open, true));
    if was_open {
        world.fault(format!("{key} is opened twice"));
    }
    if now < not_before {
        world.fault(format!("{key} is opened {} ms early", not_before - now));
    }
}

/// An older node has its events elsewhere.
fn is_elsewhere(world: &World, scene: usize, request: &Request) -> Option<Error> {
    let scene = &world.story.scenes[scene];
    let is_older = request.url.path().ends_with("/main");
    if scene.kind != Kind::Casper || scene.older == is_older {
        return None;
    }
    let mut error = Error::closed(None, "simulated");
    error.kind = ErrorKind::Unsupported;
    error.is_not_there = true;
    Some(error)
}

fn refusal(trouble: Trouble) -> Error {
    let mut error = Error::closed(None, "simulated");
    if let Trouble::Status(_, wait) = trouble {
        error.retry_after = wait.map(|wait| Duration::from_secs(wait.unsigned_abs()));
    }
    error
}
