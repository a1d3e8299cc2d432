//! The proxies of a profile, from the variables that curl reads too.

use url::Url;

use super::loading::Config;
use super::profile::Overrides;
use crate::error::Failure;
use crate::provider::Provider;
use crate::transport::{Malformed, Proxies, Via};

/// Whether a profile uses a proxy, for `config show`.
pub struct ProxyRow {
    /// `proxy` for requests, `push_proxy` for push connections.
    pub key: &'static str,
    /// The address of the proxy without its credentials, or `none`.
    pub value: String,
    /// What it is for, and why.
    pub reason: String,
}

impl Config {
    /// The proxies of the environment.
    ///
    /// # Errors
    /// A variable is malformed.
    pub fn proxies(&self) -> Result<Proxies, Failure> {
        Ok(self.read_proxies()?)
    }

    fn read_proxies(&self) -> Result<Proxies, Malformed> {
        // Not to be Unicode is malformed too, not unset.
        let value = |name: &str| Some(self.environment.path(name)?.to_string_lossy().into_owned());
        Proxies::read(value)
    }

    /// The proxies that the requests and the push connections of a profile use. Empty if its settings are not complete.
    pub fn proxies_for_display(&self, name: &str) -> Vec<ProxyRow> {
        let Ok(provider) = self.provider_for_display(name, &Overrides::default()) else {
            return Vec::new();
        };
        let proxies = match self.read_proxies() {
            Ok(proxies) => proxies,
            Err(Malformed { variable, problem, .. }) => {
                let value = format!("NOT USABLE: {problem}");
                return vec![ProxyRow { key: "proxy", value, reason: variable.to_owned() }];
            }
        };
        let rows = addresses(provider.as_ref()).into_iter();
        rows.map(|(key, url)| row(&proxies, key, &url)).collect()
    }
}

/// The addresses that a provider uses, one for each origin.
fn addresses(provider: &dyn Provider) -> Vec<(&'static str, Url)> {
    let id = &provider.spec().probe_id;
    let asked = provider.first_request(id).into_iter().chain(provider.token_request());
    let feeds = provider.feeds(std::slice::from_ref(id)).into_iter();
    let pushed = feeds.map(|(feed, _)| ("push_proxy", feed.request().url));
    let mut all: Vec<(&'static str, Url)> = Vec::new();
    for (key, url) in asked.map(|request| ("proxy", request.url)).chain(pushed) {
        if !all.iter().any(|it| it.0 == key && it.1.origin() == url.origin()) {
            all.push((key, url));
        }
    }
    all
}

fn row(proxies: &Proxies, key: &'static str, url: &Url) -> ProxyRow {
    let origin = url.origin().ascii_serialization();
    let (value, why) = match proxies.via(url) {
        Via::Proxy(proxy) => (Some(proxy.shown()), proxy.variable().to_owned()),
        Via::Unset => (None, "no variable sets one".to_owned()),
        Via::Loopback => (None, "this machine, without TLS".to_owned()),
        Via::Excepted(variable, entry) => (None, format!("{variable} has {entry}")),
    };
    let value = value.unwrap_or_else(|| "none".to_owned());
    ProxyRow { key, value, reason: format!("for {origin}: {why}") }
}
