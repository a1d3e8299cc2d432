//! HTTPS_PROXY, ALL_PROXY and NO_PROXY, for requests and WebSockets alike.

use crate::support::proof::{ID, record, update};
use crate::support::proxy::Proxy;
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, push, rest};
use crate::support::tls::Authority;
use crate::support::txwatch::{Txwatch, txwatch};

fn completing() -> Script {
    let asked = Gate::new();
    Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&asked)])
        .push(ID, [Reply::upgrade([Step::Await(asked), Step::json(&update(ID, "completed", 1))])])
}

fn watch(url: &str, authority: &Authority) -> Txwatch {
    let command = txwatch(["watch", &format!("proof:{ID}")]).proof(url);
    let file = command.write("ca.pem", authority.pem());
    command.env("TXWATCH_CACERT", file)
}

/// The name exists nowhere, so that only the proxy can have reached the server behind it.
#[test]
fn requests_and_websockets_go_through_the_proxy() {
    let authority = Authority::new();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let server = completing().tls(authority.server("proof.invalid")).start();
        let proxy = Proxy::to(server.address());
        let command = watch("https://proof.invalid", &authority).env(variable, proxy.url());
        let (ended, records) = command.run_json();
        assert_eq!(ended.code, 0, "{variable}: {ended:#?}");
        assert_eq!(of_type(&records, "status").last().unwrap()["source"], "push");
        assert_eq!(server.targets(), [push(ID), rest(ID)]);
        let asked = proxy.asked();
        assert_eq!(asked.len(), 2, "{asked:#?}");
        for request in asked {
            assert_eq!(request.method, "CONNECT");
            assert_eq!(request.target, "proof.invalid:443");
            assert_eq!(request.header("Authorization"), None, "the proxy got the token");
        }
    }
}

#[test]
fn a_proxy_may_want_a_password() {
    let authority = Authority::new();
    let server = completing().tls(authority.server("proof.invalid")).start();
    let proxy = Proxy::to(server.address());
    let url = proxy.url().replace("://", "://me:open-sesame@");
    let mut command = watch("https://proof.invalid", &authority).env("HTTPS_PROXY", url);
    command.command().arg("-vv");
    let ended = command.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(!ended.stderr.contains("open-sesame"), "{ended:#?}");
    for request in proxy.asked() {
        let expected = Some("Basic bWU6b3Blbi1zZXNhbWU=");
        assert_eq!(request.header("Proxy-Authorization"), expected, "{request:?}");
    }
}

#[test]
fn no_proxy_is_honoured() {
    let authority = Authority::new();
    for exception in ["localhost", "*", "example.com,localhost"] {
        let server = completing().tls(authority.server("localhost")).start();
        let proxy = Proxy::to(server.address());
        let ended = watch(&server.url_as("localhost"), &authority)
            .env("HTTPS_PROXY", proxy.url())
            .env("NO_PROXY", exception)
            .run();
        assert_eq!(ended.code, 0, "{exception}: {ended:#?}");
        assert_eq!(server.targets(), [push(ID), rest(ID)]);
        assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
    }
}

/// What goes to this machine unencrypted must not go to another one first.
#[test]
fn a_token_in_the_clear_never_meets_a_proxy() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let server = completing().start();
        let proxy = Proxy::to(server.address());
        let ended = txwatch(["watch", &format!("proof:{ID}"), "--max-outage", "0s"])
            .proof(&server.url())
            .env(variable, proxy.url())
            .run();
        assert_eq!(ended.code, 0, "{variable}: {ended:#?}");
        assert_eq!(server.targets(), [push(ID), rest(ID)]);
        assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
    }
}

#[test]
fn a_proxy_that_is_not_there_is_an_outage() {
    let authority = Authority::new();
    let refusing = Script::new().route("proof.invalid:443", [Reply::status(403, "no")]).start();
    let mut command = watch("https://proof.invalid", &authority).env("HTTPS_PROXY", refusing.url());
    command.command().args(["--max-outage", "0s"]);
    let ended = command.run();
    ended.fails(75, "Proof could not be reached");
}
