//! What follows from the settings: addresses, headers, ids that can be followed, and the issuing of tokens.

use super::*;

#[test]
fn requests_go_where_the_documentation_says() {
    let request = transak(&[]).first_request(&Id::new(ID)).unwrap();
    assert_eq!(request.url.as_str(), format!("https://api.transak.com/partners/api/v2/order/{ID}"));
    assert_eq!(request.auth, Auth::header("access-token"));
    let staging = transak(&[("network", "staging")]);
    let request = staging.first_request(&Id::new(ID)).unwrap();
    assert!(request.url.as_str().starts_with("https://api-stg.transak.com/partners/api/v2/order/"));

    let feed = transak(&[]).feeds(&[Id::new(ID)]).remove(0).0;
    let url = feed.request().url;
    assert!(
        url.as_str().starts_with("wss://ws-ap2.pusher.com/app/1d9ffac87de599c61283?protocol=7&"),
        "{url}"
    );
    let other =
        transak(&[("cluster", "eu"), ("pusher_key", "k")]).feeds(&[Id::new(ID)]).remove(0).0;
    assert!(other.request().url.as_str().starts_with("wss://ws-eu.pusher.com/app/k?"));
    let own =
        transak(&[("push_url", "http://127.0.0.1:6001/base")]).feeds(&[Id::new(ID)]).remove(0).0;
    assert!(own.request().url.as_str().starts_with("ws://127.0.0.1:6001/base/app/1d9"));
}

/// `x-api-key` on every call, `x-user-ip` if it is set, and neither on the push connection.
#[test]
fn the_api_key_and_the_users_address_are_sent_as_headers() {
    let headers = |values: &[(&str, &str)]| {
        let transak = transak(values);
        let lookups = [ID, "partner/ref-7"].map(|id| transak.first_request(&Id::new(id)).unwrap());
        let all: Vec<_> = lookups.into_iter().chain(transak.token_request()).collect();
        let of = |request: &Request| {
            let header = |(name, value): &(_, String)| format!("{name}: {value}");
            request.headers.iter().map(header).collect::<Vec<_>>()
        };
        assert!(all.iter().all(|request| of(request) == of(&all[0])), "{all:?}");
        let pushed = transak.feeds(&[Id::new(ID)]).remove(0).0.request();
        assert!(of(&pushed).is_empty(), "{pushed:?}");
        of(&all[0])
    };
    assert!(headers(&[]).is_empty());
    assert_eq!(headers(&[("api_key", "key-1")]), ["x-api-key: key-1"]);
    assert_eq!(
        headers(&[("api_key", "key-1"), ("user_ip", "2001:DB8::1")]),
        ["x-api-key: key-1", "x-user-ip: 2001:db8::1"]
    );
}

#[test]
fn a_refusal_names_its_three_causes() {
    for values in [&[][..], &[("api_key", "key-1")]] {
        let transak = transak(values);
        let hint = transak.denial_hint().unwrap();
        for cause in ["access token", "api_key", "allow-list"] {
            assert!(hint.contains(cause), "{hint}");
        }
        assert!(!hint.contains("key-1"), "{hint}");
        assert_eq!(transak.setup_hint().is_some(), values.is_empty());
    }
}

#[test]
fn a_reference_needs_an_api_key_and_a_name_that_a_channel_can_have() {
    let id = Id::new("partner/ref-7");
    assert_eq!(transak(&[]).accept(&id).unwrap_err().kind(), FailureKind::Config);
    assert!(transak(&[("api_key", "key-1")]).accept(&id).is_ok());
    let long = Id::new(&format!("partner/{}", "r".repeat(160)));
    assert_eq!(
        transak(&[("api_key", "key-1")]).accept(&long).unwrap_err().kind(),
        FailureKind::Usage
    );
    assert!(transak(&[]).accept(&Id::new(ID)).is_ok());
    // Two names for one channel would leave one of them without its events.
    let channel = Id::new("key-1_ref-7");
    assert_eq!(
        transak(&[("api_key", "key-1")]).accept(&channel).unwrap_err().kind(),
        FailureKind::Usage
    );
}

#[test]
fn ids_are_names_of_channels() {
    for id in [ID, "happy@ci-7", "partner/ref-7", "a=b;c,d.e"] {
        assert_eq!(Transak.parse_id(id), Ok(Id::new(id)), "{id}");
    }
    for id in ["", "partner/", "a/b", "partner/a/b", "a?b", "a#b", "..", "partner/..", "a b", "é"]
    {
        assert!(Transak.parse_id(id).is_err(), "{id}");
    }
    assert!(Transak.parse_id(&"a".repeat(165)).is_err());
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    for (key, value) in [
        ("cluster", "evil.example/x"),
        ("pusher_key", "a/b"),
        ("api_key", "a b"),
        ("url", "ftp://x"),
        ("user_ip", "203.0.113"),
        ("user_ip", "203.0.113.7:80"),
        ("user_ip", "localhost"),
    ] {
        let mut settings = Settings::default();
        settings.set(key, value);
        let error = Transak.build(&settings).err().unwrap();
        assert!(error.starts_with(key), "{error}");
    }
}

#[test]
fn tokens_are_issued_for_the_secret() {
    assert!(transak(&[]).token_request().is_none());
    let transak = transak(&[("api_key", "key-1")]);
    let request = transak.token_request().unwrap();
    assert_eq!(request.url.as_str(), "https://api.transak.com/partners/api/v2/refresh-token");
    assert_eq!(request.auth, Auth::header("api-secret"));
    assert_eq!(request.body.as_deref(), Some(r#"{"apiKey":"key-1"}"#));
    let issued = |status: u16, body: &str| transak.read_token(&Response::new(status, body));
    match issued(200, r#"{"data":{"accessToken":"tok","expiresAt":1729775825}}"#) {
        TokenIssue::Token(_, Some(ends)) => assert_eq!(ends.as_second(), 1_729_775_825),
        other => panic!("{other:?}"),
    }
    assert!(matches!(issued(200, r#"{"data":{"accessToken":"tok"}}"#), TokenIssue::Token(_, None)));
    let wrong = r#"{"error":{"statusCode":400,"name":"Bad Request","message":"Invalid api-secret. Please generate new api-secret from Partner Dashboard"}}"#;
    assert!(
        matches!(issued(400, wrong), TokenIssue::Denied(text) if text.contains("Invalid api-secret"))
    );
    // Of the other refusals it is not known that the secret is wrong, but it was not accepted.
    for status in 400..=403 {
        assert!(matches!(issued(status, "{}"), TokenIssue::Denied(_)), "{status}");
        let is_page = matches!(issued(status, "<html>"), TokenIssue::Malformed(_));
        assert_eq!(is_page, status != 401, "{status}");
    }
    for status in [302, 404, 405, 422] {
        assert!(matches!(issued(status, wrong), TokenIssue::Malformed(_)), "{status}");
    }
    let second = Duration::from_secs(1);
    for (status, sent) in [(429, Some(second * 7)), (503, None), (408, Some(second))] {
        let response = Response { retry_after: sent, ..Response::new(status, "{}") };
        match transak.read_token(&response) {
            TokenIssue::Busy { retry_after, .. } => assert_eq!(retry_after, sent),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(issued(429, "{}"), TokenIssue::Busy { .. }));
    assert!(matches!(issued(503, "oops"), TokenIssue::Busy { .. }));
    for body in ["", "{}", r#"{"data":{"accessToken":7}}"#, r#"{"data":{"accessToken":""}}"#] {
        assert!(matches!(issued(200, body), TokenIssue::Malformed(_)), "{body}");
    }
}
