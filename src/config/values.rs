//! The types of option values, parsed in the same way from flags, environment and file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The shortest polling interval, so that a provider is not flooded.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// What other tools call a time without end; here it is `none`, where there may be no limit.
const ENDLESS: [&str; 15] = [
    "none",
    "never",
    "no",
    "off",
    "false",
    "inf",
    "infinite",
    "infinity",
    "forever",
    "endless",
    "unlimited",
    "nolimit",
    "no-limit",
    "max",
    "\u{221e}",
];

/// How durations are written, for messages.
const FORM: &str = "write a duration like 90s, 5m or 1h 30m";

/// The longest duration, so that sums of durations and times do not overflow.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A duration that may be zero: `90s`, `5m`, `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A duration, or `none` for no limit. Zero is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

/// A duration above zero, or `none` for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Option<Duration>);

/// A polling interval of at least 100 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub Duration);

/// A path as it is written; a relative one in the configuration file is resolved against the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathText(pub String);

/// How changes reach a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportMode {
    /// Push, with polling while it is down.
    Auto,
    /// Push alone.
    Push,
    /// Polling alone.
    Poll,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// For people.
    Human,
    /// For logs and pipes.
    Plain,
    /// For programs.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty; write a duration like 90s or 5m".to_owned());
    }
    if is_endless(text) {
        return Err(format!("there is no end to it; {FORM}"));
    }
    if is_negative(text) {
        return Err(format!("it is negative; {FORM}"));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("it does not begin with a number; {FORM}"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(format!("it has no unit; write {text}s for seconds or {text}m for minutes"));
    }
    if let Some(number) = long_unit(text, &["M", "month", "months"]) {
        return Err(format!("M would mean months; write {number}m for minutes"));
    }
    if let Some(number) = long_unit(text, &["y", "year", "years"]) {
        return Err(format!(
            "nothing is waited for that long; write {number}h for hours or {number}d for days"
        ));
    }
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error}; {FORM}"))?;
    if duration > MAX_DURATION {
        Err("nothing is waited for longer than a year; write none for no limit".to_owned())
    } else {
        Ok(duration)
    }
}

fn is_endless(text: &str) -> bool {
    ENDLESS.contains(&text.to_lowercase().as_str())
}

fn is_negative(text: &str) -> bool {
    text.starts_with(['-', '\u{2212}'])
}

/// The number before one of these units, if one of them is used.
fn long_unit<'a>(text: &'a str, units: &[&str]) -> Option<&'a str> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let part = &rest[start..];
        let number = &part[..part.find(|c: char| !c.is_ascii_digit())?];
        let after = part[number.len()..].trim_start();
        let unit = &after[..after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len())];
        if units.contains(&unit) {
            return Some(number);
        }
        rest = after;
    }
    None
}

fn limit(text: &str) -> Result<Option<Duration>, String> {
    match text.trim() {
        "none" => Ok(None),
        text if is_endless(text) => Err("write none for no limit".to_owned()),
        text => duration(text).map(Some).map_err(|error| {
            if is_negative(text) { format!("{error}, or none for no limit") } else { error }
        }),
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration(text).map(Span)
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        limit(text).map(Limit)
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let zero = "a limit of zero would end before it began; write none for no limit";
        match limit(text) {
            Ok(Some(Duration::ZERO)) => Err(zero.to_owned()),
            Err(_) if text.trim().bytes().all(|byte| byte == b'0') && !text.trim().is_empty() => {
                Err(zero.to_owned())
            }
            other => other.map(Timeout),
        }
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let interval = duration(text)?;
        if interval < MIN_INTERVAL {
            Err("less than 100ms would flood the provider".to_owned())
        } else {
            Ok(Interval(interval))
        }
    }
}

impl FromStr for PathText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(PathText(text.to_owned()))
    }
}

/// Implements `FromStr` and the list of names for an enum.
macro_rules! words {
    ($type:ty, $($word:literal => $value:expr),+) => {
        impl $type {
            /// The names that are accepted.
            pub const NAMES: &'static [&'static str] = &[$($word),+];
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($value),)+
                    _ => Err(format!("it is one of: {}", Self::NAMES.join(", "))),
                }
            }
        }
    };
}

words!(TransportMode, "auto" => TransportMode::Auto, "push" => TransportMode::Push, "poll" => TransportMode::Poll);
words!(OutputFormat, "human" => OutputFormat::Human, "plain" => OutputFormat::Plain, "json" => OutputFormat::Json);
words!(Colour, "auto" => Colour::Auto, "always" => Colour::Always, "never" => Colour::Never);

/// `on`, `true`, `1` and their opposites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "true" | "on" | "yes" | "1" => Ok(Switch(true)),
            "false" | "off" | "no" | "0" => Ok(Switch(false)),
            _ => Err("it is true or false".to_owned()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(duration) => humantime::format_duration(duration).fmt(f),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!("90s".parse(), Ok(Span(Duration::from_secs(90))));
        assert_eq!("1h 30m".parse(), Ok(Span(Duration::from_secs(5400))));
        assert_eq!("0s".parse(), Ok(Span(Duration::ZERO)));
        assert_eq!("none".parse(), Ok(Timeout(None)));
    }

    #[test]
    fn what_is_refused_gets_a_hint() {
        for (text, needle) in [
            ("90", "90s"),
            ("10M", "10m"),
            ("2 months", "months"),
            ("1y", "hours"),
            ("1year", "hours"),
            ("", "empty"),
            ("soon", "does not begin with a number"),
            ("never", "there is no end to it"),
            ("none", "there is no end to it"),
            ("-5s", "it is negative"),
            ("-1", "it is negative"),
            ("\u{2212}5s", "it is negative"),
            ("1h30", "90s"),
            ("1:30", "90s"),
            ("5m 10M", "10m"),
            ("99999999999999999999s", "90s"),
            ("18446744073709551615s", "longer than a year"),
        ] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.contains(needle), "{text}: {error}");
        }
    }

    #[test]
    fn a_timeout_of_zero_is_refused_however_it_is_written() {
        for text in ["0", "0s", "00", "0m"] {
            let error = text.parse::<Timeout>().unwrap_err();
            assert!(error.contains("none"), "{text}: {error}");
        }
        assert_eq!("0s".parse(), Ok(Limit(Some(Duration::ZERO))));
    }

    #[test]
    fn what_has_no_end_is_none_however_other_tools_call_it() {
        for text in ["never", "infinite", "Infinity", "forever", "None", "NONE", "off", "\u{221e}"]
        {
            assert_eq!(
                text.parse::<Timeout>(),
                Err("write none for no limit".to_owned()),
                "{text}"
            );
            assert_eq!(text.parse::<Limit>(), Err("write none for no limit".to_owned()), "{text}");
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
        for text in ["-1", "-5s", "- 5s"] {
            let error = text.parse::<Timeout>().unwrap_err();
            assert!(error.contains("negative") && error.contains("none for no limit"), "{error}");
        }
    }

    #[test]
    fn space_before_a_unit_is_accepted() {
        assert_eq!("5 m".parse(), Ok(Timeout(Some(Duration::from_secs(300)))));
        assert_eq!("5 minutes".parse(), Ok(Span(Duration::from_secs(300))));
    }

    #[test]
    fn an_interval_has_a_minimum() {
        assert!("10ms".parse::<Interval>().is_err());
        assert_eq!("100ms".parse(), Ok(Interval(Duration::from_millis(100))));
    }
}
