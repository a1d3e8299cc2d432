//! The fixed properties of a provider.

use std::sync::Arc;
use std::time::Duration;

use super::id::Id;
use super::settings::Setting;

/// The fixed properties of a provider. All text is owned, so that a provider may also be described in a file.
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
    /// Fields of its JSON with personal data, beside those of every provider; in lower case and without
    /// separators.
    pub personal: Arc<[String]>,
    /// A phrase that describes its ids, for messages and help.
    pub id_shape: String,
    /// What `expired` means, and whether paying again is safe then: sentences for help and documentation.
    pub expiry: &'static str,
    /// How many ids one lookup can serve; at least 1.
    pub ids_per_lookup: usize,
    /// What its push connection is called in messages and in the output's `transport`.
    pub push_name: &'static str,
    /// Whether it has a push connection for all transactions of an account.
    pub has_account_feed: bool,
    /// A valid id of no transaction, for `config check`.
    pub probe_id: Id,
}

/// How often a provider is polled for one transaction.
#[derive(Clone, Debug)]
pub struct Pace {
    /// From the end of a lookup to the next while there is no push.
    pub interval: Duration,
    /// The same while push is live, in case a message is lost.
    pub safety_interval: Duration,
    /// Limits of the requests for all transactions together; each of them holds.
    pub quotas: Vec<Quota>,
}

/// The number of requests that a provider allows within any period of this length.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// The number of requests.
    pub requests: u32,
    /// The length of the period.
    pub within: Duration,
}
