//! HTTPS and WSS, with a CA that only the test knows.

use std::path::PathBuf;

use crate::support::proof::{ID, record, update};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server, push, rest};
use crate::support::tls::Authority;
use crate::support::txwatch::{Txwatch, txwatch};

/// A transaction that is pending when it is asked for, and completed by push.
fn completing() -> Script {
    let asked = Gate::new();
    Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&asked)])
        .push(ID, [Reply::upgrade([Step::Await(asked), Step::json(&update(ID, "completed", 1))])])
}

/// `watch` at this address, and the file with the CA.
fn watch(url: &str, authority: &Authority) -> (Txwatch, PathBuf) {
    let command = txwatch(["watch", &format!("proof:{ID}")]).proof(url);
    let file = command.write("ca.pem", authority.pem());
    (command, file)
}

fn assert_followed(server: &Server) {
    assert_eq!(server.targets(), [push(ID), rest(ID)]);
}

#[test]
fn an_extra_ca_is_trusted_for_requests_and_websockets() {
    let authority = Authority::new();
    for way in ["--cacert", "TXWATCH_CACERT", "SSL_CERT_FILE"] {
        let server = completing().tls(authority.server("localhost")).start();
        let (mut command, file) = watch(&server.url_as("localhost"), &authority);
        command = match way {
            "--cacert" => {
                command.command().arg("--cacert").arg(file);
                command
            }
            variable => command.env(variable, file),
        };
        let (ended, records) = command.run_json();
        assert_eq!(ended.code, 0, "{way}: {ended:#?}");
        assert_eq!(of_type(&records, "status").last().unwrap()["source"], "push");
        assert_followed(&server);
    }
}

#[test]
fn an_address_by_number_is_trusted_as_well() {
    let authority = Authority::new();
    let server = completing().tls(authority.server("127.0.0.1")).start();
    let (command, file) = watch(&server.url(), &authority);
    assert_eq!(command.env("TXWATCH_CACERT", file).run().code, 0);
    assert_followed(&server);
}

#[test]
fn a_certificate_that_cannot_be_trusted_ends_the_watch_before_anything_is_sent() {
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
            let (mut command, file) = watch(&server.url_as("localhost"), &authority);
            command.command().args(arguments);
            let ended = command.env("TXWATCH_CACERT", file).run();
            ended.fails(76, &format!("failed: its certificate is not trusted: {needle}"));
            assert!(ended.stderr.contains(&server.address().port().to_string()), "{ended:#?}");
            assert!(server.seen().is_empty());
        }
    }
}

#[test]
fn a_ca_file_that_is_none_is_a_sentence() {
    let server = Script::new().start();
    let url = server.url_as("localhost").replace("http:", "https:");
    for (text, needle) in [("", "holds no certificate"), ("not PEM", "holds no certificate")] {
        let (command, _) = watch(&url, &Authority::new());
        let file = command.write("bad.pem", text);
        command.env("TXWATCH_CACERT", file).run().fails(78, needle);
    }
    let (command, _) = watch(&url, &Authority::new());
    command.env("TXWATCH_CACERT", "no/such.pem").run().fails(78, "no/such.pem cannot be read");
}
