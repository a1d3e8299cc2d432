//! What is fixed about a provider, before it is configured.

use std::sync::Arc;
use std::time::Duration;

use super::id::Id;
use super::settings::Setting;

/// What is fixed about a provider. All text is owned, so that a provider may also be described in a file.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name in targets and configuration.
    pub name: Arc<str>,
    /// Its name in sentences.
    pub title: String,
    /// Its settings, beside those that every profile has.
    pub settings: Vec<Setting>,
    /// How often it is polled.
    pub pace: Pace,
    /// Fields of its JSON that carry personal data, beside those that do everywhere; in lower case and
    /// without separators.
    pub personal: Arc<[String]>,
    /// What an id looks like, for messages.
    pub id_shape: String,
    /// How many ids one lookup may serve; at least 1.
    pub ids_per_lookup: usize,
    /// What its push connection is called in messages and in the output's `transport`.
    pub push_name: &'static str,
    /// Whether it has a feed of everything that an account has.
    pub has_account_feed: bool,
    /// A well-formed id that nobody has, for `config check`.
    pub probe_id: Id,
}

/// How often a provider is polled for one transaction.
#[derive(Clone, Debug)]
pub struct Pace {
    /// While polling carries the watch.
    pub interval: Duration,
    /// While push is healthy.
    pub safety: Duration,
    /// What it allows in all, however many transactions there are; every quota holds.
    pub quotas: Vec<Quota>,
}

/// How many requests a provider answers within any span of time of this length.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// The number of requests.
    pub requests: u32,
    /// The length of the span.
    pub within: Duration,
}
