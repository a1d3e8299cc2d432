//! Parses the configuration file. Every key is checked, and every error names its line. The text of a line is never
//! repeated, for it may contain a secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::variable;
use super::file::{Entry, File, SANDBOX, Section};
use super::options::{OPTIONS, Scope};
use super::quota;
use super::registry::Registry;
use crate::error::{Failure, config, nearest};
use crate::provider::{Setting, SettingKind, Spec};

/// Parses and checks the text of the configuration file; `path` is for messages.
///
/// # Errors
/// What is wrong, and in which line.
pub fn parse(text: &str, path: &Path, registry: &Registry) -> Result<File, Failure> {
    let parser = Parser { text, path, registry };
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| parser.line(span.start));
        parser.error(line, error.message().to_owned())
    })?;
    parser.root(root.get_ref())
}

struct Parser<'a> {
    text: &'a str,
    path: &'a Path,
    registry: &'a Registry,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Parser<'_> {
    fn root(&self, table: &DeTable<'_>) -> Result<File, Failure> {
        const KEYS: [&str; 3] = ["default_profile", "defaults", "profiles"];
        let mut file = File::default();
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "default_profile" => file.default_profile = Some(self.entry(key, value)?),
                "defaults" => file.defaults = self.defaults(self.table(key, value)?)?,
                "profiles" => {
                    for (name, section) in self.table(key, value)?.iter() {
                        let read = self.section(name, self.table(name, section)?)?;
                        file.profiles.insert(name.get_ref().to_string(), read);
                    }
                }
                other => return Err(self.unknown(key, other, "", KEYS)),
            }
        }
        if let Some(entry) = &file.default_profile {
            self.check_default(entry, &file)?;
        }
        Ok(file)
    }

    fn check_default(&self, entry: &Entry, file: &File) -> Result<(), Failure> {
        let name = entry.text().map_err(|error| self.error(entry.line, error))?;
        let built_in = self.registry.iter().map(|definition| definition.spec().name.to_string());
        let mut known: Vec<_> = built_in.chain(file.profiles.keys().cloned()).collect();
        if cfg!(feature = "sandbox") {
            known.push(SANDBOX.to_owned());
        }
        if known.iter().any(|known| known == name) {
            return Ok(());
        }
        let message = format!("default_profile: there is no profile '{name}'");
        let failure = self.error(entry.line, message);
        Err(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean '{near}'?")),
            None => failure,
        })
    }

    fn defaults(&self, table: &DeTable<'_>) -> Result<BTreeMap<String, Entry>, Failure> {
        let mut entries = BTreeMap::new();
        for (key, value) in table.iter() {
            let name = key.get_ref().as_ref();
            let Some(spec) = OPTIONS.iter().find(|spec| spec.key == name) else {
                return Err(self.unknown(
                    key,
                    name,
                    "in [defaults] ",
                    OPTIONS.iter().map(|spec| spec.key),
                ));
            };
            let entry = self.entry(key, value)?;
            self.check(&entry, spec.key, spec.check)?;
            entries.insert(name.to_owned(), entry);
        }
        Ok(entries)
    }

    fn section(&self, name: &Key<'_>, table: &DeTable<'_>) -> Result<Section, Failure> {
        let profile = name.get_ref().as_ref();
        self.check_name(name, profile)?;
        let mut section = Section::default();
        let provider = table.iter().find(|(key, _)| key.get_ref() == "provider");
        if let Some((key, value)) = provider {
            section.provider = Some(self.provider(&self.entry(key, value)?)?);
        }
        let by_name = || Some(self.registry.find(profile)?.spec());
        let Some(spec) = section.provider.clone().or_else(by_name) else {
            let failure =
                self.error(self.line_of(name), format!("profile {profile} names no provider"));
            let first = self.registry.iter().next().map(|definition| definition.spec());
            let first = first.map_or_else(String::new, |spec| spec.name.to_string());
            return Err(failure.hint(format!("add  provider = \"{first}\"")));
        };
        for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "provider") {
            let entry = self.entry(key, value)?;
            self.check_setting(key, &entry, profile, &spec)?;
            section.entries.insert(key.get_ref().to_string(), entry);
        }
        Ok(section)
    }

    fn check_name(&self, key: &Key<'_>, name: &str) -> Result<(), Failure> {
        let is_allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(is_allowed) {
            let message = "a profile's name is made of a-z, 0-9, - and _".to_owned();
            return Err(self.error(self.line_of(key), message));
        }
        if name == SANDBOX {
            let message = "the profile sandbox is built in and has no settings".to_owned();
            return Err(self.error(self.line_of(key), message));
        }
        Ok(())
    }

    fn provider(&self, entry: &Entry) -> Result<Arc<Spec>, Failure> {
        let name = entry.text().map_err(|error| self.error(entry.line, error))?;
        let found = self.registry.find(name).map(|definition| definition.spec());
        found.ok_or_else(|| {
            let known: Vec<_> =
                self.registry.iter().map(|known| known.spec().name.to_string()).collect();
            self.error(entry.line, format!("there is no provider '{name}'"))
                .hint(format!("the providers are: {}", known.join(", ")))
        })
    }

    fn check_setting(
        &self,
        key: &Key<'_>,
        entry: &Entry,
        profile: &str,
        spec: &Spec,
    ) -> Result<(), Failure> {
        let name = key.get_ref().as_ref();
        if let Some(option) = OPTIONS.iter().find(|option| option.key == name) {
            if option.scope == Scope::Command {
                let message = format!("{name} holds for the whole command, not for a profile");
                return Err(self.error(entry.line, message).hint("move it to [defaults]"));
            }
            return self.check(entry, option.key, option.check);
        }
        if name == quota::KEY {
            let checked = quota::parse(entry.value.iter().map(String::as_str));
            return checked
                .map(drop)
                .map_err(|error| self.error(entry.line, format!("{name}: {error}")));
        }
        for setting in &spec.settings {
            if matches!(setting.kind, SettingKind::Secret(_)) {
                if let Some(checked) = self.check_secret(name, entry, profile, setting) {
                    return checked;
                }
            } else if name == setting.key {
                return self.check(entry, name, |text| setting.check(text));
            }
        }
        Err(self.unknown(
            key,
            name,
            &format!("in profile {profile} "),
            known_keys(spec).iter().map(String::as_str),
        ))
    }

    /// Checks a key if it is one of a secret: the secret itself, its file or its command.
    fn check_secret(
        &self,
        name: &str,
        entry: &Entry,
        profile: &str,
        setting: &Setting,
    ) -> Option<Result<(), Failure>> {
        let variable = variable(profile, &setting.key);
        match name.strip_prefix(&*setting.key)? {
            "" => {
                let message = format!("{name} is a secret, and secrets are not kept in this file");
                Some(Err(self.error(entry.line, message).hint(format!(
                    "use {name}_file, {name}_command, or the variable {variable}; and give the provider's secret a new value if this file was shared"
                ))))
            }
            "_file" => Some(self.check(entry, name, |_| Ok(()))),
            "_command" if entry.is_list && !entry.value.is_empty() => Some(Ok(())),
            "_command" => {
                let message = format!("{name}: write it as a list: [\"pass\", \"show\", \"…\"]");
                Some(Err(self.error(entry.line, message)))
            }
            _ => None,
        }
    }

    fn check(
        &self,
        entry: &Entry,
        key: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let checked = entry.text().and_then(check);
        checked.map_err(|error| self.error(entry.line, format!("{key}: {error}")))
    }

    fn entry(&self, key: &Key<'_>, value: &Value<'_>) -> Result<Entry, Failure> {
        let line = self.line_of(key);
        let wrong = || self.error(line, format!("{}: it is not a text", key.get_ref()));
        let (value, is_list) = match value.get_ref() {
            DeValue::String(text) => (vec![text.to_string()], false),
            DeValue::Boolean(on) => (vec![on.to_string()], false),
            // A bare number gets the same hint as on the command line: it has no unit.
            DeValue::Integer(number) => (vec![number.as_str().to_owned()], false),
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                (texts.collect::<Option<Vec<_>>>().ok_or_else(wrong)?, true)
            }
            _ => return Err(wrong()),
        };
        Ok(Entry { value, is_list, line })
    }

    fn table<'t, 'a>(
        &self,
        key: &Key<'_>,
        value: &'t Value<'a>,
    ) -> Result<&'t DeTable<'a>, Failure> {
        value.get_ref().as_table().ok_or_else(|| {
            self.error(self.line_of(key), format!("{} is a section, not a value", key.get_ref()))
        })
    }

    fn unknown<'k>(
        &self,
        key: &Key<'_>,
        name: &str,
        place: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Failure {
        let known: Vec<_> = known.into_iter().collect();
        let failure = self.error(self.line_of(key), format!("{place}there is no key '{name}'"));
        match nearest(name, known.iter().copied()) {
            Some(near) => failure.hint(format!("did you mean '{near}'?")),
            None => failure.hint(format!("the keys are: {}", known.join(", "))),
        }
    }

    fn error(&self, line: usize, message: String) -> Failure {
        config(format!("{}:{line}: {message}", self.path.display()))
    }

    fn line_of(&self, key: &Key<'_>) -> usize {
        self.line(key.span().start)
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// The keys that a profile of this provider may have.
fn known_keys(spec: &Spec) -> Vec<String> {
    let settings = spec.settings.iter().flat_map(|setting| match setting.kind {
        SettingKind::Secret(_) => {
            vec![format!("{}_file", setting.key), format!("{}_command", setting.key)]
        }
        _ => vec![setting.key.to_string()],
    });
    let options = OPTIONS.iter().filter(|option| option.scope == Scope::Profile);
    settings
        .chain(options.map(|option| option.key.to_owned()))
        .chain([quota::KEY.to_owned(), "provider".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Hint;

    fn error_text(text: &str) -> String {
        let failure = parse(text, Path::new("config.toml"), &Registry::built_in()).unwrap_err();
        let hints: Vec<_> = failure.hints().iter().filter_map(Hint::as_text).collect();
        format!("{failure} / {}", hints.join(" / "))
    }

    #[test]
    fn the_contracts_example_is_read() {
        let text = r#"
default_profile = "staging"
[defaults]
timeout = "20m"
[profiles.staging]
provider = "proof"
url = "https://proof.example"
token_command = ["pass", "show", "proof/staging"]
"#;
        let file = parse(text, Path::new("config.toml"), &Registry::built_in()).unwrap();
        assert_eq!(file.default_profile.unwrap().text(), Ok("staging"));
        assert_eq!(file.defaults["timeout"].text(), Ok("20m"));
        let staging = &file.profiles["staging"];
        assert_eq!(staging.entries["url"].line, 7);
        assert_eq!(staging.entries["token_command"].value.len(), 3);
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn the_sandbox_can_be_the_default() {
        let text = "default_profile = \"sandbox\"";
        let file = parse(text, Path::new("config.toml"), &Registry::built_in()).unwrap();
        assert_eq!(file.default_profile.unwrap().text(), Ok("sandbox"));
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        for (text, needles) in [
            (
                "default_profil = \"x\"",
                &["config.toml:1", "'default_profil'", "did you mean 'default_profile'"][..],
            ),
            ("[defaults]\ntimeot = \"1m\"", &[":2", "'timeot'", "did you mean 'timeout'"]),
            ("[defaults]\ntimeout = 90", &[":2", "no unit"]),
            ("[defaults]\ntimeout = \"10M\"", &["10m"]),
            ("[profiles.proof]\ntokenfile = \"x\"", &[":2", "did you mean 'token_file'"]),
            ("[profiles.proof]\ntimeout = \"1m\"", &["whole command", "[defaults]"]),
            ("[profiles.proof]\nurl = \"proof.example\"", &["no scheme"]),
            ("[profiles.proof]\ndialect = \"x\"", &["tx_id, user_id"]),
            ("[profiles.proof]\ntoken_command = \"pass\"", &["list"]),
            ("[profiles.casper]\nquota = [\"0/1m\"]", &[":2", "quota: '0/1m'", "no requests"]),
            ("[profiles.casper]\nquota = []", &[":2", "quota: it is empty"]),
            ("[profiles.casper]\nquota = 100", &[":2", "quota: '100'", "no slash"]),
            ("[profiles.casper]\nquota = [100]", &[":2", "quota: it is not a text"]),
            ("[defaults]\nquota = [\"1/1m\"]", &[":2", "no key 'quota'"]),
            ("[profiles.mine]\nurl = \"https://h\"", &["names no provider"]),
            ("[profiles.mine]\nprovider = \"prof\"", &["no provider 'prof'"]),
            ("[profiles.Mine]\nprovider = \"proof\"", &["a-z"]),
            ("[profiles.sandbox]\nprovider = \"proof\"", &["built in"]),
            ("default_profile = \"mine\"", &["no profile 'mine'"]),
            ("default_profile = \"sandbx\"", &[":1", "did you mean 'sandbox'"]),
            ("default_profile = [\"proof\"]", &[":1", "it is a list"]),
            ("[profiles]\nproof = 3", &["is a section"]),
            ("[defaults", &["config.toml:1"]),
        ] {
            let error_text = error_text(text);
            for needle in needles {
                assert!(error_text.contains(needle), "{text:?}: {error_text}");
            }
        }
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        for text in ["[profiles.proof]\ntoken = \"hunter2\"", "[profiles.proof]\ntoken = \"hunter2"]
        {
            assert!(!error_text(text).contains("hunter2"), "{}", error_text(text));
        }
        assert!(error_text("[profiles.proof]\ntoken = \"hunter2\"").contains("token_file"));
    }
}
