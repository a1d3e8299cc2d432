//! When everything happens: the runs of one double's scenarios, and what each connection is told of them next.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::{ConnectionFault, Fault, RequestFault};
use super::scenario::{Event, Script};
use super::speed::Speed;
use super::weather::Weather;

/// What is played for an id; none if the id names no scenario.
type Scripts = Box<dyn Fn(&str) -> Option<Script> + Send + Sync>;
/// Why nothing is played for an id: a phrase.
type Explanation = Box<dyn Fn(&str) -> String + Send + Sync>;

/// The runs of a double's scenarios: one for each id, from the first time that anybody asks for it.
pub struct Schedule {
    scripts: Scripts,
    explanation: Explanation,
    speed: Speed,
    runs: Mutex<Runs>,
    /// Counts the runs, to wake whoever follows all of them.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Runs {
    /// Oldest first.
    all: Vec<Run>,
    places: HashMap<Arc<str>, usize>,
}

/// A scenario under an id. Ages are of its transaction, in the scenario's time.
#[derive(Clone, Debug)]
pub struct Run {
    /// `NAME[@CLOCK]`.
    pub id: Arc<str>,
    /// What it plays.
    pub script: Script,
    speed: Speed,
    began: Instant,
    began_at: Timestamp,
    /// How many requests asked for it.
    requests: u32,
    /// How many connections followed it.
    connections: u32,
    /// How many answers told of it, or were to.
    answers: u32,
}

impl Schedule {
    /// A schedule on which nothing runs yet.
    pub fn new(
        scripts: impl Fn(&str) -> Option<Script> + Send + Sync + 'static,
        speed: Speed,
    ) -> Self {
        let scripts = Box::new(scripts);
        let explanation: Explanation = Box::new(|_| "no such transaction".to_owned());
        let (runs, count) = (Mutex::default(), watch::Sender::new(0));
        Schedule { scripts, explanation, speed, runs, count }
    }

    /// With the reason why nothing is played for other ids.
    #[must_use]
    pub fn explained(self, explanation: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Schedule { explanation: Box::new(explanation), ..self }
    }

    /// Why nothing is played for this id, for whoever asks for it.
    pub fn explain(&self, id: &str) -> String {
        (self.explanation)(id)
    }

    /// How fast it runs.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn script(&self, id: &str) -> Option<Script> {
        (self.scripts)(id)
    }

    /// The run of this id, which begins now if there was none; none if the id names no scenario.
    pub fn begin(&self, id: &str) -> Option<Run> {
        Some(self.touch(id, self.script(id)?, |run| run.clone()))
    }

    fn touch<T>(&self, id: &str, script: Script, look: impl FnOnce(&mut Run) -> T) -> T {
        let mut guard = self.runs();
        let runs = &mut *guard;
        let place = *runs.places.entry(id.into()).or_insert_with_key(|id| {
            let began_at = Timestamp::now();
            let (id, speed, began) = (id.clone(), self.speed, Instant::now());
            let (requests, connections, answers) = (0, 0, 0);
            runs.all.push(Run {
                id,
                script,
                speed,
                began,
                began_at,
                requests,
                connections,
                answers,
            });
            runs.all.len() - 1
        });
        let seen = look(&mut runs.all[place]);
        let count = runs.all.len();
        drop(guard);
        self.count.send_if_modified(|known| {
            let is_new = count > *known;
            *known = count.max(*known);
            is_new
        });
        seen
    }

    /// Asks for a transaction, with a token that is the right one or not.
    ///
    /// # Errors
    /// What goes wrong with this request.
    pub fn request(&self, id: &str, is_authorized: bool) -> Result<Run, RequestFault> {
        if !is_authorized {
            return Err(RequestFault::Denied);
        }
        let script = self.script(id).ok_or(RequestFault::Unknown)?;
        if script.fault == Fault::Denied {
            return Err(RequestFault::Denied);
        }
        self.touch(id, script, |run| {
            run.requests += 1;
            match script.fault.of_request(run.requests, run.age()) {
                Some(fault) => Err(fault),
                None => Ok(run.clone()),
            }
        })
    }

    /// What comes in place of an answer that tells of a run, where there are so many error objects for that.
    pub(super) fn weather(&self, run: &Run, errors: usize) -> Option<Weather> {
        if run.script.fault != Fault::Weather {
            return None;
        }
        self.touch(&run.id, run.script, |run| {
            run.answers += 1;
            Weather::of_answer(run.answers, errors)
        })
    }

    /// Follows a transaction on a connection, with a token that is the right one or not. A connection may
    /// follow what does not exist, and is told nothing of it.
    ///
    /// # Errors
    /// What goes wrong with this connection.
    pub fn connect(&self, id: &str, is_authorized: bool) -> Result<Option<Run>, ConnectionFault> {
        if !is_authorized {
            return Err(ConnectionFault::Denied);
        }
        let Some(script) = self.script(id) else {
            return Ok(None);
        };
        if script.fault == Fault::Denied {
            return Err(ConnectionFault::Denied);
        }
        self.touch(id, script, |run| {
            run.connections += 1;
            match script.fault.of_connection(run.connections, run.age()) {
                Some(fault) => Err(fault),
                None => Ok(Some(run.clone())),
            }
        })
    }

    /// The first fault that one of the runs has for a connection that names none of them. It counts for that run.
    pub(super) fn refuse(
        &self,
        fault: impl Fn(&Run) -> Option<ConnectionFault>,
    ) -> Option<ConnectionFault> {
        self.runs().all.iter_mut().find_map(|run| {
            let fault = fault(run)?;
            run.connections += 1;
            Some(fault)
        })
    }

    /// Whether the server is behind its network because of one of the runs.
    pub(super) fn is_stuck(&self) -> bool {
        self.runs().all.iter().any(|run| run.script.fault.is_stuck(run.age()))
    }

    /// Wakes when there are more runs.
    pub fn subscribe(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// The runs in the order in which they began, without as many of the first.
    pub fn since(&self, seen: usize) -> Vec<Run> {
        self.runs().all.iter().skip(seen).cloned().collect()
    }
}

impl Run {
    /// The age of its transaction.
    pub fn age(&self) -> Duration {
        self.speed.played(self.began.elapsed())
    }

    /// The step that its transaction has taken last.
    pub fn step(&self) -> usize {
        self.script.at(self.age())
    }

    /// Whether its provider knows of it by now.
    pub fn is_known(&self) -> bool {
        self.age() >= self.script.fault.known_from()
    }

    /// What goes wrong with a connection that follows it together with all others.
    pub(super) fn fault_of_next_connection(&self) -> Option<ConnectionFault> {
        self.script.fault.of_connection(self.connections + 1, self.age())
    }

    /// What goes wrong with a connection that has not said yet what it follows.
    pub(super) fn fault_of_newcomer(&self) -> Option<ConnectionFault> {
        self.script.fault.of_newcomer(self.connections, self.age())
    }

    /// Whether the connection that follows it goes dead after its first message.
    pub(super) fn stalls(&self) -> bool {
        self.script.fault.stalls(self.connections)
    }

    /// The time of day at an age, as its provider has it.
    pub fn time(&self, age: Duration) -> Timestamp {
        self.began_at.checked_add(age).unwrap_or(Timestamp::MAX)
    }

    /// The same, as providers write it.
    pub fn written(&self, age: Duration) -> String {
        format!("{:.3}", self.time(age))
    }

    /// The time so long before an age.
    pub fn written_before(&self, age: Duration, span: Duration) -> String {
        format!("{:.3}", self.time(age).checked_sub(span).unwrap_or(Timestamp::MIN))
    }

    /// When it has this age, and its provider knows of it.
    fn due(&self, age: Duration) -> Instant {
        self.began + self.speed.real(age.max(self.script.fault.known_from()))
    }
}

/// What happens next to the runs that a connection follows. `K` says what it follows each of them for.
#[derive(Debug)]
pub struct EventQueue<K> {
    /// By the time at which they happen, and a number for those that happen at one time.
    entries: BTreeMap<(Instant, u64), (K, Run, Duration, Event)>,
    count: u64,
    /// How many runs [`follow_new`](EventQueue::follow_new) has found so far.
    seen: usize,
}

impl<K> Default for EventQueue<K> {
    fn default() -> Self {
        EventQueue { entries: BTreeMap::new(), count: 0, seen: 0 }
    }
}

impl<K: Clone> EventQueue<K> {
    /// Follows a run of which everything up to an age was told, if anything was.
    pub fn follow(&mut self, key: K, run: Run, told: Option<Duration>) {
        if let Some((age, event)) = run.script.next(told) {
            self.count += 1;
            self.entries.insert((run.due(age), self.count), (key, run, age, event));
        }
    }

    /// Follows a run of which everything so far was told.
    pub fn follow_from_now(&mut self, key: K, run: Run) {
        let age = run.age();
        self.follow(key, run, Some(age));
    }

    /// Follows every run that there is, of which everything so far was told.
    pub fn follow_all_from_now(&mut self, key: &K, schedule: &Schedule) {
        self.seen = 0;
        self.follow_new(key, schedule, |run| Some(run.age()));
    }

    /// Follows every run that is new since the last time.
    pub fn follow_new(
        &mut self,
        key: &K,
        schedule: &Schedule,
        told: impl Fn(&Run) -> Option<Duration>,
    ) {
        for run in schedule.since(self.seen) {
            self.seen += 1;
            let told = told(&run);
            self.follow(key.clone(), run, told);
        }
    }

    /// When something happens next.
    pub fn due(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((due, _), _)| *due)
    }

    /// What happens then. The run goes on to be followed.
    pub fn take_next(&mut self) -> Option<(K, Run, Event)> {
        let (_, (key, run, age, event)) = self.entries.pop_first()?;
        self.follow(key.clone(), run.clone(), Some(age));
        Some((key, run, event))
    }
}

/// Waits for a time, or for ever.
pub(super) async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
