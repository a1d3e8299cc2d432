//! The settings that a provider declares, and the values a profile gives them.

use std::collections::BTreeMap;

use crate::wire::Base;

/// One setting of a provider.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the configuration file; in the environment `TXWATCH_<PROFILE>_<KEY>`.
    pub key: &'static str,
    /// What it holds.
    pub kind: SettingKind,
    /// What it is, for people.
    pub about: &'static str,
    /// Whether a profile works without it.
    pub required: bool,
    /// What holds without it, for people; empty if nothing does.
    pub default: &'static str,
    /// Whether it is derived from the `url` unless it is given.
    pub follows_url: bool,
}

/// What a setting holds.
#[derive(Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A base address with one of these schemes.
    Url(&'static [&'static str]),
    /// Free text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A secret: given by `<key>_file`, `<key>_command` or the environment, never held here.
    Secret(Secret),
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
    pub const fn required(key: &'static str, kind: SettingKind, about: &'static str) -> Self {
        Setting { key, kind, about, required: true, default: "", follows_url: false }
    }

    /// A setting that a profile may do without.
    pub const fn optional(key: &'static str, kind: SettingKind, about: &'static str) -> Self {
        Setting { key, kind, about, required: false, default: "", follows_url: false }
    }

    /// The same, with what holds without it.
    pub const fn or(self, default: &'static str) -> Self {
        Setting { default, ..self }
    }

    /// The same, derived from the `url` unless it is given.
    pub const fn following_url(self) -> Self {
        Setting { follows_url: true, default: "the url, with ws or wss", ..self }
    }

    /// Refuses a value that cannot be right.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match &self.kind {
            SettingKind::Url(schemes) => Base::parse(value, schemes).map(drop),
            SettingKind::Choice(words) if !words.contains(&value) => {
                Err(format!("it is one of: {}", words.join(", ")))
            }
            _ if value.trim().is_empty() => Err("it is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

/// A profile's checked values, without its secrets.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Sets a value that [`Setting::check`] has accepted.
    pub fn set(&mut self, key: &'static str, value: String) {
        self.0.insert(key, value);
    }

    /// The value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of a setting that is a base address.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn base(&self, key: &str, schemes: &[&str]) -> Result<Option<Base>, String> {
        self.get(key)
            .map(|text| Base::parse(text, schemes).map_err(|error| format!("{key}: {error}")))
            .transpose()
    }
}
