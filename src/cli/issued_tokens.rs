//! The tokens that were issued for profiles and are kept: `txwatch config forget-token`, and a line of `config show`.

use super::arguments::ForgetTokenArgs;
use super::context::print;
use crate::config::{Config, SANDBOX};
use crate::driver::clock::Clock;
use crate::error::{Failure, FailureKind, usage};
use crate::exit::Code;
use crate::provider::{Secret, SettingKind};
use crate::render::{clean, write_stderr};
use crate::token_store::TokenStore;

/// Drops the token of the named profile, or those of all profiles that are set up.
pub(super) fn forget(arguments: &ForgetTokenArgs, config: &Config) -> Result<Code, Failure> {
    let stores = match arguments.profile.as_deref() {
        Some(SANDBOX) => {
            return Err(usage("the sandbox's tokens are not kept; there is none to forget"));
        }
        Some(name) => vec![(name.to_owned(), config.token_store(name)?)],
        None => {
            let names = config.configured().into_iter().filter(|name| issues(config, name));
            let store = |name: String| Ok((name.clone(), config.token_store(&name)?));
            names.map(|name| store(name.to_string())).collect::<Result<Vec<_>, Failure>>()?
        }
    };
    if stores.is_empty() {
        print("no profile that is set up has tokens issued; there is none to forget\n")?;
    }
    for (name, store) in stores {
        let outcome = match store {
            Some(store) => forget_kept(&name, &store)?,
            None => format!(
                "profile {name} keeps no issued token: it has no key that tokens are issued for, or that of the sandbox"
            ),
        };
        print(&format!("{}\n", clean(&outcome)))?;
    }
    Ok(Code::Ok)
}

fn forget_kept(name: &str, store: &TokenStore) -> Result<String, Failure> {
    let Some(path) = store.path() else {
        return Ok(format!("profile {name} has no issued token: there is no home directory"));
    };
    let expires_at = store.read().kept.and_then(|kept| kept.expires_at);
    let is_gone = store.forget().map_err(|problem| {
        Failure::new(
            FailureKind::Io,
            format!("the token of profile {name} is still kept: {problem}"),
        )
    })?;
    let path = path.display();
    Ok(match (is_gone, expires_at) {
        (false, _) => format!("profile {name} has no issued token in {path}"),
        (true, None) => format!("forgot the issued token of profile {name} in {path}"),
        (true, Some(at)) => format!(
            "forgot the issued token of profile {name} in {path}; the provider accepts it until {at}, or until another is \
             issued"
        ),
    })
}

/// What `config show` says about the issued token of a profile, and where it is kept. None where none is kept and none
/// will be issued.
pub(super) fn for_display(config: &Config, name: &str) -> Option<(String, String)> {
    if !issues(config, name) {
        return None;
    }
    // A setting that is not usable is shown as such in its own line.
    let store = config.token_store(name).ok()??;
    let Some(path) = store.path() else {
        return Some(("cannot be kept".to_owned(), "there is no home directory".to_owned()));
    };
    let reading = store.read();
    if let Some(warning) = &reading.warning {
        write_stderr(&format!("warning: {}\n", clean(&warning.message)));
    }
    let value = match (reading.kept, reading.warning) {
        (Some(kept), _) => match kept.expires_at {
            Some(at) if at <= Clock::start().now().wall => format!("expired {at}"),
            Some(at) => format!("valid until {at}"),
            None => "valid until it is refused".to_owned(),
        },
        (None, Some(_)) => "NOT USABLE".to_owned(),
        (None, None) => "none yet".to_owned(),
    };
    Some((value, path.display().to_string()))
}

/// Whether tokens are issued for a profile: its provider does so, and its secret is set.
fn issues(config: &Config, name: &str) -> bool {
    let Ok(spec) = config.spec_of(name) else {
        return false;
    };
    let mut settings = spec.settings.iter();
    let issuer = settings.find(|it| it.kind == SettingKind::Secret(Secret::Issuer));
    issuer.is_some_and(|it| matches!(config.secret_for_display(name, it), Ok(Some(_))))
}
