//! Compressed content, which no request asks for.

/// The name of the compression that content begins like; Brotli cannot be told. No JSON or text begins like this.
pub fn compression(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x1f, 0x9d | 0xa0, ..] => Some("compress"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        // The header of zlib is a multiple of 31 (RFC 1950).
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0 => Some("deflate"),
        _ => None,
    }
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
            assert_eq!(compression(content), name, "{content:?}");
        }
    }
}
