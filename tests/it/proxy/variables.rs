//! The variables: which proxy they choose, what they except, and what is malformed.

use super::watch;
use crate::support::proof::{ID, completed_by_push, push_path, rest_path};
use crate::support::proxy::ConnectProxy;
use crate::support::server::{Script, Server};
use crate::support::tls::Authority;
use crate::support::txwatch::{CommandOutput, txwatch};

/// Watches a server at 127.0.0.1 over TLS, with this `NO_PROXY`. Returns whether it was reached through the proxy.
fn is_proxied(exceptions: impl Fn(&Server) -> Vec<(&'static str, String)>) -> bool {
    let authority = Authority::new();
    let server = completed_by_push().tls(authority.server("127.0.0.1")).start();
    let proxy = ConnectProxy::to(server.address());
    let mut command = watch(&server.url(), &authority).env("HTTPS_PROXY", proxy.url());
    command.command().envs(exceptions(&server));
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
    let connects = proxy.connects();
    assert!(matches!(connects.len(), 0 | 2), "{connects:?}");
    !connects.is_empty()
}

#[test]
fn no_proxy_is_honoured() {
    for (list, proxied) in [
        ("127.0.0.1", false),
        ("*", false),
        ("example.com, ,127.0.0.1 , *.example.com", false),
        ("127.0.0.1:PORT", false),
        ("127.0.0.0/8", false),
        ("127.0.0.1:1", true),
        ("10.0.0.0/8", true),
        ("localhost,[::1]", true),
        ("", true),
    ] {
        let ported = |server: &Server| list.replace("PORT", &server.address().port().to_string());
        assert_eq!(is_proxied(|server| vec![("NO_PROXY", ported(server))]), proxied, "{list:?}");
    }
    let both = |lower: &str, upper: &str| {
        is_proxied(|_| vec![("no_proxy", lower.to_owned()), ("NO_PROXY", upper.to_owned())])
    };
    assert!(both("example.com", "*"), "lower case comes first");
    assert!(!both("*", "example.com"), "lower case comes first");
    assert!(!both("", "*"), "empty counts as unset");
}

#[test]
fn names_are_excepted_with_their_subdomains() {
    let authority = Authority::new();
    for (entry, proxied) in [
        ("localhost", false),
        (".localhost", false),
        ("LOCALHOST.", false),
        ("ocalhost", true),
        ("*.localhost", true),
    ] {
        let server = completed_by_push().tls(authority.server("localhost")).start();
        let proxy = ConnectProxy::to(server.address());
        let output = watch(&server.url_as("localhost"), &authority)
            .env("https_proxy", proxy.url())
            .env("no_proxy", entry)
            .run();
        assert_eq!(output.code, 0, "{entry}: {output:#?}");
        assert_eq!(!proxy.connects().is_empty(), proxied, "{entry}");
    }
}

#[test]
fn a_malformed_variable_is_named_and_nothing_is_sent() {
    let authority = Authority::new();
    let addresses = [
        "htp://open-sesame:1",
        "http://",
        "http://me:open-sesame@",
        "open-sesame:65536",
        "open-sesame:",
        "open-sesame:1 ",
        "  ",
        "http://wpad/open-sesame.pac",
    ];
    let lists = ["10.0.0.0/33", "[::1", "localhost,a:b:c", "10.*", "http://localhost"];
    let cases =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
            .into_iter()
            .flat_map(|variable| addresses.map(|address| (variable, address)))
            .chain(
                ["no_proxy", "NO_PROXY"].into_iter().flat_map(|it| lists.map(|list| (it, list))),
            );
    let server = Script::new().tls(authority.server("localhost")).start();
    for (variable, value) in cases {
        let output = watch(&server.url_as("localhost"), &authority).env(variable, value).run();
        output.fails(78, &format!("the variable {variable} is malformed: "));
        assert!(!output.stderr.contains("open-sesame"), "{output:#?}");
    }
    #[cfg(unix)]
    for variable in ["https_proxy", "NO_PROXY"] {
        use std::os::unix::ffi::OsStrExt;
        let value = std::ffi::OsStr::from_bytes(b"proxy\xff:1");
        let output = watch(&server.url_as("localhost"), &authority).env(variable, value).run();
        output.fails(78, &format!("the variable {variable} is malformed: "));
    }
    assert!(server.requests().is_empty(), "a silent direct connection");
}

#[test]
fn lower_case_comes_before_upper_case_and_empty_counts_as_unset() {
    let authority = Authority::new();
    for (lower, upper) in [("https_proxy", "HTTPS_PROXY"), ("all_proxy", "ALL_PROXY")] {
        let server = completed_by_push().tls(authority.server("proof.invalid")).start();
        let proxy = ConnectProxy::to(server.address());
        let watch = || watch("https://proof.invalid", &authority);
        let output = watch().env(lower, proxy.url()).env(upper, "http://dead.invalid").run();
        assert_eq!(output.code, 0, "{output:#?}");
        let server = completed_by_push().tls(authority.server("proof.invalid")).start();
        let proxy = ConnectProxy::to(server.address());
        let output = watch().env(lower, "").env(upper, proxy.url()).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(server.paths().len(), 2);
    }
}

#[test]
fn config_show_tells_the_proxies_of_each_profile() {
    let show = || {
        txwatch(["config", "show"])
            .proof("https://proof.example")
            .casper("http://127.0.0.1:7777")
            .transak("https://api.example")
            .env("TXWATCH_TRANSAK_PUSH_URL", "ws://push.example")
    };
    let lines = |output: &CommandOutput| {
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(!output.stdout.contains("sesame"), "{output:#?}");
        let rows = output.stdout.lines().filter(|line| line.contains("proxy"));
        let words = rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        words.collect::<Vec<_>>()
    };
    let output = show()
        .env("https_proxy", "http://me:sesame@corp.example:3128")
        .env("ALL_PROXY", "socks5h://socks.example")
        .env("NO_PROXY", "localhost, .api.example")
        .run();
    let loopback = "none # for http://127.0.0.1:7777: this machine, without TLS";
    assert_eq!(
        lines(&output),
        [
            &format!("proxy {loopback}"),
            &format!("push_proxy {loopback}"),
            "proxy http://corp.example:3128 # for https://proof.example: https_proxy",
            "push_proxy http://corp.example:3128 # for wss://proof.example: https_proxy",
            "proxy none # for https://api.example: NO_PROXY has .api.example",
            "push_proxy socks5h://socks.example:1080 # for ws://push.example: ALL_PROXY",
        ]
    );
    let output = show().run();
    assert!(lines(&output)[2].contains("none # for https://proof.example: no variable sets one"));
    let output = show().env("HTTPS_PROXY", "htp://me:sesame@corp").run();
    for line in lines(&output) {
        assert!(line.contains("NOT USABLE: it begins with none of http://"), "{line}");
        assert!(line.ends_with("# HTTPS_PROXY"), "{line}");
    }
}
