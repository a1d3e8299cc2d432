//! How text is encoded: compression, which no request asks for, and the byte order mark.

use std::fmt;

/// The encoding of a body that is not sent as it is, as `Content-Encoding` names it. Displayed as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding(pub String);

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is compressed ({}), which was not asked for", self.0)
    }
}

/// The text without a byte order mark at its start.
pub fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The compression that content begins like; Brotli cannot be told. No JSON or text begins like this.
pub fn compression(content: &[u8]) -> Option<Encoding> {
    let name = match content {
        [0x1f, 0x8b, ..] => "gzip",
        [0x1f, 0x9d | 0xa0, ..] => "compress",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        // The header of zlib is a multiple of 31 (RFC 1950).
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0 => "deflate",
        _ => return None,
    };
    Some(Encoding(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_content_is_told_from_text() {
        for (content, name) in [
            (&b"\x1f\x8b\x08\0"[..], Some("gzip")),
            (b"\x1f\x9d\x90", Some("compress")),
            (b"\x28\xb5\x2f\xfd\x04", Some("zstd")),
            (b"\x78\x01", Some("deflate")),
            (b"\x78\x5e", Some("deflate")),
            (b"\x78\x9c", Some("deflate")),
            (b"\x78\xda", Some("deflate")),
            (b"{\"a\":1}", None),
            (b"xx", None),
            (b"(none)", None),
            (b"\x1f", None),
            (b"", None),
        ] {
            let encoding = compression(content).map(|encoding| encoding.0);
            assert_eq!(encoding.as_deref(), name, "{content:?}");
        }
    }
}
