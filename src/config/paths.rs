//! Paths of files.

use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The variable that names the configuration file.
pub(super) const CONFIG_FILE: &str = "TXWATCH_CONFIG";

/// The path of the configuration file, and whether `$TXWATCH_CONFIG` names it. Else it is `txwatch/config.toml` under
/// XDG's config home (also on macOS; `%APPDATA%` on Windows). None if there is no home directory.
pub(super) fn config_file(environment: &Environment) -> Option<(PathBuf, bool)> {
    if let Some(path) = environment.path(CONFIG_FILE) {
        return Some((expand(&path.to_string_lossy(), Path::new(""), environment), true));
    }
    let home = if cfg!(windows) {
        dirs::config_dir()
    } else {
        xdg("XDG_CONFIG_HOME", environment).or_else(|| Some(home(environment)?.join(".config")))
    };
    Some((home?.join("txwatch").join("config.toml"), false))
}

/// The directory for what is kept from one command to the next: `txwatch` under XDG's state home (also on macOS;
/// `%LOCALAPPDATA%` on Windows). None if there is no home directory.
pub(super) fn state_folder(environment: &Environment) -> Option<PathBuf> {
    let home = xdg("XDG_STATE_HOME", environment).or_else(|| {
        if cfg!(windows) {
            dirs::data_local_dir()
        } else {
            Some(home(environment)?.join(".local").join("state"))
        }
    });
    home.map(|home| home.join("txwatch"))
}

/// A directory that a variable names. The XDG specification says to ignore relative paths.
fn xdg(variable: &str, environment: &Environment) -> Option<PathBuf> {
    environment.path(variable).filter(|path| path.is_absolute())
}

/// The home directory: of `$HOME`, or else of the system's list of users. A relative one would make files of the current
/// directory the user's own.
fn home(environment: &Environment) -> Option<PathBuf> {
    let named = environment.path("HOME").filter(|_| !cfg!(windows));
    named.or_else(dirs::home_dir).filter(|home| home.is_absolute())
}

/// Expands `~/` to the home directory, and resolves relative paths against `base`.
pub(super) fn expand(text: &str, base: &Path, environment: &Environment) -> PathBuf {
    match (text.strip_prefix("~/"), home(environment)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text),
    }
}

/// The path of the configuration file for messages, with `~/` for the home directory.
pub(super) fn for_display(path: &Path, environment: &Environment) -> String {
    if path.as_os_str().is_empty() {
        return format!("a file that {CONFIG_FILE} names");
    }
    let home = home(environment).filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_path_buf)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
