//! The times of Transak's orders, which come in several forms.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Seconds since 1970, from 2001 to 5138.
const SECONDS: std::ops::RangeInclusive<i64> = 1_000_000_000..=99_999_999_999;
/// The same in milliseconds.
const MILLISECONDS: std::ops::RangeInclusive<i64> = 1_000_000_000_000..=99_999_999_999_999;

/// Reads a time: RFC 3339; the same without an offset, which is UTC; seconds or milliseconds since 1970 as a number or
/// its digits. None if it is anything else.
pub(super) fn read_time(value: &Value) -> Option<Timestamp> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number {
        return read_number(&text);
    }
    // A date alone does not order what happened on that day.
    if !text.contains(':') {
        return None;
    }
    let without_offset = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| without_offset().map(|zoned| zoned.timestamp()))
}

fn read_number(digits: &str) -> Option<Timestamp> {
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    let number: i64 = whole.parse().ok()?;
    if SECONDS.contains(&number) {
        Timestamp::from_second(number).ok()
    } else if MILLISECONDS.contains(&number) {
        Timestamp::from_millisecond(number).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_read() {
        for (value, expected) in [
            (json!("2026-11-02T10:00:00.000Z"), "2026-11-02T10:00:00Z"),
            (json!("2026-11-02T12:00:00+02:00"), "2026-11-02T10:00:00Z"),
            (json!("2026-11-02 10:00:00Z"), "2026-11-02T10:00:00Z"),
            (json!("2026-11-02T10:00:00"), "2026-11-02T10:00:00Z"),
            (json!("2026-11-02T10:00:00.5"), "2026-11-02T10:00:00.5Z"),
            (json!("2026-11-02 10:00:00"), "2026-11-02T10:00:00Z"),
            (json!(" 2026-11-02 10:00:00.123 "), "2026-11-02T10:00:00.123Z"),
            (json!(1_793_613_600_123_i64), "2026-11-02T10:00:00.123Z"),
            (json!("1793613600123"), "2026-11-02T10:00:00.123Z"),
            (json!(1_793_613_600), "2026-11-02T10:00:00Z"),
            (json!("1793613600"), "2026-11-02T10:00:00Z"),
            (json!(1_793_613_600.5), "2026-11-02T10:00:00Z"),
        ] {
            let read = read_time(&value).map(|time| time.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            json!(null),
            json!(""),
            json!("."),
            json!("soon"),
            json!("2026-11-02"),
            json!("02.11.2026"),
            json!("2026-13-02 10:00:00"),
            json!(7),
            json!(-1_793_613_600_i64),
            json!("17936136001234567"),
            json!({ "$date": 1 }),
            json!(true),
        ] {
            assert_eq!(read_time(&value), None, "{value}");
        }
    }
}
