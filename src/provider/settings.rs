//! The settings that a provider declares, and the values a profile gives them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::wire::BaseUrl;

/// The schemes of an address that is polled.
pub const HTTP: &[&str] = &["http", "https"];
/// The schemes of an address that pushes: the WebSocket ones, and those that are turned into them.
pub const HTTP_OR_WEBSOCKET: &[&str] = &["http", "https", "ws", "wss"];

/// One setting of a provider.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the configuration file; in the environment `TXWATCH_<PROFILE>_<KEY>`.
    pub key: Cow<'static, str>,
    /// What it holds.
    pub kind: SettingKind,
    /// What it is, for people.
    pub about: Cow<'static, str>,
    /// Whether a profile works without it.
    pub required: bool,
    /// What holds without it, for people; empty if nothing does.
    pub default: Cow<'static, str>,
    /// Whether it is derived from the `url` unless it is given.
    pub follows_url: bool,
}

/// What a setting holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A base address with one of these schemes.
    Url(&'static [&'static str]),
    /// Free text.
    Text,
    /// One of these words.
    Choice(Vec<Cow<'static, str>>),
    /// A secret: given by `<key>_file`, `<key>_command` or the environment, never held here.
    Secret(Secret),
}

impl SettingKind {
    /// One of these words.
    pub fn choice(words: &[&'static str]) -> Self {
        SettingKind::Choice(words.iter().copied().map(Cow::Borrowed).collect())
    }
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// It is the token that requests carry.
    Token,
    /// The provider issues tokens for it.
    Issuer,
}

impl Setting {
    /// A setting without which a profile does not work.
    pub fn required(
        key: impl Into<Cow<'static, str>>,
        kind: SettingKind,
        about: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (key, about) = (key.into(), about.into());
        Setting { key, kind, about, required: true, default: "".into(), follows_url: false }
    }

    /// A setting that a profile may do without.
    pub fn optional(
        key: impl Into<Cow<'static, str>>,
        kind: SettingKind,
        about: impl Into<Cow<'static, str>>,
    ) -> Self {
        Setting { required: false, ..Setting::required(key, kind, about) }
    }

    /// The same, with what holds without it.
    pub fn or(self, default: impl Into<Cow<'static, str>>) -> Self {
        Setting { default: default.into(), ..self }
    }

    /// The same, derived from the `url` unless it is given.
    pub fn following_url(self) -> Self {
        Setting { follows_url: true, ..self.or("the url, with ws or wss") }
    }

    /// Refuses a value that cannot be right.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match &self.kind {
            SettingKind::Url(schemes) => BaseUrl::parse(value, schemes).map(drop),
            SettingKind::Choice(words) if !words.iter().any(|word| word == value) => {
                Err(format!("it is one of: {}", words.join(", ")))
            }
            _ if value.trim().is_empty() => Err("it is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

/// A profile's checked values, without its secrets.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Sets a value that [`Setting::check`] has accepted.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// The value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of a setting that is a base address.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn base(&self, key: &str, schemes: &[&str]) -> Result<Option<BaseUrl>, String> {
        self.get(key)
            .map(|text| BaseUrl::parse(text, schemes).map_err(|error| format!("{key}: {error}")))
            .transpose()
    }
}
