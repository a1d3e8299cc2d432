//! Searching output for a known secret in every encoding in which it might appear.

use url::form_urlencoded::byte_serialize;

/// Fails if the text contains one of these secrets, in any encoding.
#[track_caller]
pub fn assert_absent(secrets: &[&str], text: &str, where_from: &str) {
    let lower = text.to_ascii_lowercase();
    for secret in secrets {
        for form in server_encodings(secret).into_iter().chain(base64_encodings(secret)) {
            let found = lower.contains(&form.to_ascii_lowercase());
            assert!(!found, "{where_from} shows {secret} as {form}:\n{text}");
        }
    }
}

/// The forms in which a server may repeat a secret: unchanged, percent-encoded in either case, escaped as in
/// JSON, and escaped twice.
pub fn server_encodings(secret: &str) -> Vec<String> {
    let percent = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("\\u{byte:04x}")
        }
    };
    let encoded: String = secret.bytes().map(percent).collect();
    let json: String = secret.bytes().map(escaped).collect();
    vec![
        secret.to_owned(),
        byte_serialize(secret.as_bytes()).collect(),
        encoded.to_ascii_lowercase(),
        encoded,
        secret.replace('/', "\\/"),
        json.to_ascii_uppercase().replace("\\U", "\\u"),
        json.replace('\\', "\\\\"),
        json,
    ]
}

/// Base64 of a text that contains the secret, for each of its alignments.
fn base64_encodings(secret: &str) -> Vec<String> {
    const STANDARD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let aligned = |before: usize| {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        let digits = bytes.chunks_exact(3).flat_map(|three| {
            let bits = three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| char::from(STANDARD[bits >> shift & 63]))
        });
        // The first digits depend on the bytes before the secret.
        digits.skip(if before > 0 { 4 } else { 0 }).collect::<String>()
    };
    let standard: Vec<String> = (0..3).map(aligned).collect();
    let for_urls = standard.iter().map(|text| text.replace('+', "-").replace('/', "_"));
    standard.iter().cloned().chain(for_urls).collect()
}
