//! Whatever peers send.

use super::lenient::{MAX_DEPTH, TOO_DEEP};
use super::*;

#[test]
fn a_byte_order_mark_is_skipped() {
    for body in [&b"\xef\xbb\xbf{\"a\":1}"[..], b"\xef\xbb\xbf \r\n{\"a\":1}\n"] {
        assert_eq!(object(body, &["a"]).unwrap()["a"], 1);
    }
    let twice = b"\xef\xbb\xbf{\"a\":1,\"a\":2}";
    assert!(matches!(object(twice, &["a"]), Err(Unreadable::Ambiguous(_))));
    assert!(object(b"{\"a\":\"\xef\xbb\xbf\"}", &[]).unwrap()["a"] == "\u{feff}");
}

#[test]
fn what_is_not_an_object_is_named() {
    for (body, needle) in [
        (&b""[..], "empty"),
        (b"  \n", "empty"),
        (b"<!doctype html><p>hi", "HTML"),
        (b"null", "null"),
        (b"[1]", "an array"),
        (b"{\"a\":", "not JSON"),
        (b"\x1f\x8b\x08", "compressed (gzip)"),
        (b"\x78\x9c\xab\x56", "compressed (deflate)"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"\xfe\xff\0{\0}", "UTF-16"),
        (b"{\0}\0", "UTF-16"),
        (b"\0{\0}", "UTF-16"),
        (b"\xff\xff", "not JSON"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xef\xbb\xbf<p>", "HTML"),
    ] {
        let error = object(body, &[]).unwrap_err();
        assert!(error.to_string().contains(needle), "{error}");
    }
}

/// JSON that is as deep as this, in the field `deep`.
fn nested(open: &str, close: &str, depth: usize) -> String {
    let (open, close) = (open.repeat(depth), close.repeat(depth));
    format!(r#"{{"status":"completed","deep":{open}1{close}}}"#)
}

#[test]
fn an_unpaired_surrogate_is_no_character() {
    for (text, expected) in [
        (r#""\ud800""#, "\u{fffd}\u{fffd}\u{fffd}"),
        (r#""\uDFFF""#, "\u{fffd}\u{fffd}\u{fffd}"),
        (r#""\udc00\ud800""#, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        (r#""\ud83d\ude00""#, "\u{1f600}"),
        (r#""a\ud800b\n""#, "a\u{fffd}\u{fffd}\u{fffd}b\n"),
    ] {
        assert_eq!(value(text, &[]), Ok(expected.into()), "{text}");
        let body = format!(r#"{{"a":[{{"b":{text}}}],"status":"completed"}}"#);
        let object = object(body.as_bytes(), &["status"]).unwrap();
        assert_eq!(object["a"][0]["b"], expected);
        assert_eq!(object["status"], "completed");
    }
    let object = object(br#"{"stat\ud800us":"completed"}"#, &[]).unwrap();
    assert!(!object.contains_key("status"));
}

#[test]
fn bytes_that_are_not_utf8_make_no_known_word() {
    for body in [
        &b"{\"note\":\"caf\xe9\",\"status\":\"completed\"}"[..],
        b"{\"\xff\":1,\"status\":\"completed\"}",
    ] {
        assert_eq!(object(body, &["status"]).unwrap()["status"], "completed");
    }
    let object = object(b"{\"status\":\"completed\xff\"}", &["status"]).unwrap();
    assert_eq!(object["status"], "completed\u{fffd}");
}

#[test]
fn deep_nesting_is_cut_off_but_checked() {
    for depth in [MAX_DEPTH, 126, 127, 128, 129, 1_000, 100_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            // A stack that recursion over all of the levels would overflow.
            let text = nested(open, close, depth);
            let read = move || object(text.as_bytes(), &["status"]).unwrap();
            let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap();
            let object = thread.join().unwrap();
            assert_eq!(object["status"], "completed");
            assert_eq!(Value::Object(object).to_string().contains(TOO_DEEP), depth > 126);
        }
    }
    for broken in [nested("[", "", 1_000), nested("[", "}", 1_000), nested("", "]", 1_000)] {
        assert!(matches!(object(broken.as_bytes(), &[]), Err(Unreadable::NotJson(_))));
    }
}

#[test]
fn numbers_keep_their_spelling() {
    let long = format!("-{}.{}e-{}", "9".repeat(500), "0".repeat(500), "1".repeat(50));
    for text in [
        "1E-7",
        "1e-7",
        "1e+5",
        "1E5",
        "1e05",
        "-0.0",
        "-0",
        "0",
        "1.10",
        "1.0E+007",
        &long,
        "18446744073709551616",
        "1e400",
    ] {
        assert_eq!(value(text, &[]).unwrap().to_string(), text);
        let body = format!(r#"{{"a":[{text},{{"b":{text}}}]}}"#);
        let object = object(body.as_bytes(), &[]).unwrap();
        assert_eq!(Value::Object(object).to_string(), body);
    }
    for text in ["01", "1.", ".5", "+1", "1e", "1_000", "0x10", "NaN", "Infinity", "1E5x"] {
        assert!(value(text, &[]).is_err(), "{text}");
    }
}

#[test]
fn repeated_keys_are_found_in_what_the_plain_parser_does_not_read() {
    let deep = nested("[", "]", 1_000);
    let deep = &deep[1..deep.len() - 1];
    for odd in [r#""x":"\ud800""#, r#""x":1E5"#, deep] {
        for (text, repeated) in [
            (format!(r#"{{"status":1,{odd},"status":null}}"#), true),
            (format!(r#"{{{odd},"a":[{{"status":1,"sta\u0074us":2}}]}}"#), true),
            (format!(r#"{{{odd},"a":{{"status":1}},"b":1,"b":2}}"#), false),
        ] {
            let result = object(text.as_bytes(), &["status"]);
            assert_eq!(matches!(result, Err(Unreadable::Ambiguous(_))), repeated, "{text}");
            assert!(object(text.as_bytes(), &["other"]).is_ok());
        }
    }
}
