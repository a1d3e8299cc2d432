//! Which signals this process ignores since its start: `nohup` ignores SIGHUP, a shell without job control SIGINT of
//! what it runs in the background. By convention that stays so.
//!
//! Asking for a disposition (`sigaction`) is unsafe in every crate that offers it, so the kernel's own list is read.

use std::process::{Command, Stdio};

/// A set of signals, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IgnoredSignals(u128);

impl IgnoredSignals {
    /// The signals that this process ignores now. If they cannot be found out, none.
    pub(super) fn of_process() -> Self {
        let of_kernel = std::fs::read_to_string("/proc/self/status").ok();
        of_kernel.as_deref().and_then(Self::in_status).or_else(Self::by_ps).unwrap_or_default()
    }

    pub(super) fn contains(self, signal: i32) -> bool {
        u32::try_from(signal - 1)
            .is_ok_and(|bit| self.0.checked_shr(bit).is_some_and(|set| set & 1 == 1))
    }

    /// The mask in Linux' `/proc/PID/status`.
    fn in_status(status: &str) -> Option<Self> {
        Self::of_mask(status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?)
    }

    /// What `ps` says, whose column `ignored` the BSDs, macOS and Linux share.
    fn by_ps() -> Option<Self> {
        let mut ps = Command::new("ps");
        ps.args(["-o", "ignored=", "-p", &std::process::id().to_string()]);
        let output = ps.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        Self::of_mask(std::str::from_utf8(&output.stdout).ok()?)
    }

    /// Hexadecimal digits, of which the lowest bit is signal 1.
    fn of_mask(text: &str) -> Option<Self> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        u128::from_str_radix(digits, 16).ok().map(IgnoredSignals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_read_in_every_form() {
        let status = "Name:\ttxwatch\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001003\n";
        for ignored in [IgnoredSignals::in_status(status), IgnoredSignals::of_mask(" 0x1003\n")] {
            let ignored = ignored.unwrap();
            for signal in 1..=64 {
                assert_eq!(ignored.contains(signal), [1, 2, 13].contains(&signal), "{signal}");
            }
        }
        assert_eq!(IgnoredSignals::in_status("Name:\ttxwatch\n"), None);
        assert_eq!(IgnoredSignals::of_mask("IGNORED"), None);
        assert!(!IgnoredSignals::default().contains(0) && !IgnoredSignals(!0).contains(-1));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_of_rust_ignores_a_closed_pipe() {
        let ignored = IgnoredSignals::of_process();
        assert!(ignored.contains(13) && !ignored.contains(9));
        // procps is not everywhere.
        assert!(IgnoredSignals::by_ps().is_none_or(|by_ps| by_ps == ignored));
    }
}
