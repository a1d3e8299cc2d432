//! Every property on the samples of `fuzz/seeds/`, as they are and changed at random.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use subject::seeds;

/// A change of a sample.
#[derive(Clone, Debug)]
enum Edit {
    /// One word of it in the place of another.
    Copy(Index, Index),
    /// A word that was not in it.
    Put(Index, &'static str),
    /// A word less.
    Cut(Index),
    /// Any byte.
    Byte(Index, u8),
    /// A line less, or one of them twice.
    Line(Index, bool),
    /// Another transaction's id in one of the places of an id.
    Rename(Index),
}

/// Words that mean something to somebody.
const WORDS: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "true",
    "\"completed\"",
    "\"COMPLETED\"",
    "\"processed\"",
    "\"Version1\"",
    "\"Success\"",
    "\"id\"",
    "\"data\"",
    "\"status\"",
    "\"second\"",
    "\"\\u001b[2J\"",
    "\u{1b}",
    "\u{202e}",
    "\u{feff}",
    "\r",
    "\n",
    "\n\n",
    ":",
    "\"\"\"",
    "[defaults]\n",
    "{\"event\":\"pusher:error\",\"data\":{\"code\":4100}}",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), at()).prop_map(|(from, to)| Edit::Copy(from, to)),
        (at(), select(WORDS)).prop_map(|(at, word)| Edit::Put(at, word)),
        at().prop_map(Edit::Cut),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        (at(), any::<bool>()).prop_map(|(at, twice)| Edit::Line(at, twice)),
        at().prop_map(Edit::Rename),
    ]
}

/// Where the words of a sample are: what is quoted, and what stands between separators.
fn words(sample: &[u8]) -> Vec<(usize, usize)> {
    let (mut words, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in sample.iter().enumerate() {
        let ends = match byte {
            b'"' => quoted,
            _ => !quoted && b" ,:[]{}\n=".contains(byte),
        };
        quoted ^= *byte == b'"';
        if ends {
            let to = if *byte == b'"' { at + 1 } else { at };
            words.extend((to > from).then_some((from, to)));
            from = at + 1;
        } else if *byte == b'"' {
            from = at;
        }
    }
    words.push((from.min(sample.len()), sample.len()));
    words
}

fn edited(mut sample: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let words = words(&sample);
        match edit {
            Edit::Copy(from, to) => {
                let (from, to) = (from.get(&words), to.get(&words));
                let word = sample[from.0..from.1].to_vec();
                sample.splice(to.0..to.1, word);
            }
            Edit::Put(at, word) => {
                let at = at.get(&words);
                sample.splice(at.0..at.1, word.bytes());
            }
            Edit::Cut(at) => {
                let at = at.get(&words);
                sample.drain(at.0..at.1);
            }
            Edit::Byte(at, byte) if !sample.is_empty() => {
                let at = at.index(sample.len());
                sample[at] = *byte;
            }
            Edit::Byte(..) => {}
            Edit::Line(at, twice) => {
                let mut lines: Vec<&[u8]> = sample.split(|byte| *byte == b'\n').collect();
                let at = at.index(lines.len());
                let line = lines.remove(at);
                if *twice {
                    lines.splice(at..at, [line, line]);
                }
                sample = lines.join(&b'\n');
            }
            Edit::Rename(at) => {
                let places = last_letters_of_ids(&sample);
                if !places.is_empty() {
                    let letter = &mut sample[*at.get(&places)];
                    *letter = if *letter == b'0' { b'1' } else { b'0' };
                }
            }
        }
    }
    sample
}

/// Where ids end in a sample; of a partner's reference, what stands in the JSON.
fn last_letters_of_ids(sample: &[u8]) -> Vec<usize> {
    let ids = Subject::built_in().iter().flat_map(|subject| &subject.ids);
    let names = ids.map(|id| id.as_str().rsplit('/').next().unwrap_or_default().as_bytes());
    let ends = |name: &[u8]| {
        let places = sample.windows(name.len()).enumerate().filter(move |it| it.1 == name);
        places.map(|(at, _)| at + name.len() - 1).collect::<Vec<_>>()
    };
    names.flat_map(ends).collect()
}

fn samples(target: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(seeds().join(target)).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Tries a property on its samples, changed and not, and on bytes that are like none of them.
fn holds(target: &str, property: impl Fn(&[u8])) {
    let samples = samples(target);
    samples.iter().for_each(|sample| property(sample));
    let edits = prop::collection::vec(edit(), 1..8);
    let changed = (select(samples), edits).prop_map(|(sample, edits)| edited(sample, &edits));
    let input = prop_oneof![7 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(512));
    let result = runner.run(&input, |input| {
        property(&input);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{target}: {error}");
    }
}

/// Every provider in a thread of its own.
#[test]
fn no_provider_is_misunderstood() {
    std::thread::scope(|scope| {
        for subject in Subject::built_in() {
            scope.spawn(move || holds(&subject.name, |bytes| said(subject, bytes)));
        }
    });
}

/// What one provider says is nothing to another.
#[test]
fn no_provider_believes_another() {
    for Subject { name, .. } in Subject::built_in() {
        samples(name).iter().for_each(|sample| providers(sample));
    }
}

/// A target that nobody builds, or without a sample to begin with, is found here.
#[test]
fn every_target_is_built_and_has_samples() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let paths = fs::read_dir(fuzz.join("fuzz_targets")).unwrap();
    let paths: Vec<_> = paths.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), manifest.matches("[[bin]]").count());
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bin = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&bin), "fuzz/Cargo.toml does not build {name}");
        // Those of the providers are in a folder for each.
        assert!(name == "providers" || !samples(name).is_empty(), "{name} has no samples");
    }
}

#[test]
fn pusher_is_not_flooded() {
    holds("pusher", pusher);
}

#[test]
fn an_account_believes_what_is_signed() {
    holds("account", account);
}

#[test]
fn events_are_those_of_the_standard() {
    holds("events", events);
}

#[test]
fn a_configuration_file_is_read_or_complained_about() {
    holds("file", file);
}

#[test]
fn text_is_harmless_once_cleaned() {
    holds("sanitised", sanitised);
}

#[test]
fn traffic_is_shown_without_personal_data() {
    holds("traffic", traffic);
}

#[test]
fn a_token_is_neither_shown_nor_forged() {
    holds("token", token);
}
