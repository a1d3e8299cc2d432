//! Responses to lookups that say nothing about the transaction, or cannot be trusted.
//!
//! Until the provider was understood once they mean a wrong URL, if they are repeated and no push connection proves
//! otherwise. Afterwards they are an outage, or a record in disorder: both last until `--max-outage`.

use super::health::Trouble;
use super::lookups::FailedLookup;
use super::{Engine, ProfileId, TargetId};
use crate::error::{Failure, FailureKind, Hint};
use crate::transport::{Error, ErrorKind};
use crate::warning::WarningCode;

/// How many of the first responses, or attempts to connect, in a row are bad if the URL is wrong.
pub(super) const MAX_FIRST: u32 = 3;

impl Engine {
    /// A response says nothing about the transaction.
    pub(super) fn unusable_response(&mut self, target: TargetId, problem: &str) {
        let profile = self.targets[target].profile;
        if self.is_given_up_after(target) {
            return self.give_up(target, problem);
        }
        let reason = format!("{}: {problem}", self.title(profile));
        let is_known = std::mem::replace(&mut self.profiles[profile].is_unusable_reported, true);
        let trouble = self.targets[target].trouble.get_or_insert_default();
        if !std::mem::replace(&mut trouble.is_reported, true) && !is_known {
            let message = format!("{reason}; asking again");
            self.warn(Some(target), WarningCode::MalformedResponse, message);
        }
        let failed = FailedLookup::new(FailureKind::Unreachable, reason);
        self.slow_down(target, FailedLookup { trouble: Trouble::Unusable, ..failed });
    }

    /// A response is the provider's, but cannot be understood or trusted.
    pub(super) fn malformed_response(&mut self, target: TargetId, problem: &str) {
        let (profile, now) = (self.targets[target].profile, self.now.elapsed);
        let is_first = self.targets[target].malformed_since.is_none();
        let since = *self.targets[target].malformed_since.get_or_insert(now);
        if self.is_given_up_after(target) {
            return self.give_up(target, problem);
        }
        let limit = self.plan.profiles[profile].max_outage;
        let is_over = limit.is_some_and(|limit| now >= since.saturating_add(limit));
        if self.profiles[profile].was_understood && is_over && !self.has_live_push(profile) {
            let failure = self.untrusted(profile, self.with_address(target, problem));
            self.fail(target, failure);
            return;
        }
        let reason = format!("{}: {problem}", self.title(profile));
        if is_first {
            let message = format!("{reason}; asking again");
            self.warn(Some(target), WarningCode::MalformedResponse, message);
        }
        let failed = FailedLookup::new(FailureKind::Untrusted, reason);
        self.slow_down(target, FailedLookup { trouble: Trouble::Malformed, ..failed });
    }

    /// A request failed.
    pub(super) fn lookup_failed(&mut self, target: TargetId, error: Error) {
        match error.kind {
            ErrorKind::Unusable => self.unusable_response(target, &error.to_string()),
            ErrorKind::Untrusted => self.fatal_at_first(target, error, FailureKind::Untrusted),
            ErrorKind::Misconfigured => self.fatal_at_first(target, error, FailureKind::Config),
            ErrorKind::Unreachable | ErrorKind::Denied | ErrorKind::Unsupported => {
                let kind = FailureKind::Unreachable;
                let (retry_after, is_connect) = (error.retry_after, error.is_connect);
                let failed = FailedLookup::new(kind, error.to_string());
                self.slow_down(target, FailedLookup { retry_after, is_connect, ..failed });
            }
        }
    }

    /// A request failed in a way that ends the command, unless the provider was understood before.
    fn fatal_at_first(&mut self, target: TargetId, error: Error, kind: FailureKind) {
        let profile = self.targets[target].profile;
        if self.rides_out(profile) {
            // It is the connection's.
            let failed = FailedLookup::new(kind, error.to_string());
            self.slow_down(target, FailedLookup { is_connect: true, ..failed });
        } else {
            self.fail_profile(profile, Failure::from_error(kind, error));
        }
    }

    /// Whether the address is known to be right, so that what is wrong now may pass.
    pub(super) fn rides_out(&self, profile: ProfileId) -> bool {
        self.profiles[profile].was_understood && !self.plan.mode.is_get()
    }

    /// Counts a bad response of a provider that was not understood yet. Returns whether there were enough of them, and
    /// no push connection proves that the provider is there. Responses that come while the queue is closed belong to
    /// the same attempt.
    pub(super) fn is_wrong_address(&mut self, profile: ProfileId) -> bool {
        let state = &mut self.profiles[profile];
        if !state.queue.is_closed(self.now.elapsed) {
            state.bad_first_responses += 1;
        }
        state.bad_first_responses >= MAX_FIRST && !self.has_live_push(profile)
    }

    /// Counts a response to a request for the whole profile that is of no use. Returns whether others may be of use.
    pub(super) fn may_pass(&mut self, profile: ProfileId) -> bool {
        !self.plan.mode.is_get()
            && (self.profiles[profile].was_understood || !self.is_wrong_address(profile))
    }

    /// Whether a useless response about a target is the last one that is accepted. While others may be answered it says
    /// nothing about the address.
    fn is_given_up_after(&mut self, target: TargetId) -> bool {
        let profile = self.targets[target].profile;
        let is_evidence = self.has_one_target(profile) || self.profiles[profile].health.is_down();
        if self.plan.mode.is_get() || is_evidence { !self.may_pass(profile) } else { false }
    }

    fn has_live_push(&self, profile: ProfileId) -> bool {
        self.links.iter().any(|link| link.profile == profile && link.is_live())
    }

    /// Gives up: for `get`, which asks once, on this target, else on an address from which all responses were bad.
    fn give_up(&mut self, target: TargetId, problem: &str) {
        let message = self.with_address(target, problem);
        if self.plan.mode.is_get() {
            return self.fail_alone(target, FailureKind::Untrusted, &message);
        }
        let profile = self.targets[target].profile;
        let failure = self.untrusted(profile, message);
        self.fail_profile(profile, failure);
    }

    /// A problem with the address that was asked.
    fn with_address(&self, target: TargetId, problem: &str) -> String {
        let target = &self.targets[target];
        let request = self.plan.profiles[target.profile].provider.first_request(&target.id);
        match request {
            Some(request) if !problem.contains(request.url.as_str()) => {
                // The dates in a query would be those of another request.
                let mut url = request.url;
                url.set_query(None);
                format!("{url}: {problem}")
            }
            _ => problem.to_owned(),
        }
    }

    /// The failure, with the hint that the address may be wrong unless it is known to be right.
    pub(super) fn untrusted(&self, profile: ProfileId, message: String) -> Failure {
        let failure = Failure::new(FailureKind::Untrusted, message);
        if self.profiles[profile].was_understood {
            failure
        } else {
            failure.hint(Hint::CheckAddress(self.title(profile).to_owned()))
        }
    }
}
