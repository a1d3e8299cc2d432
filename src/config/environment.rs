//! A snapshot of the environment, so that nothing below reads it behind the user's back.

use std::collections::BTreeMap;

/// The environment's variables. Values that are not Unicode are left out.
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

    /// True for a variable that is set to anything but nothing, `0` or `false`.
    pub fn is_on(&self, name: &str) -> bool {
        !matches!(self.get(name), None | Some("" | "0" | "false"))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Environment(variables.into_iter().collect())
    }
}

/// `TXWATCH_<PROFILE>_<KEY>`.
pub(super) fn variable(profile: &str, key: &str) -> String {
    format!("TXWATCH_{profile}_{key}").to_uppercase().replace('-', "_")
}
