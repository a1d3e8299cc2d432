//! The only loop. It carries out what [`Watch`] decides, and feeds it what happens.

#[cfg(test)]
mod chaos;
pub mod clock;
mod connections;
mod feed;
mod listen;
pub mod plan;
mod renewal;
mod signals;
pub(crate) mod traffic;
pub mod watch;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::Report;
use crate::provider::{Feed, Id, Provider, Reading};
use crate::render::{Closing, Renderer, Stamped};
use crate::transport::{Error, Network, Options, Transport};
use crate::wire::Token;
use clock::Clock;
use connections::{connections, those_that_fit};
use plan::Plan;
use watch::{Command, Input, Pull, Pulled, Route, Watch};

pub use listen::listen;
pub use signals::Signals;

/// How often the live view is drawn, at most.
const FRAME: Duration = Duration::from_millis(100);
/// How many connections of a profile are being opened at once.
const MOST_HANDSHAKES: usize = 64;
/// How much may wait for the loop before the sockets are read no further.
const INBOX: usize = 1024;

/// Why a session could not come to its end.
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
    let surroundings = Surroundings {
        clock: Clock::start(),
        network: Transport::new(options).map_err(Broken::Failed)?,
        random: fastrand::Rng::new(),
    };
    run_in(surroundings, plan, renderer, async || signals.next().await).await
}

/// Where a session runs.
struct Surroundings<N> {
    clock: Clock,
    network: N,
    /// Spreads requests and retries.
    random: fastrand::Rng,
}

/// Runs a command to its end, wherever that is.
async fn run_in(
    mut surroundings: Surroundings<impl Network>,
    plan: Arc<Plan>,
    renderer: &mut dyn Renderer,
    interrupted: impl AsyncFnMut() -> Code,
) -> Result<Closing, Broken> {
    let random = surroundings.random.fork();
    let (mut hands, routes) = Hands::new(plan.clone(), surroundings).map_err(Broken::Failed)?;
    let watch = Watch::new(plan, routes, random);
    let ended = follow(watch, &mut hands, renderer, interrupted).await;
    // The command that was to give a new token ends with the watch, however that ended.
    hands.renewals.shutdown().await;
    ended
}

/// Has what is decided carried out, and what happens taken in, until everything is decided.
async fn follow(
    mut watch: Watch,
    hands: &mut Hands<impl Network>,
    renderer: &mut dyn Renderer,
    mut interrupted: impl AsyncFnMut() -> Code,
) -> Result<Closing, Broken> {
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut input = Input::Begun;
    loop {
        for command in watch.handle(hands.clock.now(), input) {
            if let Some(shown) = hands.carry_out(command) {
                renderer.event(&shown).map_err(Broken::Output)?;
            }
        }
        if watch.finished().is_some() {
            return Ok(watch.closing());
        }
        let wake = watch.wake_at().map(|due| hands.clock.instant(due));
        input = loop {
            tokio::select! {
                biased;
                code = interrupted() => break Input::Interrupted(code),
                // Before what comes in, which may never end; it is due only now and then.
                _ = frames.tick(), if renderer.room().is_some() => {
                    if let Some(room) = renderer.room() {
                        renderer.draw(&watch.view(hands.clock.now().elapsed, room));
                        // A terminal that is slow is not given the next one at once.
                        frames.reset();
                    }
                }
                Some(input) = hands.inbox.recv() => break input,
                () = sleep_until(wake.unwrap_or_else(|| hands.clock.instant(Duration::MAX))) => break Input::Woken,
            }
        };
    }
}

/// What carries commands out: sockets, tasks, and the way back.
struct Hands<N> {
    plan: Arc<Plan>,
    clock: Clock,
    random: fastrand::Rng,
    network: N,
    /// By profile: its token as it stands.
    tokens: Vec<latest::Sender<Token>>,
    feeds: Vec<Option<Box<dyn Feed>>>,
    feed_profiles: Vec<usize>,
    open: BTreeMap<usize, OpenFeed>,
    /// By profile, so that a provider that does not answer holds up nobody else's connections.
    permits: Vec<Arc<Semaphore>>,
    tasks: JoinSet<()>,
    renewals: JoinSet<()>,
    outbox: mpsc::Sender<Input>,
    inbox: mpsc::Receiver<Input>,
}

struct OpenFeed {
    task: AbortHandle,
    forget: mpsc::UnboundedSender<Id>,
}

impl<N: Network> Hands<N> {
    fn new(plan: Arc<Plan>, surroundings: Surroundings<N>) -> Result<(Self, Vec<Route>), Failure> {
        let Surroundings { clock, network, random } = surroundings;
        let (outbox, inbox) = mpsc::channel(INBOX);
        let wanted = connections(&plan)?;
        let room = network.room(wanted.len());
        let (connections, notice) = those_that_fit(&plan, wanted, room)?;
        if let Some(message) = notice {
            // An empty inbox takes it.
            let _ = outbox.try_send(Input::Noticed("open_files", message));
        }
        let (mut feeds, routes): (Vec<_>, Vec<_>) = connections.into_iter().unzip();
        for (feed, route) in feeds.iter_mut().zip(&routes) {
            // It may be renewed before anything is opened, and what was signed with it still counts.
            if let Some(token) = &plan.profiles[route.profile].credential.token {
                feed.token(token);
            }
        }
        let tokens = plan.profiles.iter().map(|profile| {
            latest::Sender::new(profile.credential.token.clone().unwrap_or_default())
        });
        let hands = Hands {
            clock,
            random,
            network,
            tokens: tokens.collect(),
            feeds: feeds.into_iter().map(Some).collect(),
            feed_profiles: routes.iter().map(|route: &Route| route.profile).collect(),
            open: BTreeMap::new(),
            permits: plan
                .profiles
                .iter()
                .map(|_| Arc::new(Semaphore::new(MOST_HANDSHAKES)))
                .collect(),
            tasks: JoinSet::new(),
            renewals: JoinSet::new(),
            outbox,
            inbox,
            plan,
        };
        Ok((hands, routes))
    }

    /// Does what has to be done; what has to be shown comes back.
    fn carry_out(&mut self, command: Command) -> Option<Box<Stamped>> {
        match command {
            Command::Emit(shown) => return Some(shown),
            Command::Pull(pull) => self.pull(pull),
            Command::Open(feed) => self.open(feed),
            Command::Renew(profile) => self.renew(profile),
            Command::Close(feed) => {
                if let Some(open) = self.open.remove(&feed) {
                    open.task.abort();
                }
            }
            Command::Forget(feed, id) => {
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

    fn pull(&mut self, pull: Pull) {
        let Pull { target, profile, id } = pull;
        let provider = self.plan.profiles[profile].provider.clone();
        let network = self.network.clone();
        let token = self.tokens[profile].borrow().clone();
        let outbox = self.outbox.clone();
        let now = self.clock.now();
        self.tasks.spawn(async move {
            let answer = look(provider.as_ref(), &network, &token, &id, now.wall).await;
            let pulled = Pulled { asked: now.elapsed, generation: token.generation, answer };
            // If nobody listens any more, the session is over.
            let _ = outbox.send(Input::Pulled(target, pulled)).await;
        });
    }

    fn open(&mut self, index: usize) {
        let Some(feed) = self.feeds[index].take() else {
            return;
        };
        let profile = self.feed_profiles[index];
        let (forget, forgotten) = mpsc::unbounded_channel();
        let line = feed::Line {
            index,
            network: self.network.clone(),
            token: self.tokens[profile].subscribe(),
            inbox: self.outbox.clone(),
            forgotten,
            permits: self.permits[profile].clone(),
            random: self.random.fork(),
            personal: self.plan.profiles[profile].provider.spec().personal,
            live: false,
            told: Clock::start(),
        };
        let task = self.tasks.spawn(feed::drive(feed, line));
        self.open.insert(index, OpenFeed { task, forget });
    }

    fn renew(&mut self, profile: usize) {
        let plan = self.plan.clone();
        let token = self.tokens[profile].clone();
        let outbox = self.outbox.clone();
        let network = self.network.clone();
        self.renewals.spawn(async move {
            let generation = token.borrow().generation + 1;
            let renewed = renewal::renew(&plan.profiles[profile], &network, generation).await;
            let renewed = renewed.map(|renewed| {
                let expires_at = renewed.expires_at();
                token.send_replace(renewed);
                expires_at
            });
            let _ = outbox.send(Input::Renewed(profile, renewed)).await;
        });
    }
}

/// Asks for the state of a transaction, in one place after the other until one knows it.
async fn look(
    provider: &dyn Provider,
    network: &impl Network,
    token: &Token,
    id: &Id,
    now: Timestamp,
) -> Result<(Reading, Option<Duration>), Error> {
    let mut found: Option<Box<Report>> = None;
    let mut unknown = Reading::NotFound("nobody was asked".to_owned());
    for (asked, request) in provider.snapshots(id, now).iter().enumerate() {
        if let Some(report) = found.take_if(|found| asked >= provider.places_to_ask(id, found)) {
            return Ok((Reading::Observed(report), None));
        }
        let fetched = network.fetch(request, token).await?;
        match provider.read(id, &fetched.response, earlier(fetched.response.date, now)) {
            Reading::Observed(report) => found = Some(newer(found, report)),
            Reading::NotFound(answer) => unknown = Reading::NotFound(answer),
            other => return Ok((other, fetched.retry_after)),
        }
    }
    Ok((found.map_or(unknown, Reading::Observed), None))
}

/// The report about the attempt that began last.
fn newer(found: Option<Box<Report>>, other: Box<Report>) -> Box<Report> {
    let began = |report: &Report| report.attempt.as_ref().and_then(|attempt| attempt.began);
    match found {
        Some(found) if began(&found) > began(&other) => found,
        _ => other,
    }
}

/// The provider's clock or ours, whichever is behind: neither may end a transaction by being ahead.
fn earlier(theirs: Option<Timestamp>, ours: Timestamp) -> Timestamp {
    theirs.map_or(ours, |theirs| theirs.min(ours))
}
