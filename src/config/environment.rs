//! A snapshot of the environment variables, which is passed to everything that needs them.

use std::collections::BTreeMap;

/// Environment variables, without those that are not Unicode.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(unicode).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a variable is set, and neither empty nor `0` nor `false`.
    pub fn is_on(&self, name: &str) -> bool {
        !matches!(self.get(name), None | Some("" | "0" | "false"))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Environment(variables.into_iter().collect())
    }
}

/// The name of the variable for a setting of a profile: `TXWATCH_<PROFILE>_<KEY>`.
pub(super) fn variable(profile: &str, key: &str) -> String {
    format!("TXWATCH_{profile}_{key}").to_uppercase().replace('-', "_")
}
