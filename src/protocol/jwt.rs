//! JSON Web Tokens (RFC 7515, RFC 7519), signed with HS256 only.

use std::sync::Once;

use jiff::Timestamp;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation, decode, encode,
};
use ring::hmac;
use serde_json::Value;
use serde_json::value::RawValue;

/// Why a token is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// There is no secret to check it with.
    #[error("there is no secret to check it with")]
    NoSecret,
    /// Another secret signed it.
    #[error("its signature is wrong")]
    WrongSignature,
    /// It is signed with another algorithm.
    #[error("it is not signed with HS256")]
    Algorithm,
    /// Its header or claims are malformed, or its algorithm has no registered name.
    #[error("its header or content is not what a token signed with HS256 has")]
    Content,
    /// It is not three parts in base64url.
    #[error("it is not a signed token")]
    NotAToken,
}

/// The claims of a token that was signed with one of these secrets, as JSON text: a parsed object would not show a key
/// that is in it twice. Times in the claims are not checked: a report
/// that was signed stays true.
///
/// # Errors
/// Why the token is not trusted, by the secret that was tried last.
pub fn verify(token: &str, secrets: &[&[u8]]) -> Result<String, JwtError> {
    use_ring();
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let mut last_error = JwtError::NoSecret;
    for secret in secrets {
        match decode::<Box<RawValue>>(token, &DecodingKey::from_secret(secret), &validation) {
            Ok(decoded) => return Ok(decoded.claims.get().to_owned()),
            Err(error) => last_error = JwtError::of(&error),
        }
    }
    Err(last_error)
}

impl JwtError {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => JwtError::WrongSignature,
            ErrorKind::InvalidAlgorithm => JwtError::Algorithm,
            // An algorithm without a registered name is an error of JSON in this library.
            ErrorKind::Json(_) | ErrorKind::InvalidAlgorithmName => JwtError::Content,
            _ => JwtError::NotAToken,
        }
    }
}

/// A token with these claims, signed with this secret.
///
/// # Errors
/// The claims are not JSON.
pub fn sign(claims: &Value, secret: &[u8]) -> Result<String, String> {
    use_ring();
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret))
        .map_err(|error| error.to_string())
}

/// Whether text has the form of a signed token: three parts, the first of which begins like a JSON object in
/// base64url. Nothing is verified.
pub fn is_jwt(text: &str) -> bool {
    let parts = text.bytes().filter(|byte| *byte == b'.').count() + 1;
    text.starts_with("ey") && parts == 3 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The `exp` claim of a token. Nothing is verified.
pub fn expiry(token: &str) -> Option<Timestamp> {
    let claims: Value = is_jwt(token)
        .then(|| jsonwebtoken::dangerous::insecure_decode(token).ok())
        .flatten()
        .map(|decoded| decoded.claims)?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

/// Installs ring, which TLS uses too, as the library's cryptography, with HMAC with SHA-256 only.
fn use_ring() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match (algorithm, key.family()) {
            (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(Box::new(Hs256::new(key.as_bytes()))),
            _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
        },
        verifier_factory: |algorithm, key| match (algorithm, key.family()) {
            (Algorithm::HS256, AlgorithmFamily::Hmac) => {
                Ok(Box::new(Hs256::new(key.try_get_as_bytes()?)))
            }
            _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    static INSTALLED: Once = Once::new();
    // Fails only if another provider is installed already; nothing else installs one.
    INSTALLED.call_once(|| {
        let _ = RING.install_default();
    });
}

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(secret: &[u8]) -> Self {
        Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// RFC 7515, appendix A.1: its key, and a token whose claims have spaces and line breaks.
    #[test]
    fn the_rfcs_own_example_is_verified() {
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key: Vec<u8> = [
            0x03, 0x23, 0x35, 0x4b, 0x2b, 0x0f, 0xa5, 0xbc, 0x83, 0x7e, 0x06, 0x65, 0x77, 0x7b,
            0xa6, 0x8f, 0x5a, 0xb3, 0x28, 0xe6, 0xf0, 0x54, 0xc9, 0x28, 0xa9, 0x0f, 0x84, 0xb2,
            0xd2, 0x50, 0x2e, 0xbf, 0xd3, 0xfb, 0x5a, 0x92, 0xd2, 0x06, 0x47, 0xef, 0x96, 0x8a,
            0xb4, 0xc3, 0x77, 0x62, 0x3d, 0x22, 0x3d, 0x2e, 0x21, 0x72, 0x05, 0x2e, 0x4f, 0x08,
            0xc0, 0xcd, 0x9a, 0xf5, 0x67, 0xd0, 0x80, 0xa3,
        ]
        .into();
        let claims: Value = serde_json::from_str(&verify(token, &[&key]).unwrap()).unwrap();
        assert_eq!(claims["iss"], "joe");
        assert_eq!(verify(token, &[b"another"]), Err(JwtError::WrongSignature));
    }

    #[test]
    fn the_current_secret_is_tried_first_then_the_one_before() {
        let claims = json!({ "status": "COMPLETED" });
        let token = sign(&claims, b"before").unwrap();
        assert_eq!(verify(&token, &[b"current", b"before"]).unwrap(), claims.to_string());
        assert!(verify(&token, &[b"current"]).is_err());
        assert_eq!(verify(&token, &[]), Err(JwtError::NoSecret));
    }

    #[test]
    fn nothing_but_hs256_is_accepted() {
        // {"alg":"none"}, {"alg":"HS512"}, {"alg":"RS256"}; claims {}; no signature, or any.
        for token in [
            "eyJhbGciOiJub25lIn0.e30.",
            "eyJhbGciOiJub25lIn0.e30.AAAA",
            "eyJhbGciOiJIUzUxMiJ9.e30.AAAA",
            "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
            "e30.e30.AAAA",
            "..",
            "",
        ] {
            assert!(verify(token, &[b"secret"]).is_err(), "{token}");
        }
    }

    #[test]
    fn every_reason_for_distrust_has_its_error() {
        let signed = sign(&json!({ "status": "COMPLETED" }), b"secret").unwrap();
        let unsigned = &signed[..=signed.rfind('.').unwrap()];
        let of_a_list = sign(&json!([1]), b"secret").unwrap();
        for (token, expected) in [
            (unsigned, JwtError::WrongSignature),
            ("eyJhbGciOiJIUzUxMiJ9.e30.AAAA", JwtError::Algorithm),
            ("eyJhbGciOiJub25lIn0.e30.", JwtError::Content),
            ("e30.e30.AAAA", JwtError::Content),
            (of_a_list.as_str(), JwtError::Content),
            ("a.b", JwtError::NotAToken),
            ("", JwtError::NotAToken),
        ] {
            assert_eq!(verify(token, &[b"secret"]), Err(expected), "{token}");
        }
        assert_eq!(verify(&signed, &[b"one", b"other"]), Err(JwtError::WrongSignature));
        assert_eq!(verify("a.b", &[]), Err(JwtError::NoSecret));
    }

    #[test]
    fn amounts_keep_their_digits() {
        let text = "{\"conversionPrice\":0.0006130127560164107}";
        let claims: Value = serde_json::from_str(text).unwrap();
        let token = sign(&claims, b"secret").unwrap();
        assert_eq!(verify(&token, &[b"secret"]).unwrap(), text);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_is_verified(text in "[ -~]{0,80}") {
            prop_assert!(verify(&text, &[b"secret"]).is_err());
            let _ = expiry(&text);
        }

        #[test]
        fn a_changed_token_is_refused(at in 0usize..60, letter in "[A-Za-z0-9]") {
            let token = sign(&json!({ "status": "FAILED" }), b"secret").unwrap();
            let at = at % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &letter);
            // The last letter of a part has bits that mean nothing.
            prop_assume!(changed != token && !token[at + 1..].starts_with('.') && at + 1 < token.len());
            prop_assert!(verify(&changed, &[b"secret"]).is_err());
        }
    }
}
