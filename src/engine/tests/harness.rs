//! A driver of an engine for tests: no sockets, no clock.

use super::*;

/// Drives an [`Engine`] with inputs and times of the test, and records its effects.
pub(super) struct Harness {
    pub(super) engine: Engine,
    pub(super) now: Duration,
    /// How far the wall clock was set ahead.
    pub(super) ahead: jiff::SignedDuration,
    /// The effects since [`Harness::take`] was last called, but for what was shown: `lookup 0 1` of the first
    /// two targets, `probe`, `open`, `close`, `forget 0`, `renew`.
    pub(super) done: Vec<String>,
    /// What the probe finds as soon as it is made; if none, the test answers it.
    pub(super) probed: Option<Result<Reading, Error>>,
    pub(super) events: Vec<Event>,
    /// How many requests a lookup makes.
    pub(super) requests_per_lookup: u32,
}

impl Harness {
    /// One push connection for all targets, if the mode has any.
    pub(super) fn new(plan: Plan) -> Self {
        let targets = plan.targets.enumerate();
        let route = Route {
            profile: profile(),
            targets: targets.map(|(id, target)| (target.id.clone(), id)).collect(),
            account: plan.account,
            authenticated: true,
            waits: false,
        };
        let routes = Some(route).filter(|_| plan.mode.pushes()).into_iter().collect();
        Harness::with_routes(plan, routes)
    }

    /// These push connections.
    pub(super) fn with_routes(plan: Plan, routes: List<FeedId, Route>) -> Self {
        let engine = Engine::new(Arc::new(plan), routes, fastrand::Rng::with_seed(7));
        let mut harness = Harness {
            engine,
            now: Duration::ZERO,
            ahead: jiff::SignedDuration::ZERO,
            done: Vec::new(),
            probed: None,
            events: Vec::new(),
            requests_per_lookup: 1,
        };
        harness.input(Input::Start);
        harness
    }

    /// A watch whose push is live and whose first lookup of each target found it pending.
    pub(super) fn watching(plan: Plan) -> Self {
        let mut harness = Harness::new(plan);
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        for target in 0..harness.engine.plan.targets.len() {
            harness.found(target, report(Status::Pending, None));
        }
        harness.take();
        harness
    }

    pub(super) fn input(&mut self, input: Input) {
        let wall = jiff::Timestamp::UNIX_EPOCH + self.now + self.ahead;
        let now = Now { elapsed: self.now, wall };
        let mut is_probed = false;
        for effect in self.engine.handle(now, input) {
            match effect {
                Effect::Emit(stamped) => self.events.push(stamped.event),
                Effect::Lookup(LookupRequest { targets, .. }) => {
                    let places = targets.iter().map(|(target, _)| format!(" {}", target.index()));
                    self.done.push(format!("lookup{}", places.collect::<String>()));
                }
                Effect::Probe(_) if self.probed.is_some() => is_probed = true,
                Effect::Probe(_) => self.done.push("probe".to_owned()),
                Effect::ListOrders(_, since) => {
                    self.done.push(format!("list {}", since.as_second()))
                }
                Effect::OpenFeed(_) => self.done.push("open".to_owned()),
                Effect::CloseFeed(_) => self.done.push("close".to_owned()),
                Effect::Forget(_, id) => self.done.push(format!("forget {id}")),
                Effect::RenewToken(..) => self.done.push("renew".to_owned()),
            }
        }
        if is_probed && let Some(result) = self.probed.clone() {
            self.answer_probe(result);
        }
    }

    /// The probe is done with this result.
    pub(super) fn answer_probe(&mut self, result: Result<Reading, Error>) {
        let generation = self.generation();
        let done = ProbeDone { profile: profile(), generation, requests: 1, result };
        self.input(Input::ProbeDone(done));
    }

    pub(super) fn link_event(&mut self, event: LinkEvent) {
        self.input(Input::Feed(feed(), event));
    }

    pub(super) fn signal(&mut self, signal: FeedSignal) {
        self.link_event(LinkEvent::Signal(signal));
    }

    pub(super) fn connect(&mut self, attempt: u32) {
        self.link_event(LinkEvent::Connecting { attempt });
    }

    pub(super) fn subscribe(&mut self) {
        let ids = self.engine.plan.targets.iter().map(|target| target.id.clone()).collect();
        self.signal(FeedSignal::Subscribed(ids));
    }

    pub(super) fn push(&mut self, target: usize, status: Status, clock: Option<i64>) {
        self.signal(FeedSignal::Observed(Id::new(&target.to_string()), report(status, clock)));
    }

    pub(super) fn warn(&mut self, code: WarningCode, message: &str) {
        self.signal(FeedSignal::Warning(Warning::new(code, message)));
    }

    pub(super) fn lose(&mut self, error: Error, retry_in: u64) {
        let retry_in = Duration::from_secs(retry_in);
        self.link_event(LinkEvent::Lost { error, attempt: 1, retry_in, generation: 0 });
    }

    /// The lookup of a target, started just now, is done with this report.
    pub(super) fn found(&mut self, target: usize, report: Box<Report>) {
        self.read(target, Reading::Observed(report));
    }

    /// The same with any reading.
    pub(super) fn read(&mut self, target: usize, reading: Reading) {
        self.answer(target, Ok(reading));
    }

    pub(super) fn answer(&mut self, target: usize, result: Result<Reading, Error>) {
        let generation = self.generation();
        let started = self.now;
        self.answer_to(started, generation, target, result);
    }

    /// The answer to a lookup that was made then, with the token of this generation.
    pub(super) fn answer_to(
        &mut self,
        started: Duration,
        generation: u32,
        target: usize,
        result: Result<Reading, Error>,
    ) {
        let targets = vec![TargetId::at(target)];
        let result = result.map(|reading| vec![reading]);
        let requests = self.requests_per_lookup;
        let done = LookupDone { targets, started, generation, requests, result };
        self.input(Input::LookupDone(done));
    }

    /// How often the token was renewed.
    pub(super) fn generation(&self) -> u32 {
        self.engine.profiles[profile()].token.generation
    }

    /// A token was issued, or read from where it is given.
    pub(super) fn renewed(&mut self, renewed: Result<Option<jiff::Timestamp>, RenewalError>) {
        self.obtained(TokenOrigin::Issued, renewed);
    }

    /// A token was obtained from there.
    pub(super) fn obtained(
        &mut self,
        origin: TokenOrigin,
        renewed: Result<Option<jiff::Timestamp>, RenewalError>,
    ) {
        let obtained = renewed.map(|expires_at| Obtained { expires_at, origin });
        self.input(Input::TokenRenewed(profile(), obtained));
    }

    /// Lets time pass until something is done or shown, at most until this second.
    pub(super) fn wait_until(&mut self, second: u64) {
        let end = Duration::from_secs(second);
        let (done, shown) = (self.done.len(), self.events.len());
        while let Some(due) = self.engine.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Wake);
            if self.done.len() > done || self.events.len() > shown {
                return;
            }
        }
        if self.exit().is_none() {
            self.now = self.now.max(end);
        }
    }

    /// What was done since the last call.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }

    /// The targets of the lookups since the last call. Other effects are dropped.
    pub(super) fn take_lookups(&mut self) -> Vec<usize> {
        self.take().iter().flat_map(|done| targets_of(done)).collect()
    }

    /// Whether a target is being looked up since the last call of [`Harness::take`].
    pub(super) fn is_looked_up(&self, target: usize) -> bool {
        self.done.iter().any(|done| targets_of(done).contains(&target))
    }

    pub(super) fn exit(&self) -> Option<Code> {
        let conclusion = self.engine.conclusion()?;
        Some(Code::from(&self.engine.closing(conclusion).summary))
    }

    /// The data of the closing report.
    pub(super) fn closing(&self) -> crate::event::Closing {
        self.engine.closing(self.engine.conclusion().unwrap())
    }

    pub(super) fn results(&self) -> Vec<(String, Outcome)> {
        let results = self.events.iter().filter_map(|event| match event {
            Event::Result(result) => Some((result.name.target.to_string(), result.outcome)),
            _ => None,
        });
        results.collect()
    }

    pub(super) fn statuses(&self) -> Vec<Status> {
        let statuses = self.events.iter().filter_map(|event| match event {
            Event::Status(change) => Some(change.status),
            _ => None,
        });
        statuses.collect()
    }

    pub(super) fn warnings(&self) -> Vec<WarningCode> {
        let warnings = self.events.iter().filter_map(|event| match event {
            Event::Warning { warning, .. } => Some(warning.code),
            Event::Held(_) => Some(WarningCode::Held),
            _ => None,
        });
        warnings.collect()
    }

    pub(super) fn connections(&self) -> Vec<&'static str> {
        let states = self.events.iter().filter_map(|event| match event {
            Event::Connection(connection) => Some(connection.state.name()),
            _ => None,
        });
        states.collect()
    }
}
