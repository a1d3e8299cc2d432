//! The options of a command, looked for in one place after the other.

use std::path::PathBuf;
use std::str::FromStr;

use super::file::Entry;
use super::loading::Config;
use super::options::{BuiltIn, CACERT, CommandKind, OptionKey, OptionSpec};
use super::origin::{Origin, Sourced};
use super::paths;
use super::values::PathText;
use crate::error::{Failure, FailureKind, config};

/// The options of a command. Each is looked for where it goes before the others: what was typed, then
/// the profile's section, then `[defaults]`, then what is built in.
#[derive(Clone, Copy)]
pub struct CommandOptions<'a> {
    command: CommandKind,
    config: Option<&'a Config>,
    profile: Option<&'a str>,
}

impl<'a> CommandOptions<'a> {
    /// Those that hold without a file.
    pub fn built_in(command: CommandKind) -> Self {
        CommandOptions { command, config: None, profile: None }
    }

    /// The same, over those of a profile's section.
    #[must_use]
    pub fn of_profile(self, name: &'a str) -> Self {
        CommandOptions { profile: Some(name), ..self }
    }

    /// The value of an option whose default is fixed.
    ///
    /// # Errors
    /// The file's value is not one. (It was checked when the file was read.)
    pub fn value<T>(&self, key: &OptionKey<T>, typed: Option<T>) -> Result<T, Failure>
    where
        T: FromStr<Err = String>,
    {
        let value = self.given(key, typed)?.or_else(|| key.built_in(self.command));
        value.ok_or_else(|| {
            let message = format!("the option {} has no value of its own", key.spec.key);
            Failure::new(FailureKind::Internal, message)
        })
    }

    /// The value of an option, if it was typed or is in the file.
    ///
    /// # Errors
    /// The file's value is not one. (It was checked when the file was read.)
    pub fn given<T>(&self, key: &OptionKey<T>, typed: Option<T>) -> Result<Option<T>, Failure>
    where
        T: FromStr<Err = String>,
    {
        let is_for_following = matches!(key.spec.built_in, BuiltIn::PerCommand { .. });
        match self.config {
            Some(config) if typed.is_none() => {
                if is_for_following && self.command == CommandKind::Get {
                    return Ok(None);
                }
                config.file_value(key, self.profile)
            }
            _ => Ok(typed),
        }
    }
}

impl Config {
    /// The options of a command.
    pub fn options(&self, command: CommandKind) -> CommandOptions<'_> {
        CommandOptions { command, config: Some(self), profile: None }
    }

    /// The extra CA of `[defaults]`.
    pub fn cacert(&self) -> Option<PathBuf> {
        let PathText(path) = self.file_value(&CACERT, None).ok()??;
        Some(paths::expand(&path, self.folder()))
    }

    fn file_value<T>(&self, key: &OptionKey<T>, profile: Option<&str>) -> Result<Option<T>, Failure>
    where
        T: FromStr<Err = String>,
    {
        let name = key.spec.key;
        let parsed = self.option_entry(name, profile).map(|entry| {
            let value = entry.text().and_then(str::parse);
            value.map_err(|error| config(format!("{}: {name}: {error}", entry.place(&self.path))))
        });
        parsed.transpose()
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
            None => Sourced { value: spec.built_in.shown(), origin: Origin::Default },
        }
    }
}
