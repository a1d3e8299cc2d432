//! Where files are.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::error::{Failure, config};

/// The configuration file, and whether the user named it: `$TXWATCH_CONFIG`, else
/// `txwatch/config.toml` under XDG's config home (also on macOS; `%APPDATA%` on Windows).
pub(super) fn config_file(environment: &Environment) -> Result<(PathBuf, bool), Failure> {
    if let Some(path) = environment.get("TXWATCH_CONFIG").filter(|path| !path.is_empty()) {
        return Ok((expand(path, Path::new("")), true));
    }
    let home = config_home(environment).ok_or_else(|| {
        config("there is no home directory to look for the config file in")
            .hint("set TXWATCH_CONFIG, or HOME")
    })?;
    Ok((home.join("txwatch").join("config.toml"), false))
}

fn config_home(environment: &Environment) -> Option<PathBuf> {
    if cfg!(windows) {
        return dirs::config_dir();
    }
    let xdg = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    // XDG's rule: a relative path is to be ignored.
    xdg.filter(|path| path.is_absolute()).or_else(|| Some(dirs::home_dir()?.join(".config")))
}

/// A path as users write it: `~/` is their home, and what is relative starts from `base`.
pub(super) fn expand(text: &str, base: &Path) -> PathBuf {
    match (text.strip_prefix("~/"), dirs::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text),
    }
}

/// A path as users recognise it.
pub(super) fn shown(path: &Path) -> String {
    let home = dirs::home_dir().filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_path_buf)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
