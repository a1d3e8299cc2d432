//! Base URLs: what the user configures, and what providers append paths to.

use std::net::IpAddr;

use url::{Host, Url};

/// What shells and files of variables (such as Docker's) take as quotes, or leave where they are.
const QUOTES: [char; 2] = ['"', '\''];

/// A checked base URL: an allowed scheme, a host, no credentials, no query, no fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Checks a base URL as the user wrote it.
    ///
    /// # Errors
    /// One sentence on what is wrong with it. Credentials in it are not repeated.
    pub fn parse(text: &str, schemes: &[&str]) -> Result<Self, String> {
        let example =
            format!("write it like {}://host.example", schemes.last().unwrap_or(&"https"));
        let text = text.trim();
        if text.starts_with(QUOTES) {
            return Err("it has quotes around it; leave them out".to_owned());
        }
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => format!("it has no scheme; {example}"),
            other => format!("{other}; {example}"),
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("it has credentials in it; give those apart, and {example}"));
        }
        if !schemes.contains(&url.scheme()) {
            // `localhost:8080` parses as the scheme `localhost`.
            return Err(format!(
                "it does not begin with {}://; {example}",
                schemes.join(":// or ")
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("it has a query or a fragment; {example}"));
        }
        Ok(BaseUrl(url))
    }

    /// This URL with path segments appended, each percent-encoded.
    pub fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The same URL for WebSockets: `http` becomes `ws`, `https` becomes `wss`.
    #[must_use]
    pub fn for_websocket(&self) -> BaseUrl {
        let scheme = match self.0.scheme() {
            "https" | "wss" => "wss",
            _ => "ws",
        };
        let mut url = self.0.clone();
        // Between special schemes this cannot fail.
        let _ = url.set_scheme(scheme);
        BaseUrl(url)
    }

    /// The URL itself.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Whether the host is this machine: a loopback address, or `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: &[&str] = &["http", "https"];

    #[test]
    fn segments_are_appended_and_encoded() {
        for base in ["https://h.example/api", "https://h.example/api/"] {
            let base = BaseUrl::parse(base, HTTP).unwrap();
            assert_eq!(base.join(&["tx", "a/b?c"]).as_str(), "https://h.example/api/tx/a%2Fb%3Fc");
        }
    }

    #[test]
    fn invalid_urls_get_a_sentence_without_their_secret() {
        for (text, needle) in [
            ("proof.example", "no scheme"),
            ("\"https://proof.example\"", "quotes around it"),
            (" 'https://hunter2@proof.example'", "quotes around it"),
            ("localhost:8080", "does not begin with"),
            ("ftp://proof.example", "does not begin with"),
            ("https://", "empty host"),
            ("https://h.example/?a=b", "query"),
            ("https://user:hunter2@h.example", "credentials"),
        ] {
            let error = BaseUrl::parse(text, HTTP).unwrap_err();
            assert!(error.contains(needle), "{text}: {error}");
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn websocket_addresses_keep_host_port_and_path() {
        let base = BaseUrl::parse("https://h.example:8443/x", HTTP).unwrap();
        assert_eq!(base.for_websocket().url().as_str(), "wss://h.example:8443/x");
    }

    #[test]
    fn loopback_is_known_by_address_and_name() {
        for (url, loopback) in [
            ("http://127.0.0.9:1", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
