//! Peers that are there, but speak HTTP/2 only or redirect without an end: each is named as what it is.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;

use crate::support::proof::{ID, push_path, rest_path};
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::serving::serve;
use crate::support::tls::Authority;
use crate::support::txwatch::{CommandOutput, Txwatch, command_for};

/// What is asked of a peer: lookups, and push connections.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("get", &[]),
    ("poll", &["-i", "100ms"]),
    ("watch", &["-i", "100ms"]),
    ("watch", &["--transport", "push"]),
];

fn outputs(url: &str, prepare: impl Fn(Txwatch) -> Txwatch) -> Vec<CommandOutput> {
    let target = format!("proof:{ID}");
    let commands = COMMANDS.map(|(name, arguments)| command_for(name, &target, arguments));
    commands.map(|command| prepare(command.proof(url)).run()).into()
}

fn with_alpn(config: Arc<ServerConfig>, protocol: &[u8]) -> Arc<ServerConfig> {
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

#[test]
fn a_peer_that_negotiates_http2_only_is_named() {
    let authority = Authority::new();
    let server = Script::new().tls(with_alpn(authority.server("localhost"), b"h2")).start();
    for output in outputs(&server.url_as("localhost"), |it| it.trusting(&authority)) {
        output.fails(76, "it speaks HTTP/2 only, and HTTP/1.1 is needed");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_peer_that_negotiates_http1_is_served() {
    let authority = Authority::new();
    let record = crate::support::proof::record(ID, "completed", 1);
    let server = Script::new()
        .rest(ID, [Reply::json(&record)])
        .tls(with_alpn(authority.server("localhost"), b"http/1.1"))
        .start();
    let command = command_for("get", &format!("proof:{ID}"), &[]).trusting(&authority);
    assert_eq!(command.proof(&server.url_as("localhost")).run().code, 0);
}

/// The settings that a server of HTTP/2 begins with, and its farewell to whoever speaks something else (RFC 9113,
/// sections 6.5 and 6.8).
const SETTINGS: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01";

async fn speak_http2(stream: &mut TcpStream, settings_first: bool) -> std::io::Result<()> {
    if settings_first {
        stream.write_all(SETTINGS).await?;
    }
    let mut start = [0; 3];
    stream.read_exact(&mut start).await?;
    if !settings_first {
        stream.write_all(SETTINGS).await?;
    }
    if start == *b"PRI" {
        copy(stream, &mut sink()).await.map(drop)
    } else {
        stream.write_all(GOAWAY).await
    }
}

#[test]
fn a_peer_that_answers_in_http2_is_named() {
    for settings_first in [true, false] {
        let (address, _server) = serve(move |mut stream| async move {
            // The client may disconnect at any time.
            let _ = speak_http2(&mut stream, settings_first).await;
        });
        for output in outputs(&format!("http://{address}"), |it| it) {
            output.fails(76, "it speaks HTTP/2 only, and HTTP/1.1 is needed");
        }
    }
}

/// Something else, such as SSH, is not taken for HTTP/2.
#[test]
fn a_peer_that_speaks_something_else_is_not_named_so() {
    let (address, _server) = serve(async |mut stream| {
        let _ = stream.write_all(b"SSH-2.0-Other_1.0\r\n").await;
        let _ = copy(&mut stream, &mut sink()).await;
    });
    let command = command_for("get", &format!("proof:{ID}"), &["--max-outage", "0s"]);
    let output = command.proof(&format!("http://{address}")).run();
    output.fails(75, "Proof could not be reached");
    assert!(!output.stderr.contains("HTTP/2"), "{output:#?}");
}

#[test]
fn a_circle_of_redirects_is_named() {
    let to = |path: &str| [Reply::status(302, "").header("Location", path)];
    let (rest, push) = (rest_path(ID), push_path(ID));
    // To itself, and by way of another address.
    for by_way in [&rest, "/login?next=hunter2"] {
        let server = Script::new()
            .route(&rest, to(by_way))
            .route("/login?next=hunter2", to(&rest))
            .route(&push, to(&push))
            .start();
        let outputs = outputs(&server.url(), |it| it);
        for (output, path) in outputs.iter().zip([&*rest, &rest, "", "/ws"]) {
            output
                .fails(76, "it redirects in a circle: after 5 redirects it leads back to http://");
            assert!(output.stderr.contains(path), "{output:#?}");
            assert!(!output.stderr.contains("hunter2"), "{output:#?}");
        }
        let asked = server.paths().iter().filter(|path| !path.starts_with("/ws")).count();
        assert!(asked >= 6, "{asked}");
    }
}

#[test]
fn redirects_without_an_end_are_named() {
    let step = |step: usize| format!("/step/{step}");
    let mut script = Script::new();
    for from in 0..7 {
        let path = if from == 0 { rest_path(ID) } else { step(from) };
        let to = Reply::status(307, "").header("Location", &step(from + 1));
        script = script.route(&path, [to]);
    }
    let server = script.start();
    let output = command_for("get", &format!("proof:{ID}"), &[]).proof(&server.url()).run();
    output.fails(76, "it redirects on and on: after 5 redirects it leads to");
    assert!(output.stderr.contains("/step/6"), "{output:#?}");
}
