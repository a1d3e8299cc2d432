//! The options that can be set in the configuration file, in `[defaults]` or in a profile, and their defaults.
//!
//! This table is the only place for defaults: `--help`, the man pages, `config show` and the builder of plans read it.

use std::marker::PhantomData;
use std::str::FromStr;

use self::BuiltIn::{Automatic, NoDefault, PerCommand, PerProvider, Value};
use super::registry::Registry;
use super::values::{
    Colour, Interval, Limit, OutputFormat, PathText, Span, Switch, Timeout, TransportMode,
};
use crate::lifecycle::Goal;
use crate::provider::Spec;

/// Where in the file an option may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In `[defaults]` and in profiles.
    Profile,
    /// In `[defaults]` only: it applies to the whole command.
    Command,
}

/// Groups of commands with different defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// `watch` and `poll`.
    Follow,
    /// `get`.
    Get,
}

/// The default of an option. Values are text, as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// The same value for every command.
    Value(&'static str),
    /// A different value for `get`. The value in the file is not used by `get` then.
    PerCommand {
        /// For `watch` and `poll`.
        follow: &'static str,
        /// For `get`.
        get: &'static str,
    },
    /// The interval in the provider's `Spec`.
    PerProvider,
    /// Depends on the environment, as this phrase says.
    Automatic(&'static str),
    /// None.
    NoDefault,
}

impl BuiltIn {
    /// The fixed value for a command, if there is one.
    pub fn value(self, command: CommandKind) -> Option<&'static str> {
        match (self, command) {
            (Value(text), _) => Some(text),
            (PerCommand { follow, .. }, CommandKind::Follow) => Some(follow),
            (PerCommand { get, .. }, CommandKind::Get) => Some(get),
            (PerProvider | Automatic(_) | NoDefault, _) => None,
        }
    }

    /// The text for `config show`.
    pub fn for_display(self) -> String {
        match self {
            Value(text) | Automatic(text) => text.to_owned(),
            PerCommand { follow, get } => format!("{follow} (get: {get})"),
            PerProvider => "per provider".to_owned(),
            NoDefault => "none".to_owned(),
        }
    }

    /// The text for the brackets in `--help`, with the first two providers as examples.
    pub fn in_help(self, registry: &Registry) -> Option<String> {
        const EXAMPLES: usize = 2;
        match self {
            Value(text) | Automatic(text) => Some(text.to_owned()),
            PerCommand { follow, get } => Some(format!("{follow}; get: {get}")),
            PerProvider => {
                let example = |spec: &Spec| {
                    format!("{} {}", spec.title, humantime::format_duration(spec.pace.interval))
                };
                let specs = registry.iter().take(EXAMPLES).map(|definition| definition.spec());
                let examples: Vec<_> = specs.map(|spec| example(&spec)).collect();
                Some(format!("per provider; {}", examples.join(", ")))
            }
            NoDefault => None,
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The key in the file, which is the name of the flag with underscores.
    pub key: &'static str,
    /// Where in the file it may be set.
    pub scope: Scope,
    /// The default.
    pub built_in: BuiltIn,
    /// Checks a value.
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

    /// The fixed default for a command, if there is one.
    pub fn built_in(&self, command: CommandKind) -> Option<T> {
        self.spec.built_in.value(command)?.parse().ok()
    }
}

fn check<T: FromStr<Err = String>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop)
}

/// Defines a constant for each row, and the table of all rows in this order.
macro_rules! options {
    ($($(#[$doc:meta])+ $name:ident: $type:ty = $key:literal, $scope:ident, $built_in:expr;)+) => {
        $(
            $(#[$doc])+
            pub const $name: OptionKey<$type> = OptionKey::new($key, Scope::$scope, $built_in);
        )+

        /// All options, in the order in which they are shown.
        pub static OPTIONS: &[OptionSpec] = &[$($name.spec),+];
    };
}

options! {
    /// The limit of the whole command, from its start.
    TIMEOUT: Timeout = "timeout", Command, PerCommand { follow: "30m", get: "30s" };
    /// The time without a change after which there is a heartbeat, if stderr is not a terminal.
    HEARTBEAT: Timeout = "heartbeat", Command, Value("60s");
    /// The form of the output.
    OUTPUT: OutputFormat = "output", Command, Automatic("human on a terminal, else plain");
    /// When to use colour.
    COLOR: Colour = "color", Command, Value("auto");
    /// Whether personal data stays in the provider's JSON.
    SHOW_PERSONAL: Switch = "show_personal", Command, Value("false");
    /// The statuses that count as success.
    UNTIL: Goal = "until", Command, Value("completed");
    /// A file of additional trusted CAs (PEM).
    CACERT: PathText = "cacert", Command, NoDefault;
    /// How changes reach a watch.
    TRANSPORT: TransportMode = "transport", Command, Value("auto");
    /// From the end of a lookup to the next while there is no push, before jitter.
    INTERVAL: Interval = "interval", Profile, PerProvider;
    /// How long after the start of the command an id may be unknown to the provider.
    APPEAR_TIMEOUT: Limit = "appear_timeout", Profile, PerCommand { follow: "60s", get: "0s" };
    /// How long an outage of the provider may last, from the first unanswered attempt.
    MAX_OUTAGE: Limit = "max_outage", Profile, PerCommand { follow: "5m", get: "0s" };
    /// How long after they were observed failed, cancelled and expired are accepted.
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
