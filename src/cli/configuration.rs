//! `txwatch config`.

use std::fmt::Write as _;

use super::arguments::{ConfigArgs, ConfigCommand};
use super::context::{Context, print};
use super::{check, issued_tokens, variables};
use crate::config::{Config, OPTIONS, Origin, Overrides, Scope, Sourced};
use crate::error::Failure;
use crate::exit::Code;
use crate::provider::{Setting, SettingKind};
use crate::render::{clean, write_stderr};

pub(super) fn run(arguments: &ConfigArgs, quiet: bool, context: &Context) -> Result<Code, Failure> {
    match &arguments.command {
        ConfigCommand::Path => path(context),
        ConfigCommand::Show => show(&load(context, quiet)?),
        ConfigCommand::Check(arguments) => check::run(arguments, &load(context, quiet)?, context),
        ConfigCommand::ForgetToken(arguments) => {
            issued_tokens::forget(arguments, &load(context, quiet)?)
        }
    }
}

fn load(context: &Context, quiet: bool) -> Result<Config, Failure> {
    let config = context.config(None)?;
    let of_variables = variables::warnings(&config);
    for warning in config.warnings.iter().chain(&of_variables).filter(|_| !quiet) {
        write_stderr(&format!("warning: {}\n", clean(&warning.message)));
    }
    Ok(config)
}

/// What is said in place of the path of a file that is looked for nowhere.
const NO_HOME: &str =
    "there is no home directory to look for a config file in; TXWATCH_CONFIG can name one";

/// Prints the path even if the file is invalid, so that it can be opened to be fixed.
fn path(context: &Context) -> Result<Code, Failure> {
    match Config::path_of(&context.environment) {
        Some(path) => print(&format!("{}\n", path.display()))?,
        None => write_stderr(&format!("warning: {NO_HOME}\n")),
    }
    Ok(Code::Ok)
}

fn show(config: &Config) -> Result<Code, Failure> {
    let path = config.path.display().to_string();
    let mut text = match (path.as_str(), config.exists) {
        ("", _) => format!("# {NO_HOME}\n"),
        (path, true) => format!("# {}\n", clean(path)),
        (path, false) if config.warnings.is_empty() => {
            format!("# {}  (there is none)\n", clean(path))
        }
        (path, false) => format!("# {}  (passed over)\n", clean(path)),
    };
    if let Some(entry) = &config.file.default_profile {
        let value = Sourced {
            value: entry.text().unwrap_or_default().to_owned(),
            origin: Origin::File(config.path.clone(), entry.line),
        };
        text.push_str(&line("default_profile", &value));
    }
    text.push_str("\n[defaults]\n");
    for spec in OPTIONS {
        text.push_str(&line(spec.key, &config.option_for_display(spec, None)));
    }
    let mut names = config.configured();
    if names.is_empty() {
        text.push_str("\n# no profile is set up\n");
    }
    names.sort_unstable();
    for name in names {
        text.push_str(&profile(config, &name)?);
    }
    print(&text)?;
    Ok(Code::Ok)
}

fn profile(config: &Config, name: &str) -> Result<String, Failure> {
    let spec = config.spec_of(name)?;
    let mut text = format!("\n[profiles.{name}]  # {}\n", spec.title);
    for setting in &spec.settings {
        let found = match setting.kind {
            SettingKind::Secret(_) => config.secret_for_display(name, setting)?,
            _ => config
                .setting(name, setting, &Overrides::default())
                .map(|found| checked(setting, found)),
        };
        match found {
            Some(found) => text.push_str(&line(&setting.key, &found)),
            None if setting.required => {
                let _ = writeln!(text, "{:<16} MISSING", setting.key);
            }
            None if setting.default.is_empty() => {}
            None => {
                let value = setting.default.to_string();
                text.push_str(&line(&setting.key, &Sourced { value, origin: Origin::Default }));
            }
        }
    }
    if let Some((value, place)) = issued_tokens::for_display(config, name) {
        text.push_str(&commented("issued_token", &value, &place));
    }
    if let Some(found) = config.quota_for_display(name) {
        text.push_str(&line("quota", &found));
    }
    for row in config.proxies_for_display(name) {
        text.push_str(&commented(row.key, &row.value, &row.reason));
    }
    for spec in OPTIONS.iter().filter(|spec| spec.scope == Scope::Profile) {
        let found = config.option_for_display(spec, Some(name));
        if found.origin != Origin::Default {
            text.push_str(&line(spec.key, &found));
        }
    }
    Ok(text)
}

/// `key  value  # origin`.
fn line(key: &str, found: &Sourced) -> String {
    commented(key, &found.value, &found.origin.to_string())
}

/// `key  value  # comment`.
fn commented(key: &str, value: &str, comment: &str) -> String {
    format!("{key:<16} {:<32} # {}\n", clean(value), clean(comment))
}

/// A setting for display. The value of an invalid one is not shown, for it may be a secret.
fn checked(setting: &Setting, found: Sourced) -> Sourced {
    match setting.check(&found.value) {
        Ok(()) => found,
        Err(problem) => Sourced { value: format!("NOT USABLE: {problem}"), ..found },
    }
}
