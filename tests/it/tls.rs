//! HTTPS and WSS, with a CA that only the test trusts.

use crate::support::proof::{ID, completed_by_push, push_path, rest_path};
use crate::support::schema::last_source;
use crate::support::server::{Script, Server};
use crate::support::tls::Authority;
use crate::support::txwatch::{Txwatch, txwatch};

fn watch(url: &str) -> Txwatch {
    txwatch(["watch", &format!("proof:{ID}")]).proof(url)
}

fn assert_followed(server: &Server) {
    assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
}

#[test]
fn an_extra_ca_is_trusted_for_requests_and_websockets() {
    let authority = Authority::new();
    for source in ["--cacert", "TXWATCH_CACERT", "SSL_CERT_FILE"] {
        let server = completed_by_push().tls(authority.server("localhost")).start();
        let mut command = watch(&server.url_as("localhost"));
        let file = command.write("ca.pem", authority.pem());
        match source {
            "--cacert" => command.command().arg("--cacert").arg(file),
            variable => command.command().env(variable, file),
        };
        let (output, records) = command.run_json();
        assert_eq!(output.code, 0, "{source}: {output:#?}");
        assert_eq!(last_source(&records), "push");
        assert_followed(&server);
    }
}

#[test]
fn a_certificate_for_an_ip_address_is_trusted() {
    let authority = Authority::new();
    let server = completed_by_push().tls(authority.server("127.0.0.1")).start();
    assert_eq!(watch(&server.url()).trusting(&authority).run().code, 0);
    assert_followed(&server);
}

#[test]
fn an_untrusted_certificate_ends_the_watch_before_anything_is_sent() {
    let authority = Authority::new();
    let cases = [
        (authority.server("proof.example"), "it is for another name"),
        (authority.expired("localhost"), "it has expired"),
        (
            Authority::named("unknown").server("localhost"),
            "its CA is unknown (trust it with --cacert FILE",
        ),
    ];
    for (config, needle) in cases {
        for arguments in [&["-o", "json"][..], &["--transport", "poll"]] {
            let server = Script::new().tls(config.clone()).start();
            let mut command = watch(&server.url_as("localhost")).trusting(&authority);
            command.command().args(arguments);
            let output = command.run();
            output.fails(76, &format!("failed: its certificate is not trusted: {needle}"));
            assert!(output.stderr.contains(&server.address().port().to_string()), "{output:#?}");
            assert!(server.requests().is_empty());
        }
    }
}

#[test]
fn an_unusable_ca_file_is_explained() {
    let server = Script::new().start();
    let url = server.url_as("localhost").replace("http:", "https:");
    for (text, needle) in [("", "holds no certificate"), ("not PEM", "holds no certificate")] {
        let command = watch(&url);
        let file = command.write("bad.pem", text);
        command.env("TXWATCH_CACERT", file).run().fails(78, needle);
    }
    watch(&url).env("TXWATCH_CACERT", "no/such.pem").run().fails(78, "no/such.pem cannot be read");
}
