//! Generated files, compared byte for byte. `TXWATCH_BLESS=1 cargo test` rewrites them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use snapbox::Data;

/// A path inside the repository.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Whether the files are to be rewritten instead of compared.
pub fn blessing() -> bool {
    std::env::var_os("TXWATCH_BLESS").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Checks that a file of the repository has exactly this text, or rewrites it.
pub fn file(relative: &str, text: &str) {
    let path = path(relative);
    if blessing() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{relative} is not what the program generates; TXWATCH_BLESS=1 cargo test rewrites it\n{}",
        difference(&found, text)
    );
}

/// Checks that a folder of the repository has exactly these files with this text, or rewrites them.
pub fn folder(relative: &str, files: &BTreeMap<String, String>) {
    if blessing() {
        for stray in names(relative).difference(&files.keys().cloned().collect()) {
            fs::remove_file(path(relative).join(stray)).unwrap();
        }
    }
    for (name, text) in files {
        file(&format!("{relative}/{name}"), text);
    }
    assert_eq!(names(relative), files.keys().cloned().collect(), "the files of {relative}/");
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(path(folder)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn difference(found: &str, expected: &str) -> String {
    let mut text = String::new();
    let (found, expected) = (Data::text(found), Data::text(expected));
    let palette = snapbox::report::Palette::plain();
    // Writing to a String cannot fail.
    let _ = snapbox::report::write_diff(
        &mut text,
        &found,
        &expected,
        Some(&"in the repository"),
        Some(&"generated"),
        palette,
    );
    text
}
