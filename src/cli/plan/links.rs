//! Pasted links in place of targets. The id in a link is never followed by itself: which network a link is of and which
//! one a profile is of is not always known, and a wait on the wrong one looks like a transaction that does not appear.

use std::sync::Arc;

use url::Url;

use super::shapes::providers_for;
use crate::cli::context::shorten;
use crate::config::{Config, Overrides, Registry, SANDBOX};
use crate::error::{Failure, usage};
use crate::provider::{Spec, is_uuid, near_miss};

/// The provider of EVM chains in the registry, once there is one.
const EVM: &str = "evm";

/// Explorers of EVM chains; the subdomains are those of other networks.
const EVM_EXPLORERS: [&str; 22] = [
    "arbiscan.io",
    "basescan.org",
    "berascan.com",
    "blastscan.io",
    "blockscout.com",
    "bscscan.com",
    "celoscan.io",
    "era.zksync.network",
    "etherchain.org",
    "etherscan.io",
    "ethplorer.io",
    "ftmscan.com",
    "gnosisscan.io",
    "lineascan.build",
    "mantlescan.xyz",
    "moonscan.io",
    "polygonscan.com",
    "scrollscan.com",
    "snowscan.xyz",
    "snowtrace.io",
    "sonicscan.org",
    "uniscan.xyz",
];

/// A link of the web, with a scheme or without one.
pub(super) fn parse(text: &str) -> Option<Url> {
    let has_scheme = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let url = if has_scheme {
        Url::parse(text).ok()?
    } else {
        let (host, _) = text.split_once('/')?;
        let is_host = host.contains('.')
            && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
        // `./file` and `a.txt/b` are paths.
        let is_domain = host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() > 1 && !last.contains(|c: char| c.is_ascii_digit()));
        Url::parse(&format!("https://{text}"))
            .ok()
            .filter(|_| is_host && is_domain && !host.starts_with('.'))?
    };
    url.host_str().is_some().then_some(url)
}

/// The failure for a link, with the targets to write instead. `named` is the profile before it, or of `--profile`.
pub(super) fn explain(text: &str, link: &Url, named: Option<&str>, config: &Config) -> Failure {
    let failure = usage(format!("'{}' is a link, not a target", shorten(text)));
    let ids = ids_in(link);
    match ids.as_slice() {
        [id] => Offer::new(link, id, named, config).hints(failure),
        [] => {
            let words = words(link);
            let problem = words.iter().find_map(|word| Some((word, near_miss(word)?)));
            let what = match problem {
                Some((word, problem)) => {
                    format!("the id in it, '{}', is none: {problem}", shorten(word))
                }
                None => "there is no transaction's id in it".to_owned(),
            };
            failure.hint(format!("{what}; write PROFILE:ID"))
        }
        several => {
            let several: Vec<_> = several.iter().map(|id| shorten(id)).collect();
            failure
                .hint(format!("write PROFILE:ID with one of the ids in it: {}", several.join(", ")))
        }
    }
}

/// What may be written in place of a link with one id.
struct Offer<'a> {
    id: &'a str,
    config: &'a Config,
    site: Site,
    profiles: Vec<Arc<str>>,
}

/// What is known about the host of a link.
enum Site {
    /// It has transactions of this network.
    Network(&'static str),
    /// It has transactions of an EVM chain.
    Evm,
    /// It is the address of these profiles.
    Profile,
    Unknown(String),
}

impl<'a> Offer<'a> {
    fn new(link: &Url, id: &'a str, named: Option<&str>, config: &'a Config) -> Self {
        let host = link.host_str().unwrap_or_default().trim_start_matches("www.").to_lowercase();
        let pool = || match named.filter(|name| *name != SANDBOX && config.spec_of(name).is_ok()) {
            Some(name) => vec![name.into()],
            None => config.configured(),
        };
        let at_home: Vec<_> = pool()
            .into_iter()
            .filter(|name| url_host(config, name).as_deref() == Some(&host))
            .collect();
        if !at_home.is_empty() {
            return Offer { id, config, site: Site::Profile, profiles: at_home };
        }
        let (site, specs) = site(&host, id, config);
        let is_of = |name: &Arc<str>| {
            config.spec_of(name).is_ok_and(|spec| specs.iter().any(|other| other.name == spec.name))
        };
        let mut profiles: Vec<_> = pool().into_iter().filter(is_of).collect();
        if profiles.is_empty() {
            profiles = specs.iter().map(|spec| spec.name.clone()).collect();
        }
        Offer { id, config, site, profiles }
    }

    fn hints(&self, failure: Failure) -> Failure {
        let network = match self.site {
            Site::Network(network) => Some(network),
            _ => None,
        };
        let (others, fitting): (Vec<_>, Vec<_>) = self.profiles.iter().partition(|name| {
            let own = network_of(self.config, name);
            own.is_some() && network.is_some() && own.as_deref() != network
        });
        let targets: Vec<_> = fitting.iter().map(|name| format!("{name}:{}", self.id)).collect();
        let targets = targets.join(" or ");
        let failure = match &self.site {
            _ if self.profiles.is_empty() => self.without_provider(failure),
            _ if fitting.is_empty() => failure,
            Site::Network(network) => {
                failure.hint(format!("it is a transaction of {network}; for a profile of {network} write {targets}"))
            }
            Site::Unknown(host) => failure.hint(format!(
                "txwatch does not know the site {host}; if the id in it is one of these providers', write {targets}"
            )),
            Site::Profile | Site::Evm => failure.hint(format!("write {targets}")),
        };
        let mismatch = |failure: Failure, name: &&Arc<str>| {
            let own = network_of(self.config, name).unwrap_or_default();
            failure.hint(self.other_network(name, &own, network.unwrap_or_default()))
        };
        others.iter().fold(failure, mismatch)
    }

    /// A hint on a profile that is of another network than the link.
    fn other_network(&self, profile: &Arc<str>, own: &str, network: &str) -> String {
        let is_of = format!("profile {profile} is of {own}, and the link of {network}");
        if self.config.configured().contains(profile) {
            format!("{is_of}: name a profile with  network = \"{network}\"")
        } else {
            let how = self.config.how_to_set(profile, "network");
            format!("{is_of}: {how} to {network}; then write {profile}:{}", self.id)
        }
    }

    fn without_provider(&self, failure: Failure) -> Failure {
        let titles = titles(&self.config.registry);
        match &self.site {
            Site::Evm => failure.hint(format!(
                "it is a transaction of an EVM chain, and this version has no provider for those; it has: {titles}"
            )),
            _ => failure.hint(format!("the id in it, '{}', is none of: {titles}", shorten(self.id))),
        }
    }
}

/// What a host is, and the providers that the id in a link of it may be of.
fn site(host: &str, id: &str, config: &Config) -> (Site, Vec<Arc<Spec>>) {
    let registry = &config.registry;
    let known = registry.iter().filter_map(|row| {
        let explorer = row.explorers().iter().find(|explorer| explorer.host == host)?;
        Some((explorer.network, row.spec()))
    });
    let (networks, specs): (Vec<_>, Vec<_>) = known.unzip();
    if let Some(network) = networks.first() {
        return (Site::Network(network), specs);
    }
    let is_evm = EVM_EXPLORERS.iter().any(|explorer| {
        host.strip_suffix(explorer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if is_evm || id.starts_with("0x") {
        return (Site::Evm, registry.find(EVM).map(|row| row.spec()).into_iter().collect());
    }
    (Site::Unknown(host.to_owned()), providers_for(id, registry))
}

fn url_host(config: &Config, profile: &str) -> Option<String> {
    let url = setting(config, profile, "url")?;
    Some(Url::parse(&url).ok()?.host_str()?.to_lowercase())
}

/// The network of a profile. None if it has an address of its own, or none of the settings says it.
fn network_of(config: &Config, profile: &str) -> Option<String> {
    match setting(config, profile, "url") {
        Some(_) => None,
        None => setting(config, profile, "network").or_else(|| {
            let spec = config.spec_of(profile).ok()?;
            let network = spec.settings.iter().find(|setting| setting.key == "network")?;
            Some(network.default.to_string())
        }),
    }
}

fn setting(config: &Config, profile: &str, key: &str) -> Option<String> {
    let spec = config.spec_of(profile).ok()?;
    let setting = spec.settings.iter().find(|setting| setting.key == key)?;
    Some(config.setting(profile, setting, &Overrides::default())?.value)
}

/// The different ids in a link: UUIDs and hashes.
fn ids_in(link: &Url) -> Vec<String> {
    let mut ids = Vec::new();
    for word in words(link) {
        let id = ["deploy-", "transaction-"].iter().find_map(|prefix| word.strip_prefix(prefix));
        let id = id.unwrap_or(&word);
        if (is_uuid(id) || is_hash(id))
            && !ids.iter().any(|other: &String| other.eq_ignore_ascii_case(id))
        {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// What is odd about a hash in the form of EVM chains, as long as no provider has those. Casper's are accepted in this
/// form, too, for some tools write them so.
pub(super) fn of_evm(id: &str, registry: &Registry) -> Option<String> {
    let is_unknown = id.starts_with("0x") && is_hash(id) && registry.find(EVM).is_none();
    is_unknown.then(|| {
        format!(
            "a hash with 0x is usually of an EVM chain, and this version has no provider for those; it has: {}",
            titles(registry)
        )
    })
}

fn titles(registry: &Registry) -> String {
    let titles: Vec<_> = registry.iter().map(|row| row.spec().title.clone()).collect();
    titles.join(", ")
}

fn is_hash(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The words of a link behind its host.
fn words(link: &Url) -> Vec<String> {
    let query: Vec<_> = link.query_pairs().map(|(_, value)| value.into_owned()).collect();
    let parts = [link.path(), link.fragment().unwrap_or_default()].map(str::to_owned);
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    parts
        .iter()
        .chain(&query)
        .flat_map(|part| part.split(|c| !is_of_word(c)))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
