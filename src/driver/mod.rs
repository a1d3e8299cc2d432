//! The event loop: executes the effects of the [`Engine`] in tokio tasks, and passes their results to it as inputs.

pub mod clock;
mod connections;
mod feed_task;
#[cfg(unix)]
mod ignored_signals;
mod lookup;
mod output;
mod push_check;
mod signals;
mod stopping;
mod token_source;
pub mod traffic;

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::engine::plan::Plan;
use crate::engine::{
    Effect, Engine, FeedId, Input, List, LookupDone, LookupRequest, Obtained, OrdersListed,
    ProbeDone, ProfileId, RenewalReason, Route,
};
use crate::error::{Failure, FailureKind};
use crate::event::{Closing, Conclusion, Event, Outcome, Stamped};
use crate::provider::{Feed, Id};
use crate::render::{Renderer, Wait};
use crate::transport::{Network, Options, Transport};
use crate::warning::{Warning, WarningCode};
use crate::wire::Token;
use clock::Clock;
use connections::{connections, fit_capacity};
use feed_task::FeedTask;
use lookup::{ListedOrders, LookedUp};
use output::{Patience, stdout_written};
use token_source::TokenSource;

pub use output::{printed, stderr_written};
pub use push_check::check_push;
pub use signals::{SignalRequest, Signals};
pub use stopping::before_stopping;

/// The shortest time between two frames of the live view.
const FRAME_INTERVAL: Duration = Duration::from_millis(100);
/// How many connections of a profile may be in the handshake at the same time.
const MAX_HANDSHAKES: usize = 64;
/// How many inputs are buffered for the loop; when the buffer is full, sockets are not read.
const INBOX_CAPACITY: usize = 1024;

/// The conclusion if the output fails.
const OUTPUT_FAILED: Conclusion = Conclusion::Stopped(Outcome::Failed(FailureKind::Io));

/// Why a command did not run to its end.
#[derive(Debug)]
pub enum RunError {
    /// It could not be started.
    Failed(Failure),
    /// stdout could not be written, or its reader did not take everything in time; with the closing report of what
    /// was known until then.
    Output(io::Error, Box<Closing>),
}

/// Runs a command to its end.
///
/// # Errors
/// It could not be started, or stdout could not be written.
pub async fn run(
    plan: Arc<Plan>,
    options: &Options,
    renderer: &mut dyn Renderer,
    signals: &mut Signals,
) -> Result<Closing, RunError> {
    let env = Env {
        clock: Clock::start(),
        network: Transport::new(options).map_err(RunError::Failed)?,
        random: fastrand::Rng::new(),
    };
    run_in(env, plan, renderer, async || signals.next().await).await
}

/// The environment of a command, which tests replace.
pub struct Env<N> {
    /// Started with the command.
    pub clock: Clock,
    /// Makes requests and opens connections.
    pub network: N,
    /// For jitter.
    pub random: fastrand::Rng,
}

/// Runs a command to its end in an environment. `signalled` waits for a signal; it has to be cancel-safe.
///
/// # Errors
/// It could not be started, or stdout could not be written.
pub async fn run_in(
    mut env: Env<impl Network>,
    plan: Arc<Plan>,
    renderer: &mut dyn Renderer,
    mut signalled: impl AsyncFnMut() -> SignalRequest,
) -> Result<Closing, RunError> {
    let random = env.random.fork();
    let deadline = env.clock.instant(plan.timeout.unwrap_or(Duration::MAX));
    let (mut driver, routes) = Driver::new(plan.clone(), env).map_err(RunError::Failed)?;
    let engine = Engine::new(plan, routes, random);
    let ended = drive(engine, &mut driver, renderer, &mut signalled).await;
    // Kills a token command that is still running.
    driver.renewals.shutdown().await;
    drop(driver);
    let (closing, patience) = ended?;
    match stdout_written(renderer, signalled, deadline, patience).await {
        Ok(()) => Ok(closing),
        Err(error) => Err(RunError::Output(error, Box::new(closing))),
    }
}

/// The loop: executes effects and waits for the next input, until the command has ended.
///
/// While stdout is full, nothing but the deadline and signals is taken, and effects wait. After one of those stdout
/// gets everything, for it is the end.
async fn drive(
    mut engine: Engine,
    driver: &mut Driver<impl Network>,
    renderer: &mut dyn Renderer,
    signalled: &mut impl AsyncFnMut() -> SignalRequest,
) -> Result<(Closing, Patience), RunError> {
    let mut frames = interval(FRAME_INTERVAL);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = driver.clock.instant(driver.plan.timeout.unwrap_or(Duration::MAX));
    let mut effects = VecDeque::from(engine.handle(driver.clock.now(), Input::Start));
    let mut patience = Patience::UntilDeadline;
    loop {
        let is_held = loop {
            if patience == Patience::UntilDeadline && !renderer.has_room() {
                break true;
            }
            let Some(effect) = effects.pop_front() else {
                break false;
            };
            if let Some(stamped) = driver.execute(effect)
                && let Err(error) = renderer.event(&stamped)
            {
                return Err(output_failed(engine, driver, error));
            }
        };
        if effects.is_empty()
            && let Some(conclusion) = engine.conclusion()
        {
            return Ok((engine.closing(conclusion), patience));
        }
        let timeout = driver.clock.instant(engine.next_timeout().unwrap_or(Duration::MAX));
        let wait = if is_held { Wait::Room } else { Wait::Failure };
        let input = loop {
            tokio::select! {
                biased;
                request = signalled() => match request {
                    SignalRequest::End(signal) => {
                        patience = Patience::Grace;
                        break Some(Input::Interrupted(signal));
                    }
                    SignalRequest::Standing => break Some(Input::StandingAsked),
                },
                changed = poll_fn(|context| renderer.poll_stdout(wait, context)) => match changed {
                    Ok(()) => break None,
                    Err(error) => return Err(output_failed(engine, driver, error)),
                },
                // Before the inbox, which may never be empty.
                _ = frames.tick(), if renderer.view_size().is_some() => {
                    if let Some(size) = renderer.view_size() {
                        renderer.draw(&engine.view(driver.clock.now().elapsed, size));
                        // On a slow terminal the interval counts from the end of drawing.
                        frames.reset();
                    }
                }
                Some(input) = driver.inbox.recv(), if !is_held => break Some(input),
                () = sleep_until(timeout), if !is_held => break Some(Input::Wake),
                () = sleep_until(deadline), if is_held => {
                    patience = Patience::Grace;
                    // What was received in time counts.
                    while let Ok(input) = driver.inbox.try_recv() {
                        effects.extend(engine.handle(driver.clock.now(), input));
                    }
                    break Some(Input::TimeIsUp);
                }
            }
        };
        let Some(input) = input else { continue };
        for effect in engine.handle(driver.clock.now(), input) {
            match effect {
                // What is asked for goes to stderr; it is not held up by stdout.
                Effect::Emit(stamped) if matches!(stamped.event, Event::Standing(_)) => {
                    if let Err(error) = renderer.event(&stamped) {
                        return Err(output_failed(engine, driver, error));
                    }
                }
                effect => effects.push_back(effect),
            }
        }
    }
}

/// The end of a command whose stdout cannot be written.
fn output_failed(mut engine: Engine, driver: &Driver<impl Network>, error: io::Error) -> RunError {
    engine.handle(driver.clock.now(), Input::OutputFailed);
    let closing = engine.closing(engine.conclusion().unwrap_or(OUTPUT_FAILED));
    RunError::Output(error, Box::new(closing))
}

/// Executes effects. Its tasks own the sockets, and send inputs to the inbox.
struct Driver<N> {
    plan: Arc<Plan>,
    clock: Clock,
    random: fastrand::Rng,
    network: N,
    /// The current token of each profile.
    tokens: List<ProfileId, latest::Sender<Token>>,
    feeds: List<FeedId, Option<Box<dyn Feed>>>,
    feed_profiles: List<FeedId, ProfileId>,
    open: BTreeMap<FeedId, OpenFeed>,
    /// For handshakes; by profile, so that a provider that does not respond does not delay the others.
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
        let (outbox, inbox) = mpsc::channel(INBOX_CAPACITY);
        let connections = connections(&plan)?;
        let capacity = network.capacity(connections.len());
        let (connections, notice) = fit_capacity(&plan, connections, capacity)?;
        if let Some(message) = notice {
            let warning = Warning { code: WarningCode::OpenFiles, message };
            // Cannot fail: the inbox is empty.
            let _ = outbox.try_send(Input::Warning(warning));
        }
        let (mut feeds, routes): (Vec<_>, Vec<_>) = connections.into_iter().unzip();
        for (feed, route) in feeds.iter_mut().zip(&routes) {
            // It may be renewed before the connection is opened; messages signed with it stay valid.
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

    /// Executes an effect. Returns the event of an [`Effect::Emit`].
    fn execute(&mut self, effect: Effect) -> Option<Box<Stamped>> {
        match effect {
            Effect::Emit(stamped) => return Some(stamped),
            Effect::Lookup(request) => self.look_up(request),
            Effect::Probe(profile) => self.probe(profile),
            Effect::ListOrders(feed, since) => self.list_orders(feed, since),
            Effect::OpenFeed(feed) => self.open_feed(feed),
            Effect::RenewToken(profile, reason) => self.renew_token(profile, reason),
            Effect::CloseFeed(feed) => {
                if let Some(open) = self.open.remove(&feed) {
                    open.task.abort();
                }
            }
            Effect::Forget(feed, id) => {
                if let Some(open) = self.open.get(&feed) {
                    // Fails only if the task has ended.
                    let _ = open.forget.send(id);
                } else if let Some(waiting) = &mut self.feeds[feed] {
                    // It is not open, so there is nothing to send.
                    waiting.forget(&id);
                }
            }
        }
        // Frees the tasks that have ended.
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
            let looked_up =
                lookup::look_up(provider.as_ref(), &network, &token, &ids, now.wall).await;
            let LookedUp { requests, result } = looked_up;
            let (started, generation) = (now.elapsed, token.generation);
            let done = LookupDone { targets, started, generation, requests, result };
            // Fails only if the command has ended.
            let _ = outbox.send(Input::LookupDone(done)).await;
        });
    }

    /// Looks the provider's probe id up.
    fn probe(&mut self, profile: ProfileId) {
        let provider = self.plan.profiles[profile].provider.clone();
        let network = self.network.clone();
        let token = self.tokens[profile].borrow().clone();
        let outbox = self.outbox.clone();
        let now = self.clock.now();
        self.tasks.spawn(async move {
            let id = &provider.spec().probe_id;
            let ids = std::slice::from_ref(id);
            let looked_up =
                lookup::look_up(provider.as_ref(), &network, &token, ids, now.wall).await;
            let LookedUp { requests, result } = looked_up;
            let result = result.map(lookup::only);
            let done = ProbeDone { profile, generation: token.generation, requests, result };
            // Fails only if the command has ended.
            let _ = outbox.send(Input::ProbeDone(done)).await;
        });
    }

    /// Lists the orders of an account that changed since this time.
    fn list_orders(&mut self, feed: FeedId, since: Timestamp) {
        let profile = self.feed_profiles[feed];
        let Some(listing) = self.plan.profiles[profile].provider.orders_since(since) else {
            return;
        };
        let network = self.network.clone();
        let token = self.tokens[profile].borrow().clone();
        let outbox = self.outbox.clone();
        let now = self.clock.now();
        self.tasks.spawn(async move {
            let listed = lookup::list(listing, &network, &token, now.wall).await;
            let ListedOrders { requests, result } = listed;
            let (started, generation) = (now.elapsed, token.generation);
            let done = OrdersListed { feed, started, generation, requests, result };
            // Fails only if the command has ended.
            let _ = outbox.send(Input::OrdersListed(done)).await;
        });
    }

    fn open_feed(&mut self, id: FeedId) {
        let Some(feed) = self.feeds[id].take() else {
            return;
        };
        let profile = self.feed_profiles[id];
        let (forget, forgotten) = mpsc::unbounded_channel();
        let spec = self.plan.profiles[profile].provider.spec();
        let task = FeedTask::new(feed_task::FeedContext {
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

    fn renew_token(&mut self, profile: ProfileId, reason: RenewalReason) {
        let plan = self.plan.clone();
        let token = self.tokens[profile].clone();
        let outbox = self.outbox.clone();
        let (network, clock) = (self.network.clone(), self.clock);
        self.renewals.spawn(async move {
            let mut source = TokenSource {
                profile: &plan.profiles[profile],
                network: &network,
                clock,
                current: token.borrow().clone(),
                reason,
                warnings: Vec::new(),
            };
            let obtained = source.obtain().await.map(|(obtained, origin)| {
                let expires_at = obtained.expires_at();
                token.send_replace(obtained);
                Obtained { expires_at, origin }
            });
            for warning in source.warnings.into_iter().filter(|_| obtained.is_ok()) {
                let _ = outbox.send(Input::Warning(warning)).await;
            }
            let _ = outbox.send(Input::TokenRenewed(profile, obtained)).await;
        });
    }
}
