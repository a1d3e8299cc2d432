//! Addresses of proxies, as curl understands them.

use url::{Position, Url};

/// The kinds of proxies.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
/// Where a SOCKS proxy listens, unless its address says otherwise.
const SOCKS_PORT: u16 = 1080;

/// Parses the address of a proxy, `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`. Without a scheme it is an HTTP proxy.
///
/// # Errors
/// What is wrong, without any part of the address, for it may hold a password.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it has a blank in it".to_owned());
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err("it is not UTF-8".to_owned());
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&&*scheme) {
        return Err(format!("it begins with none of {}://", SCHEMES.join("://, ")));
    }
    if rest.is_empty() || rest.starts_with(['/', '\\', '?', '#']) {
        return Err("it has no host".to_owned());
    }
    // Hosts are checked, and ports have a default, only for some schemes.
    let form = if scheme == "https" { "https" } else { "http" };
    let url = Url::parse(&format!("{form}://{rest}")).map_err(|error| error.to_string())?;
    // As from `HOST:$PORT` without a value.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.ends_with(':') {
        return Err("it has no port after its colon".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("it has a path, a query or a fragment, which a proxy has not".to_owned());
    }
    if url.port() == Some(0) {
        return Err("its port is 0".to_owned());
    }
    if scheme == form {
        return Ok(url);
    }
    // The port 80, if given, was taken for the default.
    let given = rest.ends_with(":80") || rest.ends_with(":80/");
    let port = url.port().unwrap_or(if given { 80 } else { SOCKS_PORT });
    let authority = &url[Position::BeforeUsername..Position::AfterHost];
    Url::parse(&format!("{scheme}://{authority}:{port}")).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_a_port() {
        for (text, expected) in [
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("proxy.example", "http://proxy.example/"),
            ("http://proxy.example:3128/", "http://proxy.example:3128/"),
            ("HTTPS://Proxy.Example", "https://proxy.example/"),
            ("[::1]:3128", "http://[::1]:3128/"),
            ("10.0.0.1", "http://10.0.0.1/"),
            ("me:p%40ss@proxy:1", "http://me:p%40ss@proxy:1/"),
            ("http://me:p@ss@proxy:1", "http://me:p%40ss@proxy:1/"),
            ("socks5://proxy", "socks5://proxy:1080"),
            ("socks5h://me:pw@[::1]:80", "socks5h://me:pw@[::1]:80"),
            ("socks4a://proxy:9050/", "socks4a://proxy:9050"),
        ] {
            assert_eq!(parse(text).map(String::from), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for (text, needle) in [
            ("http://", "no host"),
            ("http:///hunter2", "no host"),
            ("http://me:hunter2@", "empty host"),
            ("://hunter2", "begins with none"),
            ("ftp://hunter2", "begins with none of http://, https://, socks4://"),
            ("htp://hunter2:80", "begins with none"),
            ("hunter2:port", "invalid port"),
            ("hunter2:65536", "invalid port"),
            ("hunter2:-1", "invalid port"),
            ("hunter2:0", "port is 0"),
            ("http://me:hun#ter2@proxy:1", "invalid port"),
            ("http:/hunter2:3128", "no port after its colon"),
            ("hunter2:", "no port"),
            ("socks5://hunter2:/", "no port"),
            (":3128", "empty host"),
            ("http://proxy/hunter2.pac", "a path"),
            ("http://proxy:1?hunter2", "a query"),
            ("hunter2 ", "blank"),
            (" hunter2:1", "blank"),
            ("   ", "blank"),
            ("hunter2:1\r", "blank"),
            ("hunter2:1 proxy:2", "blank"),
            ("me:\u{fffd}hunter2@proxy:1", "not UTF-8"),
            ("[::", "invalid IPv6"),
            ("10.0.0.256:1", "invalid IPv4"),
            ("socks5://pro|xy", "invalid"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(needle), "{text}: {problem}");
            assert!(!problem.contains("hunter2"), "{text}: {problem}");
        }
    }
}
