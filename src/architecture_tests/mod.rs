//! The map of the rooms in `lib.rs`, held against what the files import.
//!
//! An import is a path, in a `use` line or in the code, that leads to something which another file defines. What
//! a module only passes on with `pub use` is an import of whoever takes it from there, from the file that defines
//! it. A method needs no path, so an `impl` for the type of another file is seen where it names that type, and
//! its callers are not.

mod imports;
mod modules;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use imports::{Import, circles, imports};

/// The rooms: each imports only from those below it.
const ROOMS: [&str; 17] = [
    "cli",
    "config",
    "driver",
    "engine",
    "render",
    "exit",
    "event",
    "lifecycle",
    "provider",
    "token_store",
    "credential",
    "protocol",
    "transport",
    "wire",
    "named_file",
    "warning",
    "error",
];
/// What knows nothing of how things are shown, and of how a command exits.
const SILENT: [&str; 5] = ["engine", "lifecycle", "provider", "transport", "wire"];
const SHOWING: [&str; 3] = ["cli", "render", "exit"];
/// It stands beside the others: what it may import, and who may import it.
const SANDBOX: &str = "sandbox";
const SANDBOX_IMPORTS: [&str; 6] = ["provider", "protocol", "lifecycle", "wire", "error", "event"];
const SANDBOX_IMPORTERS: [&str; 2] = ["cli", "config"];
/// They may import everything, and nobody imports them.
const ROOTS: [&str; 2] = ["lib", "panic"];

/// The imports of the library.
fn all() -> BTreeSet<Import> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all = imports(&modules::read(|file| std::fs::read_to_string(src.join(file)).ok()));
    let seen = |from: &str, to: &str| all.iter().any(|it| (&*it.from, &*it.to) == (from, to));
    assert!(seen("driver/mod.rs", "driver/clock.rs"), "through a `use` line");
    assert!(seen("engine/links.rs", "provider/feed.rs"), "through what another module passes on");
    all
}

/// The first name of a file's path.
fn room_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn may_import(room: &str, other: &str) -> bool {
    let height = |room: &str| {
        let height = ROOMS.iter().position(|known| *known == room);
        height.unwrap_or_else(|| panic!("{room} has no place among the rooms"))
    };
    if room == other || ROOTS.contains(&room) {
        true
    } else if ROOTS.contains(&other) {
        false
    } else if room == SANDBOX {
        SANDBOX_IMPORTS.contains(&other)
    } else if other == SANDBOX {
        SANDBOX_IMPORTERS.contains(&room)
    } else {
        let is_of_showing = SILENT.contains(&room) && SHOWING.contains(&other);
        height(room) < height(other) && !is_of_showing
    }
}

#[test]
fn rooms_import_only_from_those_below_them() {
    let is_breach = |it: &&Import| {
        let from = room_of(&it.from);
        let named = it.named.first().map_or("lib", String::as_str);
        !may_import(from, named) || !may_import(from, room_of(&it.to))
    };
    let imports = all();
    let breaches: Vec<_> = imports.iter().filter(is_breach).map(Import::files).collect();
    assert!(breaches.is_empty(), "against the rules: {breaches:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&all().iter().map(Import::files).collect());
    assert!(found.is_empty(), "files that import each other: {found:#?}");
}

#[test]
fn the_order_of_the_rooms_is_a_rule() {
    for (room, other, may) in [
        ("cli", "engine", true),
        ("driver", "render", true),
        ("engine", "driver", false),
        ("engine", "provider", true),
        ("engine", "render", false),
        ("engine", "exit", false),
        ("provider", "transport", true),
        ("transport", "provider", false),
        ("wire", "error", true),
        ("error", "wire", false),
        ("config", "sandbox", true),
        ("driver", "sandbox", false),
        ("sandbox", "protocol", true),
        ("sandbox", "engine", false),
        ("lib", "cli", true),
        ("cli", "lib", false),
    ] {
        assert_eq!(may_import(room, other), may, "{room} → {other}");
    }
}
