//! The state of a profile: request queue, outage, token.

use super::health::Health;
use super::outage::Outage;
use super::plan::Profile;
use super::request_queue::RequestQueue;
use super::token_renewal::TokenRenewal;
use crate::lifecycle::{Rules, Source};
use crate::transport::Backoff;
use crate::wire::Token;

/// The state of a profile.
pub(super) struct ProfileState {
    pub(super) queue: RequestQueue,
    pub(super) backoff: Backoff,
    pub(super) outage: Outage,
    pub(super) health: Health,
    pub(super) token: TokenRenewal,
    pub(super) rules: Rules,
    /// How many of its targets are not settled.
    pub(super) open_targets: usize,
    /// Whether its connections and lookups were started.
    pub(super) has_begun: bool,
    /// Whether any response or message of the provider was understood so far.
    pub(super) was_understood: bool,
    /// Attempts in a row whose responses were bad, before any was understood.
    pub(super) bad_first_responses: u32,
    /// Whether there was a warning about an unusable response since the last one that was understood.
    pub(super) is_unusable_reported: bool,
    /// Whether there was a warning that the quota makes lookups less frequent.
    pub(super) is_quota_reported: bool,
    /// Whether the fields of expectations were looked for in a record.
    pub(super) has_checked_fields: bool,
}

impl ProfileState {
    pub(super) fn new(profile: &Profile, rules: Rules, random: fastrand::Rng) -> Self {
        let token = profile.credential.token.as_ref();
        let batch = profile.provider.spec().ids_per_lookup;
        ProfileState {
            queue: RequestQueue::new(batch, &profile.quotas),
            backoff: Backoff::new(random),
            outage: Outage::new(profile.max_outage),
            health: Health::default(),
            open_targets: 0,
            token: TokenRenewal::new(token.and_then(Token::expires_at)),
            rules,
            has_begun: false,
            was_understood: false,
            bad_first_responses: 0,
            is_unusable_reported: false,
            is_quota_reported: false,
            has_checked_fields: false,
        }
    }

    /// The provider accepted the token on this side.
    pub(super) fn accepted(&mut self, side: Source) {
        self.outage.received();
        self.token.accepted(side);
    }

    /// A response to a lookup was understood.
    pub(super) fn answered(&mut self) {
        self.accepted(Source::Pull);
        self.health.answered();
        self.queue.drop_probe();
        self.was_understood = true;
        self.is_unusable_reported = false;
        self.backoff.reset();
    }
}
