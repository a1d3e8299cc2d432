//! The settings that a provider declares, and the values a profile gives them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::wire::BaseUrl;

/// The schemes of the URL of an HTTP endpoint.
pub const HTTP: &[&str] = &["http", "https"];
/// The schemes of the URL of a WebSocket endpoint; `http` and `https` are replaced by `ws` and `wss`.
pub const HTTP_OR_WEBSOCKET: &[&str] = &["http", "https", "ws", "wss"];

/// One setting of a provider.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the configuration file; in the environment `TXWATCH_<PROFILE>_<KEY>`.
    pub key: Cow<'static, str>,
    /// The kind of its value.
    pub kind: SettingKind,
    /// A phrase for help and documentation.
    pub description: Cow<'static, str>,
    /// Whether a profile does not work without it.
    pub required: bool,
    /// The default, as a word or phrase for help and documentation; empty if there is none.
    pub default: Cow<'static, str>,
    /// Whether its default is derived from the `url`.
    pub follows_url: bool,
}

/// The kind of a setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A base URL with one of these schemes.
    Url(&'static [&'static str]),
    /// Free text.
    Text,
    /// An IP address.
    IpAddress,
    /// One of these words.
    Choice(Vec<Cow<'static, str>>),
    /// A secret, which is given by `<key>_file`, `<key>_command` or the environment. It is not among [`Settings`].
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
    /// The token that requests carry.
    Token,
    /// Authenticates the request for a new token.
    Issuer,
}

impl Setting {
    /// A required setting.
    pub fn required(
        key: impl Into<Cow<'static, str>>,
        kind: SettingKind,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (key, description) = (key.into(), description.into());
        Setting { key, kind, description, required: true, default: "".into(), follows_url: false }
    }

    /// An optional setting without a default.
    pub fn optional(
        key: impl Into<Cow<'static, str>>,
        kind: SettingKind,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Setting { required: false, ..Setting::required(key, kind, description) }
    }

    /// The same setting with this default.
    pub fn with_default(self, default: impl Into<Cow<'static, str>>) -> Self {
        Setting { default: default.into(), ..self }
    }

    /// The same setting with a default that is derived from the `url`.
    pub fn following_url(self) -> Self {
        Setting { follows_url: true, ..self.with_default("the url, with ws or wss") }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match &self.kind {
            SettingKind::Url(schemes) => BaseUrl::parse(value, schemes).map(drop),
            SettingKind::Choice(words) if !words.iter().any(|word| word == value) => {
                Err(format!("it is one of: {}", words.join(", ")))
            }
            SettingKind::IpAddress => match value.parse::<IpAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err("it is no IP address, such as 203.0.113.7".to_owned()),
            },
            _ if value.trim().is_empty() => Err("it is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The checked values of a profile's settings, without its secrets.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    has_token: bool,
}

impl Settings {
    /// Sets a value that [`Setting::check`] has accepted.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.values.insert(key.into(), value.into());
    }

    /// Notes that the profile has a [token](Secret::Token).
    pub fn set_token(&mut self) {
        self.has_token = true;
    }

    /// Whether the profile has a token, for providers that can do without one.
    pub fn has_token(&self) -> bool {
        self.has_token
    }

    /// The value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The value of a setting that is a base URL.
    ///
    /// # Errors
    /// One sentence on what is wrong with it.
    pub fn base(&self, key: &str, schemes: &[&str]) -> Result<Option<BaseUrl>, String> {
        self.get(key)
            .map(|text| BaseUrl::parse(text, schemes).map_err(|error| format!("{key}: {error}")))
            .transpose()
    }
}
