//! The options that the configuration file may set, in `[defaults]` or in a profile, and what is in force
//! where nobody sets them.
//!
//! The table is the only place where a default is written: `--help`, the man pages, `config show` and the
//! code that makes a plan read it.

use std::marker::PhantomData;
use std::str::FromStr;

use self::BuiltIn::{Decided, Nothing, PerCommand, PerProvider, Value};
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
            (Value(text), _) => Some(text),
            (PerCommand { follow, .. }, CommandKind::Follow) => Some(follow),
            (PerCommand { get, .. }, CommandKind::Get) => Some(get),
            (PerProvider | Decided(_) | Nothing, _) => None,
        }
    }

    /// What `config show` says of it.
    pub fn shown(self) -> String {
        match self {
            Value(text) | Decided(text) => text.to_owned(),
            PerCommand { follow, get } => format!("{follow} (get: {get})"),
            PerProvider => "per provider".to_owned(),
            Nothing => "none".to_owned(),
        }
    }

    /// What stands in the brackets of `--help`, with the first two providers as examples.
    pub fn in_help(self, registry: &Registry) -> Option<String> {
        const EXAMPLES: usize = 2;
        match self {
            Value(text) | Decided(text) => Some(text.to_owned()),
            PerCommand { follow, get } => Some(format!("{follow}; get: {get}")),
            PerProvider => {
                let example = |spec: &Spec| {
                    format!("{} {}", spec.title, humantime::format_duration(spec.pace.interval))
                };
                let specs = registry.iter().take(EXAMPLES).map(|definition| definition.spec());
                let examples: Vec<_> = specs.map(|spec| example(&spec)).collect();
                Some(format!("per provider; {}", examples.join(", ")))
            }
            Nothing => None,
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
    ($($(#[$doc:meta])+ $name:ident: $type:ty = $key:literal, $scope:ident, $built_in:expr;)+) => {
        $(
            $(#[$doc])+
            pub const $name: OptionKey<$type> = OptionKey::new($key, Scope::$scope, $built_in);
        )+

        /// Every option of the file, in the order in which they are shown.
        pub static OPTIONS: &[OptionSpec] = &[$($name.spec),+];
    };
}

options! {
    /// How long the whole command may take.
    TIMEOUT: Timeout = "timeout", Command, PerCommand { follow: "30m", get: "30s" };
    /// The time between two signs of life, off a terminal.
    HEARTBEAT: Timeout = "heartbeat", Command, Value("60s");
    /// The form of the output.
    OUTPUT: OutputFormat = "output", Command, Decided("human on a terminal, else plain");
    /// When there is colour.
    COLOR: Colour = "color", Command, Value("auto");
    /// Whether personal data stays in the provider's JSON.
    SHOW_PERSONAL: Switch = "show_personal", Command, Value("false");
    /// The statuses that count as success.
    UNTIL: Goal = "until", Command, Value("completed");
    /// A CA file (PEM) that is trusted besides the system's.
    CACERT: PathText = "cacert", Command, Nothing;
    /// What feeds a watch.
    TRANSPORT: TransportMode = "transport", Command, Value("auto");
    /// The time between two requests while polling carries the watch, before jitter.
    INTERVAL: Interval = "interval", Profile, PerProvider;
    /// How long an id may be unknown to the provider.
    APPEAR_TIMEOUT: Limit = "appear_timeout", Profile, PerCommand { follow: "60s", get: "0s" };
    /// How long nothing may be heard from the provider.
    MAX_OUTAGE: Limit = "max_outage", Profile, PerCommand { follow: "5m", get: "0s" };
    /// How long failed, cancelled and expired are held before they are believed.
    GRACE: Span = "grace", Profile, Value("0s");
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
