//! Proxies that refuse or are not there: they are named, without their credentials.

use super::{get_from_node, pushed_order, watch, watch_unencrypted};
use crate::support::proxy::{ConnectProxy, SocksProxy};
use crate::support::tls::Authority;
use crate::support::txwatch::CommandOutput;

/// What goes through a proxy: a request and a WebSocket with TLS, and both without.
fn through(proxy: &str) -> [CommandOutput; 4] {
    let authority = Authority::new();
    let push_only = ["--transport", "push", "--max-outage", "0s"];
    let with_tls = |arguments: &[&str]| {
        let mut command = watch("https://proof.invalid", &authority).env("https_proxy", proxy);
        command.command().args(arguments);
        command.run()
    };
    let mut unencrypted = watch_unencrypted("http_proxy", proxy, "ws://push.invalid");
    unencrypted.command().args(push_only);
    [
        with_tls(&["--transport", "poll", "--max-outage", "0s"]),
        with_tls(&push_only),
        get_from_node("http://", proxy).run(),
        unencrypted.run(),
    ]
}

#[test]
fn a_proxy_that_wants_credentials_is_named() {
    let proxy = ConnectProxy::rejecting("407 Proxy Authentication Required");
    let name = proxy.url();
    for output in through(&name) {
        output.fails(78, &format!("the proxy {name} (http"));
        assert!(output.stderr.contains("_proxy) wants a user and a password"), "{output:#?}");
    }
    for output in through(&proxy.url_with("me:open-sesame")) {
        output.fails(78, &format!("the proxy {name} (http"));
        assert!(output.stderr.contains("does not accept the user and the password"), "{output:#?}");
        assert!(!output.stderr.contains("open-sesame"), "{output:#?}");
    }
}

#[test]
fn a_proxy_that_refuses_to_connect_is_an_outage_that_names_it() {
    for status in ["403 Forbidden", "502 Bad Gateway", "503 Busy"] {
        let proxy = ConnectProxy::rejecting(status);
        let [request, push, _, unencrypted] = through(&proxy.url_with("me:open-sesame"));
        for (output, peer) in [
            (request, "proof.invalid:443"),
            (push, "proof.invalid:443"),
            (unencrypted, "push.invalid:80"),
        ] {
            output.fails(75, &format!("the proxy {} (http", proxy.url()));
            let refusal = format!("did not connect to {peer}: {}", &status[..3]);
            assert!(output.stderr.contains(&refusal), "{output:#?}");
            assert!(!output.stderr.contains("open-sesame"), "{output:#?}");
        }
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    // It is closed again, so that nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        for output in through(&format!("{scheme}://me:open-sesame@{address}")) {
            output.fails(75, &format!("the proxy {scheme}://{address} (http"));
            assert!(output.stderr.contains("cannot be reached"), "{output:#?}");
            assert!(!output.stderr.contains("open-sesame"), "{output:#?}");
        }
    }
}

#[test]
fn a_socks_proxy_that_wants_credentials_is_named() {
    let server = pushed_order();
    let proxy = SocksProxy::to(server.address(), Some(b"\x02me\x06sesame"));
    for output in through(&format!("socks5h://me:wrong9@{}", proxy.address())) {
        output.fails(78, &format!("the proxy socks5h://{} (http", proxy.address()));
        assert!(!output.stderr.contains("wrong9"), "{output:#?}");
    }
}
