//! Paths of files.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::error::{Failure, config};

/// The path of the configuration file, and whether `$TXWATCH_CONFIG` names it. Else it is `txwatch/config.toml` under
/// XDG's config home (also on macOS; `%APPDATA%` on Windows).
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
    // The XDG specification says to ignore relative paths.
    xdg.filter(|path| path.is_absolute()).or_else(|| Some(dirs::home_dir()?.join(".config")))
}

/// The directory for what is kept from one command to the next: `txwatch` under XDG's state home (also on macOS;
/// `%LOCALAPPDATA%` on Windows). None if there is no home directory.
pub(super) fn state_folder(environment: &Environment) -> Option<PathBuf> {
    let xdg = environment.get("XDG_STATE_HOME").map(PathBuf::from);
    let home = xdg.filter(|path| path.is_absolute()).or_else(|| {
        if cfg!(windows) {
            dirs::data_local_dir()
        } else {
            Some(dirs::home_dir()?.join(".local").join("state"))
        }
    });
    // An empty HOME would make it relative to the current directory.
    home.filter(|home| home.is_absolute()).map(|home| home.join("txwatch"))
}

/// Expands `~/` to the home directory, and resolves relative paths against `base`.
pub(super) fn expand(text: &str, base: &Path) -> PathBuf {
    match (text.strip_prefix("~/"), dirs::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text),
    }
}

/// A path for messages, with `~/` for the home directory.
pub(super) fn for_display(path: &Path) -> String {
    let home = dirs::home_dir().filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_path_buf)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
