//! HTTPS_PROXY, ALL_PROXY and NO_PROXY, for requests and WebSockets alike.

use crate::support::proof::{ID, command, completed_by_push, push_path, rest_path};
use crate::support::proxy::ConnectProxy;
use crate::support::schema::last_source;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::tls::Authority;
use crate::support::txwatch::{Txwatch, txwatch};

fn watch(url: &str, authority: &Authority) -> Txwatch {
    txwatch(["watch", &format!("proof:{ID}")]).proof(url).trusting(authority)
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
        let requests = proxy.requests();
        assert_eq!(requests.len(), 2, "{requests:#?}");
        for request in requests {
            assert_eq!(request.method, "CONNECT");
            assert_eq!(request.path, "proof.invalid:443");
            assert_eq!(request.header("Authorization"), None, "the proxy received the token");
        }
    }
}

#[test]
fn a_proxy_may_require_a_password() {
    let authority = Authority::new();
    let server = completed_by_push().tls(authority.server("proof.invalid")).start();
    let proxy = ConnectProxy::to(server.address());
    let url = proxy.url().replace("://", "://me:open-sesame@");
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

#[test]
fn no_proxy_is_honoured() {
    let authority = Authority::new();
    for exception in ["localhost", "*", "example.com,localhost"] {
        let server = completed_by_push().tls(authority.server("localhost")).start();
        let proxy = ConnectProxy::to(server.address());
        let output = watch(&server.url_as("localhost"), &authority)
            .env("HTTPS_PROXY", proxy.url())
            .env("NO_PROXY", exception)
            .run();
        assert_eq!(output.code, 0, "{exception}: {output:#?}");
        assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
        assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
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

#[test]
fn a_proxy_that_refuses_to_connect_is_an_outage() {
    let authority = Authority::new();
    let refusing = Script::new().route("proof.invalid:443", [Reply::status(403, "no")]).start();
    let mut command = watch("https://proof.invalid", &authority).env("HTTPS_PROXY", refusing.url());
    command.command().args(["--max-outage", "0s"]);
    let output = command.run();
    output.fails(75, "Proof could not be reached");
}
