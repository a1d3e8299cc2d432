//! What a profile amounts to, with the place that each value came from.

use std::path::Path;
use std::sync::Arc;

use super::environment::variable;
use super::loading::Config;
use super::origin::{Origin, Sourced};
use super::paths;
use crate::credential::Credential;
use crate::error::{Failure, Hint, config};
use crate::provider::{Provider, Secret, Setting, SettingKind, Settings};

/// Values that flags put over every profile.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--url`.
    pub url: Option<String>,
    /// `--push-url`.
    pub push_url: Option<String>,
}

/// A profile, ready to be used.
pub struct Resolved {
    /// The provider, configured.
    pub provider: Arc<dyn Provider>,
    /// Its token.
    pub credential: Credential,
    /// Odd things that do not stop it.
    pub warnings: Vec<String>,
}

impl Resolved {
    /// Whether the provider can be asked, and not only listened to.
    pub fn can_poll(&self) -> bool {
        self.credential.is_available() || self.provider.is_public()
    }
}

impl Config {
    /// Resolves a profile, and checks that it is complete and safe.
    ///
    /// # Errors
    /// A setting or credential is missing, invalid, or would be sent in the clear.
    pub fn profile(&self, name: &str, overrides: &Overrides) -> Result<Resolved, Failure> {
        let definition = self.provider_of(name)?;
        let mut settings = Settings::default();
        let mut credential = Credential::none();
        let mut issuer = None;
        for setting in &definition.spec().settings {
            if let SettingKind::Secret(purpose) = setting.kind {
                match (purpose, self.secret(name, setting)?) {
                    (Secret::Token, Some(found)) => credential = found,
                    (Secret::Issuer, found) => issuer = found,
                    (Secret::Token, None) if setting.required => {
                        return Err(self.missing(name, setting));
                    }
                    (Secret::Token, None) => {}
                }
            } else if let Some(found) = self.setting(name, setting, overrides) {
                setting
                    .check(&found.value)
                    .map_err(|error| bad_value(name, setting, &found.origin, &error))?;
                settings.set(&*setting.key, found.value);
            } else if setting.required {
                return Err(self.missing(name, setting));
            }
        }
        let provider = definition
            .build(&settings)
            .map_err(|error| config(format!("profile {name}: {error}")))?;
        if issuer.is_some() && provider.token_request().is_none() {
            return Err(config(format!(
                "profile {name} has a secret that tokens are issued for, but no api_key to go with it"
            ))
            .hint(format!("set {}, or api_key in the profile", variable(name, "api_key"))));
        }
        let warnings = [Some(&credential), issuer.as_ref()].into_iter().flatten();
        let warnings = warnings.filter_map(warning).collect();
        let credential = Credential { issuer: issuer.map(Box::new), ..credential };
        if credential.is_available() {
            refuse_cleartext(name, provider.as_ref())?;
        }
        Ok(Resolved { provider, credential, warnings })
    }

    /// How a setting of a profile is given.
    pub fn how_to_set(&self, profile: &str, key: &str) -> String {
        let (variable, file) = (variable(profile, key), paths::shown(&self.path));
        format!("set {variable}, or {key} under [profiles.{profile}] in {file}")
    }

    /// What to say of a profile that cannot be asked, because it has no token.
    pub fn no_token(&self, name: &str) -> Failure {
        let token = |setting: &&Setting| setting.kind == SettingKind::Secret(Secret::Token);
        match self.spec_of(name).map(|spec| spec.settings.iter().find(token).cloned()) {
            Ok(Some(setting)) => self.missing(name, &setting),
            _ => config(format!("profile {name} has no token")),
        }
    }

    /// What to say of a profile that cannot be listened to, because it has no address to listen at.
    pub fn no_push(&self, name: &str) -> Failure {
        let push = |setting: &&Setting| setting.key == "push_url";
        let failure = match self.spec_of(name).map(|spec| spec.settings.iter().find(push).cloned())
        {
            Ok(Some(setting)) => self.missing(name, &setting),
            _ => config(format!("profile {name} has no push")),
        };
        failure.hint(Hint::PushIsOptional)
    }

    /// The value of a setting that is no secret. An address given by flag puts the other one out of
    /// force: nobody wants to look at one server and listen to another.
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
            return Some(Sourced { value: value.clone(), origin: Origin::Flag(name) });
        }
        if setting.follows_url && overrides.url.is_some() {
            return None;
        }
        self.layered(profile, &setting.key)
            .map(|(value, origin)| Sourced { value: value.concat(), origin })
    }

    /// A value of the environment, else of the file. An empty variable counts as none.
    fn layered(&self, profile: &str, key: &str) -> Option<(Vec<String>, Origin)> {
        let variable = variable(profile, key);
        if let Some(value) = self.environment.get(&variable).filter(|value| !value.is_empty()) {
            return Some((vec![value.to_owned()], Origin::Environment(variable)));
        }
        let entry = self.file.profiles.get(profile)?.entries.get(key)?;
        Some((entry.value.clone(), Origin::File(self.path.clone(), entry.line)))
    }

    /// A secret: from the environment (value, file, command), else from the file (file, command).
    fn secret(&self, profile: &str, setting: &Setting) -> Result<Option<Credential>, Failure> {
        let Some((kind, value, origin)) = self.secret_source(profile, setting)? else {
            return Ok(None);
        };
        let credential = match kind {
            SecretKind::Value => Credential::value(&value.concat(), origin.to_string())?,
            SecretKind::File => {
                let base = match origin {
                    Origin::File(..) => self.folder(),
                    _ => Path::new(""),
                };
                Credential::file(paths::expand(&value.concat(), base), origin.to_string())?
            }
            SecretKind::Command => {
                let argv = match &origin {
                    Origin::Environment(name) => {
                        shlex::split(&value.concat()).filter(|words| !words.is_empty()).ok_or_else(
                            || config(format!("{name} is not a command line: a quote is open")),
                        )?
                    }
                    _ => value,
                };
                Credential::command(argv, origin.to_string())
            }
        };
        Ok(Some(credential))
    }

    fn secret_source(
        &self,
        profile: &str,
        setting: &Setting,
    ) -> Result<Option<SecretFound>, Failure> {
        let forms = [
            (SecretKind::Value, ""),
            (SecretKind::File, "_file"),
            (SecretKind::Command, "_command"),
        ];
        let mut found: Vec<SecretFound> = forms
            .into_iter()
            .filter_map(|(kind, suffix)| {
                let (value, origin) = self.layered(profile, &format!("{}{suffix}", setting.key))?;
                Some((kind, value, origin))
            })
            .collect();
        let from_environment = |found: &SecretFound| matches!(found.2, Origin::Environment(_));
        if found.iter().any(from_environment) {
            found.retain(from_environment);
        }
        if let [(_, _, first), (_, _, second), ..] = found.as_slice() {
            let message =
                format!("profile {profile} has its {} twice: {first} and {second}", setting.key);
            return Err(config(message).hint("keep one of them"));
        }
        Ok(found.pop())
    }

    /// Where a secret comes from, for `config show`.
    ///
    /// # Errors
    /// It is given twice.
    pub fn shown_secret(
        &self,
        profile: &str,
        setting: &Setting,
    ) -> Result<Option<Sourced>, Failure> {
        Ok(self.secret_source(profile, setting)?.map(|(kind, value, origin)| Sourced {
            value: match kind {
                SecretKind::Value => "set (redacted)".to_owned(),
                SecretKind::File => format!("from the file {}", value.concat()),
                SecretKind::Command => {
                    format!("from the command {}", value.first().map_or("", String::as_str))
                }
            },
            origin,
        }))
    }

    /// A thing that is missing, and the three ways to give it.
    fn missing(&self, profile: &str, setting: &Setting) -> Failure {
        let key = &setting.key;
        let (name, file) = (variable(profile, key), paths::shown(&self.path));
        let empty = match self.environment.get(&name) {
            Some("") => format!(" ({name} is set, but empty)"),
            _ => String::new(),
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretKind {
    Value,
    File,
    Command,
}

type SecretFound = (SecretKind, Vec<String>, Origin);

fn bad_value(profile: &str, setting: &Setting, origin: &Origin, error: &str) -> Failure {
    let message = format!("the {} of profile {profile} is not usable: {error}", setting.key);
    match origin {
        Origin::Flag(_) => crate::error::usage(message),
        _ => config(message).hint(format!("it comes from {origin}")),
    }
}

/// A secret goes over `http://` or `ws://` to this machine only.
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

fn warning(credential: &Credential) -> Option<String> {
    #[cfg(unix)]
    if let crate::credential::CredentialSource::File(path) = &credential.source {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o004 != 0) {
            let shown = path.display();
            return Some(format!(
                "the token file {shown} can be read by everybody on this machine; chmod 600 {shown}"
            ));
        }
    }
    let _ = credential;
    None
}
