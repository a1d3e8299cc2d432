//! A simulated push connection.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep_until;

use super::faults_model::Cut;
use super::life::{Kind, Millis};
use super::peers;
use super::world::{Shared, TICK, World};
use txwatch::engine::plan::Mode;
use txwatch::transport::{Connection, Error, Message};
use txwatch::wire::{Frame, Request};

/// The number of a node's event that happens when a session begins.
const FIRST_EVENT: Millis = 1_000_000_000;

pub(super) struct Wire {
    shared: Shared,
    scene: usize,
    kind: Kind,
    key: String,
    opened: Millis,
    deliveries: Vec<Delivery>,
    /// How many deliveries there were.
    count: u64,
    end: Option<(Millis, Cut)>,
    /// When it chatters next, if it does.
    chatter: Option<Millis>,
    /// Whether nothing comes any more, and nobody says so.
    is_dead: bool,
    /// When a Pusher server said hello, and the targets whose channels were asked for since.
    greeted: Option<Millis>,
    wanted: Vec<usize>,
}

/// Something on its way to the session.
struct Delivery {
    sent: Millis,
    due: Millis,
    no: u64,
    heard: Frame,
    /// The target and the step that it tells of.
    tells: Option<(usize, usize)>,
    /// The target whose changes come from now on, as it says.
    subscribes: Option<usize>,
}

impl Wire {
    /// The name of the place that a request opens: the target, if there is only one.
    pub(super) fn key(world: &World, scene: usize, request: &Request) -> String {
        let members = world.story.members(scene);
        let target = match (world.story.scenes[scene].kind, &*members) {
            (_, [only]) => Some(*only),
            (Kind::Proof, _) => {
                let id = request.url.query_pairs().find(|(name, _)| name == "tx_id");
                let id = id.map(|(_, id)| id.into_owned()).unwrap_or_default();
                members.into_iter().find(|target| world.story.targets[*target].id == id)
            }
            _ => None,
        };
        match target {
            Some(target) => world.story.targets[target].name.clone(),
            None => world.story.scenes[scene].name.clone(),
        }
    }

    /// The targets behind a key.
    fn behind(world: &World, scene: usize, key: &str) -> Vec<usize> {
        let all = world.story.scenes[scene].name == key;
        let is_mine = |target: &usize| all || world.story.targets[*target].name == key;
        world.story.members(scene).into_iter().filter(is_mine).collect()
    }

    /// Nothing is pushed any more.
    pub(super) fn lose(world: &mut World, scene: usize, key: &str) {
        let targets = Self::behind(world, scene, key);
        world.lose(key, &targets);
    }

    pub(super) fn open(shared: Shared, scene: usize, key: String, request: &Request) -> Self {
        let mut guard = shared.lock().unwrap();
        let world = &mut *guard;
        let now = world.now();
        let kind = world.story.scenes[scene].kind;
        let end = world.story.scenes[scene].faults_model.end(kind, &mut world.random, now);
        let mut wire = Wire {
            shared: shared.clone(),
            scene,
            kind,
            key,
            opened: now,
            deliveries: Vec::new(),
            count: 0,
            end,
            chatter: peers::chatter(kind, 0).map(|(_, pause)| now + pause),
            is_dead: false,
            greeted: None,
            wanted: Vec::new(),
        };
        match kind {
            Kind::Transak => wire.introduce(world),
            _ => {
                world.providers_seen[scene].heard = now;
                world.is_live(&wire.key);
                let from = replay_from(request);
                for target in Self::behind(world, scene, &wire.key) {
                    world.subscribe(target);
                    wire.schedule(world, target, from);
                }
                if !world.story.scenes[scene].is_timed {
                    wire.queue_up();
                }
            }
        }
        drop(guard);
        wire
    }

    /// A Pusher server says hello, or forgets to.
    fn introduce(&mut self, world: &mut World) {
        let now = world.now();
        let faults_model = &world.story.scenes[self.scene].faults_model;
        if !faults_model.is_mute(&mut world.random, now) {
            let after = world.random.i64(1..200);
            self.put(now, after, Frame::Text(peers::welcome()), None);
        }
    }

    /// Everything that this connection will bring of a target. What was said before is not said again,
    /// but for what a node keeps from an event on, and what a provider repeats for no reason.
    fn schedule(&mut self, world: &mut World, target: usize, replayed_from: Option<Millis>) {
        let now = world.now();
        let World { story, random, .. } = world;
        let faults_model = &story.scenes[self.scene].faults_model;
        let steps = &story.targets[target].life.steps;
        let is_timed = story.scenes[self.scene].is_timed;
        let repeats = is_timed && faults_model.is_repeated(random, now);
        let mut lost = false;
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.pushed) {
            let is_old = step.at < now;
            let is_replayed = replayed_from.is_some_and(|from| step.at >= from) || repeats;
            if is_old && !is_replayed {
                continue;
            }
            let sent = step.at.max(now);
            let copies = faults_model.copies(is_timed, random, sent);
            lost |= copies.is_empty();
            for after in copies {
                let snapshot = peers::Snapshot {
                    scene: &story.scenes[self.scene],
                    target: &story.targets[target],
                    step: Some(index),
                };
                let heard = peers::message(snapshot, FIRST_EVENT + step.at);
                self.put(sent, after, heard, Some((target, index)));
            }
        }
        if faults_model.is_odd(random, now) {
            let sent = now + random.i64(0..30_000);
            let odd = ["<html>", "{}", r#"{"event":"tx.update"}"#, "[]", "null"];
            self.put(sent, 0, Frame::Text(odd[random.usize(..odd.len())].to_owned()), None);
        }
        // Where nobody asks, what was lost is found again only with another connection.
        if lost && story.mode == Mode::WatchPushOnly && faults_model.heals < Millis::MAX {
            let cut = (faults_model.heals + random.i64(0..1_000), Cut::Break);
            self.end = self.end.filter(|end| end.0 < cut.0).or(Some(cut));
        }
    }

    fn put(&mut self, sent: Millis, after: Millis, heard: Frame, tells: Option<(usize, usize)>) {
        self.count += 1;
        let due = sent + after;
        self.deliveries.push(Delivery {
            sent,
            due,
            no: self.count,
            heard,
            tells,
            subscribes: None,
        });
    }

    /// What was sent first arrives first.
    fn queue_up(&mut self) {
        self.deliveries.sort_by_key(|delivery| (delivery.sent, delivery.no));
        let mut last = Millis::MIN;
        for (no, delivery) in self.deliveries.iter_mut().enumerate() {
            last = last.max(delivery.due);
            (delivery.due, delivery.no) = (last, no as u64);
        }
    }

    fn next_parcel(&self) -> Option<usize> {
        let deliveries = self.deliveries.iter().enumerate();
        deliveries.min_by_key(|(_, delivery)| (delivery.due, delivery.no)).map(|(index, _)| index)
    }

    /// When something happens next.
    fn due(&self) -> Option<Millis> {
        if self.is_dead {
            return None;
        }
        let delivery = self.next_parcel().map(|index| self.deliveries[index].due);
        [delivery, self.end.map(|(at, _)| at), self.chatter].into_iter().flatten().min()
    }

    /// What happens now, if the session hears of it.
    fn happen(&mut self) -> Option<Result<Frame, Error>> {
        let shared = self.shared.clone();
        let mut guard = shared.lock().unwrap();
        let world = &mut *guard;
        let now = world.now();
        if world.is_endless() {
            self.is_dead = true;
            return None;
        }
        if let Some(index) = self.next_parcel().filter(|index| self.deliveries[*index].due <= now) {
            let delivery = self.deliveries.swap_remove(index);
            return Some(Ok(self.arrive(world, delivery)));
        }
        if let Some((_, cut)) = self.end.filter(|(at, _)| *at <= now) {
            world.note(|| format!("{}: {cut:?}", self.key));
            self.is_dead = true;
            return match cut {
                Cut::Break => Some(Err(Error::closed(None, "simulated"))),
                Cut::Close(code) => Some(Ok(Frame::Closed(Some(code), String::new()))),
                Cut::Silence => None,
            };
        }
        let (heard, pause) = peers::chatter(self.kind, FIRST_EVENT + now)?;
        self.chatter = Some(now + pause);
        world.providers_seen[self.scene].heard = now;
        Some(Ok(heard))
    }

    fn arrive(&mut self, world: &mut World, delivery: Delivery) -> Frame {
        world.note(|| format!("{}: {:?}", self.key, delivery.heard));
        let now = world.now();
        world.providers_seen[self.scene].heard = now;
        let told = delivery.tells.map(|(target, _)| target);
        if matches!(&delivery.heard, Frame::Text(text) if text.contains("connection_established")) {
            world.is_live(&self.key);
            self.greeted = Some(now);
        }
        self.check_channels(world);
        let subscribed = delivery.subscribes.or(told);
        if let Some(target) = subscribed.filter(|it| world.targets_seen[*it].subscribed.is_none()) {
            world.subscribe(target);
        }
        if let Some((target, step)) = delivery.tells {
            world.tell(target, step, true);
        }
        delivery.heard
    }

    /// Whoever was greeted asks for every channel at once.
    fn check_channels(&mut self, world: &mut World) {
        if self.greeted.is_none_or(|greeted| world.now() <= greeted + TICK) {
            return;
        }
        let open = |target: &usize| world.targets_seen[*target].result.is_none();
        let mut mine = Self::behind(world, self.scene, &self.key).into_iter().filter(open);
        if let Some(forgotten) = mine.find(|target| !self.wanted.contains(target)) {
            let name = &world.story.targets[forgotten].name;
            world.fault(format!("{name} is not subscribed to"));
            self.greeted = None;
        }
    }

    /// What a Pusher server makes of a message.
    fn receive(&mut self, world: &mut World, text: &str) -> Option<()> {
        let message: Value = serde_json::from_str(text).unwrap();
        let now = world.now();
        if message["event"] == "pusher:ping" {
            self.check_channels(world);
            let after = world.random.i64(5..500);
            self.put(now, after, Frame::Text(peers::pong()), None);
            return None;
        }
        let channel = message["data"]["channel"].as_str()?;
        let is_mine = |target: &usize| peers::channel(&world.story.targets[*target].id) == channel;
        let target = Self::behind(world, self.scene, &self.key).into_iter().find(is_mine)?;
        if message["event"] == "pusher:unsubscribe" {
            self.deliveries
                .retain(|delivery| delivery.tells.is_none_or(|(about, _)| about != target));
            return None;
        }
        self.wanted.push(target);
        let faults_model = &world.story.scenes[self.scene].faults_model;
        let can_poll = world.story.mode == Mode::Watch && world.story.scenes[self.scene].can_poll;
        if !(can_poll && faults_model.is_mute(&mut world.random, now)) {
            let after = world.random.i64(5..500);
            self.put(now, after, Frame::Text(peers::subscribed(channel)), None);
            self.deliveries.last_mut()?.subscribes = Some(target);
        }
        self.schedule(world, target, None);
        None
    }
}

/// From when on a node is asked for what it kept.
fn replay_from(request: &Request) -> Option<Millis> {
    let (_, number) = request.url.query_pairs().find(|(name, _)| name == "start_from")?;
    Some(number.parse::<Millis>().unwrap() - FIRST_EVENT)
}

impl Connection for Wire {
    async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            let Some(due) = self.due() else {
                return std::future::pending().await;
            };
            let clock = self.shared.lock().unwrap().clock;
            let due = Duration::from_millis(due.max(0).unsigned_abs());
            sleep_until(clock.instant(due)).await;
            if let Some(heard) = self.happen() {
                return heard;
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        let shared = self.shared.clone();
        if let (Message::Text(text), false) = (message, self.is_dead) {
            self.receive(&mut shared.lock().unwrap(), &text);
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        if self.shared.lock().unwrap().is_endless() {
            return std::future::pending().await;
        }
        if !self.is_dead {
            let mut world = self.shared.lock().unwrap();
            let (now, after) = (world.now(), world.random.i64(5..500));
            drop(world);
            self.put(now, after, Frame::Alive, None);
        }
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // A lock that is poisoned belongs to a test that fails already.
        let Ok(mut world) = self.shared.lock() else {
            return;
        };
        let now = world.now();
        let line = world.lines.entry(self.key.clone()).or_default();
        line.is_open = false;
        line.lasted = now - self.opened;
        line.floor = 0;
        world.note(|| format!("{} is left", self.key));
        Self::lose(&mut world, self.scene, &self.key);
    }
}
