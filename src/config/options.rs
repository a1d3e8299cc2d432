//! The options that the configuration file may set, in `[defaults]` or in a profile.

use std::path::PathBuf;
use std::str::FromStr;

use super::values::{Colour, Interval, Limit, OutputFormat, Span, Switch, Timeout, TransportMode};
use super::{Config, Entry, Origin, Sourced, paths};
use crate::error::{Failure, config};
use crate::lifecycle::Goal;

/// Where an option may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In `[defaults]` and in profiles.
    Profile,
    /// In `[defaults]` only: it holds for the whole command.
    Command,
}

/// An option of the file.
pub struct OptionSpec {
    /// Its key, which is the flag's name with underscores.
    pub key: &'static str,
    /// Where it may stand.
    pub scope: Scope,
    /// What is built in, for `config show`.
    pub default: &'static str,
    /// Refuses a value that cannot be right.
    pub check: fn(&str) -> Result<(), String>,
}

fn check<T: FromStr<Err = String>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop)
}

const fn option(
    key: &'static str,
    scope: Scope,
    default: &'static str,
    check: fn(&str) -> Result<(), String>,
) -> OptionSpec {
    OptionSpec { key, scope, default, check }
}

/// Every option of the file.
pub static OPTIONS: &[OptionSpec] = &[
    option("timeout", Scope::Command, "30m (get: 30s)", check::<Timeout>),
    option("heartbeat", Scope::Command, "60s", check::<Timeout>),
    option("output", Scope::Command, "human on a terminal, else plain", check::<OutputFormat>),
    option("color", Scope::Command, "auto", check::<Colour>),
    option("show_personal", Scope::Command, "false", check::<Switch>),
    option("until", Scope::Command, "completed", check::<Goal>),
    option("cacert", Scope::Command, "none", |_| Ok(())),
    option("transport", Scope::Command, "auto", check::<TransportMode>),
    option("interval", Scope::Profile, "per provider", check::<Interval>),
    option("appear_timeout", Scope::Profile, "60s (get: 0s)", check::<Limit>),
    option("max_outage", Scope::Profile, "5m (get: 0s)", check::<Limit>),
    option("grace", Scope::Profile, "0s", check::<Span>),
];

impl Config {
    /// The value of an option: what was typed, else the profile's, else that of `[defaults]`.
    ///
    /// # Errors
    /// The file's value is not one. (It was checked when the file was read.)
    pub fn option<T: FromStr<Err = String>>(
        &self,
        key: &'static str,
        typed: Option<T>,
        profile: Option<&str>,
    ) -> Result<Option<T>, Failure> {
        if typed.is_some() {
            return Ok(typed);
        }
        match self.option_entry(key, profile) {
            Some(entry) => {
                let value = entry.text().and_then(str::parse);
                value
                    .map(Some)
                    .map_err(|error| config(format!("{}: {key}: {error}", entry.place(&self.path))))
            }
            None => Ok(None),
        }
    }

    /// The extra CA of `[defaults]`.
    pub fn cacert(&self) -> Option<PathBuf> {
        let path = self.file.defaults.get("cacert")?.text().ok()?;
        Some(paths::expand(path, self.folder()))
    }

    fn option_entry(&self, key: &str, profile: Option<&str>) -> Option<&Entry> {
        let section = profile.and_then(|name| self.file.profiles.get(name));
        section.and_then(|section| section.entries.get(key)).or_else(|| self.file.defaults.get(key))
    }

    /// An option as `config show` tells it: from the environment, the file, or built in.
    pub fn shown_option(&self, spec: &OptionSpec, profile: Option<&str>) -> Sourced {
        let variable = format!("TXWATCH_{}", spec.key.to_uppercase());
        if let Some(value) = self.environment.get(&variable) {
            return Sourced { value: value.to_owned(), origin: Origin::Environment(variable) };
        }
        match self.option_entry(spec.key, profile) {
            Some(entry) => Sourced {
                value: entry.text().unwrap_or_default().to_owned(),
                origin: Origin::File(self.path.clone(), entry.line),
            },
            None => Sourced { value: spec.default.to_owned(), origin: Origin::Default },
        }
    }
}
