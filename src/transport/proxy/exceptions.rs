//! What `no_proxy` lists. As with curl a name stands for its subdomains too, a leading dot makes no difference, and a
//! network is written with its prefix length; beyond curl an entry may have a port, and `*.` stands for the subdomains
//! alone.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

/// The hosts that are reached without a proxy.
#[derive(Clone, Debug)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug)]
struct Exception {
    /// As it is written.
    text: String,
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    Any,
    Network(IpNet),
    /// A name in lower case and its subdomains.
    Domain(String),
    /// The subdomains of a name in lower case.
    Subdomains(String),
}

impl Exceptions {
    /// Parses a list, with commas or blanks between its entries.
    ///
    /// # Errors
    /// The first entry that cannot be understood.
    pub(super) fn parse(list: &str) -> Result<Self, String> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty());
        let parsed = entries.map(|text| {
            let (hosts, port) = parse_entry(text)
                .ok_or_else(|| format!("'{text}' is no name, address or network"))?;
            Ok(Exception { text: text.to_owned(), hosts, port })
        });
        Ok(Exceptions(parsed.collect::<Result<_, String>>()?))
    }

    /// The entry that excepts the host of an address.
    pub(super) fn find(&self, url: &Url) -> Option<&str> {
        let (host, port) = (url.host()?, url.port_or_known_default());
        let excepts = |entry: &&Exception| {
            entry.hosts.contain(&host) && entry.port.is_none_or(|it| Some(it) == port)
        };
        self.0.iter().find(excepts).map(|entry| &*entry.text)
    }
}

/// The hosts and the port of an entry.
fn parse_entry(text: &str) -> Option<(Hosts, Option<u16>)> {
    if let Ok(address) = IpAddr::from_str(text) {
        return Some((Hosts::from(address), None));
    }
    if let Ok(network) = IpNet::from_str(text) {
        return Some((Hosts::Network(network), None));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let port = match rest {
            "" => None,
            port => Some(parse_port(port.strip_prefix(':')?)?),
        };
        return Some((Hosts::from(IpAddr::V6(address.parse().ok()?)), port));
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(parse_port(port)?)),
        None => (text, None),
    };
    Some((parse_name(name)?, port))
}

fn parse_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn parse_name(text: &str) -> Option<Hosts> {
    if text == "*" {
        return Some(Hosts::Any);
    }
    if let Ok(address) = IpAddr::from_str(text) {
        return Some(Hosts::from(address));
    }
    let (only_subdomains, name) = match text.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, text.strip_prefix('.').unwrap_or(text)),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.contains('*') || name.split('.').any(str::is_empty) {
        return None;
    }
    match Host::parse(name).ok()? {
        Host::Domain(name) if only_subdomains => Some(Hosts::Subdomains(name)),
        Host::Domain(name) => Some(Hosts::Domain(name)),
        // `10.1` would be 10.0.0.1, which nobody means.
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

impl From<IpAddr> for Hosts {
    fn from(address: IpAddr) -> Self {
        Hosts::Network(IpNet::from(address.to_canonical()))
    }
}

impl Hosts {
    fn contain(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Hosts::Any, _) => true,
            (Hosts::Network(network), Host::Ipv4(address)) => {
                network.contains(&IpAddr::V4(*address))
            }
            (Hosts::Network(network), Host::Ipv6(address)) => {
                network.contains(&address.to_canonical())
            }
            (Hosts::Domain(name), Host::Domain(host)) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                host == name || is_below(host, name)
            }
            (Hosts::Subdomains(name), Host::Domain(host)) => {
                is_below(host.strip_suffix('.').unwrap_or(host), name)
            }
            _ => false,
        }
    }
}

fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_excepts_what_it_names() {
        for (list, excepted, others) in [
            ("*", "a.example b:8080 10.0.0.1 [::1]", ""),
            (
                "example",
                "example EXAMPLE a.example a.b.example example.:1",
                "anexample example.com",
            ),
            ("EXAMPLE.com.", "example.com a.example.com", "example"),
            (".example", "example a.example", "anexample"),
            ("*.example", "a.example a.b.example", "example anexample"),
            ("example:8080", "example:8080 a.example:8080", "example example:443"),
            ("example:443", "example example:443", "example:8080"),
            ("*.example:443", "a.example", "example a.example:8080"),
            ("*:8080", "a:8080 10.0.0.1:8080", "a"),
            ("10.0.0.1", "10.0.0.1 10.0.0.1:8080 [::ffff:10.0.0.1]", "10.0.0.2 10.0.0.1.example"),
            ("10.0.0.1:443", "10.0.0.1", "10.0.0.1:8080"),
            ("10.0.0.0/8", "10.1.2.3 10.255.0.1:1", "11.0.0.1"),
            ("10.1.2.3/8", "10.4.5.6", "11.0.0.1"),
            ("0.0.0.0/0", "1.2.3.4", "example [::1]"),
            ("::1", "[::1] [::1]:8080", "[::2] 127.0.0.1"),
            ("[::1]", "[::1] [0:0:0:0:0:0:0:1]:8080", "[::2]"),
            ("[::1]:443", "[::1]", "[::1]:8080"),
            ("fd00::/8", "[fd12::1]", "[fe80::1] 10.0.0.1"),
            ("a, b ,c\td,,", "a b c d x.d", "e"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example", "example"),
            ("", "", "a 10.0.0.1"),
            (" , ", "", "a"),
            ("localhost", "localhost", "127.0.0.1"),
        ] {
            let exceptions = Exceptions::parse(list).unwrap();
            let url = |host: &str| Url::parse(&format!("https://{host}/")).unwrap();
            for host in excepted.split_whitespace() {
                assert!(exceptions.find(&url(host)).is_some(), "{list} excepts {host}");
            }
            for host in others.split_whitespace() {
                assert_eq!(exceptions.find(&url(host)), None, "{list} does not except {host}");
            }
        }
    }

    #[test]
    fn the_entry_is_told_as_it_is_written() {
        let exceptions = Exceptions::parse("other, .Example.com").unwrap();
        let url = Url::parse("wss://a.example.com").unwrap();
        assert_eq!(exceptions.find(&url), Some(".Example.com"));
    }

    #[test]
    fn what_is_no_entry_is_quoted() {
        for entry in [
            "[::1",
            "::1]",
            "[::1]8080",
            "[::1]:",
            "[::1]:0",
            "[example]",
            "10.0.0.0/33",
            "10.0.0.0/",
            "fd00::/129",
            "example/8",
            "example:port",
            "example:",
            "example:65536",
            "a:b:c",
            "http://example",
            "10.1",
            "192.168.*",
            "a.*.example",
            "*example",
            "**",
            ".",
            "*.",
            "..example",
            "a..b",
            "<local>",
            "me@example",
            "10.0.0.256",
        ] {
            let problem = Exceptions::parse(&format!("localhost,{entry}")).unwrap_err();
            assert!(problem.contains(&format!("'{entry}'")), "{entry}: {problem}");
        }
    }
}
