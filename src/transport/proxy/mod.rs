//! Which proxy a connection goes through: the variables that curl reads, with their meaning.
//!
//! Lower case comes before upper case. `HTTP_PROXY` is passed over where `REQUEST_METHOD` is set, for in a CGI program
//! it may come from a header of a request (CVE-2016-5385).

mod address;
mod exceptions;

use std::fmt;

use url::Url;

use self::exceptions::Exceptions;
use crate::error::{Failure, config};
use crate::wire::is_loopback;

/// The proxies of the environment.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http` and `ws`.
    http: Option<Proxy>,
    /// For `https` and `wss`.
    https: Option<Proxy>,
    exceptions: Option<(&'static str, Exceptions)>,
}

/// A proxy. What is shown of it has no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    variable: &'static str,
    /// With its credentials.
    address: Url,
}

/// How a connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via<'a> {
    /// Through this proxy.
    Proxy(&'a Proxy),
    /// No proxy is set for the scheme.
    Unset,
    /// To this machine without TLS, which no other machine is let in on.
    Loopback,
    /// An entry of this variable excepts the host.
    Excepted(&'static str, &'a str),
}

/// A variable that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong with it, without any credentials.
    pub problem: String,
    /// What would be right.
    pub hint: &'static str,
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        let Malformed { variable, problem, hint } = malformed;
        config(format!("the variable {variable} is malformed: {problem}")).hint(hint)
    }
}

impl Proxies {
    /// Reads the variables with this function. Empty ones count as not set.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, Malformed> {
        let first = |names: &[&'static str]| {
            let given = |name: &&'static str| Some((*name, get(name).filter(|it| !it.is_empty())?));
            names.iter().find_map(given)
        };
        let proxy = |found: Option<(&'static str, String)>| {
            found.map(|(variable, value)| Proxy::parse(variable, &value)).transpose()
        };
        let is_cgi = get("REQUEST_METHOD").is_some();
        let all = proxy(first(&["all_proxy", "ALL_PROXY"]))?;
        let http: &[_] = if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        let exceptions = match first(&["no_proxy", "NO_PROXY"]) {
            Some((variable, list)) => Some((variable, parse_exceptions(variable, &list)?)),
            None => None,
        };
        Ok(Proxies {
            http: proxy(first(http))?.or_else(|| all.clone()),
            https: proxy(first(&["https_proxy", "HTTPS_PROXY"]))?.or(all),
            exceptions,
        })
    }

    /// How a connection to this address is made.
    pub fn via(&self, url: &Url) -> Via<'_> {
        let is_cleartext = !matches!(url.scheme(), "https" | "wss");
        if is_cleartext && is_loopback(url) {
            return Via::Loopback;
        }
        let Some(proxy) = (if is_cleartext { &self.http } else { &self.https }) else {
            return Via::Unset;
        };
        let excepted = self.exceptions.as_ref().and_then(|(variable, exceptions)| {
            exceptions.find(url).map(|entry| Via::Excepted(variable, entry))
        });
        excepted.unwrap_or(Via::Proxy(proxy))
    }

    /// The proxy of a connection to this address, if there is one.
    pub fn of(&self, url: &Url) -> Option<&Proxy> {
        match self.via(url) {
            Via::Proxy(proxy) => Some(proxy),
            Via::Unset | Via::Loopback | Via::Excepted(..) => None,
        }
    }

    /// Whether a proxy itself is reached with TLS.
    pub fn need_tls(&self) -> bool {
        [&self.http, &self.https].into_iter().flatten().any(|proxy| proxy.scheme() == "https")
    }
}

fn parse_exceptions(variable: &'static str, list: &str) -> Result<Exceptions, Malformed> {
    Exceptions::parse(list).map_err(|problem| Malformed {
        variable,
        problem,
        hint: "it lists, with commas between, names (example.com, .example.com, *.example.com), addresses (10.0.0.1, [::1]) and networks (10.0.0.0/8); a name or an address may have a port; * stands for all",
    })
}

impl Proxy {
    fn parse(variable: &'static str, value: &str) -> Result<Self, Malformed> {
        let address = address::parse(value).map_err(|problem| Malformed {
            variable,
            problem,
            hint: "write it like http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with %40 for @, %23 for #, %2F for / and %3A for : in the password; nothing is sent past a proxy that cannot be understood",
        })?;
        Ok(Proxy { variable, address })
    }

    /// The variable that it comes from.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// Its address, with its credentials.
    pub(super) fn address(&self) -> &Url {
        &self.address
    }

    pub(super) fn scheme(&self) -> &str {
        self.address.scheme()
    }

    /// Whether it speaks HTTP, so that it needs CONNECT for a tunnel.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.scheme(), "http" | "https")
    }

    pub(super) fn has_credentials(&self) -> bool {
        !self.address.username().is_empty() || self.address.password().is_some()
    }

    /// Its address without its credentials: `http://proxy.example:3128`.
    pub fn shown(&self) -> String {
        let (scheme, host) = (self.scheme(), self.address.host_str().unwrap_or_default());
        match self.address.port_or_known_default() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}

/// With its variable, for messages.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.shown(), self.variable)
    }
}

/// Without its credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> Result<Proxies, Malformed> {
        Proxies::read(|name| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned()))
    }

    /// The proxy for an address, or why there is none.
    fn via(variables: &[(&'static str, &'static str)], url: &str) -> String {
        match read(variables).unwrap().via(&url.parse().unwrap()) {
            Via::Proxy(proxy) => format!("{} {}", proxy.variable(), proxy.shown()),
            Via::Unset => "unset".to_owned(),
            Via::Loopback => "loopback".to_owned(),
            Via::Excepted(variable, entry) => format!("{variable} {entry}"),
        }
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_stands_in() {
        let all = [("http_proxy", "h:1"), ("HTTPS_PROXY", "s:2"), ("ALL_PROXY", "a:3")];
        for (variables, http, https) in [
            (&all[..], "http_proxy http://h:1", "HTTPS_PROXY http://s:2"),
            (&all[..1], "http_proxy http://h:1", "unset"),
            (&all[2..], "ALL_PROXY http://a:3", "ALL_PROXY http://a:3"),
            (&[], "unset", "unset"),
        ] {
            for (scheme, expected) in
                [("http", http), ("ws", http), ("https", https), ("wss", https)]
            {
                assert_eq!(via(variables, &format!("{scheme}://node.example/x")), expected);
            }
        }
    }

    #[test]
    fn lower_case_comes_before_upper_case_and_empty_counts_as_unset() {
        for (lower, upper, url) in [
            ("http_proxy", "HTTP_PROXY", "http://h.example"),
            ("https_proxy", "HTTPS_PROXY", "https://h.example"),
            ("all_proxy", "ALL_PROXY", "https://h.example"),
        ] {
            let both = [(upper, "upper:1"), (lower, "lower:1")];
            assert_eq!(via(&both, url), format!("{lower} http://lower:1"));
            let empty = [(upper, "upper:1"), (lower, "")];
            assert_eq!(via(&empty, url), format!("{upper} http://upper:1"));
        }
        let both = [("https_proxy", "p:1"), ("NO_PROXY", "upper"), ("no_proxy", "lower")];
        assert_eq!(via(&both, "https://lower"), "no_proxy lower");
        assert_eq!(via(&both, "https://upper"), "https_proxy http://p:1");
    }

    #[test]
    fn http_proxy_in_upper_case_is_not_read_in_a_cgi_program() {
        let cgi = [("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(via(&cgi, "http://h.example"), "unset");
        assert_eq!(via(&cgi[..1], "http://h.example"), "HTTP_PROXY http://evil:1");
    }

    /// A token may be sent without encryption to this machine, but not to a proxy.
    #[test]
    fn only_unencrypted_connections_to_this_machine_pass_by_the_proxy() {
        let all = [("all_proxy", "p:1")];
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(via(&all, &format!("ws://{host}:8080")), "loopback");
            assert_eq!(via(&all, &format!("https://{host}")), "all_proxy http://p:1");
        }
    }

    #[test]
    fn a_malformed_variable_is_named_also_where_it_is_not_needed() {
        for variable in [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "no_proxy",
            "NO_PROXY",
        ] {
            let error = read(&[(variable, "[::")]).unwrap_err();
            assert_eq!(error.variable, variable);
        }
        let shadowed = [("https_proxy", "p:1"), ("HTTPS_PROXY", "[::")];
        assert!(read(&shadowed).is_ok(), "it is not read");
    }

    #[test]
    fn credentials_are_not_shown() {
        let proxies = read(&[("all_proxy", "me:open-sesame@p:1")]).unwrap();
        let proxy = proxies.of(&"https://h.example".parse().unwrap()).unwrap();
        assert!(proxy.has_credentials());
        assert_eq!(proxy.address().password(), Some("open-sesame"));
        for shown in [proxy.to_string(), format!("{proxies:?}")] {
            assert!(shown.contains("the proxy http://p:1 (all_proxy)"), "{shown}");
            assert!(!shown.contains("open-sesame"), "{shown}");
        }
    }
}
