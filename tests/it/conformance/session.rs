//! A command about the samples of a provider: the real loop and the real output, on a network that says what a
//! test wants, in simulated time.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use txwatch::credential::Credential;
use txwatch::driver::clock::Clock;
use txwatch::driver::{Env, SignalRequest, run_in};
use txwatch::engine::plan::{Mode, Plan, Profile, Target};
use txwatch::engine::{List, ListIndex, ProfileId};
use txwatch::event::{Closing, Name, Stamped, View, ViewSize};
use txwatch::provider::{Id, Provider};
use txwatch::render::{Output, OutputOptions, Paint, Progress, Records, Renderer, closing_report};
use txwatch::transport::{Connection, Error, Message, Network};
use txwatch::wire::{Frame, Request, Response, Token};

use crate::properties::{Subject, frame};

/// Everything that stdout and stderr can look like.
const LOOKS: [(Records, Progress); 5] = [
    (Records::Json, Progress::Warnings),
    (Records::Human, Progress::Human),
    (Records::HumanRecord, Progress::Human),
    (Records::Plain, Progress::Plain),
    (Records::Plain, Progress::Quiet),
];

/// A network in which every request gets the same response, and every connection says the same.
#[derive(Clone)]
pub(super) struct Peer {
    response: Response,
    /// Lines of a story.
    lines: Arc<Vec<String>>,
}

impl Peer {
    pub(super) fn answering(status: u16, body: String) -> Self {
        Peer { response: Response::new(status, body), lines: Arc::default() }
    }

    pub(super) fn saying(self, lines: Vec<String>) -> Self {
        Peer { lines: Arc::new(lines), ..self }
    }
}

impl Network for Peer {
    type Connection = Played;

    async fn fetch(&self, _: &Request, _: &Token) -> Result<Response, Error> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(self.response.clone())
    }

    async fn open(&self, request: &Request, _: &Token) -> Result<Played, Error> {
        let frames = self.lines.iter().map(|line| frame(&request.url, line)).collect();
        Ok(Played(frames))
    }
}

/// A connection on which nothing comes after these.
pub(super) struct Played(VecDeque<Frame>);

impl Connection for Played {
    async fn next(&mut self) -> Result<Frame, Error> {
        match self.0.pop_front() {
            Some(frame) => Ok(frame),
            None => pending().await,
        }
    }

    async fn send(&mut self, _: Message) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// What a command has shown.
pub(super) struct Shown {
    pub(super) events: Vec<Stamped>,
    pub(super) closing: Closing,
}

impl Shown {
    /// All of it, in every look, with the last words.
    pub(super) fn all(&self) -> String {
        let looks = LOOKS.into_iter().flat_map(|(records, progress)| {
            let paint = Paint(false);
            let mut output = Output::new(&OutputOptions {
                records,
                progress,
                stdout: paint,
                stderr: paint,
                targets: 2,
                widest: 80,
                verbose: true,
                local: false,
            });
            self.events.iter().map(move |event| {
                let (stdout, stderr) = output.text(event);
                stdout + &stderr
            })
        });
        let last = closing_report(&self.closing, |targets| targets.join(" "), false, Paint(false));
        looks.chain([last]).collect()
    }
}

#[derive(Default)]
pub(super) struct Recorder(pub(super) Vec<Stamped>);

impl Renderer for Recorder {
    fn event(&mut self, event: &Stamped) -> io::Result<()> {
        self.0.push(event.clone());
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _: &View) {}
}

/// A command about these ids.
pub(super) fn plan(provider: &Arc<dyn Provider>, token: &str, ids: &[Id], mode: Mode) -> Plan {
    let spec = provider.spec();
    let credential = if provider.is_public() {
        Credential::none()
    } else {
        Credential::value(token, "a test".to_owned()).unwrap()
    };
    let profile = Profile {
        name: spec.name.clone(),
        prefix: format!("{}:", spec.name).into(),
        provider: provider.clone(),
        credential,
        token_store: None,
        quotas: spec.pace.quotas.clone(),
        can_poll: true,
        interval: spec.pace.interval,
        safety_interval: spec.pace.safety_interval,
        appear_timeout: None,
        max_outage: None,
        grace: Duration::ZERO,
    };
    let target = |id: &Id| Target {
        name: Name {
            target: format!("{}:{id}", spec.name).into(),
            provider: spec.name.clone(),
            id: id.text(),
        },
        id: id.clone(),
        profile: ProfileId::at(0),
    };
    Plan {
        mode,
        profiles: List::from_iter([profile]),
        targets: ids.iter().map(target).collect(),
        account: false,
        goal: "completed".parse().unwrap(),
        expectations: Vec::new(),
        any: false,
        timeout: Some(Duration::from_secs(60)),
        heartbeat: None,
        show_personal: false,
        notices: Vec::new(),
    }
}

/// `get` of every id of the samples.
pub(super) fn get(subject: &Subject, peer: Peer, show_personal: bool) -> Shown {
    let mode = Mode::Get { exit_status: true };
    let plan = plan(&subject.provider, "a-token-of-a-test", &subject.ids, mode);
    run(Plan { show_personal, ..plan }, peer)
}

/// `watch` of every id of the samples, for a minute.
pub(super) fn watch(subject: &Subject, peer: Peer) -> Shown {
    run(plan(&subject.provider, "a-token-of-a-test", &subject.ids, Mode::Watch), peer)
}

fn run(plan: Plan, network: Peer) -> Shown {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut recorder = Recorder::default();
    let ended = runtime.block_on(async {
        // A minute after the transactions of the samples were sent.
        let clock = Clock::start_at(Timestamp::from_second(1_732_728_310).unwrap());
        let env = Env { clock, network, random: fastrand::Rng::with_seed(7) };
        let never = async || -> SignalRequest { pending().await };
        run_in(env, Arc::new(plan), &mut recorder, never).await
    });
    Shown { events: recorder.0, closing: ended.unwrap() }
}
