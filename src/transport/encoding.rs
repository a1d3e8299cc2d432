//! Content encodings, which every request rules out, and bytes that are not UTF-8.

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use crate::wire::Encoding;

/// The encoding of a body that is not sent as it is: all names of `Content-Encoding` but `identity`.
pub(super) fn content_encoding(headers: &HeaderMap) -> Option<Encoding> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let names = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let all = names.collect::<Vec<_>>().join(",");
    let names = all.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| Encoding(names.join(", ")))
}

/// Whether the content is of this media type, whatever its parameters are (RFC 9110, section 8.3.1).
pub(super) fn has_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

/// Replaces bytes that are not UTF-8 by U+FFFD in text that comes in chunks.
#[derive(Default)]
pub(super) struct LossyUtf8 {
    /// The first bytes of a character that the next chunk continues.
    partial: Vec<u8>,
}

impl LossyUtf8 {
    pub(super) fn read(&mut self, chunk: Vec<u8>) -> Vec<u8> {
        let mut bytes = chunk;
        if !self.partial.is_empty() {
            self.partial.append(&mut bytes);
            bytes = std::mem::take(&mut self.partial);
        }
        match std::str::from_utf8(&bytes) {
            Ok(_) => bytes,
            Err(error) if error.error_len().is_none() => {
                self.partial = bytes.split_off(error.valid_up_to());
                bytes
            }
            Err(_) => self.replace(&bytes),
        }
    }

    fn replace(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::with_capacity(bytes.len());
        let mut read = 0;
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            read += chunk.valid().len() + chunk.invalid().len();
            let is_partial = read == bytes.len()
                && std::str::from_utf8(chunk.invalid())
                    .is_err_and(|error| error.error_len().is_none());
            if is_partial {
                self.partial = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderName;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_encoding_is_named_unless_it_is_none() {
        for (values, name) in [
            (&[][..], None),
            (&["identity"], None),
            (&["Identity, identity"], None),
            (&[""], None),
            (&["br"], Some("br")),
            (&["GZIP"], Some("GZIP")),
            (&["identity, gzip"], Some("gzip")),
            (&["gzip", "zstd"], Some("gzip, zstd")),
        ] {
            let encoding = content_encoding(&headers(CONTENT_ENCODING, values));
            assert_eq!(encoding.map(|encoding| encoding.0).as_deref(), name, "{values:?}");
        }
    }

    #[test]
    fn a_media_type_is_compared_whole_and_in_any_case() {
        for (value, same) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/event-stream;charset=UTF-8", true),
            ("TEXT/EVENT-STREAM ; x=y", true),
            ("text/event-streamX", false),
            ("text/event-stream+json", false),
            ("text/event-stream, text/html", false),
            ("xtext/event-stream", false),
            ("text/html; text/event-stream", false),
            ("", false),
        ] {
            let headers = headers(CONTENT_TYPE, &[value]);
            assert_eq!(has_media_type(&headers, "text/event-stream"), same, "{value}");
        }
        assert!(!has_media_type(&HeaderMap::new(), "text/event-stream"));
    }

    proptest! {
        /// However the bytes are cut, the text is the same; what would be continued is kept back.
        #[test]
        fn chunks_make_no_difference(
            parts in prop::collection::vec(prop_oneof![
                "[a-z\n\u{e9}\u{1f600}]{0,4}".prop_map(String::into_bytes),
                prop::collection::vec(prop_oneof![Just(0xe9u8), Just(0xf0), Just(0x9f), Just(0x98), any::<u8>()], 0..4),
            ], 0..12),
        ) {
            let mut whole = parts.concat();
            whole.push(b'\n');
            let mut lossy = LossyUtf8::default();
            let mut read: Vec<u8> = parts.into_iter().flat_map(|part| lossy.read(part)).collect();
            read.extend(lossy.read(b"\n".to_vec()));
            prop_assert_eq!(String::from_utf8(read).unwrap(), String::from_utf8_lossy(&whole));
        }
    }
}
