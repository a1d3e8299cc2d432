//! Loading of the configuration, and the profiles in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::environment::{Environment, variable};
use super::file::{File, SANDBOX};
use super::file_parser::parse;
use super::origin::Origin;
use super::paths::config_file;
use super::quota;
use super::registry::Registry;
use crate::driver::clock::Clock;
use crate::error::{Failure, config, nearest, usage};
use crate::named_file::{self, TimeLimit};
use crate::provider::{Definition, SettingKind, Spec};
use crate::warning::{Warning, WarningCode};

/// The configuration file and the environment.
#[derive(Clone)]
pub struct Config {
    /// The path of the file, whether it exists or not; empty if there is no home directory to look in.
    pub path: PathBuf,
    /// Whether the file exists.
    pub exists: bool,
    /// The contents of the file.
    pub file: File,
    /// The environment variables.
    pub environment: Environment,
    /// The providers.
    pub registry: Registry,
    /// How long reading a file may take.
    pub reading: Reading,
    /// What was passed over.
    pub warnings: Vec<Warning>,
}

/// How long reading a file may take: the limit of the command counts from its start.
#[derive(Clone, Copy)]
pub struct Reading {
    clock: Clock,
    timeout: Option<Duration>,
    is_brief: bool,
}

impl Reading {
    /// For a command that starts now, with this limit if it has one.
    pub fn start(timeout: Option<Duration>) -> Self {
        Reading { clock: Clock::start(), timeout, is_brief: false }
    }

    /// For what has to be fast, such as a completion.
    pub fn brief() -> Self {
        Reading { is_brief: true, ..Reading::start(None) }
    }

    pub(super) fn limit(self) -> TimeLimit {
        if self.is_brief {
            return TimeLimit::brief();
        }
        let elapsed = self.clock.now().elapsed;
        TimeLimit::within(self.timeout.map(|timeout| timeout.saturating_sub(elapsed)))
    }
}

impl Config {
    /// The path of the configuration file, whether it exists or not. None if there is no home directory to look in.
    pub fn path_of(environment: &Environment) -> Option<PathBuf> {
        config_file(environment).map(|(path, _)| path)
    }

    /// Reads the configuration file, if it exists. One that the user did not name and may not read is passed over, with
    /// a warning: it is somebody else's.
    ///
    /// # Errors
    /// The file cannot be read, the one that `TXWATCH_CONFIG` names does not exist, or its contents are invalid.
    pub fn load(
        environment: Environment,
        registry: Registry,
        reading: Reading,
    ) -> Result<Self, Failure> {
        if let Some(variable) = environment.not_unicode() {
            return Err(config(format!("{variable} does not hold Unicode text")));
        }
        let (path, is_named) = config_file(&environment).unwrap_or_default();
        let mut warnings = Vec::new();
        let text = match read_text(&path, is_named, reading) {
            Ok(text) => text,
            Err(PassedOver::Denied(message)) => {
                warnings.push(Warning::new(WarningCode::ConfigNotRead, message));
                None
            }
            Err(PassedOver::Never(failure)) => return Err(failure),
        };
        Ok(Config {
            exists: text.is_some(),
            file: parse(text.as_deref().unwrap_or_default(), &path, &registry)?,
            environment,
            registry,
            reading,
            path,
            warnings,
        })
    }

    /// Reads further files within this limit of the command, which counts from its start.
    pub fn limit_reading(&mut self, timeout: Option<Duration>) {
        self.reading.timeout = timeout;
    }

    /// The profile of targets without one, if the file sets it.
    pub fn default_profile(&self) -> Option<&str> {
        self.file.default_profile.as_ref().and_then(|entry| entry.text().ok())
    }

    /// All profiles: one for each provider, the sandbox, and those of the file.
    pub fn profile_names(&self) -> BTreeSet<Arc<str>> {
        let mut names: BTreeSet<Arc<str>> =
            self.registry.iter().map(|definition| definition.spec().name.clone()).collect();
        names.extend(self.file.profiles.keys().map(|name| name.as_str().into()));
        if cfg!(feature = "sandbox") {
            names.insert(SANDBOX.into());
        }
        names
    }

    /// The profiles with at least one setting in the file or the environment, without the sandbox.
    pub fn configured(&self) -> Vec<Arc<str>> {
        self.profile_names()
            .into_iter()
            .filter(|name| **name != *SANDBOX && self.is_configured(name))
            .collect()
    }

    fn is_configured(&self, name: &str) -> bool {
        let in_file =
            self.file.profiles.get(name).is_some_and(|section| !section.entries.is_empty());
        in_file || self.spec_of(name).is_ok_and(|spec| self.has_variable(name, &spec))
    }

    /// Whether a variable sets a setting of this profile. The full names are checked, for the name of a profile may be
    /// the prefix of another one.
    fn has_variable(&self, name: &str, spec: &Spec) -> bool {
        keys(spec)
            .into_iter()
            .map(|key| variable(name, &key))
            .any(|variable| self.environment.get(&variable).is_some())
    }

    /// The provider of a profile.
    ///
    /// # Errors
    /// There is no profile of that name.
    pub fn provider_of(&self, name: &str) -> Result<&Arc<dyn Definition>, Failure> {
        let section = self.file.profiles.get(name);
        let named = section.and_then(|section| section.provider.as_ref());
        let provider = named.map_or(name, |spec| &spec.name);
        self.registry.find(provider).ok_or_else(|| self.unknown_profile(name))
    }

    /// The fixed properties of a profile's provider.
    ///
    /// # Errors
    /// There is no profile of that name.
    pub fn spec_of(&self, name: &str) -> Result<Arc<Spec>, Failure> {
        Ok(self.provider_of(name)?.spec())
    }

    /// The failure for a profile that does not exist.
    pub fn unknown_profile(&self, name: &str) -> Failure {
        let names = self.profile_names();
        let known = names.iter().map(|name| &**name).collect::<Vec<_>>();
        let near = nearest(name, known.iter().copied());
        let failure = usage(format!("there is no profile '{}'", crate::render::clean(name)))
            .hint(format!("the profiles are: {}", known.join(", ")));
        let failure = match self.environment.origin_of("profile", name) {
            Origin::Environment(variable) => failure.hint(format!("it comes from {variable}")),
            _ => failure,
        };
        match near {
            Some(near) => failure.hint(format!("did you mean '{near}'?")),
            None => failure,
        }
    }

    /// The folder of the file, which relative paths in it are resolved against.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

/// Why the configuration file was not read.
enum PassedOver {
    /// It may not be read; with a sentence.
    Denied(String),
    /// It has to be read.
    Never(Failure),
}

/// The text of the configuration file, if there is one.
fn read_text(path: &Path, is_named: bool, reading: Reading) -> Result<Option<String>, PassedOver> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let name = format!("the config file {}", path.display());
    let failed = |failure: Failure| {
        PassedOver::Never(if is_named {
            failure.hint("TXWATCH_CONFIG names it; unset that to use the usual place")
        } else {
            failure
        })
    };
    match named_file::read(path, reading.limit()) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes);
            let not_text =
                |_| failed(config(format!("{name} cannot be read: it is not UTF-8 text")));
            text.map(Some).map_err(not_text)
        }
        Err(error) if error.is_not_found() && !is_named => Ok(None),
        Err(error) if error.is_denied() && !is_named => Err(PassedOver::Denied(format!(
            "{name} is passed over, for it may not be read: {error}; set HOME or XDG_CONFIG_HOME to a directory of your own, \
             or TXWATCH_CONFIG to a file"
        ))),
        Err(error) => Err(failed(error.into_failure(&name))),
    }
}

/// The keys that a profile of this provider may have in the environment.
pub(super) fn keys(spec: &Spec) -> Vec<String> {
    let keys = spec.settings.iter().flat_map(|setting| match setting.kind {
        SettingKind::Secret(_) => vec![
            setting.key.to_string(),
            format!("{}_file", setting.key),
            format!("{}_command", setting.key),
        ],
        _ => vec![setting.key.to_string()],
    });
    keys.chain([quota::KEY.to_owned()]).collect()
}
