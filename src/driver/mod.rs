//! The only loop: it executes what the [`Engine`] wants done in tokio tasks, and feeds it what happens.

pub mod clock;
mod connections;
mod feed_task;
mod listen;
mod lookup;
mod signals;
mod token_source;
pub mod traffic;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::engine::plan::Plan;
use crate::engine::{
    Effect, Engine, FeedId, Input, List, LookupDone, LookupRequest, ProfileId, Route,
};
use crate::error::{Failure, Signal};
use crate::event::{Closing, Stamped};
use crate::provider::{Feed, Id};
use crate::render::Renderer;
use crate::transport::{Network, Options, Transport};
use crate::warning::{Warning, WarningCode};
use crate::wire::Token;
use clock::Clock;
use connections::{connections, those_that_fit};
use feed_task::FeedTask;

pub use listen::listen;
pub use signals::Signals;

/// How often the live view is drawn, at most.
const FRAME: Duration = Duration::from_millis(100);
/// How many connections of a profile are being opened at once.
const MAX_HANDSHAKES: usize = 64;
/// How many inputs may wait for the loop before the sockets are read no further.
const INBOX: usize = 1024;

/// Why a command could not come to its end.
#[derive(Debug)]
pub enum Broken {
    /// It could not begin.
    Failed(Failure),
    /// The output could not be written.
    Output(io::Error),
}

/// Runs a command to its end.
///
/// # Errors
/// It could not begin, or its output could not be written.
pub async fn run(
    plan: Arc<Plan>,
    options: &Options,
    renderer: &mut dyn Renderer,
    signals: &mut Signals,
) -> Result<Closing, Broken> {
    let env = Env {
        clock: Clock::start(),
        network: Transport::new(options).map_err(Broken::Failed)?,
        random: fastrand::Rng::new(),
    };
    run_in(env, plan, renderer, async || signals.next().await).await
}

/// Where a command runs.
pub struct Env<N> {
    /// Counts from the beginning of the command.
    pub clock: Clock,
    /// Makes requests and opens connections.
    pub network: N,
    /// Spreads requests and retries.
    pub random: fastrand::Rng,
}

/// Runs a command to its end, wherever that is. `interrupted` waits for a signal, and is cancel-safe.
///
/// # Errors
/// It could not begin, or its output could not be written.
pub async fn run_in(
    mut env: Env<impl Network>,
    plan: Arc<Plan>,
    renderer: &mut dyn Renderer,
    interrupted: impl AsyncFnMut() -> Signal,
) -> Result<Closing, Broken> {
    let random = env.random.fork();
    let (mut driver, routes) = Driver::new(plan.clone(), env).map_err(Broken::Failed)?;
    let engine = Engine::new(plan, routes, random);
    let ended = drive(engine, &mut driver, renderer, interrupted).await;
    // The command that was to give a new token ends with the watch, however that ended.
    driver.renewals.shutdown().await;
    ended
}

/// Has the engine's effects executed, and what happens taken in, until the command has ended.
async fn drive(
    mut engine: Engine,
    driver: &mut Driver<impl Network>,
    renderer: &mut dyn Renderer,
    mut interrupted: impl AsyncFnMut() -> Signal,
) -> Result<Closing, Broken> {
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut input = Input::Start;
    loop {
        for effect in engine.handle(driver.clock.now(), input) {
            if let Some(shown) = driver.execute(effect) {
                renderer.event(&shown).map_err(Broken::Output)?;
            }
        }
        if let Some(conclusion) = engine.conclusion() {
            return Ok(engine.closing(conclusion));
        }
        let timeout = driver.clock.instant(engine.next_timeout().unwrap_or(Duration::MAX));
        input = loop {
            tokio::select! {
                biased;
                signal = interrupted() => break Input::Interrupted(signal),
                // Before what comes in, which may never end; it is due only now and then.
                _ = frames.tick(), if renderer.view_size().is_some() => {
                    if let Some(size) = renderer.view_size() {
                        renderer.draw(&engine.view(driver.clock.now().elapsed, size));
                        // A terminal that is slow is not given the next one at once.
                        frames.reset();
                    }
                }
                Some(input) = driver.inbox.recv() => break input,
                () = sleep_until(timeout) => break Input::Wake,
            }
        };
    }
}

/// What executes effects: sockets, tasks, and the way back.
struct Driver<N> {
    plan: Arc<Plan>,
    clock: Clock,
    random: fastrand::Rng,
    network: N,
    /// The token of each profile as it stands.
    tokens: List<ProfileId, latest::Sender<Token>>,
    feeds: List<FeedId, Option<Box<dyn Feed>>>,
    feed_profiles: List<FeedId, ProfileId>,
    open: BTreeMap<FeedId, OpenFeed>,
    /// By profile, so that a provider that does not answer holds up nobody else's connections.
    permits: List<ProfileId, Arc<Semaphore>>,
    tasks: JoinSet<()>,
    renewals: JoinSet<()>,
    outbox: mpsc::Sender<Input>,
    inbox: mpsc::Receiver<Input>,
}

struct OpenFeed {
    task: AbortHandle,
    forget: mpsc::UnboundedSender<Id>,
}

impl<N: Network> Driver<N> {
    fn new(plan: Arc<Plan>, env: Env<N>) -> Result<(Self, List<FeedId, Route>), Failure> {
        let Env { clock, network, random } = env;
        let (outbox, inbox) = mpsc::channel(INBOX);
        let wanted = connections(&plan)?;
        let capacity = network.capacity(wanted.len());
        let (connections, notice) = those_that_fit(&plan, wanted, capacity)?;
        if let Some(message) = notice {
            let warning = Warning { code: WarningCode::OpenFiles, message };
            // An empty inbox takes it.
            let _ = outbox.try_send(Input::Warning(warning));
        }
        let (mut feeds, routes): (Vec<_>, Vec<_>) = connections.into_iter().unzip();
        for (feed, route) in feeds.iter_mut().zip(&routes) {
            // It may be renewed before anything is opened, and what was signed with it still counts.
            if let Some(token) = &plan.profiles[route.profile].credential.token {
                feed.token(token);
            }
        }
        let token = |profile: ProfileId| {
            let known = plan.profiles[profile].credential.token.clone();
            latest::Sender::new(known.unwrap_or_default())
        };
        let permits = |_| Arc::new(Semaphore::new(MAX_HANDSHAKES));
        let driver = Driver {
            clock,
            random,
            network,
            tokens: plan.profiles.ids().map(token).collect(),
            feeds: feeds.into_iter().map(Some).collect(),
            feed_profiles: routes.iter().map(|route: &Route| route.profile).collect(),
            open: BTreeMap::new(),
            permits: plan.profiles.ids().map(permits).collect(),
            tasks: JoinSet::new(),
            renewals: JoinSet::new(),
            outbox,
            inbox,
            plan,
        };
        Ok((driver, routes.into_iter().collect()))
    }

    /// Does what has to be done; what has to be shown comes back.
    fn execute(&mut self, effect: Effect) -> Option<Box<Stamped>> {
        match effect {
            Effect::Emit(shown) => return Some(shown),
            Effect::Lookup(request) => self.look_up(request),
            Effect::OpenFeed(feed) => self.open_feed(feed),
            Effect::RenewToken(profile) => self.renew_token(profile),
            Effect::CloseFeed(feed) => {
                if let Some(open) = self.open.remove(&feed) {
                    open.task.abort();
                }
            }
            Effect::Forget(feed, id) => {
                if let Some(open) = self.open.get(&feed) {
                    // A feed that ended by itself has nothing left to forget.
                    let _ = open.forget.send(id);
                }
            }
        }
        // Ended tasks are let go, so that a long watch does not collect them.
        while self.tasks.try_join_next().is_some() {}
        while self.renewals.try_join_next().is_some() {}
        None
    }

    fn look_up(&mut self, request: LookupRequest) {
        let LookupRequest { profile, targets } = request;
        let (targets, ids): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        let provider = self.plan.profiles[profile].provider.clone();
        let network = self.network.clone();
        let token = self.tokens[profile].borrow().clone();
        let outbox = self.outbox.clone();
        let now = self.clock.now();
        self.tasks.spawn(async move {
            let result = lookup::look_up(provider.as_ref(), &network, &token, &ids, now.wall).await;
            let (asked, generation) = (now.elapsed, token.generation);
            let done = LookupDone { targets, asked, generation, result };
            // If nobody listens any more, the command is over.
            let _ = outbox.send(Input::LookupDone(done)).await;
        });
    }

    fn open_feed(&mut self, id: FeedId) {
        let Some(feed) = self.feeds[id].take() else {
            return;
        };
        let profile = self.feed_profiles[id];
        let (forget, forgotten) = mpsc::unbounded_channel();
        let spec = self.plan.profiles[profile].provider.spec();
        let task = FeedTask::new(feed_task::Wiring {
            id,
            network: self.network.clone(),
            token: self.tokens[profile].subscribe(),
            inbox: self.outbox.clone(),
            forgotten,
            permits: self.permits[profile].clone(),
            random: self.random.fork(),
            personal: spec.personal.clone(),
        });
        let task = self.tasks.spawn(task.run(feed));
        self.open.insert(id, OpenFeed { task, forget });
    }

    fn renew_token(&mut self, profile: ProfileId) {
        let plan = self.plan.clone();
        let token = self.tokens[profile].clone();
        let outbox = self.outbox.clone();
        let network = self.network.clone();
        self.renewals.spawn(async move {
            let generation = token.borrow().generation + 1;
            let renewed = token_source::renew(&plan.profiles[profile], &network, generation).await;
            let renewed = renewed.map(|renewed| {
                let expires_at = renewed.expires_at();
                token.send_replace(renewed);
                expires_at
            });
            let _ = outbox.send(Input::TokenRenewed(profile, renewed)).await;
        });
    }
}
