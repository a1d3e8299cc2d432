//! A row of the registry, configured, with its samples.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::{env, fs};

use txwatch::config::Registry;
use txwatch::provider::{Definition, Id, Provider, Secret, SettingKind, Settings};

/// What every setting is that is free text: an API key among them.
pub const ANY_TEXT: &str = "KEY";

/// A provider, and where samples of it are.
pub struct Subject {
    pub name: String,
    pub definition: Arc<dyn Definition>,
    /// With every setting that can be set.
    pub provider: Arc<dyn Provider>,
    /// What the samples are about, and nothing else may be taken for.
    pub ids: Vec<Id>,
    /// The folder of the samples: answers, each behind the digit of its HTTP status, and stories of feeds. The
    /// ids are beside it, in a file of the same name and the extension `ids`, a line each.
    pub samples: PathBuf,
}

impl Subject {
    /// A provider with samples in this folder.
    ///
    /// # Panics
    /// It has no samples, or its ids are none.
    pub fn new(definition: Arc<dyn Definition>, samples: PathBuf) -> Self {
        let spec = definition.spec();
        let (name, list) = (spec.name.to_string(), samples.with_extension("ids"));
        let Ok(ids) = fs::read_to_string(&list) else {
            panic!("{name} has no samples: write the ids that they are about into {list:?}")
        };
        let parsed = ids.lines().map(|id| match definition.parse_id(id) {
            Ok(parsed) if parsed.as_str() == id => parsed,
            other => panic!("{list:?}: {id} is not as {name} writes an id: {other:?}"),
        });
        let ids: Vec<Id> = parsed.collect();
        assert!(ids.len() > 1, "{list:?} needs two ids at least");
        let provider = match definition.build(&settings(&*definition)) {
            Ok(provider) => provider,
            Err(problem) => panic!("{name} cannot be built: {problem}"),
        };
        Subject { name, definition, provider, ids, samples }
    }

    /// A value for every setting whose default is not a choice.
    pub fn settings(&self) -> Settings {
        settings(&*self.definition)
    }

    /// The samples of answers: the digit that each begins with, and the body.
    pub fn answers(&self) -> Vec<(u8, Vec<u8>)> {
        let is_answer = |sample: &Vec<u8>| sample.first().is_some_and(u8::is_ascii_digit);
        let answers = self.read().into_iter().filter(is_answer);
        answers.map(|sample| (sample[0], sample[1..].trim_ascii().to_vec())).collect()
    }

    /// The samples of feeds.
    pub fn stories(&self) -> Vec<Vec<u8>> {
        let is_story = |sample: &Vec<u8>| !sample.first().is_some_and(u8::is_ascii_digit);
        self.read().into_iter().filter(is_story).collect()
    }

    fn read(&self) -> Vec<Vec<u8>> {
        let Ok(folder) = fs::read_dir(&self.samples) else {
            panic!("{} has no samples: there is no folder {:?}", self.name, self.samples)
        };
        let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().flat_map(fs::read).collect()
    }

    /// Every provider that is built in.
    pub fn built_in() -> &'static [Subject] {
        static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
            let subject = |definition: &Arc<dyn Definition>| {
                Subject::new(definition.clone(), seeds().join(&*definition.spec().name))
            };
            Registry::built_in().iter().map(subject).collect()
        });
        &SUBJECTS
    }

    /// The provider of this name, of those that are built in.
    ///
    /// # Panics
    /// There is none.
    pub fn named(name: &str) -> &'static Subject {
        match Subject::built_in().iter().find(|subject| subject.name == name) {
            Some(subject) => subject,
            None => panic!("there is no provider {name}"),
        }
    }
}

/// The samples of every property: of the package, or of the fuzzer's inside of it.
pub(super) fn seeds() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inside = package.join("fuzz/seeds");
    if inside.is_dir() { inside } else { package.join("seeds") }
}

/// A value for every setting whose default is not a choice.
fn settings(definition: &dyn Definition) -> Settings {
    let mut settings = Settings::default();
    for setting in &definition.spec().settings {
        let value = match &setting.kind {
            SettingKind::Url(schemes) => format!("{}://peer.example/{}", schemes[0], setting.key),
            SettingKind::Text => ANY_TEXT.to_owned(),
            SettingKind::IpAddress => "192.0.2.1".to_owned(),
            SettingKind::Secret(Secret::Token) => {
                settings.set_token();
                continue;
            }
            SettingKind::Choice(_) | SettingKind::Secret(_) => continue,
        };
        settings.set(&*setting.key, value);
    }
    settings
}
