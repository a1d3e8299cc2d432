//! Compares the table of faults in `tests/README.md` with the tests that exist.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::support::bless;
use crate::support::provider::Provider;

/// A row of the table.
struct Row {
    fault: String,
    sides: Vec<&'static str>,
    providers: Vec<String>,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let readme = std::fs::read_to_string(bless::path("tests/README.md")).unwrap();
    let (_, table) = readme.split_once("| fault | side |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [fault, side, providers, expected, tests] = cells[..] else { panic!("{line}") };
        assert!(!expected.is_empty(), "{line}");
        Row {
            fault: fault.to_owned(),
            sides: match side {
                "both" => vec!["push", "pull"],
                side => vec![["push", "pull"].into_iter().find(|it| *it == side).expect(line)],
            },
            providers: match providers {
                "all" => Provider::ALL.map(|provider| provider.name().to_owned()).to_vec(),
                some => some.split(", ").map(|name| Provider::named(name).name().into()).collect(),
            },
            tests: tests.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
        }
    })
    .collect()
}

/// The names of the tests of this binary.
fn listed() -> BTreeSet<String> {
    let listing = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    listing.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Whether this path names a unit test, which is defined below the folder of its first module.
fn is_unit_test(test: &str) -> bool {
    let (module, name) = (test.split("::").next().unwrap(), test.rsplit("::").next().unwrap());
    is_below(&bless::path("src").join(module), &format!("fn {name}("))
}

fn is_below(folder: &Path, needle: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            is_below(&path, needle)
        } else {
            std::fs::read_to_string(&path).is_ok_and(|text| text.contains(needle))
        }
    })
}

#[test]
fn every_test_of_the_table_exists_and_none_is_missing() {
    let listed = listed();
    let mut in_table = BTreeSet::new();
    for row in rows() {
        for test in &row.tests {
            let cells: Vec<_> =
                row.providers.iter().map(|provider| format!("{test}::{provider}")).collect();
            if !listed.contains(&cells[0]) {
                let exists = listed.contains(test) || is_unit_test(test);
                assert!(exists, "there is no {test}");
                in_table.insert(test.clone());
                continue;
            }
            for cell in cells {
                assert!(listed.contains(&cell), "there is no {cell}");
                in_table.insert(cell);
            }
        }
    }
    let faults = listed.iter().filter(|test| test.starts_with("faults::"));
    let missing: Vec<_> = faults
        .filter(|test| !test.starts_with("faults::table::") && !in_table.contains(*test))
        .collect();
    assert!(missing.is_empty(), "the table lacks {missing:#?}");
}

#[test]
fn every_fault_has_every_provider_on_both_sides() {
    let mut cells: BTreeMap<String, BTreeSet<(&str, String)>> = BTreeMap::new();
    for row in rows() {
        let covered = cells.entry(row.fault).or_default();
        for side in row.sides {
            covered.extend(row.providers.iter().map(|provider| (side, provider.clone())));
        }
    }
    for (fault, cells) in &cells {
        assert_eq!(cells.len(), 2 * Provider::ALL.len(), "{fault}: {cells:#?}");
    }
    assert!(cells.len() >= 14, "{:#?}", cells.keys());
}
