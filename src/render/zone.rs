//! The time zone of times for people.

use std::ffi::OsStr;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// The time zone of `TZ` or of this machine; UTC if there is none, or none that can be read.
pub(super) fn local() -> TimeZone {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| named(std::env::var_os("TZ").as_deref()));
    ZONE.clone()
}

/// The time zone for this value of `TZ`.
fn named(value: Option<&OsStr>) -> TimeZone {
    let text = value.map(OsStr::to_string_lossy).unwrap_or_default();
    // A file of variables from Windows leaves a carriage return there.
    let name = text.trim_end_matches('\r');
    if is_special(name) {
        TimeZone::UTC
    } else if name == text {
        TimeZone::system()
    } else {
        TimeZone::get(name).unwrap_or(TimeZone::UTC)
    }
}

/// Whether it is the path of a device or a pipe: that would be read to its end, and may have none.
fn is_special(name: &str) -> bool {
    let path = name.strip_prefix(':').unwrap_or(name);
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_file_is_passed_over() {
        assert!(is_special("/") && is_special(":/"));
        assert!(!is_special("") && !is_special("Europe/Berlin") && !is_special("EST5EDT"));
        assert!(!is_special("/no/such/file"));
        #[cfg(unix)]
        assert!(is_special("/dev/zero") && is_special(":/dev/zero"));
    }

    #[test]
    fn a_carriage_return_is_no_part_of_a_name() {
        assert_eq!(named(Some(OsStr::new("UTC\r"))), TimeZone::get("UTC").unwrap_or(TimeZone::UTC));
        assert_eq!(named(Some(OsStr::new("Nowhere/At_All\r"))), TimeZone::UTC);
    }
}
