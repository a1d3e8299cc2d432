//! HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, for requests and WebSockets alike.

mod failures;
mod variables;

use crate::support::chain::{HASH, executed};
use crate::support::proof::{ID, command, completed_by_push, push_path, rest_path};
use crate::support::proxy::{ConnectProxy, SocksProxy};
use crate::support::schema::last_source;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::tls::Authority;
use crate::support::transak::{self, connection, event, order, pusher_path};
use crate::support::txwatch::{API_KEY, Txwatch, txwatch};

fn watch(url: &str, authority: &Authority) -> Txwatch {
    txwatch(["watch", &format!("proof:{ID}")]).proof(url).trusting(authority)
}

/// A command about an order whose push connection has no TLS, and no token, so that it may go to another machine.
fn watch_unencrypted(proxy_variable: &str, proxy: &str, push_url: &str) -> Txwatch {
    let target = format!("transak:{}", transak::ID);
    txwatch(["watch", &target])
        .env("TXWATCH_TRANSAK_PUSH_URL", push_url)
        .env("TXWATCH_TRANSAK_API_KEY", API_KEY)
        .env(proxy_variable, proxy)
}

fn pushed_order() -> Server {
    let completed = event(transak::ID, &order(transak::ID, "COMPLETED", 2));
    Script::new().pusher([connection(transak::ID, [completed])]).start()
}

fn get_from_node(prefix: &str, proxy: &str) -> Txwatch {
    let url = proxy.replace("http://", prefix);
    txwatch(["get", &format!("casper:{HASH}"), "--max-outage", "0s"])
        .env("TXWATCH_CASPER_URL", "http://node.invalid/rpc")
        .env("http_proxy", url)
}

/// The name cannot be resolved, so that only the proxy can reach the server.
#[test]
fn requests_and_websockets_go_through_the_proxy() {
    let authority = Authority::new();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let server = completed_by_push().tls(authority.server("proof.invalid")).start();
        let proxy = ConnectProxy::to(server.address());
        let command = watch("https://proof.invalid", &authority).env(variable, proxy.url());
        let (output, records) = command.run_json();
        assert_eq!(output.code, 0, "{variable}: {output:#?}");
        assert_eq!(last_source(&records), "push");
        assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
        assert_eq!(proxy.connects(), ["proof.invalid:443"; 2]);
    }
}

#[test]
fn a_proxy_may_require_a_password() {
    let authority = Authority::new();
    let server = completed_by_push().tls(authority.server("proof.invalid")).start();
    let proxy = ConnectProxy::to(server.address());
    let url = proxy.url_with("me:open-sesame");
    let mut command = watch("https://proof.invalid", &authority).env("HTTPS_PROXY", url);
    command.command().arg("-vv");
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(!output.stderr.contains("open-sesame"), "{output:#?}");
    for request in proxy.requests() {
        let expected = Some("Basic bWU6b3Blbi1zZXNhbWU=");
        assert_eq!(request.header("Proxy-Authorization"), expected, "{request:?}");
    }
}

/// RFC 6455, section 4.1; a proxy forwards no upgrade.
#[test]
fn a_websocket_without_tls_goes_through_a_tunnel() {
    for (push_url, peer) in [
        ("ws://push.invalid", "push.invalid:80"),
        ("ws://push.invalid:8080", "push.invalid:8080"),
        ("ws://[2001:db8::1]:8080", "[2001:db8::1]:8080"),
    ] {
        for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            let server = pushed_order();
            let proxy = ConnectProxy::to(server.address());
            let output = watch_unencrypted(variable, &proxy.url(), push_url).run();
            assert_eq!(output.code, 0, "{variable}: {output:#?}");
            assert_eq!(proxy.connects(), [peer]);
            let [upgrade] = &server.requests()[..] else { panic!("one request") };
            assert_eq!((&*upgrade.method, &*upgrade.path), ("GET", &*pusher_path()));
            assert_eq!(upgrade.header("Upgrade"), Some("websocket"));
            let host = peer.strip_suffix(":80").unwrap_or(peer);
            assert_eq!(upgrade.header("Host"), Some(host));
            assert!(upgrade.header("User-Agent").is_some_and(|it| it.starts_with("txwatch/")));
        }
    }
}

#[test]
fn a_tunnel_without_tls_has_the_password_of_the_proxy_and_the_peer_has_not() {
    let server = pushed_order();
    let proxy = ConnectProxy::to(server.address());
    let url = proxy.url_with("me:open%20sesame");
    let mut command = watch_unencrypted("http_proxy", &url, "ws://push.invalid");
    command.command().arg("-vv");
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(!output.stderr.contains("sesame"), "{output:#?}");
    let [connect] = &proxy.requests()[..] else { panic!("one request") };
    assert_eq!(connect.header("Proxy-Authorization"), Some("Basic bWU6b3BlbiBzZXNhbWU="));
    assert_eq!(server.requests()[0].header("Proxy-Authorization"), None);
}

/// The password is never sent to it without TLS.
#[test]
fn a_proxy_with_tls_carries_what_has_tls_itself() {
    let authority = Authority::new();
    let server = completed_by_push().tls(authority.server("proof.invalid")).start();
    let proxy = ConnectProxy::with_tls(server.address(), authority.server("127.0.0.1"));
    let url = format!("https://me:sesame@{}", proxy.address());
    let output = watch("https://proof.invalid", &authority).env("https_proxy", &url).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(proxy.connects(), ["proof.invalid:443"; 2]);
    let output = watch_unencrypted("http_proxy", &url, "ws://push.invalid").run();
    output.fails(77, "cannot carry a WebSocket without TLS; use wss://, or a proxy at http://");
    assert_eq!(proxy.requests().len(), 2);
}

#[test]
fn a_refused_upgrade_in_a_tunnel_is_the_peers() {
    let server = Script::new().pusher([Reply::status(404, "no")]).start();
    let proxy = ConnectProxy::to(server.address());
    let output = watch_unencrypted("http_proxy", &proxy.url(), "ws://push.invalid").run();
    output.fails(77, "refused the WebSocket upgrade: 404");
}

#[test]
fn socks_proxies_carry_everything() {
    let authority = Authority::new();
    for (login, credentials) in [(None, ""), (Some(&b"\x02me\x06sesame"[..]), "me:sesame@")] {
        let server = completed_by_push().tls(authority.server("proof.invalid")).start();
        let proxy = SocksProxy::to(server.address(), login);
        let url = format!("socks5h://{credentials}{}", proxy.address());
        let output = watch("https://proof.invalid", &authority).env("all_proxy", url).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(proxy.asked(), ["proof.invalid:443"; 2]);

        let server = pushed_order();
        let proxy = SocksProxy::to(server.address(), login);
        let url = format!("socks5h://{credentials}{}", proxy.address());
        let output = watch_unencrypted("ALL_PROXY", &url, "ws://push.invalid").run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(proxy.asked(), ["push.invalid:80"]);
    }
}

/// Without TLS a request is forwarded, as curl does it.
#[test]
fn a_request_without_tls_is_forwarded() {
    let proxy =
        Script::new().route("http://node.invalid/rpc", [executed(serde_json::Value::Null)]).start();
    let output = get_from_node("http://me:sesame@", &proxy.url()).run();
    assert_eq!(output.code, 0, "{output:#?}");
    let expected = Some("Basic bWU6c2VzYW1l");
    assert_eq!(proxy.requests()[0].header("Proxy-Authorization"), expected);
}

#[test]
fn the_sandbox_is_reached_whatever_the_variables_say() {
    for value in ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "htp://malformed"] {
        let mut command = txwatch(["watch", "sandbox:happy", "sandbox:transak/happy"]);
        for variable in ["http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
            command = command.env(variable, value);
        }
        let output = command.env("NO_PROXY", "example.com").run();
        assert_eq!(output.code, 0, "{value}: {output:#?}");
    }
}

/// An unencrypted request may go to loopback, but not by way of another machine.
#[test]
fn an_unencrypted_token_is_never_sent_to_a_proxy() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let server = completed_by_push().start();
        let proxy = ConnectProxy::to(server.address());
        let output =
            command("watch", &server, &["--max-outage", "0s"]).env(variable, proxy.url()).run();
        assert_eq!(output.code, 0, "{variable}: {output:#?}");
        assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
        assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    }
}
