//! The variables `TXWATCH_…` that nothing reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::environment::{OWN, variable};
use super::file::SANDBOX;
use super::loading::{Config, keys};
use super::paths::CONFIG_FILE;
use crate::error::nearest;

impl Config {
    /// A sentence on each variable that has a name like those of txwatch and that nothing reads. `of_commands` are the
    /// variables of options and commands; they are asked for only if there is a variable that no profile has. Values
    /// are not repeated, for they may be secrets.
    pub fn unknown_variables(&self, of_commands: impl FnOnce() -> Vec<String>) -> Vec<String> {
        let set = self.environment.names().filter(|name| name.starts_with(OWN));
        let mut unknown: Vec<&str> = set.filter(|name| *name != CONFIG_FILE).collect();
        let mut known = self.variables_of_profiles();
        unknown.retain(|name| !known.contains(*name));
        if unknown.is_empty() {
            return Vec::new();
        }
        known.extend(of_commands());
        known.insert(CONFIG_FILE.to_owned());
        unknown.retain(|name| !known.contains(*name));
        unknown.iter().map(|name| self.explain(name, &known)).collect()
    }

    fn variables_of_profiles(&self) -> BTreeSet<String> {
        let of_profile = |profile: Arc<str>| {
            let keys = self.spec_of(&profile).map(|spec| keys(&spec)).unwrap_or_default();
            keys.into_iter().map(move |key| variable(&profile, &key)).collect::<Vec<_>>()
        };
        self.settable_profiles().flat_map(of_profile).collect()
    }

    fn settable_profiles(&self) -> impl Iterator<Item = Arc<str>> {
        self.profile_names().into_iter().filter(|profile| **profile != *SANDBOX)
    }

    fn explain(&self, name: &str, known: &BTreeSet<String>) -> String {
        let suggestion = self.suggestion(name.strip_prefix(OWN).unwrap_or(name), known);
        let message = format!("the variable {name} is none of txwatch's, and is ignored");
        match suggestion {
            Some(suggestion) => format!("{message}; {suggestion}"),
            None => message,
        }
    }

    /// What is probably meant by a name, which is given without [`OWN`] as the names of `known` are not.
    fn suggestion(&self, name: &str, known: &BTreeSet<String>) -> Option<String> {
        // The key of a setting alone.
        let end = format!("_{name}");
        let with_profile: Vec<_> =
            known.iter().filter(|known| known.ends_with(&end)).map(String::as_str).collect();
        if !with_profile.is_empty() {
            return Some(format!("did you mean {}?", with_profile.join(" or ")));
        }
        let shortened = known.iter().filter_map(|known| known.strip_prefix(OWN));
        // A setting of a profile that there is not.
        let profile = self.unknown_profile_in(name);
        match nearest(name, shortened) {
            Some(near) if profile.is_none() => Some(format!("did you mean {OWN}{near}?")),
            _ => profile.map(|profile| {
                let profiles: Vec<_> = self.settable_profiles().collect();
                match nearest(&profile, profiles.iter().map(|known| &**known)) {
                    Some(near) => format!("there is no profile {profile}; did you mean {near}?"),
                    None => format!("there is no profile {profile}"),
                }
            }),
        }
    }

    /// The profile in `<PROFILE>_<KEY>`, if the key is one and the profile is none.
    fn unknown_profile_in(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        let keys = self.registry.iter().flat_map(|row| keys(&row.spec()));
        let before =
            keys.filter_map(|key| name.strip_suffix(&format!("_{key}")).map(str::to_owned));
        // The longest key leaves the shortest name.
        let profile = before.min_by_key(String::len)?;
        let is_known = self.settable_profiles().any(|known| known.replace('-', "_") == profile);
        (!is_known).then_some(profile)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, Reading, Registry, parse};

    fn unknown(names: &[&str]) -> Vec<String> {
        let registry = Registry::built_in();
        let path = Path::new("/config.toml");
        let text = "[profiles.live-eu]\nprovider = 'proof'\n";
        let config = Config {
            file: parse(text, path, &registry).unwrap(),
            environment: names
                .iter()
                .map(|name| ((*name).to_owned(), "hunter2".to_owned()))
                .collect::<Environment>(),
            path: path.to_owned(),
            exists: true,
            registry,
            reading: Reading::start(None),
            warnings: Vec::new(),
        };
        config
            .unknown_variables(|| vec!["TXWATCH_TIMEOUT".to_owned(), "TXWATCH_PROFILE".to_owned()])
    }

    #[test]
    fn what_is_read_is_known() {
        let known = [
            "TXWATCH_CONFIG",
            "TXWATCH_TIMEOUT",
            "TXWATCH_PROFILE",
            "TXWATCH_PROOF_URL",
            "TXWATCH_PROOF_TOKEN_FILE",
            "TXWATCH_TRANSAK_API_SECRET_COMMAND",
            "TXWATCH_LIVE_EU_TOKEN",
            "TXWATCH_CASPER_QUOTA",
            "HOME",
            "XTXWATCH_FOO",
        ];
        assert!(unknown(&known).is_empty(), "{:?}", unknown(&known));
    }

    #[test]
    fn what_is_not_read_is_told_with_what_is_meant_and_without_its_value() {
        for (name, suggestion) in [
            ("TXWATCH_TIMEOT", "ignored; did you mean TXWATCH_TIMEOUT?"),
            ("TXWATCH_PROFLE", "ignored; did you mean TXWATCH_PROFILE?"),
            ("TXWATCH_PROOF_TOKN", "ignored; did you mean TXWATCH_PROOF_TOKEN?"),
            ("TXWATCH_API_KEY", "ignored; did you mean TXWATCH_TRANSAK_API_KEY?"),
            ("TXWATCH_PROOFF_URL", "ignored; there is no profile prooff; did you mean proof?"),
            ("TXWATCH_STAGING_TOKEN", "ignored; there is no profile staging"),
            ("TXWATCH_FOO", "is none of txwatch's, and is ignored"),
        ] {
            let found = unknown(&[name]);
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].ends_with(suggestion), "{name}: {found:?}");
            assert!(!found[0].contains("hunter2"));
        }
        assert_eq!(unknown(&["TXWATCH_PROOF_PUSHER_KEY"]).len(), 1, "a key of another provider");
        assert_eq!(unknown(&["TXWATCH_SANDBOX_URL"]).len(), 1);
    }
}
