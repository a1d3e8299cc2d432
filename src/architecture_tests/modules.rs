//! The modules of the crate, but for those that only tests have, and the paths that each of them writes.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, tokens};

/// The path of a module, without `crate`.
pub(super) type ModulePath = Vec<String>;

/// A module, in its file or inside its parent's.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Relative to `src`.
    pub(super) file: String,
    /// The names of its modules.
    pub(super) children: BTreeSet<String>,
    /// What its `use` lines bring in, by name.
    pub(super) uses: BTreeMap<String, Use>,
    /// The functions that it defines.
    pub(super) functions: BTreeSet<String>,
    /// The paths that it writes beside those lines.
    pub(super) paths: BTreeSet<Vec<String>>,
    /// The names that it writes beside those lines, without a path.
    pub(super) words: BTreeSet<String>,
}

/// A name that a `use` line brings in.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) path: Vec<String>,
    /// Whether others may have it from here.
    pub(super) is_public: bool,
}

/// Reads the modules of a library: its files by their names below `src`.
pub(super) fn read(file: impl Fn(&str) -> Option<String>) -> BTreeMap<ModulePath, Module> {
    let mut modules = BTreeMap::new();
    let mut files = vec![(ModulePath::new(), "lib.rs".to_owned())];
    while let Some((path, name)) = files.pop() {
        let source = file(&name).unwrap_or_else(|| panic!("there is no {name}"));
        let mut parser = Parser { tokens: &tokens(&source), file: &name, modules: &mut modules };
        let folder = name.strip_suffix("lib.rs").or_else(|| name.strip_suffix("mod.rs"));
        let folder = folder.map_or_else(|| name.replace(".rs", "/"), str::to_owned);
        for child in parser.module(&path) {
            let beside = format!("{folder}{child}.rs");
            let inside = format!("{folder}{child}/mod.rs");
            let name = if file(&beside).is_some() { beside } else { inside };
            files.push((joined(&path, child), name));
        }
    }
    modules
}

fn joined(path: &[String], name: String) -> ModulePath {
    path.iter().cloned().chain([name]).collect()
}

struct Parser<'a> {
    /// What is left to read.
    tokens: &'a [Token],
    file: &'a str,
    modules: &'a mut BTreeMap<ModulePath, Module>,
}

impl Parser<'_> {
    /// Reads a module to its closing brace or the end of the file; returns its modules in other files.
    fn module(&mut self, path: &[String]) -> Vec<String> {
        let mut module = Module { file: self.file.to_owned(), ..Module::default() };
        let mut elsewhere = Vec::new();
        let mut depth = 0;
        let mut is_public = false;
        while let Some(token) = self.tokens.first() {
            let was_public = std::mem::take(&mut is_public);
            match token {
                Token::Sign('}') if depth == 0 => break,
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                // A method or a field; or a range, and the rest of a value.
                Token::Sign('.')
                    if matches!(self.tokens.get(1), Some(Token::Word(_) | Token::Sign('.'))) =>
                {
                    self.advance(1);
                }
                Token::Sign('#') => {
                    if self.attribute_is_of_tests() {
                        self.skip_item();
                    }
                    continue;
                }
                Token::Word(word) if word == "pub" => {
                    is_public = true;
                    self.advance(1);
                    if self.next_is('(') {
                        self.brackets();
                    }
                    continue;
                }
                Token::Word(word) if word == "use" => {
                    self.advance(1);
                    self.use_tree(&[], was_public, &mut module);
                    continue;
                }
                Token::Word(word) if word == "mod" => {
                    elsewhere.extend(self.child(path, &mut module));
                    continue;
                }
                Token::Word(word) if word == "fn" && depth == 0 => {
                    module
                        .functions
                        .extend(self.tokens.get(1).and_then(Token::name).map(str::to_owned));
                    self.advance(1);
                }
                Token::Word(_) => {
                    match &self.path()[..] {
                        [] => {}
                        [word] => drop(module.words.insert(word.clone())),
                        path => drop(module.paths.insert(path.to_vec())),
                    }
                    continue;
                }
                Token::Sign(_) | Token::Colons => {}
            }
            self.advance(1);
        }
        self.modules.insert(path.to_vec(), module);
        elsewhere
    }

    /// Reads `mod name;` or `mod name { … }`; returns the name of the former.
    fn child(&mut self, path: &[String], module: &mut Module) -> Option<String> {
        self.advance(1);
        let name = self.tokens.first().and_then(Token::name)?.to_owned();
        self.advance(1);
        module.children.insert(name.clone());
        let is_here = self.next_is('{');
        self.advance(1);
        if !is_here {
            return Some(name);
        }
        let elsewhere = self.module(&joined(path, name));
        assert!(elsewhere.is_empty(), "{}: a file below a module inside a file", self.file);
        self.advance(1);
        None
    }

    fn advance(&mut self, count: usize) {
        self.tokens = self.tokens.get(count..).unwrap_or_default();
    }

    fn next_is(&self, sign: char) -> bool {
        self.tokens.first() == Some(&Token::Sign(sign))
    }

    /// Reads `name::name::…`.
    fn path(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(name) = self.tokens.first().and_then(Token::name) {
            path.push(name.to_owned());
            self.advance(1);
            match self.tokens {
                [Token::Colons, Token::Word(_), ..] => self.advance(1),
                _ => break,
            }
        }
        if path.is_empty() {
            self.advance(1);
        }
        path
    }

    /// Reads what follows `use`, or a part of it that stands below this prefix.
    fn use_tree(&mut self, prefix: &[String], is_public: bool, module: &mut Module) {
        let mut path = prefix.to_vec();
        while let Some(token) = self.tokens.first() {
            match token {
                Token::Word(word) if word != "as" => path.push(word.clone()),
                Token::Colons => {}
                _ => break,
            }
            self.advance(1);
        }
        if self.next_is('{') {
            while !self.next_is('}') {
                self.advance(1);
                if !self.next_is('}') {
                    self.use_tree(&path, is_public, module);
                }
            }
            return self.advance(1);
        }
        if self.next_is('<') {
            // What a type captures, which is no import.
            return;
        }
        assert!(!self.next_is('*'), "{}: a glob hides what is imported", self.file);
        path.pop_if(|last| last == "self");
        let mut name = path.last().cloned().unwrap_or_default();
        if let [Token::Word(_), Token::Word(alias), ..] = self.tokens {
            name.clone_from(alias);
            self.advance(2);
        }
        module.uses.insert(name, Use { path, is_public });
    }

    /// Reads an attribute. Returns whether the item after it is for tests only.
    fn attribute_is_of_tests(&mut self) -> bool {
        self.advance(1);
        if self.next_is('!') {
            self.advance(1);
        }
        let attribute = self.brackets();
        let has = |word: &str| attribute.iter().any(|token| token.is_word(word));
        has("cfg") && has("test") && !has("not")
    }

    /// Skips an item: to its semicolon, or to the end of its braces.
    fn skip_item(&mut self) {
        while !self.tokens.is_empty() && !self.next_is(';') && !self.next_is('{') {
            if self.next_is('[') || self.next_is('(') {
                self.brackets();
            } else {
                self.advance(1);
            }
        }
        if self.next_is('{') {
            self.brackets();
        } else {
            self.advance(1);
        }
    }

    /// Skips a bracket with its contents, and returns them.
    fn brackets(&mut self) -> Vec<Token> {
        let mut depth = 0;
        let mut inside = Vec::new();
        while let Some(token) = self.tokens.first() {
            inside.push(token.clone());
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth -= 1,
                _ => {}
            }
            self.advance(1);
            if depth == 0 {
                break;
            }
        }
        inside
    }
}

#[test]
fn uses_and_paths_are_read_and_what_tests_have_is_not() {
    let source = "
        pub mod a;
        #[cfg(test)]
        #[path = \"b_tests.rs\"]
        mod b;
        #[cfg(unix)]
        mod c { use super::d::E; fn f() { crate::g::h(); } }
        pub(crate) use self::i::{J as K, l::{self, M}};
        #[cfg(test)]
        mod tests { use super::nothing::Nothing; }
        fn n(o: &super::P) -> q::R<'_> { s::t!(crate::u::V::w, X.y(), ..z::Z) }
        fn aa(bb: usize) -> impl Iterator + use<> {}
    ";
    let mut modules = BTreeMap::new();
    let mut parser = Parser { tokens: &tokens(source), file: "it.rs", modules: &mut modules };
    assert_eq!(parser.module(&["it".to_owned()]), ["a"]);
    let texts = |paths: &BTreeSet<Vec<String>>| {
        paths.iter().map(|path| path.join("::")).collect::<Vec<_>>()
    };
    let it = &modules[&["it".to_owned()][..]];
    assert_eq!(it.children.iter().collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(texts(&it.paths), ["crate::u::V::w", "q::R", "s::t", "super::P", "z::Z"]);
    assert_eq!(it.functions.iter().collect::<Vec<_>>(), ["aa", "n"]);
    assert!(it.words.contains("X") && !it.words.contains("y"));
    let uses = it
        .uses
        .iter()
        .map(|(name, Use { path, is_public })| (name.as_str(), path.join("::"), *is_public));
    let expected =
        [("K", "self::i::J", true), ("M", "self::i::l::M", true), ("l", "self::i::l", true)];
    let expected = expected.map(|(name, path, is_public)| (name, path.to_owned(), is_public));
    assert_eq!(uses.collect::<Vec<_>>(), expected);
    let inner = &modules[&["it".to_owned(), "c".to_owned()][..]];
    assert_eq!(
        (texts(&inner.paths), inner.file.as_str()),
        (vec!["crate::g::h".to_owned()], "it.rs")
    );
    assert!(!inner.uses["E"].is_public);
    assert_eq!(modules.len(), 2);
}
