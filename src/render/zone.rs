//! The time zone of times for people.

use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// The time zone of this machine or of `TZ`; UTC if there is none, or none that can be read.
pub(super) fn local() -> TimeZone {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
        if is_special(std::env::var_os("TZ").as_deref()) {
            TimeZone::UTC
        } else {
            TimeZone::system()
        }
    });
    ZONE.clone()
}

/// Whether `TZ` names a device or a pipe: it would be read to its end, and may have none.
fn is_special(zone: Option<&std::ffi::OsStr>) -> bool {
    let Some(zone) = zone else {
        return false;
    };
    let text = zone.to_string_lossy();
    let path = text.strip_prefix(':').unwrap_or(&text);
    std::fs::metadata(Path::new(path)).is_ok_and(|metadata| !metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_file_is_passed_over() {
        let special = |zone: &str| is_special(Some(zone.as_ref()));
        assert!(special("/") && special(":/"));
        assert!(!special("") && !special("Europe/Berlin") && !special("EST5EDT"));
        assert!(!special("/usr/share/zoneinfo/Europe/Berlin") && !is_special(None));
        #[cfg(unix)]
        assert!(special("/dev/zero") && special(":/dev/zero"));
    }
}
