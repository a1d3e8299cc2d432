//! Resolving a profile: its settings and its secrets, with their origins.

use std::sync::Arc;

use super::environment::variable;
use super::loading::Config;
use super::origin::{Origin, Sourced};
use super::rehearsal::Intervals;
use super::secrets::exposure;
use super::{paths, quota};
use crate::credential::Credential;
use crate::error::{Failure, Hint, config, usage};
use crate::provider::{Definition, Provider, Quota, Secret, Setting, SettingKind, Settings};
use crate::token_store::TokenStore;

/// Settings that are given by flags.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--url`.
    pub url: Option<String>,
    /// `--push-url`.
    pub push_url: Option<String>,
}

/// A resolved profile.
pub struct ResolvedProfile {
    /// The configured provider.
    pub provider: Arc<dyn Provider>,
    /// Its token.
    pub credential: Credential,
    /// Where tokens that are issued for it are kept; none if they are not.
    pub token_store: Option<TokenStore>,
    /// How often it is polled, unless an option says otherwise.
    pub intervals: Intervals,
    /// Limits of its requests, each of which holds.
    pub quotas: Vec<Quota>,
    /// Warnings about its token.
    pub warnings: Vec<String>,
}

impl ResolvedProfile {
    /// Whether the provider can be polled.
    pub fn can_poll(&self) -> bool {
        self.credential.is_available() || self.provider.is_public()
    }
}

impl Config {
    /// Resolves a profile.
    ///
    /// # Errors
    /// A setting or a secret is missing or invalid, or the token would be sent unencrypted.
    pub fn profile(&self, name: &str, overrides: &Overrides) -> Result<ResolvedProfile, Failure> {
        let definition = self.provider_of(name)?;
        let mut settings = self.settings(name, definition.as_ref(), overrides)?;
        let mut credential = Credential::none();
        let mut issuer = None;
        for setting in &definition.spec().settings {
            let SettingKind::Secret(purpose) = setting.kind else {
                continue;
            };
            match (purpose, self.secret(name, setting)?) {
                (Secret::Token, Some(found)) => {
                    credential = found;
                    settings.set_token();
                }
                (Secret::Issuer, found) => issuer = found,
                (Secret::Token, None) if setting.required => {
                    return Err(self.missing(name, setting));
                }
                (Secret::Token, None) => {}
            }
        }
        let provider = build(name, definition.as_ref(), &settings)?;
        if issuer.is_some() && provider.token_request().is_none() {
            return Err(config(format!(
                "profile {name} has a secret that tokens are issued for, but no api_key to go with it"
            ))
            .hint(format!("set {}, or api_key in the profile", variable(name, "api_key"))));
        }
        let warnings = [Some(&credential), issuer.as_ref()].into_iter().flatten();
        let warnings = warnings.filter_map(exposure).collect();
        let credential = Credential { issuer: issuer.map(Box::new), ..credential };
        if credential.is_available() {
            refuse_cleartext(name, provider.as_ref())?;
        }
        let sandbox = self.sandbox_intervals(provider.as_ref(), &settings, &credential)?;
        let (provider, intervals) = match sandbox {
            Some(intervals) => (definition.build_for_sandbox(&settings).map_err(usage)?, intervals),
            None => {
                let intervals = Intervals::from(&provider.spec().pace);
                (provider, intervals)
            }
        };
        let token_store = self.store_for(provider.as_ref(), &settings);
        let own = self.quotas(name)?;
        let quotas = own.unwrap_or_else(|| provider.spec().pace.quotas.clone());
        Ok(ResolvedProfile { provider, credential, token_store, intervals, quotas, warnings })
    }

    /// The provider of a profile, without its secrets.
    ///
    /// # Errors
    /// A setting is missing or invalid.
    pub(super) fn provider_for_display(
        &self,
        name: &str,
        overrides: &Overrides,
    ) -> Result<Arc<dyn Provider>, Failure> {
        let definition = self.provider_of(name)?;
        let mut settings = self.settings(name, definition.as_ref(), overrides)?;
        let is_token = |it: &&Setting| it.kind == SettingKind::Secret(Secret::Token);
        for setting in definition.spec().settings.iter().filter(is_token) {
            if self.secret_for_display(name, setting)?.is_some() {
                settings.set_token();
            }
        }
        build(name, definition.as_ref(), &settings)
    }

    /// The checked settings of a profile, without its secrets.
    fn settings(
        &self,
        name: &str,
        definition: &dyn Definition,
        overrides: &Overrides,
    ) -> Result<Settings, Failure> {
        let mut settings = Settings::default();
        let spec = definition.spec();
        let is_secret = |setting: &&Setting| matches!(setting.kind, SettingKind::Secret(_));
        for setting in spec.settings.iter().filter(|setting| !is_secret(setting)) {
            if let Some(found) = self.setting(name, setting, overrides) {
                setting
                    .check(&found.value)
                    .map_err(|error| invalid_value(name, setting, &found.origin, &error))?;
                settings.set(&*setting.key, found.value);
            } else if setting.required {
                return Err(self.missing(name, setting));
            }
        }
        Ok(settings)
    }

    /// Where tokens that are issued for a profile are kept. None if there is no key to issue them for.
    ///
    /// # Errors
    /// A setting is missing or invalid, or the provider issues no tokens.
    pub fn token_store(&self, name: &str) -> Result<Option<TokenStore>, Failure> {
        let definition = self.provider_of(name)?;
        let spec = definition.spec();
        let issues = |setting: &Setting| setting.kind == SettingKind::Secret(Secret::Issuer);
        if !spec.settings.iter().any(issues) {
            return Err(usage(format!(
                "profile {name} has no issued token: {} issues none",
                spec.title
            )));
        }
        let settings = self.settings(name, definition.as_ref(), &Overrides::default())?;
        let provider = build(name, definition.as_ref(), &settings)?;
        Ok(self.store_for(provider.as_ref(), &settings))
    }

    /// Tokens of the sandbox are not kept: every sandbox has an address of its own, so the files would pile up.
    fn store_for(&self, provider: &dyn Provider, settings: &Settings) -> Option<TokenStore> {
        #[cfg(feature = "sandbox")]
        if settings.get("api_key") == Some(crate::sandbox::API_KEY) {
            return None;
        }
        let _ = settings;
        let request = provider.token_request()?;
        let folder = paths::state_folder(&self.environment);
        Some(TokenStore::new(folder.as_deref(), &provider.spec().name, &request))
    }

    /// The quotas that a profile has in place of its provider's.
    ///
    /// # Errors
    /// They are not usable.
    fn quotas(&self, name: &str) -> Result<Option<Vec<Quota>>, Failure> {
        let Some((texts, origin)) = self.quota_texts(name) else {
            return Ok(None);
        };
        let quotas = quota::parse(texts.iter().map(String::as_str)).map_err(|error| {
            let message = format!("the quota of profile {name} is not usable: {error}");
            config(message).hint(format!("it comes from {origin}"))
        })?;
        Ok(Some(quotas))
    }

    /// The quotas of a profile for `config show`.
    pub fn quota_for_display(&self, name: &str) -> Option<Sourced> {
        let (texts, origin) = self.quota_texts(name)?;
        let value = match quota::parse(texts.iter().map(String::as_str)) {
            Ok(_) => texts.iter().map(|text| text.trim()).collect::<Vec<_>>().join(", "),
            Err(problem) => format!("NOT USABLE: {problem}"),
        };
        Some(Sourced { value, origin })
    }

    fn quota_texts(&self, name: &str) -> Option<(Vec<String>, Origin)> {
        let (texts, origin) = self.find_value(name, quota::KEY)?;
        let texts = match origin {
            Origin::Environment(_) => {
                texts.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
            }
            _ => texts,
        };
        Some((texts, origin))
    }

    /// A hint on how to give a setting of a profile.
    pub fn how_to_set(&self, profile: &str, key: &str) -> String {
        let (variable, file) =
            (variable(profile, key), paths::for_display(&self.path, &self.environment));
        format!("set {variable}, or {key} under [profiles.{profile}] in {file}")
    }

    /// The failure for a profile that cannot be polled without a token.
    pub fn missing_token(&self, name: &str) -> Failure {
        let token = |setting: &&Setting| setting.kind == SettingKind::Secret(Secret::Token);
        match self.spec_of(name).map(|spec| spec.settings.iter().find(token).cloned()) {
            Ok(Some(setting)) => self.missing(name, &setting),
            _ => config(format!("profile {name} has no token")),
        }
    }

    /// The failure for a profile without a push connection.
    pub fn missing_push(&self, name: &str) -> Failure {
        let push = |setting: &&Setting| setting.key == "push_url";
        let failure = match self.spec_of(name).map(|spec| spec.settings.iter().find(push).cloned())
        {
            Ok(Some(setting)) => self.missing(name, &setting),
            _ => config(format!("profile {name} has no push")),
        };
        failure.hint(Hint::PushIsOptional)
    }

    /// The value of a setting that is not a secret. With `--url` a `push_url` that follows the `url` is not taken from
    /// the environment or the file, so that requests and push go to the same server.
    pub fn setting(
        &self,
        profile: &str,
        setting: &Setting,
        overrides: &Overrides,
    ) -> Option<Sourced> {
        let flag = match &*setting.key {
            "url" => overrides.url.as_ref().map(|value| ("url", value)),
            "push_url" => overrides.push_url.as_ref().map(|value| ("push-url", value)),
            _ => None,
        };
        if let Some((name, value)) = flag {
            let origin = self.environment.origin_of(name, value);
            return Some(Sourced { value: value.clone(), origin });
        }
        if setting.follows_url && overrides.url.is_some() {
            return None;
        }
        self.find_value(profile, &setting.key)
            .map(|(value, origin)| Sourced { value: value.concat(), origin })
    }

    /// A value from the environment or else from the file.
    pub(super) fn find_value(&self, profile: &str, key: &str) -> Option<(Vec<String>, Origin)> {
        let variable = variable(profile, key);
        if let Some(value) = self.environment.get(&variable) {
            return Some((vec![value.to_owned()], Origin::Environment(variable)));
        }
        let entry = self.file.profiles.get(profile)?.entries.get(key)?;
        Some((entry.value.clone(), Origin::File(self.path.clone(), entry.line)))
    }

    /// The failure for a missing setting, with hints on how to give it.
    fn missing(&self, profile: &str, setting: &Setting) -> Failure {
        let key = &setting.key;
        let (name, file) =
            (variable(profile, key), paths::for_display(&self.path, &self.environment));
        let empty = if self.environment.is_empty(&name) {
            format!(" ({name} is set, but empty)")
        } else {
            String::new()
        };
        let failure = config(format!("profile {profile} has no {key}{empty}"));
        let failure = match setting.kind {
            SettingKind::Secret(_) => failure.hint(format!(
                "set {name}, or {name}_FILE, or {key}_command under [profiles.{profile}] in {file}"
            )),
            _ => failure.hint(format!(
                "set {name}, or give --{}, or set {key} under [profiles.{profile}] in {file}",
                key.replace('_', "-")
            )),
        };
        let issues = |other: &Setting| other.kind == SettingKind::Secret(Secret::Issuer);
        let issuer = self
            .spec_of(profile)
            .ok()
            .and_then(|spec| spec.settings.iter().find(|other| issues(other)).cloned());
        let failure = match (issuer, &setting.kind) {
            (Some(issuer), SettingKind::Secret(_)) => failure.hint(format!(
                "or have tokens issued: give api_key, and {} in the same three ways",
                variable(profile, &issuer.key)
            )),
            _ => failure,
        };
        match profile {
            "proof" => {
                failure.hint("to try txwatch without an account:  txwatch watch sandbox:happy")
            }
            _ => failure,
        }
    }
}

fn build(
    name: &str,
    definition: &dyn Definition,
    settings: &Settings,
) -> Result<Arc<dyn Provider>, Failure> {
    definition.build(settings).map_err(|error| config(format!("profile {name}: {error}")))
}

fn invalid_value(profile: &str, setting: &Setting, origin: &Origin, error: &str) -> Failure {
    let key = &setting.key;
    let message = format!("the {key} of profile {profile} is not usable: {error}");
    let is_option = *origin == Origin::Environment(format!("TXWATCH_{key}").to_uppercase());
    match origin {
        Origin::Flag(_) => usage(message),
        _ if is_option => usage(message).hint(format!("it comes from {origin}")),
        _ => config(message).hint(format!("it comes from {origin}")),
    }
}

/// Fails if the token would be sent over `http://` or `ws://` to another machine.
fn refuse_cleartext(profile: &str, provider: &dyn Provider) -> Result<(), Failure> {
    for request in provider.requests(&provider.spec().probe_id) {
        if request.leaks_secret() {
            let message = format!(
                "profile {profile} would send its token unencrypted over {}:// to {}",
                request.url.scheme(),
                request.url.host_str().unwrap_or_default()
            );
            return Err(config(message)
                .hint("use https:// and wss://; only this machine is reached without"));
        }
    }
    Ok(())
}
