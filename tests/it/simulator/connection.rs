//! A simulated push connection.

use fastrand::Rng;
use tokio::time::sleep_until;

use super::ambiguity::spoil_frame;
use super::deliveries::{Content, Deliveries};
use super::fault_model::Disconnect;
use super::providers::{ClientMessage, Simulated};
use super::scenario::ProviderSetup;
use super::time::{Millis, TICK, duration};
use super::world::{SharedWorld, World};
use txwatch::engine::plan::Mode;
use txwatch::transport::{Connection, Error, Message};
use txwatch::wire::{Frame, Request};

/// The number of a provider's event that happens when a command begins.
const FIRST_EVENT: Millis = 1_000_000_000;

pub struct SimulatedConnection {
    world: SharedWorld,
    provider: usize,
    simulated: &'static dyn Simulated,
    /// The name of the target that it serves, or of the profile if it serves several.
    key: String,
    opened: Millis,
    deliveries: Deliveries,
    end: Option<(Millis, Disconnect)>,
    /// When the provider next shows that it is there, if it does so by itself.
    keep_alive: Option<Millis>,
    /// Whether nothing comes any more.
    is_dead: bool,
    /// Where the provider has to say hello first: when it did, and the targets that were subscribed since.
    greeted: Option<Millis>,
    requested: Vec<usize>,
}

impl SimulatedConnection {
    /// The key of the connection that a request opens.
    pub fn key(world: &World, provider: usize, request: &Request) -> String {
        let scenario = &world.scenario;
        let setup = &scenario.providers[provider];
        let targets = scenario.targets_of(provider);
        let target = match (&*targets, setup.simulated.connection_subject(request)) {
            ([only], _) => Some(*only),
            (_, Some(id)) => targets.into_iter().find(|target| scenario.targets[*target].id == id),
            _ => None,
        };
        target.map_or(setup.name.clone(), |target| world.name(target))
    }

    /// The targets behind a key.
    fn targets(world: &World, provider: usize, key: &str) -> Vec<usize> {
        let scenario = &world.scenario;
        let is_everyone = scenario.providers[provider].name == key;
        let is_served = |target: &usize| is_everyone || scenario.targets[*target].name == key;
        scenario.targets_of(provider).into_iter().filter(is_served).collect()
    }

    /// Nothing is pushed any more.
    pub fn lost(world: &mut World, provider: usize, key: &str) {
        let targets = Self::targets(world, provider, key);
        world.connection_lost(key, &targets);
    }

    pub fn open(shared: SharedWorld, provider: usize, key: String, request: &Request) -> Self {
        let mut guard = shared.lock().unwrap();
        let world = &mut *guard;
        let now = world.now();
        let World { scenario, random, .. } = &mut *world;
        let setup = &scenario.providers[provider];
        let simulated = setup.simulated;
        let mut connection = SimulatedConnection {
            world: shared.clone(),
            provider,
            simulated,
            key,
            opened: now,
            deliveries: Deliveries::default(),
            end: setup.faults.disconnect(simulated.close_codes(), random, now),
            keep_alive: simulated.keep_alive(0).map(|(_, pause)| now + pause),
            is_dead: false,
            greeted: None,
            requested: Vec::new(),
        };
        match simulated.hello() {
            Some(hello) => connection.say_hello(world, hello),
            None => connection.subscribe_all(world, simulated.replay_from(request)),
        }
        drop(guard);
        connection
    }

    /// The provider says hello, unless that gets lost.
    fn say_hello(&mut self, world: &mut World, hello: Frame) {
        let now = world.now();
        let World { scenario, random, .. } = world;
        if !scenario.providers[self.provider].faults.loses_reply(random, now) {
            let takes = random.i64(1..200);
            self.deliveries.add(now, takes, Content::Hello(hello));
        }
    }

    /// The provider pushes without being asked to, perhaps what happened from an event on too.
    fn subscribe_all(&mut self, world: &mut World, replay_from: Option<Millis>) {
        world.providers[self.provider].heard = world.now();
        world.connection(&self.key).is_down = false;
        for target in Self::targets(world, self.provider, &self.key) {
            world.subscribed(target);
            self.schedule(world, target, replay_from.map(|number| number - FIRST_EVENT));
        }
        if !world.scenario.providers[self.provider].is_timed {
            self.deliveries.keep_order();
        }
    }

    /// Adds everything that this connection brings of a target. What was pushed before is not pushed again,
    /// but for what a provider keeps from an event on, and what it repeats for no reason.
    fn schedule(&mut self, world: &mut World, target: usize, replay_from: Option<Millis>) {
        let now = world.now();
        let steps = &world.scenario.targets[target].history.steps;
        let ProviderSetup { faults, is_timed, .. } = &world.scenario.providers[self.provider];
        let repeats = *is_timed && faults.repeats(&mut world.random, now);
        let mut is_lost = false;
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.is_pushed) {
            let is_replayed = replay_from.is_some_and(|from| step.at >= from) || repeats;
            if step.at < now && !is_replayed {
                continue;
            }
            let sent = step.at.max(now);
            let copies = faults.copies(*is_timed, &mut world.random, sent);
            is_lost |= copies.is_empty();
            for takes in copies {
                self.deliveries.add(sent, takes, Content::Step(target, index));
            }
            if faults.inserts_ambiguity(&mut world.random, sent) {
                let takes = world.random.i64(1..250);
                self.deliveries.add(sent, takes, Content::Ambiguous(target, index));
            }
        }
        if faults.inserts_garbage(&mut world.random, now) {
            self.add_garbage(&mut world.random, now);
        }
        // Where nobody asks, what was lost is found again only with another connection.
        if is_lost && world.scenario.mode == Mode::WatchPushOnly && faults.clears_at < Millis::MAX {
            let at = faults.clears_at + world.random.i64(0..1_000);
            self.end = self.end.filter(|end| end.0 < at).or(Some((at, Disconnect::Break)));
        }
    }

    /// Something arrives that is none of the provider's messages.
    fn add_garbage(&mut self, random: &mut Rng, now: Millis) {
        let sent = now + random.i64(0..30_000);
        let garbage = ["<html>", "{}", r#"{"event":"tx.update"}"#, "[]", "null"];
        let text = garbage[random.usize(..garbage.len())];
        self.deliveries.add(sent, 0, Content::Garbage(Frame::Text(text.to_owned())));
    }

    /// When something happens next.
    fn next_due(&self) -> Option<Millis> {
        if self.is_dead {
            return None;
        }
        let end = self.end.map(|(at, _)| at);
        [self.deliveries.next_due(), end, self.keep_alive].into_iter().flatten().min()
    }

    /// What happens now, if the command hears of it.
    fn happen(&mut self) -> Option<Result<Frame, Error>> {
        let shared = self.world.clone();
        let mut world = shared.lock().unwrap();
        let now = world.now();
        if world.is_endless() {
            self.is_dead = true;
            return None;
        }
        if let Some(content) = self.deliveries.take_due(now) {
            return Some(Ok(self.arrive(&mut world, content)));
        }
        if let Some((_, how)) = self.end.filter(|(at, _)| *at <= now) {
            world.note(|| format!("{}: {how:?}", self.key));
            self.is_dead = true;
            return match how {
                Disconnect::Break => Some(Err(Error::closed(None, "simulated"))),
                Disconnect::Close(code) => Some(Ok(Frame::Closed(Some(code), String::new()))),
                Disconnect::Silence => None,
            };
        }
        let (frame, pause) = self.simulated.keep_alive(FIRST_EVENT + now)?;
        self.keep_alive = Some(now + pause);
        world.providers[self.provider].heard = now;
        let target = world.scenario.targets_of(self.provider).first().copied();
        if let Some(target) = target.filter(|_| now % 5 == 0)
            && let Some(hint) =
                self.simulated.hint(&world.snapshot(target, None, 0), FIRST_EVENT + now)
        {
            world.targets[target].lookup.reason = Some(now);
            world.note(|| format!("{}: {hint:?}", self.key));
            return Some(Ok(hint));
        }
        Some(Ok(frame))
    }

    fn arrive(&mut self, world: &mut World, content: Content) -> Frame {
        let frame = self.frame(world, &content);
        world.note(|| format!("{}: {frame:?}", self.key));
        let now = world.now();
        world.providers[self.provider].heard = now;
        if let Content::Hello(_) = content {
            world.connection(&self.key).is_down = false;
            self.greeted = Some(now);
        }
        self.check_subscriptions(world);
        if let Content::Subscribed(target, _) | Content::Step(target, _) = content
            && world.targets[target].subscribed.is_none()
        {
            world.subscribed(target);
        }
        match content {
            Content::Step(target, step) => {
                let word = world.scenario.targets[target].history.steps[step].word;
                if self.simulated.is_hint(word) {
                    world.targets[target].lookup.reason = Some(now);
                } else {
                    world.reported(target, step, true);
                }
            }
            // Nothing is believed, but who wants may look.
            Content::Ambiguous(target, _) => world.targets[target].lookup.reason = Some(now),
            // It may have been about any of them.
            Content::Garbage(_) => {
                for target in Self::targets(world, self.provider, &self.key) {
                    world.targets[target].lookup.reason = Some(now);
                }
            }
            _ => {}
        }
        frame
    }

    fn frame(&self, world: &mut World, content: &Content) -> Frame {
        match content {
            Content::Step(target, step) => self.update(world, *target, *step),
            Content::Ambiguous(target, step) => {
                let mut random = world.random.fork();
                let frame = self.update(world, *target, *step);
                let snapshot = world.snapshot(*target, Some(*step), 0);
                let ways = self.simulated.ambiguities(&snapshot, None);
                spoil_frame(frame, &ways, &mut random).unwrap_or(Frame::Alive)
            }
            Content::Hello(frame)
            | Content::Subscribed(_, frame)
            | Content::Garbage(frame)
            | Content::Other(frame) => frame.clone(),
        }
    }

    /// The message that a target took a step.
    fn update(&self, world: &World, target: usize, step: usize) -> Frame {
        let number = FIRST_EVENT + world.scenario.targets[target].history.steps[step].at;
        let ahead = world.scenario.providers[self.provider].push_ahead;
        self.simulated.update(&world.snapshot(target, Some(step), ahead), number)
    }

    /// After the hello every target is subscribed at once.
    fn check_subscriptions(&mut self, world: &mut World) {
        if self.greeted.is_none_or(|greeted| world.now() <= greeted + TICK) {
            return;
        }
        let mut targets = Self::targets(world, self.provider, &self.key).into_iter();
        let is_open = |target: usize| world.targets[target].result.is_none();
        let forgotten = targets.find(|it| is_open(*it) && !self.requested.contains(it));
        if let Some(target) = forgotten {
            let name = world.name(target);
            world.violation(format!("{name} is not subscribed to"));
            self.greeted = None;
        }
    }

    /// What the provider makes of a message.
    fn received(&mut self, world: &mut World, text: &str) {
        let now = world.now();
        match self.simulated.received(text) {
            ClientMessage::Ping { pong } => {
                self.check_subscriptions(world);
                let takes = world.random.i64(5..500);
                self.deliveries.add(now, takes, Content::Other(pong));
            }
            ClientMessage::Subscribe { id, confirmation } => {
                if let Some(target) = self.target(world, &id) {
                    self.subscribe(world, target, confirmation);
                }
            }
            ClientMessage::Unsubscribe { id } => {
                if let Some(target) = self.target(world, &id) {
                    self.deliveries.cancel(target);
                }
            }
            ClientMessage::Other => {}
        }
    }

    fn target(&self, world: &World, id: &str) -> Option<usize> {
        let targets = Self::targets(world, self.provider, &self.key);
        targets.into_iter().find(|target| world.scenario.targets[*target].id == id)
    }

    /// The provider confirms a subscription, unless that gets lost where it does no harm.
    fn subscribe(&mut self, world: &mut World, target: usize, confirmation: Frame) {
        self.requested.push(target);
        let now = world.now();
        let World { scenario, random, .. } = &mut *world;
        let setup = &scenario.providers[self.provider];
        let can_poll = scenario.mode == Mode::Watch && setup.can_poll;
        if !(can_poll && setup.faults.loses_reply(random, now)) {
            let takes = random.i64(5..500);
            self.deliveries.add(now, takes, Content::Subscribed(target, confirmation));
        }
        self.schedule(world, target, None);
    }
}

impl Connection for SimulatedConnection {
    async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            let Some(due) = self.next_due() else {
                return std::future::pending().await;
            };
            let clock = self.world.lock().unwrap().clock;
            sleep_until(clock.instant(duration(due))).await;
            if let Some(arrived) = self.happen() {
                return arrived;
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        let shared = self.world.clone();
        if let (Message::Text(text), false) = (message, self.is_dead) {
            self.received(&mut shared.lock().unwrap(), &text);
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        let shared = self.world.clone();
        let is_endless = shared.lock().unwrap().is_endless();
        if is_endless {
            return std::future::pending().await;
        }
        if !self.is_dead {
            let mut world = shared.lock().unwrap();
            let (now, takes) = (world.now(), world.random.i64(5..500));
            self.deliveries.add(now, takes, Content::Other(Frame::Alive));
        }
        Ok(())
    }
}

impl Drop for SimulatedConnection {
    fn drop(&mut self) {
        // A lock that is poisoned belongs to a test that fails already.
        let Ok(mut world) = self.world.lock() else {
            return;
        };
        let now = world.now();
        let ledger = world.connection(&self.key);
        ledger.is_open = false;
        ledger.lasted = now - self.opened;
        ledger.retry_after = 0;
        world.note(|| format!("{} is left", self.key));
        Self::lost(&mut world, self.provider, &self.key);
    }
}
