//! HTTP requests: the token, redirects, limits, `Retry-After`.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use url::Url;

use super::encoding::{content_encoding, has_media_type};
use super::tunnel::ProxyFailure;
use super::{Error, ErrorKind, MAX_BODY, Transport};
use crate::wire::{Auth, Request, Response, Token};

impl Transport {
    /// Makes a request and reads the whole response, with a body of up to [`MAX_BODY`] bytes.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        token: &Token,
    ) -> Result<Response, Error> {
        let address = request.url.as_str();
        let mut builder =
            self.request_builder(method(request), request.url.clone(), request, token);
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let phase = "the request to";
        let failed = async |error| self.client_error(phase, request, token, error).await;
        let mut response = match builder.header(ACCEPT, "application/json").send().await {
            Ok(response) => response,
            Err(error) => return Err(failed(error).await),
        };
        self.check_answer(phase, request, &response, token)?;
        let retry_after = retry_after(response.headers());
        let date = date(response.headers()).and_then(|date| Timestamp::try_from(date).ok());
        let mut body = Vec::new();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(failed(error).await),
            };
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::new(
                    ErrorKind::Unusable,
                    format!("the answer of {address} is larger than {} MiB", MAX_BODY >> 20),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        let encoding = content_encoding(response.headers());
        Ok(Response { status, date, retry_after, encoding, body: redacted(body, token) })
    }

    /// A request with these headers, and with the token where [`Request::auth`] says.
    pub(super) fn request_builder(
        &self,
        method: Method,
        mut url: Url,
        request: &Request,
        token: &Token,
    ) -> RequestBuilder {
        let (auth, text) = (&request.auth, token.text());
        if let (Auth::Query(name), Some(text)) = (auth, text) {
            url.query_pairs_mut().append_pair(name, text);
        }
        let builder = self.client.request(method, url);
        // Without the header any encoding may come.
        let mut builder = builder.header(ACCEPT_ENCODING, "identity");
        for (name, value) in &request.headers {
            builder = builder.header(&**name, value);
        }
        let header = match (auth, text) {
            (Auth::Bearer, Some(text)) => {
                Some((AUTHORIZATION, sensitive_header(&format!("Bearer {text}"))))
            }
            (Auth::Header(name), Some(text)) => {
                HeaderName::try_from(&**name).ok().map(|name| (name, sensitive_header(text)))
            }
            _ => None,
        };
        match header {
            Some((name, Some(value))) => builder.header(name, value),
            _ => builder,
        }
    }
}

/// Redacts the token in content that may not be UTF-8 throughout.
pub(super) fn redacted(content: Vec<u8>, token: &Token) -> Vec<u8> {
    if let Ok(text) = std::str::from_utf8(&content) {
        return match token.redact(text) {
            Cow::Borrowed(_) => content,
            Cow::Owned(redacted) => redacted.into_bytes(),
        };
    }
    let mut redacted = Vec::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        redacted.extend_from_slice(token.redact(chunk.valid()).as_bytes());
        redacted.extend_from_slice(chunk.invalid());
    }
    redacted
}

pub(super) fn method(request: &Request) -> Method {
    match request.body {
        Some(_) => Method::POST,
        None => Method::GET,
    }
}

/// A header value that is marked so that no log shows it.
fn sensitive_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Transport {
    /// Fails for an answer that is not the peer's: a proxy's that wants credentials, or a redirect to another origin.
    pub(super) fn check_answer(
        &self,
        phase: &str,
        request: &Request,
        response: &reqwest::Response,
        token: &Token,
    ) -> Result<(), Error> {
        let url = &request.url;
        // Through a tunnel or without a proxy only the peer itself answers.
        let forwarder = self.proxies.of(url).filter(|proxy| proxy.is_http());
        match forwarder.filter(|_| url.scheme() == "http") {
            Some(proxy) if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(ProxyFailure::Credentials.into_error(phase, url, proxy))
            }
            _ => check_redirect(url.as_str(), response, token),
        }
    }
}

/// Fails for a redirect to another origin; those within the origin were followed by the client.
fn check_redirect(address: &str, response: &reqwest::Response, token: &Token) -> Result<(), Error> {
    let status = response.status();
    if !status.is_redirection() {
        return Ok(());
    }
    let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let to = location.and_then(|to| response.url().join(to).ok()).map_or_else(
        || "nowhere".to_owned(),
        |to| {
            if to.origin().is_tuple() {
                token.redact(&to.origin().ascii_serialization()).into_owned()
            } else {
                format!("a {}: address", to.scheme())
            }
        },
    );
    let reason = if token.is_present() { " because the token would go along" } else { "" };
    Err(Error::new(
        ErrorKind::Unusable,
        format!(
            "{address} redirects ({}) to {to}, which is not followed{reason}; if the provider moved, change the url",
            status.as_u16()
        ),
    ))
}

/// Whether a gateway may have refused the request, as firewalls and captive portals do with a page.
pub(super) fn may_be_gateway(response: &reqwest::Response) -> bool {
    let is_page = has_media_type(response.headers(), "text/html");
    response.status().as_u16() == 403 && is_page
}

/// `Retry-After`, in seconds or as a date. A date is compared with the `Date` header, for the clocks of the peer
/// and of this machine may differ; without that header, with this machine's clock.
#[allow(clippy::disallowed_methods)]
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            let now = date(headers).unwrap_or_else(SystemTime::now);
            Some(until.duration_since(now).unwrap_or_default())
        }
    }
}

/// The peer's clock, from the `Date` header.
fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn retry_after_is_read_in_both_forms() {
        assert_eq!(parsed("7"), Some(Duration::from_secs(7)));
        let soon = SystemTime::now() + Duration::from_secs(90);
        let wait = parsed(&httpdate::fmt_http_date(soon)).unwrap();
        assert!(wait > Duration::from_secs(80) && wait <= Duration::from_secs(90), "{wait:?}");
        assert_eq!(parsed("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(parsed("soon"), None);
    }

    #[test]
    fn the_token_is_redacted_among_bytes_that_are_not_utf8() {
        let token = Token::new("hunter2-hunter2".to_owned().into(), 0);
        for (content, expected) in [
            (&b"a hunter2-hunter2 b"[..], &b"a [redacted] b"[..]),
            (b"\xff hunter2-hunter2\xe9", b"\xff [redacted]\xe9"),
            (b"caf\xe9", b"caf\xe9"),
            (b"hunter2", b"hunter2"),
        ] {
            assert_eq!(redacted(content.to_vec(), &token), expected);
        }
    }

    #[test]
    fn a_date_is_as_far_off_as_the_peers_clock_says() {
        for now in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(9 << 32)] {
            let until = now + Duration::from_secs(90);
            let mut headers = HeaderMap::new();
            headers.insert(DATE, httpdate::fmt_http_date(now).parse().unwrap());
            headers.insert(RETRY_AFTER, httpdate::fmt_http_date(until).parse().unwrap());
            assert_eq!(retry_after(&headers), Some(Duration::from_secs(90)));
        }
    }
}
