//! The imports between files: each path is followed to the file that defines what it names.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Module, ModulePath};

/// A path in one file that names an item of another file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    /// The file that has the path, relative to `src`.
    pub(super) from: String,
    /// The file that defines what it leads to.
    pub(super) to: String,
    /// The module that the path names in the first place, which may only pass it on.
    pub(super) named: ModulePath,
}

impl Import {
    /// Both files.
    pub(super) fn files(&self) -> (String, String) {
        (self.from.clone(), self.to.clone())
    }
}

/// What a path leads to.
struct Found {
    /// The module itself, or the one that defines it.
    module: ModulePath,
    /// The module that the path names in the first place.
    named: ModulePath,
    /// Whether it is something in that module.
    is_item: bool,
}

/// Every import of one file from another. A module that only passes a name on does not import it.
pub(super) fn imports(modules: &BTreeMap<ModulePath, Module>) -> BTreeSet<Import> {
    let mut imports = BTreeSet::new();
    for (at, module) in modules {
        let uses = module.uses.iter();
        let used = uses.filter(|(name, it)| !it.is_public || module.words.contains(*name));
        for path in used.map(|(_, it)| &it.path).chain(&module.paths) {
            // What is taken from an imported module has a path of its own.
            if let Some(Found { module: definer, named, is_item: true }) = follow(modules, at, path)
            {
                let (from, to) = (module.file.clone(), modules[&definer].file.clone());
                if from != to {
                    imports.insert(Import { from, to, named });
                }
            }
        }
    }
    imports
}

/// Follows a path that is written in the module `at`. Nothing where it leads to another crate, or needs no path.
fn follow(modules: &BTreeMap<ModulePath, Module>, at: &[String], path: &[String]) -> Option<Found> {
    let (first, mut rest) = path.split_first()?;
    let mut here = match first.as_str() {
        "crate" => ModulePath::new(),
        "self" => at.to_vec(),
        "super" => {
            let mut parent = at.split_last()?.1;
            while rest.first().is_some_and(|name| name == "super") {
                (parent, rest) = (parent.split_last()?.1, &rest[1..]);
            }
            parent.to_vec()
        }
        _ if modules[at].children.contains(first) => [at, std::slice::from_ref(first)].concat(),
        _ => {
            let used = &modules[at].uses.get(first)?.path;
            // A crate stands for itself.
            if used.first() == Some(first) {
                return None;
            }
            return follow(modules, at, &[used, rest].concat());
        }
    };
    let mut named = here.clone();
    while let Some((name, others)) = rest.split_first() {
        let module = &modules[&here];
        let used = module.uses.get(name);
        let is_function = others.is_empty() && module.functions.contains(name);
        // A module may share its name with what is taken from it.
        let is_shared = is_function || (others.is_empty() && used.is_some());
        if module.children.contains(name) && !is_shared {
            here.push(name.clone());
            named.clone_from(&here);
            rest = others;
        } else if let Some(used) = used.filter(|_| !is_function) {
            let found = follow(modules, &here, &[&used.path, others].concat());
            return found.map(|found| Found { named, ..found });
        } else {
            return Some(Found { module: here, named, is_item: true });
        }
    }
    Some(Found { module: here, named, is_item: false })
}

/// The circles of a graph: the files of each, all of which lead to each other.
pub(super) fn circles(edges: &BTreeSet<(String, String)>) -> Vec<BTreeSet<String>> {
    let reachable = |from: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(file) = next.pop() {
            for (_, to) in edges.iter().filter(|(from, _)| *from == file) {
                if seen.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        seen
    };
    let files: BTreeSet<_> = edges.iter().map(|(from, _)| from.clone()).collect();
    let reaches: BTreeMap<_, _> = files.iter().map(|file| (file, reachable(file))).collect();
    let circles = files.iter().filter(|file| reaches[file].contains(*file)).map(|file| {
        let back = |other: &&String| reaches.get(*other).is_some_and(|all| all.contains(file));
        reaches[file].iter().filter(back).cloned().collect::<BTreeSet<_>>()
    });
    circles.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::modules;
    use super::*;

    /// The imports of a library of these files, as `from → to`.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let file = |name: &str| files.iter().find(|(known, _)| *known == name);
        let modules = modules::read(|name| file(name).map(|(_, source)| (*source).to_owned()));
        imports(&modules).iter().map(|it| format!("{} → {}", it.from, it.to)).collect()
    }

    #[test]
    fn a_name_that_is_passed_on_is_an_import_from_where_it_is_defined() {
        let imports = of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod inner; pub use inner::{Item, Other as Renamed};"),
            ("a/inner.rs", "pub struct Item; pub struct Other;"),
            ("b.rs", "use crate::a::Item; fn f(_: crate::a::Renamed) {}"),
        ]);
        assert_eq!(imports, ["b.rs → a/inner.rs"]);
    }

    #[test]
    fn a_module_that_passes_a_name_on_imports_it_where_it_uses_it_too() {
        let file = "mod inner; pub use inner::Item;";
        let inner = "pub struct Item; fn f(_: super::Own) {}";
        for (more, back) in [("", None), ("fn g() -> Item {}", Some("a.rs → a/inner.rs"))] {
            let file = format!("{file} pub struct Own; {more}");
            let imports = of(&[("lib.rs", "mod a;"), ("a.rs", &file), ("a/inner.rs", inner)]);
            assert_eq!(imports, back.into_iter().chain(["a/inner.rs → a.rs"]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_taken_from_an_imported_module_is_found() {
        let imports = of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "pub mod words; pub fn words() {}"),
            ("a/words.rs", "pub fn all() {}"),
            ("b.rs", "use crate::a::words as its; fn f() { its::all(); std::mem::drop(1); }"),
        ]);
        assert_eq!(imports, ["b.rs → a/mod.rs", "b.rs → a/words.rs"]);
    }

    #[test]
    fn a_function_that_shares_its_modules_name_is_found_in_it() {
        let imports = of(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod listen; pub use listen::listen;"),
            ("a/listen.rs", "pub fn listen() {}"),
            ("b.rs", "fn f() { crate::a::listen() }"),
        ]);
        assert_eq!(imports, ["b.rs → a/listen.rs"]);
    }

    #[test]
    fn what_only_tests_have_is_passed_over() {
        let imports = of(&[
            ("lib.rs", "mod a; #[cfg(test)] mod b; mod c;"),
            ("a.rs", "pub struct Item; #[cfg(test)] mod tests { use crate::c::Other; }"),
            ("c.rs", "pub struct Other; #[cfg(not(test))] use crate::a::Item;"),
        ]);
        assert_eq!(imports, ["c.rs → a.rs"]);
    }

    #[test]
    fn each_circle_is_found_once_with_all_its_files() {
        let edges = ["ab", "bc", "ca", "cd", "de", "ed", "ef"];
        let edges = edges.map(|edge| (edge[..1].to_owned(), edge[1..].to_owned())).into();
        let circles = circles(&edges);
        let texts = circles.iter().map(|circle| circle.iter().cloned().collect::<String>());
        assert_eq!(texts.collect::<Vec<_>>(), ["abc", "de"]);
    }
}
