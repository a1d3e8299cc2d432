//! The simulated network: it loses, delays, repeats and refuses what a seed wants it to.

use std::sync::MutexGuard;

use fastrand::Rng;
use serde_json::Value;
use tokio::time::sleep;

use super::ambiguity::{Ambiguity, spoil};
use super::connection::SimulatedConnection;
use super::fault_model::{Exchange, Fault};
use super::ledgers::AnswerKind;
use super::plan::TOKEN;
use super::providers::Question;
use super::snapshot::Snapshot;
use super::time::{Millis, SECOND, duration, millis};
use super::world::{SharedWorld, Subject, World};
use txwatch::sandbox::Weather;
use txwatch::transport::{Error, ErrorKind, Network};
use txwatch::wire::{Auth, Request, Response, Token};

/// How many questions at least prove that a transaction has expired.
const PROOFS: u32 = 3;
/// How long our side waits for an answer.
const REQUEST_TIMEOUT: Millis = 20 * SECOND;

#[derive(Clone)]
pub struct SimulatedNetwork(pub SharedWorld);

/// What comes of a request in the end.
struct Reply {
    kind: AnswerKind,
    /// The step that it reports.
    reports: Option<usize>,
    /// Whether nothing more has to be asked before that is believed.
    ends_lookup: bool,
    /// The step that follows from it, once enough time has passed.
    inferable: Option<usize>,
    status: u16,
    /// When it was answered.
    at: Millis,
    body: String,
    /// In seconds.
    retry_after: Option<i64>,
    /// Whether it leads to another host, which is not followed.
    is_redirect: bool,
}

impl Reply {
    fn failed(status: u16, retry_after: Option<i64>) -> Self {
        Reply {
            kind: AnswerKind::Failed,
            reports: None,
            ends_lookup: true,
            inferable: None,
            status,
            at: 0,
            body: r#"{"error":"not now"}"#.to_owned(),
            retry_after,
            is_redirect: false,
        }
    }

    /// An answer of this kind in place of the one that this would be.
    fn with_weather(self, weather: Weather, error: impl FnOnce() -> Value) -> Self {
        let (status, body) = match weather {
            Weather::Html => (200, "<html>Welcome!</html>".to_owned()),
            Weather::Empty => (200, String::new()),
            Weather::Truncated => (200, self.body[..self.body.len() / 2].to_owned()),
            Weather::Forbidden => (403, "<html>Denied</html>".to_owned()),
            Weather::Redirect => (302, String::new()),
            Weather::Error(_) => (200, error().to_string()),
        };
        let is_redirect = weather == Weather::Redirect;
        Reply { kind: AnswerKind::Puzzling, body, is_redirect, ..Reply::failed(status, None) }
    }

    /// The answer, made ambiguous, if it reports anything in which another thing could be read.
    fn spoiled(self, ways: &[Ambiguity], random: &mut Rng) -> Self {
        match self.reports.and_then(|_| spoil(&self.body, ways, random)) {
            Some(body) => Reply { kind: AnswerKind::Puzzling, body, ..Reply::failed(200, None) },
            None => self,
        }
    }
}

impl SimulatedNetwork {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// What becomes of a request that is made now; nothing, if the command goes on without end.
    fn send(&self, request: &Request, token: &Token) -> Option<(Subject, Exchange)> {
        let mut world = self.world();
        check_token(&mut world, request, token);
        let Some(subject) = world.subject(request) else {
            world.violation(format!("nobody is at {}", request.url));
            return None;
        };
        if world.is_endless() {
            return None;
        }
        world.requested(&subject);
        let now = world.now();
        let World { scenario, random, .. } = &mut *world;
        let faults = &scenario.providers[subject.provider].faults;
        Some((subject, faults.exchange(random, now)))
    }

    /// A request of a probe, which is about no target.
    fn send_probe(&self, request: &Request, token: &Token) -> Option<ProbeRequest> {
        let mut world = self.world();
        let (provider, question) = world.probed(request)?;
        check_token(&mut world, request, token);
        let now = world.now();
        if question.is_first {
            world.check_retry_after(provider, "the probe");
        }
        let ledger = &mut world.providers[provider];
        ledger.in_flight += 1;
        ledger.requests.push(now);
        world.check_limits(provider);
        world.note(|| format!("the probe asks {}", request.url));
        let World { scenario, random, .. } = &mut *world;
        let exchange = scenario.providers[provider].faults.exchange(random, now);
        Some(ProbeRequest { provider, question, exchange })
    }

    async fn finish_probe(&self, probe: ProbeRequest) -> Result<Response, Error> {
        let ProbeRequest { provider, question, exchange: Exchange { there, back, fault } } = probe;
        let takes = if fault == Some(Fault::Hang) { REQUEST_TIMEOUT } else { there + back };
        sleep(duration(takes)).await;
        let mut world = self.world();
        let now = world.now();
        let simulated = world.scenario.providers[provider].simulated;
        let target = world.scenario.targets_of(provider)[0];
        let snapshot = world.snapshot(target, None, 0);
        let answer = simulated.answer(&Snapshot { id: &question.id, ..snapshot }, &question);
        let found = (answer.status, answer.body.to_string(), None);
        let (status, body, retry_after) = match fault {
            Some(Fault::Status(status, wait)) => (status, "{}".to_owned(), wait),
            Some(Fault::Weather(Weather::Forbidden)) => {
                (403, "<html>Denied</html>".to_owned(), None)
            }
            Some(Fault::Weather(_)) => (200, "<html>Welcome!</html>".to_owned(), None),
            Some(Fault::Ambiguous | Fault::NotFound | Fault::Break | Fault::Hang) | None => found,
        };
        let is_lost = matches!(fault, Some(Fault::Break | Fault::Hang));
        let ledger = &mut world.providers[provider];
        ledger.in_flight -= 1;
        ledger.has_denied |= status == 401 && !is_lost;
        if let Some(seconds) = retry_after {
            ledger.busy_since = now;
            ledger.busy_until = ledger.busy_until.max(now + seconds * SECOND);
        }
        world.note(|| format!("the probe <- {status} {body} {is_lost}"));
        if is_lost {
            return Err(Error::closed(None, "simulated"));
        }
        let date = Some(world.scenario.providers[provider].clock(now));
        let retry_after = retry_after.map(|seconds| duration(seconds * SECOND));
        Ok(Response { status, date, retry_after, encoding: None, body: body.into_bytes() })
    }

    /// The truth of this moment, or what a fault makes of it.
    fn reply(&self, subject: &Subject, fault: Option<Fault>) -> Reply {
        let Subject { target, ref question, .. } = *subject;
        let mut world = self.world();
        let mut random = world.random.fork();
        let provider = world.provider_of(target);
        let history = &world.scenario.targets[target].history;
        let step = match fault {
            Some(Fault::Status(status, retry_after)) => return Reply::failed(status, retry_after),
            Some(Fault::NotFound) => None,
            _ => {
                let lags = world.targets[target].lookup.lags;
                history.at(world.now() - provider.lag - provider.backend_lag(lags))
            }
        };
        let snapshot = world.snapshot(target, step, provider.answer_ahead);
        let answer = provider.simulated.answer(&snapshot, question);
        let is_about_transaction = provider.simulated.is_about_transaction(question);
        let is_found = answer.reports.is_some() || !is_about_transaction;
        let was_found = world.targets[target].lookup.found.is_some();
        let reply = Reply {
            kind: if is_found { AnswerKind::Status } else { AnswerKind::NotFound },
            reports: answer.reports,
            ends_lookup: provider.simulated.ends_lookup(&snapshot, question, is_found, was_found),
            // Only what was asked for after the proof is an ending.
            inferable: step.filter(|_| {
                let is_proven = is_about_transaction && snapshot.proofs > PROOFS;
                provider.simulated.infers_expiry() && is_found && is_proven
            }),
            status: answer.status,
            at: world.now(),
            body: answer.body.to_string(),
            retry_after: None,
            is_redirect: false,
        };
        match fault {
            Some(Fault::Weather(weather)) => {
                reply.with_weather(weather, || provider.simulated.error())
            }
            Some(Fault::Ambiguous) => {
                let ways = provider.simulated.ambiguities(&snapshot, Some(question));
                reply.spoiled(&ways, &mut random)
            }
            _ => reply,
        }
    }

    /// The reply arrives, and the command knows what it says.
    fn deliver(&self, subject: &Subject, reply: Reply) -> Result<Response, Error> {
        let Subject { provider, target, .. } = *subject;
        let Reply {
            kind,
            reports,
            ends_lookup,
            inferable,
            status,
            at,
            body,
            retry_after,
            is_redirect,
        } = reply;
        let mut world = self.world();
        let now = world.now();
        let lookup = &world.targets[target].lookup;
        let found = reports.or(lookup.found);
        // What goes wrong with the proof of an expiry leaves the transaction as it was found.
        let has_to_wait = matches!(status, 401 | 408 | 425 | 429 | 503) || retry_after.is_some();
        let kind = if lookup.proofs > 0 && !has_to_wait { AnswerKind::Status } else { kind };
        if let Some(step) = found.filter(|_| ends_lookup && kind.is_understood()) {
            world.reported(target, step, false);
        }
        world.targets[target].lookup.found = found.filter(|_| !ends_lookup);
        world.answered(subject, kind, ends_lookup);
        let began = world.targets[target].lookup.began;
        if let Some(step) = inferable {
            world.targets[target].inferable[step].get_or_insert(began);
        }
        let ledger = &mut world.providers[provider];
        ledger.has_denied |= status == 401;
        ledger.has_forbidden |= status == 403;
        if let Some(seconds) = retry_after {
            ledger.busy_since = now;
            ledger.busy_until = ledger.busy_until.max(now + seconds * SECOND);
        }
        let name = world.name(target);
        world.note(|| format!("{name} <- {status} {body}"));
        if is_redirect {
            return Err(redirected());
        }
        Ok(Response {
            status,
            date: Some(world.scenario.providers[provider].clock(at)),
            retry_after: retry_after.map(|seconds| duration(seconds * SECOND)),
            encoding: None,
            body: body.into_bytes(),
        })
    }

    /// No reply arrives.
    async fn lose(&self, subject: &Subject, after: Millis) -> Error {
        sleep(duration(after)).await;
        let mut world = self.world();
        world.answered(subject, AnswerKind::Failed, true);
        let name = world.name(subject.target);
        world.note(|| format!("{name} <- nothing"));
        Error::closed(None, "simulated")
    }

    /// What becomes of a connection that is opened now.
    fn begin_handshake(&self, request: &Request, token: &Token) -> Option<Handshake> {
        let mut world = self.world();
        check_token(&mut world, request, token);
        if world.is_endless() {
            return None;
        }
        let provider = world.provider_at(request)?;
        let key = SimulatedConnection::key(&world, provider, request);
        check_opening(&mut world, &key);
        let now = world.now();
        let World { scenario, random, .. } = &mut *world;
        let (takes, fault) = scenario.providers[provider].faults.handshake(random, now);
        let takes = if fault == Some(Fault::Hang) { REQUEST_TIMEOUT } else { takes };
        Some(Handshake { provider, key, takes, fault })
    }

    fn end_handshake(
        &self,
        request: &Request,
        handshake: Handshake,
    ) -> Result<SimulatedConnection, Error> {
        let Handshake { provider, key, fault, .. } = handshake;
        let mut world = self.world();
        let setup = &world.scenario.providers[provider];
        let error = match fault {
            Some(fault) => refusal(fault),
            None if !setup.simulated.pushes_at(request, setup.is_older) => not_there(),
            None => {
                world.note(|| format!("{key} opens"));
                drop(world);
                return Ok(SimulatedConnection::open(self.0.clone(), provider, key, request));
            }
        };
        world.note(|| format!("{key} is refused: {error}"));
        let ledger = world.connection(&key);
        ledger.is_open = false;
        ledger.lasted = 0;
        ledger.retry_after = millis(error.retry_after.unwrap_or_default());
        if error.status != Some(404) {
            SimulatedConnection::lost(&mut world, provider, &key);
        }
        Err(error)
    }
}

/// A connection that is being opened.
struct Handshake {
    provider: usize,
    key: String,
    takes: Millis,
    fault: Option<Fault>,
}

/// A request of a probe that is on its way.
struct ProbeRequest {
    provider: usize,
    question: Question,
    exchange: Exchange,
}

impl Network for SimulatedNetwork {
    type Connection = SimulatedConnection;

    async fn fetch(&self, request: &Request, token: &Token) -> Result<Response, Error> {
        if let Some(probe) = self.send_probe(request, token) {
            return self.finish_probe(probe).await;
        }
        let Some((subject, Exchange { there, back, fault })) = self.send(request, token) else {
            return std::future::pending().await;
        };
        sleep(duration(there)).await;
        match fault {
            Some(Fault::Break) => return Err(self.lose(&subject, back).await),
            Some(Fault::Hang) => return Err(self.lose(&subject, REQUEST_TIMEOUT - there).await),
            _ => {}
        }
        let reply = self.reply(&subject, fault);
        sleep(duration(back)).await;
        self.deliver(&subject, reply)
    }

    async fn open(&self, request: &Request, token: &Token) -> Result<SimulatedConnection, Error> {
        let Some(handshake) = self.begin_handshake(request, token) else {
            return std::future::pending().await;
        };
        sleep(duration(handshake.takes)).await;
        self.end_handshake(request, handshake)
    }
}

fn check_token(world: &mut World, request: &Request, token: &Token) {
    if request.auth != Auth::None && token.text() != Some(TOKEN) {
        world.violation(format!("{} is asked with another token", request.url));
    }
}

fn check_opening(world: &mut World, key: &str) {
    let now = world.now();
    let ledger = world.connection(key);
    let (not_before, was_open) = (ledger.not_before, std::mem::replace(&mut ledger.is_open, true));
    if was_open {
        world.violation(format!("{key} is opened twice"));
    }
    if now < not_before {
        world.violation(format!("{key} is opened {} ms early", not_before - now));
    }
}

/// What the transport makes of a redirect to another host.
fn redirected() -> Error {
    Error::unusable("it redirects to another host".to_owned())
}

fn not_there() -> Error {
    let mut error = Error::closed(None, "simulated");
    error.kind = ErrorKind::Unsupported;
    error.status = Some(404);
    error
}

fn refusal(fault: Fault) -> Error {
    let mut error = Error::closed(None, "simulated");
    if let Fault::Status(_, retry_after) = fault {
        error.retry_after = retry_after.map(|seconds| duration(seconds * SECOND));
    }
    error
}
