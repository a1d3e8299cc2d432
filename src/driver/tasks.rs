//! Executes the effects of the engine in tasks, which own the sockets and send inputs to the inbox of the loop.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch as latest};
use tokio::task::{AbortHandle, JoinSet};

use super::clock::Clock;
use super::connections::{connections, fit_capacity};
use super::feed_task::{self, FeedTask};
use super::lookup::{self, ListedOrders, LookedUp};
use super::token_source::TokenSource;
use crate::engine::plan::Plan;
use crate::engine::{
    Effect, FeedId, Input, List, LookupDone, LookupRequest, Now, Obtained, OrdersListed, ProbeDone,
    ProfileId, RenewalReason, Route,
};
use crate::error::Failure;
use crate::event::Stamped;
use crate::provider::{Feed, Id};
use crate::transport::Network;
use crate::warning::{Warning, WarningCode};
use crate::wire::Token;

/// How many connections of a profile may be in the handshake at the same time.
const MAX_HANDSHAKES: usize = 64;
/// How many inputs are buffered for the loop; when the buffer is full, sockets are not read.
const INBOX_CAPACITY: usize = 1024;

/// The environment of a command, which tests replace.
pub struct Env<N> {
    /// Started with the command.
    pub clock: Clock,
    /// Makes requests and opens connections.
    pub network: N,
    /// For jitter.
    pub random: fastrand::Rng,
}

/// Executes effects. Its tasks own the sockets, and send inputs to the inbox.
pub(super) struct Driver<N> {
    pub(super) plan: Arc<Plan>,
    pub(super) clock: Clock,
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
    pub(super) renewals: JoinSet<()>,
    outbox: mpsc::Sender<Input>,
    pub(super) inbox: mpsc::Receiver<Input>,
}

/// What a task needs to make requests for a profile.
struct RequestContext<N> {
    network: N,
    token: Token,
    outbox: mpsc::Sender<Input>,
    /// When the requests are started.
    now: Now,
}

struct OpenFeed {
    task: AbortHandle,
    forget: mpsc::UnboundedSender<Id>,
}

impl<N: Network> Driver<N> {
    pub(super) fn new(
        plan: Arc<Plan>,
        env: Env<N>,
    ) -> Result<(Self, List<FeedId, Route>), Failure> {
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
    pub(super) fn execute(&mut self, effect: Effect) -> Option<Box<Stamped>> {
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

    fn request_context(&self, profile: ProfileId) -> RequestContext<N> {
        RequestContext {
            network: self.network.clone(),
            token: self.tokens[profile].borrow().clone(),
            outbox: self.outbox.clone(),
            now: self.clock.now(),
        }
    }

    fn look_up(&mut self, request: LookupRequest) {
        let LookupRequest { profile, targets } = request;
        let (targets, ids): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        let provider = self.plan.profiles[profile].provider.clone();
        let RequestContext { network, token, outbox, now } = self.request_context(profile);
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
        let RequestContext { network, token, outbox, now } = self.request_context(profile);
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
        let RequestContext { network, token, outbox, now } = self.request_context(profile);
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
