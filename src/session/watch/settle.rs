//! Taking reports in, and coming to an end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{TargetState, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Decision, Ending, Expectation, Observation, Source, Status, Verdict};
use crate::provider::without_personal_data;
use crate::render::{Change, Closing, Event, Outcome, Summary, Undecided};
use crate::session::plan::Mode;

/// When the status before was heard, and the provider's time then.
type Before = (Duration, Option<Timestamp>);

/// How long the status before lasted: by the provider's clock if it tells, as the times that are shown do.
fn passed((since, clock): Before, observation: &Observation) -> Duration {
    let theirs = observation.report.occurred_at.zip(clock);
    let theirs = theirs.and_then(|(now, then)| Duration::try_from(now.duration_since(then)).ok());
    theirs.unwrap_or_else(|| observation.heard.saturating_sub(since))
}

impl Watch {
    pub(super) fn observe(&mut self, target: usize, mut observation: Observation) {
        if !self.plan.show_personal
            && let Some(data) = &mut observation.report.data
        {
            let spec = self.plan.profiles[self.targets[target].profile].provider.spec();
            without_personal_data(data, spec.personal);
        }
        let profile = self.targets[target].profile;
        let tracker = &self.targets[target].tracker;
        let before = tracker.since().map(|since| (since, tracker.clock()));
        let verdict = self.targets[target].tracker.observe(&observation, &self.rules[profile]);
        let state = &mut self.targets[target];
        state.in_doubt &= verdict != Verdict::Changed;
        // A request that was made to settle a doubt need not be newer than the push that raised it.
        let settles_doubt = state.in_doubt
            && observation.source == Source::Pull
            && state.tracker.status() == Some(observation.report.status);
        match verdict {
            Verdict::Changed => self.changed(target, &mut observation, before),
            // An ending that looks old cannot be trusted, but it is a reason to ask.
            Verdict::Stale
                if observation.source == Source::Push && observation.report.status.is_final() =>
            {
                self.pull(target);
                if !self.asks(profile) {
                    let message = format!(
                        "a push says {}, but by the provider's own clock it is older than the one before; \
                         it is not believed, and cannot be checked without an access token",
                        observation.report.status
                    );
                    self.warn_once(target, "stale_push", message);
                }
            }
            // Asked before the last push came; asked again, the answer is the newer one.
            Verdict::Stale
                if observation.report.status.is_final()
                    && observation.report.occurred_at.is_none()
                    && !settles_doubt =>
            {
                self.pull(target);
            }
            Verdict::Stale if observation.report.status.is_final() && !settles_doubt => {
                let message = format!(
                    "an answer says {}, but by the provider's own clock it is older than the last push; \
                     it is not believed",
                    observation.report.status
                );
                self.warn_once(target, "stale_answer", message);
            }
            _ => {}
        }
        // With the report at hand, so that an expectation can look into it.
        match self.targets[target].tracker.decide(self.now.elapsed, &self.rules[profile]) {
            Decision::Settled(Ending::Reached)
                if matches!(verdict, Verdict::Changed | Verdict::Same) || settles_doubt =>
            {
                self.reached(target, &observation);
            }
            _ => self.decide(target),
        }
    }

    fn changed(&mut self, target: usize, observation: &mut Observation, before: Option<Before>) {
        // Only what is expected is looked for in it again.
        let data = if self.plan.expectations.is_empty() {
            observation.report.data.take()
        } else {
            observation.report.data.clone()
        };
        let report = &observation.report;
        let name = self.targets[target].name.clone();
        self.emit(Event::Status(Change {
            name,
            status: report.status,
            word: report.word.clone(),
            source: observation.source,
            occurred_at: report.occurred_at,
            elapsed: self.now.elapsed.saturating_sub(self.targets[target].since),
            after: before.map(|before| passed(before, observation)),
            detail: report.detail.clone(),
            history: report.history.clone(),
            record: self.targets[target].tracker.record().clone(),
            data,
        }));
        self.shown = self.now.elapsed;
        if report.status == Status::Unknown {
            let message = format!(
                "'{}' is a status that txwatch does not know; it is neither an end nor a success here",
                report.word
            );
            self.warn_once(target, "unknown_status", message);
        }
    }

    /// What is expected is held against the report that decides, never against what an earlier status
    /// said. A push carries less than an answer does, so what is missing in one decides nothing yet.
    fn reached(&mut self, target: usize, observation: &Observation) {
        let report = &observation.report;
        let lacks = |expectation: &Expectation| !expectation.finds(&report.transaction, report);
        let asks = self.asks(self.targets[target].profile);
        if asks && observation.source == Source::Push && self.plan.expectations.iter().any(lacks) {
            return self.doubt(target);
        }
        let broken = self
            .plan
            .expectations
            .iter()
            .find_map(|expectation| expectation.check(&report.transaction, report).err());
        match broken {
            None => self.settle(target, Code::Ok, None),
            Some(reason) => self.mismatch(target, reason),
        }
    }

    /// The goal is reached, but whether what is expected holds has to be asked.
    fn doubt(&mut self, target: usize) {
        self.targets[target].in_doubt = true;
        self.pull(target);
    }

    /// An ending that was decided without a new report: the end of a grace.
    pub(super) fn ended(&mut self, target: usize, ending: Ending) {
        match ending {
            Ending::Reached if self.plan.expectations.is_empty() => {
                self.settle(target, Code::Ok, None);
            }
            Ending::Reached if self.asks(self.targets[target].profile) => self.doubt(target),
            Ending::Reached => {
                let reason = "what is expected could not be asked for without an access token";
                self.mismatch(target, reason.to_owned());
            }
            Ending::Missed(Status::Failed) => self.settle(target, Code::Failed, None),
            Ending::Missed(Status::Cancelled) => self.settle(target, Code::Cancelled, None),
            Ending::Missed(Status::Expired) => self.settle(target, Code::Expired, None),
            Ending::Missed(Status::Refunded) => self.settle(target, Code::Refunded, None),
            Ending::Missed(_) => {
                let reason = format!("the goal was {}", self.plan.goal);
                self.mismatch(target, reason);
            }
        }
    }

    /// It ended well, but not as asked; the status alone does not say why that is no success.
    fn mismatch(&mut self, target: usize, reason: String) {
        let status = self.targets[target].tracker.status().unwrap_or(Status::Unknown);
        let name = &self.targets[target].name.target;
        let message = format!("{name} {status}, but not as asked: {reason}");
        self.note(Arc::new(Failure::new(Code::Mismatch, message)));
        self.settle(target, Code::Mismatch, Some(reason));
    }

    /// Our side could not do its work for one target.
    pub(super) fn fail(&mut self, target: usize, failure: Failure) {
        let failure = Arc::new(failure);
        self.note(failure.clone());
        self.settle(target, failure.code(), Some(failure.to_string()));
    }

    /// Something to tell in the end; of the orders of an account only so much, for they never end.
    fn note(&mut self, failure: Arc<Failure>) {
        const MOST: usize = 1_000;
        if !self.plan.account || self.failures.len() < MOST {
            self.failures.push(failure);
        }
    }

    /// Our side could not do its work for any target of a profile.
    pub(super) fn fail_profile(&mut self, profile: usize, failure: Failure) {
        let failure = Arc::new(failure);
        self.failures.push(failure.clone());
        for target in self.targets_of(profile) {
            self.settle(target, failure.code(), Some(failure.to_string()));
        }
        if self.plan.account {
            self.finish(failure.code());
        }
    }

    /// Every target that is still open ends here.
    pub(super) fn stop(&mut self, code: Code) {
        let open = |state: &TargetState| state.settled.is_none();
        let open = self.targets.iter().filter(|(_, state)| open(state)).map(|(target, _)| target);
        for target in open.collect::<Vec<_>>() {
            self.settle(target, code, None);
        }
        if self.plan.account {
            self.finish(code);
        }
    }

    /// A target's one ending.
    pub(super) fn settle(&mut self, target: usize, code: Code, reason: Option<String>) {
        if self.targets[target].settled.is_some() {
            return;
        }
        self.targets[target].settled = Some(code);
        self.targets[target].settled_at = self.now.elapsed;
        self.unsettled -= 1;
        *self.outcomes.entry(code).or_default() += 1;
        self.release(target);
        let state = &self.targets[target];
        let outcome = Outcome {
            name: self.targets[target].name.clone(),
            code,
            status: state.tracker.status(),
            word: state.tracker.word().map(str::to_owned),
            elapsed: self.now.elapsed.saturating_sub(state.since),
            reconnects: state.reconnects,
            record: state.tracker.record().clone(),
            reason,
        };
        self.emit(Event::Result(outcome));
        if self.plan.any && code == Code::Ok {
            self.stop(Code::Unfinished);
        }
        match self.plan.account {
            true => self.ended_one(target),
            false if self.unsettled == 0 => self.finish(code),
            false => {}
        }
    }

    /// The command is done, because of this.
    fn finish(&mut self, because: Code) {
        if self.exit.is_some() {
            return;
        }
        let exit = self.exit_of(because);
        let outcomes = self.outcomes.iter().map(|(code, count)| (code.name(), *count));
        let summary =
            Summary { exit: exit.number(), targets: self.known, outcomes: outcomes.collect() };
        self.exit = Some(exit);
        self.tell_oddities();
        self.emit(Event::Summary(summary));
    }

    /// The largest code wins; but `--any` needs only one success, `get` only a look that worked, and an
    /// account has no ending of its own: what ended the command counts.
    fn exit_of(&self, because: Code) -> Code {
        if self.plan.any && self.outcomes.contains_key(&Code::Ok) {
            return Code::Ok;
        }
        if self.plan.account {
            return because;
        }
        let looks_only = self.plan.mode == Mode::Get { exit_status: false };
        let counts = |code: &&Code| !(looks_only && code.is_of_transaction());
        self.outcomes.keys().filter(counts).max().copied().unwrap_or(Code::Ok)
    }

    /// What is left to say.
    pub fn closing(&self) -> Closing {
        let exit = self.exit.unwrap_or(Code::Internal);
        let any_reached = self.plan.any && exit == Code::Ok;
        Closing {
            exit,
            failures: self.failures.clone(),
            troubles: self.troubles(),
            undecided: if any_reached { Vec::new() } else { self.undecided().collect() },
            targets: self.known,
            account: self.plan.account,
            elapsed: self.now.elapsed,
        }
    }

    fn undecided(&self) -> impl Iterator<Item = Undecided> + '_ {
        let now = self.now.elapsed;
        let last = move |state: &TargetState| {
            let ago = |then: Duration| now.saturating_sub(then);
            let tracker = &state.tracker;
            Some((tracker.status()?, ago(tracker.confirmed()?), ago(tracker.since()?)))
        };
        self.targets.iter().filter_map(move |(_, state)| {
            let code = state.settled.filter(|code| code.is_undecided())?;
            let asks = self.asks(state.profile);
            Some(Undecided { target: state.name.target.clone(), code, asks, last: last(state) })
        })
    }
}
