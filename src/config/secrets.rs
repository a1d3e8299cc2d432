//! Where the secrets of a profile come from: the environment (a value, a file or a command), or else the configuration
//! file (a file or a command).

use std::path::Path;

use super::loading::Config;
use super::origin::{Origin, Sourced};
use super::paths;
use crate::credential::Credential;
#[cfg(unix)]
use crate::credential::CredentialSource;
use crate::error::{Failure, config};
use crate::provider::Setting;

impl Config {
    /// A secret: from the environment (value, file or command) or else from the file (file or command).
    ///
    /// # Errors
    /// It is given twice, or cannot be read.
    pub(super) fn secret(
        &self,
        profile: &str,
        setting: &Setting,
    ) -> Result<Option<Credential>, Failure> {
        let Some(source) = self.secret_source(profile, setting)? else {
            return Ok(None);
        };
        let SecretSource { form, value, origin } = source;
        let credential = match form {
            SecretForm::Value => Credential::value(&value.concat(), origin.to_string())?,
            SecretForm::File => {
                let base = match origin {
                    Origin::File(..) => self.folder(),
                    _ => Path::new(""),
                };
                let path = paths::expand(&value.concat(), base, &self.environment);
                Credential::file(path, origin.to_string(), self.reading.limit())?
            }
            SecretForm::Command => {
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
    ) -> Result<Option<SecretSource>, Failure> {
        let forms = [
            (SecretForm::Value, ""),
            (SecretForm::File, "_file"),
            (SecretForm::Command, "_command"),
        ];
        let mut found: Vec<SecretSource> = forms
            .into_iter()
            .filter_map(|(form, suffix)| {
                let (value, origin) =
                    self.find_value(profile, &format!("{}{suffix}", setting.key))?;
                Some(SecretSource { form, value, origin })
            })
            .collect();
        let from_environment =
            |found: &SecretSource| matches!(found.origin, Origin::Environment(_));
        if found.iter().any(from_environment) {
            found.retain(from_environment);
        }
        if let [first, second, ..] = found.as_slice() {
            let (key, first, second) = (&setting.key, &first.origin, &second.origin);
            let message = format!("profile {profile} has its {key} twice: {first} and {second}");
            return Err(config(message).hint("keep one of them"));
        }
        Ok(found.pop())
    }

    /// A phrase on the source of a secret, for `config show`.
    ///
    /// # Errors
    /// The secret is given twice.
    pub fn secret_for_display(
        &self,
        profile: &str,
        setting: &Setting,
    ) -> Result<Option<Sourced>, Failure> {
        let source = self.secret_source(profile, setting)?;
        Ok(source.map(|SecretSource { form, value, origin }| Sourced {
            value: match form {
                SecretForm::Value => "set (redacted)".to_owned(),
                SecretForm::File => format!("from the file {}", value.concat()),
                SecretForm::Command => {
                    format!("from the command {}", value.first().map_or("", String::as_str))
                }
            },
            origin,
        }))
    }
}

/// How a secret is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretForm {
    Value,
    File,
    Command,
}

/// A secret as it is given.
struct SecretSource {
    form: SecretForm,
    value: Vec<String>,
    origin: Origin,
}

/// Warns about a token file that other users can read.
pub(super) fn exposure(credential: &Credential) -> Option<String> {
    #[cfg(unix)]
    if let CredentialSource::File(path) = &credential.source {
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
