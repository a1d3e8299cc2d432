//! A snapshot of the environment variables, which is passed to everything that needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::origin::Origin;

/// What the names of txwatch's own variables begin with.
pub(super) const OWN: &str = "TXWATCH_";

/// Environment variables. One that is empty counts as not set, for that is how CI passes an input that was not given;
/// and a carriage return at the end of a value, which a file of variables from Windows leaves there, is no part of it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, OsString>,
    empty: BTreeSet<String>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        std::env::vars_os().filter_map(named).collect()
    }

    /// The value of a variable that is set, is not empty, and is Unicode.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(|value| value.to_str())
    }

    /// The value of a variable as a path, which need not be Unicode.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.values.get(name).map(PathBuf::from)
    }

    /// Whether a variable is set, but empty.
    pub fn is_empty(&self, name: &str) -> bool {
        self.empty.contains(name)
    }

    /// The names of the variables that are not empty.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether a variable is set, and neither empty nor `0` nor `false`.
    pub fn is_on(&self, name: &str) -> bool {
        !matches!(self.get(name), None | Some("0" | "false"))
    }

    /// A variable of txwatch's own whose value is not Unicode, if there is one.
    pub fn not_unicode(&self) -> Option<&str> {
        let unreadable = |(name, value): &(&String, &OsString)| {
            name.starts_with(OWN) && value.to_str().is_none()
        };
        self.values.iter().find(unreadable).map(|(name, _)| name.as_str())
    }

    /// Where the value of an option comes from: from its variable, if that has this value.
    pub fn origin_of(&self, option: &'static str, value: impl AsRef<OsStr>) -> Origin {
        let variable = format!("{OWN}{option}").to_uppercase().replace('-', "_");
        match self.values.get(&variable) {
            Some(set) if set == value.as_ref() => Origin::Environment(variable),
            _ => Origin::Flag(option),
        }
    }
}

impl<V: Into<OsString>> FromIterator<(String, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, V)>>(variables: T) -> Self {
        let mut environment = Environment::default();
        for (name, value) in variables {
            let value = without_carriage_return(value.into());
            if value.is_empty() {
                environment.empty.insert(name);
            } else {
                environment.values.insert(name, value);
            }
        }
        environment
    }
}

/// The value of a variable without a carriage return at its end.
pub fn without_carriage_return(value: OsString) -> OsString {
    match value.to_str() {
        Some(text) => text.trim_end_matches('\r').into(),
        None => value,
    }
}

/// The name of the variable for a setting of a profile: `TXWATCH_<PROFILE>_<KEY>`.
pub(super) fn variable(profile: &str, key: &str) -> String {
    format!("{OWN}{profile}_{key}").to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = environment(&[("A", ""), ("B", "\r"), ("C", " ")]);
        assert_eq!(
            ["A", "B", "C", "D"].map(|name| environment.get(name)),
            [None, None, Some(" "), None]
        );
        assert_eq!(
            ["A", "B", "C", "D"].map(|name| environment.is_empty(name)),
            [true, true, false, false]
        );
        assert!(!environment.is_on("A") && environment.is_on("C"));
    }

    #[test]
    fn a_carriage_return_is_taken_off_the_end_only() {
        let environment = environment(&[("A", "5m\r"), ("B", "a\rb"), ("C", "\r\r5m\r\r")]);
        assert_eq!(
            ["A", "B", "C"].map(|name| environment.get(name)),
            [Some("5m"), Some("a\rb"), Some("\r\r5m")]
        );
    }

    #[test]
    fn an_option_comes_from_its_variable_if_that_has_its_value() {
        let environment = environment(&[("TXWATCH_PUSH_URL", "ws://h\r")]);
        let variable = Origin::Environment("TXWATCH_PUSH_URL".to_owned());
        assert_eq!(environment.origin_of("push-url", "ws://h"), variable);
        assert_eq!(environment.origin_of("push-url", "ws://other"), Origin::Flag("push-url"));
        assert_eq!(environment.origin_of("url", "ws://h"), Origin::Flag("url"));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_unicode_is_named_if_it_is_txwatchs_own() {
        use std::os::unix::ffi::OsStringExt;
        let of = |name: &str| -> Environment {
            [(name.to_owned(), OsString::from_vec(b"\xff".to_vec()))].into_iter().collect()
        };
        assert_eq!(of("TXWATCH_URL").not_unicode(), Some("TXWATCH_URL"));
        assert_eq!(of("XDG_CONFIG_HOME").not_unicode(), None);
        assert!(of("XDG_CONFIG_HOME").path("XDG_CONFIG_HOME").is_some());
    }
}
