//! Where secrets go, and where they do not.

use txwatch::config::{Config, Environment, Overrides, Reading};
use txwatch::provider::{Provider, Secret, SettingKind, Settings};
use txwatch::wire::{Auth, Request, Token};

use super::session::{self, Peer};
use super::{each, registry, variants};
use crate::properties::{Subject, status};

/// What every secret is.
const CANARY: &str = "cnry-7f3a9c-token";
/// What somebody's personal data says.
const PERSON: &str = "cnry-jane-doe";

fn secret(subject: &Subject, purpose: Secret) -> Option<String> {
    let spec = subject.definition.spec();
    let is_it = |kind: &SettingKind| *kind == SettingKind::Secret(purpose);
    let setting = spec.settings.iter().find(|setting| is_it(&setting.kind));
    setting.map(|setting| setting.key.to_string())
}

/// Every request that a provider may make for the samples.
fn requests(subject: &Subject, provider: &dyn Provider) -> Vec<Request> {
    let mut requests: Vec<_> = subject.ids.iter().flat_map(|id| provider.requests(id)).collect();
    let mut feeds: Vec<_> = provider.feeds(&subject.ids).into_iter().map(|it| it.0).collect();
    feeds.extend(provider.account_feed().ok());
    for mut feed in feeds {
        feed.token(&Token::new(CANARY.to_owned().into(), 0));
        feed.opened();
        requests.push(feed.request());
    }
    requests
}

fn written(request: &Request) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let body = request.body.as_deref().unwrap_or_default();
    format!("{}\n{}{body}", request.url, headers.collect::<String>())
}

/// The transport puts a token where the request says, and nowhere else does it get.
#[test]
fn no_request_holds_a_secret() {
    each(|subject| {
        let mut settings = subject.settings();
        for purpose in [Secret::Token, Secret::Issuer] {
            // A provider has no business to read it, even where it is given by mistake.
            secret(subject, purpose).into_iter().for_each(|key| settings.set(key, CANARY));
        }
        let armed = subject.definition.build(&settings).unwrap();
        let all = variants(subject).into_iter().map(|it| it.1).chain([armed]);
        for provider in all {
            for request in requests(subject, &*provider) {
                assert!(!written(&request).contains(CANARY), "{}", written(&request));
            }
        }
    });
}

#[test]
fn what_needs_a_token_says_where_it_goes() {
    each(|subject| {
        let (token, issuer) = (secret(subject, Secret::Token), secret(subject, Secret::Issuer));
        for (what, provider) in variants(subject) {
            for id in &subject.ids {
                let lookup = provider.first_request(id).unwrap();
                assert_eq!(lookup.auth == Auth::None, token.is_none(), "{what}: {}", lookup.url);
            }
            assert_eq!(provider.is_public(), token.is_none(), "{what}");
            let request = provider.token_request();
            assert_eq!(request.is_some(), issuer.is_some(), "{what}");
            assert!(request.is_none_or(|it| it.auth != Auth::None), "{what}: for no secret");
            for request in requests(subject, &*provider) {
                assert!(token.is_some() || request.auth == Auth::None, "{what}: {}", request.url);
                if let Auth::Header(name) = &request.auth {
                    assert!(is_header(name), "{what}: {name:?}");
                }
                for (name, _) in &request.headers {
                    assert!(is_header(name), "{what}: {name:?}");
                }
            }
        }
    });
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// The settings with every address on this scheme, or on the one that goes with it.
fn on(subject: &Subject, is_secure: bool) -> Settings {
    let mut settings = subject.settings();
    for setting in &subject.definition.spec().settings {
        if let SettingKind::Url(_) = setting.kind {
            let scheme = if is_secure { "https" } else { "http" };
            settings.set(&*setting.key, format!("{scheme}://peer.example/{}", setting.key));
        }
    }
    settings
}

#[test]
fn only_cleartext_leaks() {
    each(|subject| {
        for is_secure in [true, false] {
            let provider = subject.definition.build(&on(subject, is_secure)).unwrap();
            for request in requests(subject, &*provider) {
                let leaks = !is_secure && request.auth != Auth::None;
                assert_eq!(request.leaks_secret(), leaks, "{}", request.url);
            }
        }
    });
}

/// The configuration of a profile of this provider, with these settings and a token.
fn configured(
    subject: &Subject,
    settings: &Settings,
    token: Option<&str>,
) -> (tempfile::TempDir, Config) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    std::fs::write(&path, "").unwrap();
    let spec = subject.definition.spec();
    let variable = |key: &str| format!("TXWATCH_{}_{key}", spec.name).to_uppercase();
    let values = spec.settings.iter().filter_map(|setting| {
        let value = match setting.kind {
            SettingKind::Secret(Secret::Token) => token,
            _ => settings.get(&setting.key),
        };
        Some((variable(&setting.key), value?.to_owned()))
    });
    let config = [("TXWATCH_CONFIG".to_owned(), path.display().to_string())];
    let environment: Environment = config.into_iter().chain(values).collect();
    let config = Config::load(environment, registry(), Reading::start(None)).unwrap();
    (home, config)
}

#[test]
fn a_profile_is_read_from_the_environment_and_refused_in_the_clear() {
    each(|subject| {
        let name = &subject.name;
        let profile = |is_secure: bool, token: Option<&str>| {
            let (_home, config) = configured(subject, &on(subject, is_secure), token);
            assert!(config.profile_names().contains(name.as_str()));
            config.profile(name, &Overrides::default()).map(|resolved| {
                assert_eq!(resolved.provider.spec().name, subject.definition.spec().name);
                resolved.can_poll()
            })
        };
        assert!(profile(true, Some(CANARY)).unwrap(), "it cannot be polled with a token");
        let has_token = secret(subject, Secret::Token).is_some();
        match profile(false, Some(CANARY)) {
            Ok(_) => assert!(!has_token, "a token would go in the clear"),
            Err(failure) => {
                let text = failure.to_string();
                assert!(has_token && text.contains("would send its token unencrypted"), "{text}");
                assert!(!text.contains(CANARY), "{text}");
            }
        }
        let spec = subject.definition.spec();
        let is_required = |kind: &SettingKind| *kind == SettingKind::Secret(Secret::Token);
        let required = spec.settings.iter().any(|it| it.required && is_required(&it.kind));
        assert_eq!(profile(true, None).is_err(), required, "without a token");
    });
}

/// Fields that carry personal data are in no record, wherever they stand.
#[test]
fn personal_data_is_not_shown() {
    each(|subject| {
        let spec = subject.definition.spec();
        // What an error says is quoted.
        let is_success = |(digit, _): &(u8, _)| status(*digit) < 300;
        for (digit, body) in subject.answers().into_iter().filter(is_success) {
            let mut answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let names: Vec<&str> =
                spec.personal.iter().map(String::as_str).chain(["email", "ip_address"]).collect();
            mark(&mut answer, &names);
            let peer = Peer::answering(status(digit), answer.to_string());
            let shown = session::get(subject, peer.clone(), false).all();
            assert!(!shown.contains(PERSON), "{shown}");
            let with_leave = session::get(subject, peer, true).all();
            let is_observed = with_leave.contains("\"type\":\"status\"");
            assert_eq!(with_leave.contains(PERSON), is_observed, "it was not there: {with_leave}");
        }
    });
}

/// Puts somebody's name into every object.
fn mark(value: &mut serde_json::Value, names: &[&str]) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(|field| mark(field, names));
            for name in names {
                fields.insert((*name).to_owned(), PERSON.into());
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| mark(item, names)),
        _ => {}
    }
}
