//! The options that the configuration file may set, in `[defaults]` or in a profile, and what is in force
//! where nobody sets them.
//!
//! The table is the only place where a default is written: `--help`, the man pages, `config show` and the
//! code that makes a plan read it.

use std::marker::PhantomData;
use std::str::FromStr;

use super::registry::Registry;
use super::values::{
    Colour, Interval, Limit, OutputFormat, PathText, Span, Switch, Timeout, TransportMode,
};
use crate::lifecycle::Goal;
use crate::provider::Spec;

/// Where an option may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In `[defaults]` and in profiles.
    Profile,
    /// In `[defaults]` only: it holds for the whole command.
    Command,
}

/// The commands as far as their defaults differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// `watch` and `poll`.
    Follow,
    /// `get`, which asks once.
    Get,
}

/// What is in force where nobody sets an option. Values are written as users write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// The same value for every command.
    Value(&'static str),
    /// A value of its own for `get`. The file's value is for following, so `get` leaves it out.
    PerCommand {
        /// For `watch` and `poll`.
        follow: &'static str,
        /// For `get`.
        get: &'static str,
    },
    /// The interval that suits the provider, which its `Spec` has.
    PerProvider,
    /// The surroundings decide, as the text says.
    Decided(&'static str),
    /// No value.
    Nothing,
}

impl BuiltIn {
    /// The value for a command, if it is fixed.
    pub fn value(self, command: CommandKind) -> Option<&'static str> {
        match (self, command) {
            (BuiltIn::Value(text), _) => Some(text),
            (BuiltIn::PerCommand { follow, .. }, CommandKind::Follow) => Some(follow),
            (BuiltIn::PerCommand { get, .. }, CommandKind::Get) => Some(get),
            (BuiltIn::PerProvider | BuiltIn::Decided(_) | BuiltIn::Nothing, _) => None,
        }
    }

    /// What `config show` says of it.
    pub fn shown(self) -> String {
        match self {
            BuiltIn::Value(text) | BuiltIn::Decided(text) => text.to_owned(),
            BuiltIn::PerCommand { follow, get } => format!("{follow} (get: {get})"),
            BuiltIn::PerProvider => "per provider".to_owned(),
            BuiltIn::Nothing => "none".to_owned(),
        }
    }

    /// What stands in the brackets of `--help`, with the first two providers as examples.
    pub fn in_help(self, registry: &Registry) -> Option<String> {
        const EXAMPLES: usize = 2;
        match self {
            BuiltIn::Value(text) | BuiltIn::Decided(text) => Some(text.to_owned()),
            BuiltIn::PerCommand { follow, get } => Some(format!("{follow}; get: {get}")),
            BuiltIn::PerProvider => {
                let example = |spec: &Spec| {
                    format!("{} {}", spec.title, humantime::format_duration(spec.pace.interval))
                };
                let specs = registry.iter().take(EXAMPLES).map(|definition| definition.spec());
                let examples: Vec<_> = specs.map(|spec| example(&spec)).collect();
                Some(format!("per provider; {}", examples.join(", ")))
            }
            BuiltIn::Nothing => None,
        }
    }
}

/// A row of the table: an option of the file.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Its key, which is the flag's name with underscores.
    pub key: &'static str,
    /// Where it may stand.
    pub scope: Scope,
    /// What is in force where nobody sets it.
    pub built_in: BuiltIn,
    /// Refuses a value that cannot be right.
    pub check: fn(&str) -> Result<(), String>,
}

/// A row with the type of its values.
#[derive(Debug)]
pub struct OptionKey<T> {
    /// The row.
    pub spec: OptionSpec,
    value: PhantomData<fn() -> T>,
}

impl<T: FromStr<Err = String>> OptionKey<T> {
    const fn new(key: &'static str, scope: Scope, built_in: BuiltIn) -> Self {
        let spec = OptionSpec { key, scope, built_in, check: check::<T> };
        OptionKey { spec, value: PhantomData }
    }

    /// The value that is built in for a command, if it is fixed.
    pub fn built_in(&self, command: CommandKind) -> Option<T> {
        self.spec.built_in.value(command)?.parse().ok()
    }
}

fn check<T: FromStr<Err = String>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop)
}

/// Writes a constant for each row, and the table of all in this order.
macro_rules! options {
    ($($name:ident: $type:ty = ($key:literal, $scope:expr, $built_in:expr);)+) => {
        $(
            #[doc = concat!("`", $key, "`.")]
            pub const $name: OptionKey<$type> = OptionKey::new($key, $scope, $built_in);
        )+

        /// Every option of the file, in the order in which they are shown.
        pub static OPTIONS: &[OptionSpec] = &[$($name.spec),+];
    };
}

options! {
    TIMEOUT: Timeout = ("timeout", Scope::Command, BuiltIn::PerCommand { follow: "30m", get: "30s" });
    HEARTBEAT: Timeout = ("heartbeat", Scope::Command, BuiltIn::Value("60s"));
    OUTPUT: OutputFormat = (
        "output", Scope::Command, BuiltIn::Decided("human on a terminal, else plain")
    );
    COLOR: Colour = ("color", Scope::Command, BuiltIn::Value("auto"));
    SHOW_PERSONAL: Switch = ("show_personal", Scope::Command, BuiltIn::Value("false"));
    UNTIL: Goal = ("until", Scope::Command, BuiltIn::Value("completed"));
    CACERT: PathText = ("cacert", Scope::Command, BuiltIn::Nothing);
    TRANSPORT: TransportMode = ("transport", Scope::Command, BuiltIn::Value("auto"));
    INTERVAL: Interval = ("interval", Scope::Profile, BuiltIn::PerProvider);
    APPEAR_TIMEOUT: Limit = (
        "appear_timeout", Scope::Profile, BuiltIn::PerCommand { follow: "60s", get: "0s" }
    );
    MAX_OUTAGE: Limit = (
        "max_outage", Scope::Profile, BuiltIn::PerCommand { follow: "5m", get: "0s" }
    );
    GRACE: Span = ("grace", Scope::Profile, BuiltIn::Value("0s"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixed_default_is_a_value_of_its_option() {
        let mut fixed = 0;
        for option in OPTIONS {
            for command in [CommandKind::Follow, CommandKind::Get] {
                if let Some(text) = option.built_in.value(command) {
                    assert_eq!((option.check)(text), Ok(()), "{} {text}", option.key);
                    fixed += 1;
                }
            }
        }
        assert_eq!(fixed, 2 * 9);
    }
}
