//! What a user may write for an id, and where it goes.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use txwatch::provider::{Id, Provider};
use txwatch::wire::Request;

use super::{each, variants};
use crate::properties::Subject;
use crate::support::hostile::HOSTILE;

/// What means something else in a URL, a header, a file's name or on a terminal.
const STRANGE: [&str; 26] = [
    "",
    " ",
    ".",
    "..",
    "/",
    "//",
    "a/b",
    "../a",
    "a/../b",
    "a?b",
    "a#b",
    "a&b=c",
    "a%2fb",
    "%2e%2e",
    "a b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a\0b",
    "a\\b",
    "a\"b",
    "größe",
    "a\u{202e}b",
    "a\u{1b}[31mb",
    "http://a",
    HOSTILE,
];

/// What a request is made of, apart from the id in it: origin, number of segments, names of the query.
type Shape = (String, usize, Vec<String>);

fn shape(request: &Request) -> Shape {
    let url = &request.url;
    assert_eq!((url.fragment(), url.username(), url.password()), (None, "", None), "{url}");
    let segments = url.path_segments().map_or(0, Iterator::count);
    let names = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    (url.origin().ascii_serialization() + url.scheme(), segments, names)
}

fn requests(provider: &dyn Provider, id: &Id) -> Vec<Request> {
    provider.requests(id)
}

/// An id that is accepted changes nothing in a request but the place that is meant for it.
fn assert_contained(provider: &dyn Provider, known: &[Id], id: &Id) {
    let shapes: HashSet<Shape> =
        known.iter().flat_map(|id| requests(provider, id)).map(|it| shape(&it)).collect();
    for request in requests(provider, id) {
        assert!(shapes.contains(&shape(&request)), "{id:?} goes astray in {}", request.url);
        let url = request.url.as_str();
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?} is bare in {url}");
        for (name, value) in &request.headers {
            assert!(!value.chars().any(char::is_control), "{id:?} breaks the header {name}");
        }
        if let Some(body) = &request.body {
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{id:?} in {body}");
        }
    }
}

/// Whether an id is refused with a sentence, or accepted in a form that stays and stays in its place.
fn check(subject: &Subject, providers: &[(String, std::sync::Arc<dyn Provider>)], text: &str) {
    match subject.definition.parse_id(text) {
        Err(problem) => {
            assert!(!problem.is_empty());
            assert!(!problem.chars().any(|c| c.is_control() || c == '\u{202e}'), "{problem:?}");
        }
        Ok(id) => {
            assert!(!id.as_str().is_empty() && !id.as_str().contains(char::is_whitespace));
            assert_eq!(subject.definition.parse_id(id.as_str()).as_ref(), Ok(&id), "{text:?}");
            for (_, provider) in providers.iter().filter(|it| it.1.accept(&id).is_ok()) {
                assert_contained(provider.as_ref(), &subject.ids, &id);
            }
        }
    }
}

#[test]
fn what_means_something_else_is_refused() {
    each(|subject| {
        let parse = |text: &str| subject.definition.parse_id(text);
        let long = "x".repeat(10_000);
        for text in STRANGE.into_iter().chain([long.as_str()]) {
            let problem = parse(text).expect_err(text);
            assert!(!problem.is_empty() && problem.len() < 200, "{text:?}: {problem}");
            assert!(!problem.chars().any(|c| c.is_control()), "{text:?}: {problem:?}");
        }
        // Nor does an id that is one become another by what stands around it.
        for id in &subject.ids {
            for strange in [" ", "\n", "/", "/..", "?", "#", "%00", "\0", "\u{202e}"] {
                assert!(parse(&format!("{id}{strange}")).is_err(), "{id}{strange:?}");
            }
            for strange in ["../", "/", " ", "?", "\0"] {
                assert!(parse(&format!("{strange}{id}")).is_err(), "{strange:?}{id}");
            }
        }
    });
}

#[test]
fn an_id_has_one_form() {
    each(|subject| {
        let providers = variants(subject);
        for id in &subject.ids {
            check(subject, &providers, id.as_str());
            // In other letters it is the same, another one, or none; but never two at a time.
            check(subject, &providers, &id.as_str().to_ascii_uppercase());
            check(subject, &providers, &id.as_str().to_ascii_lowercase());
        }
    });
}

#[test]
fn no_text_gets_out_of_its_place_in_a_request() {
    each(|subject| {
        let providers = variants(subject);
        let texts: Vec<String> = subject.ids.iter().map(Id::to_string).collect();
        let text = prop_oneof![
            select(texts.clone()),
            // An id with something strange in it, or nearly one.
            (
                select(texts),
                any::<Index>(),
                prop_oneof![select(&STRANGE[..]).prop_map(str::to_owned), ".{0,3}"]
            )
                .prop_map(|(mut id, at, strange)| {
                    id.insert_str(at.index(id.len() + 1), &strange);
                    id
                }),
            "[ -~]{0,70}",
            "[0-9a-zA-Z_.~=@,;/-]{1,70}",
            any::<String>(),
        ];
        let mut runner = TestRunner::new(ProptestConfig::with_cases(512));
        let result = runner.run(&text, |text| {
            check(subject, &providers, &text);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    });
}
