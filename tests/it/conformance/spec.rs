//! What is fixed about a provider.

use std::collections::HashSet;

use serde_json::json;
use txwatch::error::FailureKind;
use txwatch::provider::{Secret, Setting, SettingKind, Settings, Status, remove_personal_data};

use super::{each, registry, variants};
use crate::properties::Subject;

/// No longer name of a field is compared.
const LONGEST_PERSONAL: usize = 32;

#[test]
fn names_are_words_and_nobody_elses() {
    let mut seen = HashSet::from(["sandbox".to_owned(), "partner".to_owned()]);
    for definition in registry().iter() {
        let spec = definition.spec();
        assert!(seen.insert(spec.name.to_string()), "{} is taken", spec.name);
    }
    each(|Subject { definition, .. }| {
        let spec = definition.spec();
        let is_word = |text: &str| {
            let mut letters = text.chars();
            letters.next().is_some_and(|c| c.is_ascii_lowercase())
                && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        assert!(is_word(&spec.name), "{:?} is part of variables and targets", spec.name);
        assert!(is_word(spec.push_name), "{:?} is a word in the output", spec.push_name);
        for text in [&spec.title, &spec.id_shape] {
            assert!(!text.is_empty() && text.trim() == text, "{text:?}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    });
}

#[test]
fn settings_are_told_apart_and_explained() {
    each(|Subject { definition, .. }| {
        let spec = definition.spec();
        let mut keys = HashSet::from(["provider".to_owned()]);
        for setting in &spec.settings {
            let Setting { key, kind, description, required, default, follows_url } = setting;
            let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(is_key && !key.is_empty(), "{key:?} is part of variables");
            assert!(keys.insert(key.to_string()), "{key} is there twice");
            assert!(!description.is_empty(), "{key}");
            assert!(!*required || default.is_empty(), "{key} is required, and has a default");
            match kind {
                SettingKind::Secret(_) => {
                    // How a secret may be given besides.
                    keys.extend([format!("{key}_file"), format!("{key}_command")]);
                }
                SettingKind::Choice(words) => {
                    assert!(words.len() > 1, "{key} is no choice");
                    assert!(words.iter().any(|word| word == default), "{key} is {default:?}");
                }
                SettingKind::Url(schemes) => assert!(!schemes.is_empty(), "{key}"),
                SettingKind::Text | SettingKind::IpAddress => {}
            }
            let is_url = matches!(kind, SettingKind::Url(_));
            assert!(!follows_url || is_url, "{key} is no address");
        }
        for purpose in [Secret::Token, Secret::Issuer] {
            let of = |setting: &&Setting| setting.kind == SettingKind::Secret(purpose);
            assert!(spec.settings.iter().filter(of).count() <= 1, "{purpose:?}");
        }
    });
}

#[test]
fn what_is_required_is_missed_and_what_is_wrong_is_named() {
    each(|subject| {
        let spec = subject.definition.spec();
        let given = subject.settings();
        let without = |key: &str| {
            let mut settings = Settings::default();
            for setting in spec.settings.iter().filter(|setting| setting.key != key) {
                if let Some(value) = given.get(&setting.key) {
                    settings.set(&*setting.key, value);
                }
            }
            settings
        };
        for setting in &spec.settings {
            let key = &*setting.key;
            let built = subject.definition.build(&without(key));
            match setting.kind {
                SettingKind::Secret(_) => assert!(built.is_ok(), "a secret is no setting"),
                _ if setting.required => {
                    assert!(built.err().is_some_and(|error| error.contains(key)), "{key}");
                }
                _ => assert!(built.is_ok(), "{key} is optional"),
            }
            if let SettingKind::Url(_) = setting.kind {
                for wrong in
                    ["ftp://peer.example", "peer.example", "", "https://me:pw@peer.example"]
                {
                    let mut settings = given.clone();
                    settings.set(key, wrong);
                    let error = subject.definition.build(&settings).err();
                    assert!(error.is_some_and(|error| error.contains(key)), "{key} = {wrong}");
                    assert!(setting.check(wrong).is_err(), "{key} = {wrong}");
                }
            }
        }
        assert!(subject.definition.build_for_sandbox(&given).is_ok());
    });
}

#[test]
fn it_is_polled_at_a_sane_pace() {
    each(|Subject { definition, .. }| {
        let spec = definition.spec();
        let pace = &spec.pace;
        assert!(!pace.interval.is_zero(), "it would be flooded");
        assert!(
            pace.safety_interval >= pace.interval,
            "it is asked more often where push is healthy"
        );
        for quota in &pace.quotas {
            assert!(quota.requests > 0 && !quota.within.is_zero(), "{quota:?}");
        }
        assert!(spec.ids_per_lookup >= 1);
    });
}

#[test]
fn the_id_that_nobody_has_is_one() {
    each(|subject| {
        let spec = subject.definition.spec();
        let parsed = subject.definition.parse_id(spec.probe_id.as_str());
        assert_eq!(parsed.as_ref(), Ok(&spec.probe_id));
        assert!(!subject.ids.contains(&spec.probe_id), "the samples are about it");
        for (what, provider) in variants(subject) {
            assert!(provider.accept(&spec.probe_id).is_ok(), "{what}");
            assert_eq!(provider.spec().name, spec.name, "{what}");
        }
    });
}

#[test]
fn personal_fields_are_named_as_they_are_compared() {
    each(|Subject { definition, .. }| {
        let spec = definition.spec();
        for name in spec.personal.iter() {
            let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            assert!(is_plain && (1..=LONGEST_PERSONAL).contains(&name.len()), "{name:?}");
            let (first, rest) = name.split_at(1);
            let written = format!("{}_{}-", first.to_ascii_uppercase(), rest);
            let mut value = json!({ "kept": [{ written.as_str(): "Jane", "kept": 1 }] });
            remove_personal_data(&mut value, &spec.personal);
            assert_eq!(value, json!({ "kept": [{ "kept": 1 }] }), "{written}");
        }
    });
}

#[test]
fn only_who_says_so_has_a_feed_of_an_account() {
    each(|subject| {
        let has = subject.definition.spec().has_account_feed;
        assert_eq!(subject.provider.account_feed().is_ok(), has);
        for (what, provider) in variants(subject) {
            if let Err(failure) = provider.account_feed() {
                let kind = failure.kind();
                let is_users = matches!(kind, FailureKind::Usage | FailureKind::Config);
                assert!(is_users, "{what}: {kind:?}");
            }
        }
    });
}

#[test]
fn nothing_leads_out_of_an_ending_but_what_is_documented() {
    each(|Subject { provider, .. }| {
        let (forbids, reopens) = (provider.forbids_transition(), provider.allows_reopen());
        for from in Status::ALL {
            assert!(!forbids(from, from), "{from} cannot be told again");
            for to in Status::ALL.into_iter().filter(|to| reopens(from, *to)) {
                assert!(from.is_bad_ending(), "{from} is no bad ending, and {to} follows");
                assert!(to != from && to != Status::Unknown, "{from} {to}");
                assert!(!forbids(from, to), "{from} {to} is forbidden as well");
            }
        }
    });
}
