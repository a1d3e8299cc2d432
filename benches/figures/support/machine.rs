//! Where it ran, as far as it matters to the figures.

use std::fs::read_to_string;
use std::process::Command;
use std::thread::available_parallelism;

/// Cores and kernel.
pub(crate) fn description() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.split('-').next().unwrap_or_default().trim().to_owned();
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{cores} cores, {os} {kernel} {arch}")
}

/// The first line that a program prints, if it is there and works.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}
