//! What every provider of the registry has to do, whoever adds it: each test here goes through all of them.
//!
//! A provider is covered by its row and its samples in `fuzz/seeds/NAME` and `fuzz/seeds/NAME.ids`. That this
//! is all is shown by [`toy`], a provider that only these tests have.

mod feeds;
mod hostile;
mod ids;
mod lookups;
mod scenarios;
mod secrets;
mod session;
mod spec;
mod texts;
mod toy;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use txwatch::config::{Registry, Row};
use txwatch::provider::{Definition, Id, Provider, SettingKind};

use crate::properties::Subject;

/// The providers that are built in, and one more.
fn registry() -> Registry {
    let double = Arc::new(toy::double::ToyDouble);
    Registry::built_in().with(Row { definition: Arc::new(toy::Toy), double: Some(double) })
}

/// A provider with its samples.
fn subject(definition: &Arc<dyn Definition>) -> Subject {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = match &*definition.spec().name {
        "toy" => package.join("tests/it/conformance/toy/samples"),
        name => package.join("fuzz/seeds").join(name),
    };
    Subject::new(definition.clone(), samples)
}

/// Does this for each provider, and says at the end for which of them it failed.
fn each(check: impl Fn(&Subject)) {
    static SUBJECTS: LazyLock<Vec<Subject>> =
        LazyLock::new(|| registry().iter().map(subject).collect());
    let fails = |subject: &&Subject| catch_unwind(AssertUnwindSafe(|| check(subject))).is_err();
    let failed: Vec<_> = SUBJECTS.iter().filter(fails).map(|subject| &subject.name).collect();
    assert!(failed.is_empty(), "it does not hold for: {failed:?}");
}

/// The provider as every choice of its settings makes it, the first without any; and what was chosen.
fn variants(subject: &Subject) -> Vec<(String, Arc<dyn Provider>)> {
    let settings = subject.settings();
    let mut variants = vec![("by default".to_owned(), subject.provider.clone())];
    for setting in &subject.definition.spec().settings {
        if let SettingKind::Choice(words) = &setting.kind {
            for word in words {
                let mut settings = settings.clone();
                settings.set(&*setting.key, &**word);
                let chosen = format!("with {} = {word}", setting.key);
                variants.push((chosen, subject.definition.build(&settings).unwrap()));
            }
        }
    }
    variants
}

/// The ids in groups of which each fits one lookup.
fn groups<'a>(provider: &dyn Provider, ids: &'a [Id]) -> impl Iterator<Item = &'a [Id]> {
    ids.chunks(provider.spec().ids_per_lookup)
}

#[test]
fn a_provider_without_samples_fails_with_what_to_do() {
    let missing = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/no-such-provider");
    let make = || Subject::new(Arc::new(toy::Toy), missing);
    let panic = catch_unwind(AssertUnwindSafe(make)).err().expect("it has no samples");
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("toy has no samples: write the ids"), "{message}");
    assert!(message.contains("no-such-provider.ids"), "{message}");
}

#[test]
fn every_provider_has_samples_of_what_it_answers_and_pushes() {
    each(|subject| {
        assert!(!subject.answers().is_empty(), "there is no sample of an answer");
        let pushes = !subject.provider.feeds(&subject.ids).is_empty();
        assert_eq!(!subject.stories().is_empty(), pushes, "a sample of each feed, and of no other");
    });
}
