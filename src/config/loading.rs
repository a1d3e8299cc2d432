//! Loading of the configuration, and the profiles in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environment::{Environment, variable};
use super::file::{File, SANDBOX};
use super::file_parser::parse;
use super::paths::config_file;
use super::quota;
use super::registry::Registry;
use crate::error::{Failure, config, nearest, usage};
use crate::provider::{Definition, SettingKind, Spec};

/// The configuration file and the environment.
#[derive(Clone)]
pub struct Config {
    /// The path of the file, whether it exists or not.
    pub path: PathBuf,
    /// Whether the file exists.
    pub exists: bool,
    /// The contents of the file.
    pub file: File,
    /// The environment variables.
    pub environment: Environment,
    /// The providers.
    pub registry: Registry,
}

impl Config {
    /// The path of the configuration file, whether it exists or not.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn path_of(environment: &Environment) -> Result<PathBuf, Failure> {
        config_file(environment).map(|(path, _)| path)
    }

    /// Reads the configuration file, if it exists.
    ///
    /// # Errors
    /// The file cannot be read, the one that `TXWATCH_CONFIG` names does not exist, or its contents are invalid.
    pub fn load(environment: Environment, registry: Registry) -> Result<Self, Failure> {
        let (path, named) = config_file(&environment)?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => None,
            Err(error) => {
                let failure =
                    config(format!("the config file {} cannot be read: {error}", path.display()));
                return Err(if named {
                    failure.hint("TXWATCH_CONFIG names it; unset that to use the usual place")
                } else {
                    failure
                });
            }
        };
        Ok(Config {
            exists: text.is_some(),
            file: parse(text.as_deref().unwrap_or_default(), &path, &registry)?,
            environment,
            registry,
            path,
        })
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
        let keys = spec.settings.iter().flat_map(|setting| match setting.kind {
            SettingKind::Secret(_) => vec![
                setting.key.to_string(),
                format!("{}_file", setting.key),
                format!("{}_command", setting.key),
            ],
            _ => vec![setting.key.to_string()],
        });
        keys.chain([quota::KEY.to_owned()])
            .map(|key| variable(name, &key))
            .any(|variable| self.environment.get(&variable).is_some_and(|value| !value.is_empty()))
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
