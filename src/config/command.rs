//! The options of a command, resolved in order of precedence.

use std::str::FromStr;

use super::file::Entry;
use super::loading::Config;
use super::options::{BuiltIn, CommandKind, OptionKey, OptionSpec};
use super::origin::{Origin, Sourced};
use crate::error::{Failure, FailureKind, config};

/// The options of a command. Each is taken from the first of these that has it: the command line (or its environment
/// variable), the section of the profile, `[defaults]`, the built-in default.
#[derive(Clone, Copy)]
pub struct CommandOptions<'a> {
    command: CommandKind,
    config: Option<&'a Config>,
    profile: Option<&'a str>,
}

impl<'a> CommandOptions<'a> {
    /// The options without a configuration file.
    pub fn built_in(command: CommandKind) -> Self {
        CommandOptions { command, config: None, profile: None }
    }

    /// The same, with the section of a profile.
    #[must_use]
    pub fn of_profile(self, name: &'a str) -> Self {
        CommandOptions { profile: Some(name), ..self }
    }

    /// The value of an option that has a fixed default.
    ///
    /// # Errors
    /// The value in the file is invalid, which was checked when the file was read.
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

    /// The value of an option from the command line or the file, if it is set there.
    ///
    /// # Errors
    /// The value in the file is invalid, which was checked when the file was read.
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

    pub(super) fn file_value<T>(
        &self,
        key: &OptionKey<T>,
        profile: Option<&str>,
    ) -> Result<Option<T>, Failure>
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

    pub(super) fn option_entry(&self, key: &str, profile: Option<&str>) -> Option<&Entry> {
        let section = profile.and_then(|name| self.file.profiles.get(name));
        section.and_then(|section| section.entries.get(key)).or_else(|| self.file.defaults.get(key))
    }

    /// An option for `config show`: from the environment, the file, or built in.
    pub fn option_for_display(&self, spec: &OptionSpec, profile: Option<&str>) -> Sourced {
        let variable = format!("TXWATCH_{}", spec.key.to_uppercase());
        if let Some(value) = self.environment.get(&variable) {
            return Sourced { value: value.to_owned(), origin: Origin::Environment(variable) };
        }
        match self.option_entry(spec.key, profile) {
            Some(entry) => Sourced {
                value: entry.text().unwrap_or_default().to_owned(),
                origin: Origin::File(self.path.clone(), entry.line),
            },
            None => Sourced { value: spec.built_in.for_display(), origin: Origin::Default },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::options::{GRACE, INTERVAL, MAX_OUTAGE, OUTPUT, TIMEOUT};
    use crate::config::values::{Interval, Limit, OutputFormat, Span, Timeout};
    use crate::config::{Environment, Reading, Registry, parse};

    const FILE: &str = "
[defaults]
timeout = '7m'
max_outage = '2m'
grace = '20s'
[profiles.staging]
provider = 'proof'
grace = '10s'
";

    fn config(text: &str) -> Config {
        let registry = Registry::built_in();
        let path = Path::new("/config.toml");
        Config {
            path: path.to_owned(),
            exists: true,
            file: parse(text, path, &registry).unwrap(),
            environment: Environment::default(),
            registry,
            reading: Reading::start(None),
            warnings: Vec::new(),
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_typed_goes_before_the_profile_before_the_defaults_before_the_table() {
        let (with_file, without) = (config(FILE), config(""));
        let options = with_file.options(CommandKind::Follow);
        let staging = options.of_profile("staging");
        assert_eq!(staging.value(&GRACE, Some(Span(seconds(1)))).unwrap(), Span(seconds(1)));
        assert_eq!(staging.value(&GRACE, None).unwrap(), Span(seconds(10)));
        assert_eq!(options.value(&GRACE, None).unwrap(), Span(seconds(20)));
        assert_eq!(options.of_profile("proof").value(&GRACE, None).unwrap(), Span(seconds(20)));
        let empty = without.options(CommandKind::Follow);
        assert_eq!(empty.value(&GRACE, None).unwrap(), Span(seconds(0)));
    }

    #[test]
    fn get_has_limits_of_its_own_over_the_files() {
        let config = config(FILE);
        let (follow, get) = (config.options(CommandKind::Follow), config.options(CommandKind::Get));
        assert_eq!(follow.value(&TIMEOUT, None).unwrap(), Timeout(Some(seconds(420))));
        assert_eq!(get.value(&TIMEOUT, None).unwrap(), Timeout(Some(seconds(30))));
        assert_eq!(follow.value(&MAX_OUTAGE, None).unwrap(), Limit(Some(seconds(120))));
        assert_eq!(get.value(&MAX_OUTAGE, None).unwrap(), Limit(Some(seconds(0))));
        assert_eq!(get.value(&MAX_OUTAGE, Some(Limit(None))).unwrap(), Limit(None));
        assert_eq!(get.value(&GRACE, None).unwrap(), Span(seconds(20)));
    }

    #[test]
    fn without_the_file_only_the_table_counts() {
        let options = CommandOptions::built_in(CommandKind::Follow).of_profile("staging");
        assert_eq!(options.value(&GRACE, None).unwrap(), Span(seconds(0)));
        assert_eq!(options.value(&TIMEOUT, None).unwrap(), Timeout(Some(seconds(1800))));
    }

    #[test]
    fn what_has_no_fixed_default_is_given_or_not() {
        let config = config("[defaults]\noutput = 'json'\n");
        let options = config.options(CommandKind::Follow);
        assert_eq!(options.given(&OUTPUT, None).unwrap(), Some(OutputFormat::Json));
        assert_eq!(options.given(&INTERVAL, None).unwrap(), None);
        let typed = Some(Interval(seconds(9)));
        assert_eq!(options.given(&INTERVAL, typed).unwrap(), typed);
    }
}
