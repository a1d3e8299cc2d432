//! The figures that txwatch is held to, each beside what it is compared with: `cargo bench`.
//!
//! Ours and theirs run in turn, against one server on this machine; the table shows medians (least and
//! most). It measures and never judges: it fails only where something could not be measured. Of what it
//! compares with, whatever is installed takes part. Some sections only: `cargo bench -- transak scale`.
//! More or fewer runs: `FIGURES_RUNS=200 cargo bench`.

#![allow(clippy::disallowed_methods)] // it reads the clock

mod casper;
mod crowd;
mod growth;
mod proof;
mod support;
mod transak;

use std::env::args_os;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use support::build::built;
use support::child;
use support::machine::{description, probe};
use support::runs::{WARM_UP, runs};
use support::table::{Row, print};

/// Measures something.
type Section = fn(&mut Bench) -> Result<()>;

/// What is measured, section by section.
const SECTIONS: [(&str, Section); 5] = [
    ("proof", proof::measure),
    ("transak", transak::measure),
    ("casper", casper::measure),
    ("crowd", crowd::measure),
    ("growth", growth::measure),
];

/// The measurement as it goes on.
struct Bench {
    /// The folder of what was built.
    built: PathBuf,
    /// How often time is taken.
    runs: usize,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Bench {
    /// The name and version of a program, if it is installed.
    fn peer(&mut self, name: &str) -> Option<String> {
        let version = probe(Command::new(name).arg("--version"));
        if version.is_none() {
            self.notes.push(format!("Against {name}: not measured, it is not installed."));
        }
        Some(version?.split(" (").next().unwrap_or_default().to_owned())
    }
}

fn main() -> Result<()> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    match arguments.split_first() {
        Some((first, argv)) if first == child::LAUNCH => child::launcher(argv),
        _ => measure(&arguments),
    }
}

fn measure(arguments: &[OsString]) -> Result<()> {
    let names: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let names: Vec<_> = names.into_iter().filter(|word| !word.starts_with("--")).collect();
    let known = |name: &&str| SECTIONS.iter().any(|(section, _)| section == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        bail!("there is no section {unknown}; there are {:?}", SECTIONS.map(|(name, _)| name));
    }
    ensure!(!cfg!(debug_assertions), "figures are of a release build: cargo bench");
    let runs = runs()?;
    let notes = vec![format!(
        "{}; {runs} runs each for time unless told otherwise, in turn, after {WARM_UP} that do not \
         count; medians (least–most).",
        description()
    )];
    let mut bench = Bench { built: built(&["bare-client"])?, runs, rows: Vec::new(), notes };
    for (name, section) in SECTIONS {
        if names.is_empty() || names.contains(&name) {
            section(&mut bench)?;
        }
    }
    print(&bench.rows, &bench.notes)
}
