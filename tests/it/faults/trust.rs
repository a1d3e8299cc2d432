//! Certificates and tokens that come to their end.

use super::OFTEN;
use crate::support::provider::{Provider, Word};
use crate::support::script::{Gate, Step};
use crate::support::server::Server;
use crate::support::tls::Authority;
use crate::support::transak::{REFRESH, issued};
use crate::support::txwatch::{TOKEN, Txwatch};

/// A watch with one side behind a certificate that has expired, and the other behind a good one.
fn expired(provider: Provider, is_push: bool) {
    let authority = Authority::new();
    let config = |expired| {
        if expired { authority.expired("localhost") } else { authority.server("localhost") }
    };
    let script = || provider.script([provider.answer(Word::Pending)], [provider.connection([])]);
    let pull = script().tls(config(!is_push)).start();
    let push = script().tls(config(is_push)).start();
    let [pull_url, push_url] = [&pull, &push].map(|server| server.url_as("localhost"));
    let command = provider.command("watch", &pull_url, &push_url, &OFTEN);
    let file = command.write("ca.pem", authority.pem());
    let ended = command.env("TXWATCH_CACERT", file).run();
    ended.fails(76, "its certificate is not trusted: it has expired");
    assert!(ended.stderr.contains("clock"), "no word of this machine's clock: {ended:#?}");
    let bad = if is_push { &push } else { &pull };
    assert!(bad.seen().is_empty(), "the token was sent");
}

cells!(expired_certificate_push: all);
fn expired_certificate_push(provider: Provider) {
    expired(provider, true);
}

cells!(expired_certificate_pull: all);
fn expired_certificate_pull(provider: Provider) {
    expired(provider, false);
}

/// The tokens that came to this path, bare.
fn tokens(server: &Server, path: &str) -> Vec<String> {
    let seen = server.seen().into_iter().filter(|seen| seen.target == path);
    let token = |name: &str, value: &str| match name.to_ascii_lowercase().as_str() {
        "authorization" | "access-token" => Some(value.trim_start_matches("Bearer ").to_owned()),
        _ => None,
    };
    seen.map(|seen| seen.headers.iter().find_map(|(name, value)| token(name, value)).unwrap())
        .collect()
}

/// A command whose token is in a file, and the file.
fn with_file(
    provider: Provider,
    name: &str,
    server: &Server,
    arguments: &[&str],
) -> (Txwatch, std::path::PathBuf) {
    let command = provider.tokenless(name, &server.url(), &server.url(), arguments);
    let file = command.write_private("token", "the-first-token");
    (command.env(&format!("{}_FILE", provider.token_variable()), &file), file)
}

cells!(token_expiry_pull: proof, transak, cspr);
fn token_expiry_pull(provider: Provider) {
    let renewed = Gate::new();
    let answers = [
        provider.answer(Word::Pending),
        provider.refusal().awaits(&renewed),
        provider.answer(Word::Completed),
    ];
    let server = provider.script(answers, []).start();
    let (command, file) = with_file(provider, "poll", &server, &OFTEN);
    let running = command.start();
    server.wait_for(&provider.pull_path());
    server.wait_for(&provider.pull_path());
    std::fs::write(&file, "the-second-token").unwrap();
    renewed.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let expected = ["the-first-token", "the-first-token", "the-second-token"];
    assert_eq!(tokens(&server, &provider.pull_path()), expected);
}

cells!(token_expiry_push: proof, cspr);
fn token_expiry_push(provider: Provider) {
    let (seen, renewed) = (Gate::new(), Gate::new());
    let connections = [
        provider.connection([Step::Await(seen.clone()), Step::Close(1008, "token expired")]),
        provider.refusal().awaits(&renewed),
        provider.connection([provider.message(Word::Completed)]),
    ];
    let server = provider.script([provider.answer(Word::Pending)], connections).start();
    let (command, file) = with_file(provider, "watch", &server, &["-o", "json"]);
    let mut running = command.start_piped();
    running.wait_for_stdout("\"pending\"");
    seen.open();
    for _ in 0..2 {
        server.wait_for(&provider.push_path());
    }
    std::fs::write(&file, "the-second-token").unwrap();
    renewed.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let expected = ["the-first-token", "the-first-token", "the-second-token"];
    assert_eq!(tokens(&server, &provider.push_path()), expected);
}

cells!(token_expiry_for_good_pull: all);
fn token_expiry_for_good_pull(provider: Provider) {
    let answers = [provider.answer(Word::Pending), provider.refusal()];
    let ended = super::polled(provider, answers, &[]);
    let told = match provider {
        Provider::Casper => "refused the request: 401",
        _ => "refused the token: 401",
    };
    ended.fails(77, told);
}

cells!(token_expiry_for_good_push: proof, cspr, casper);
/// A node asks for no token, but who stands before its events may begin to.
fn token_expiry_for_good_push(provider: Provider) {
    let seen = Gate::new();
    let connections =
        [provider.connection([Step::Await(seen.clone()), Step::Drop]), provider.refusal()];
    let server = provider.script([provider.answer(Word::Pending)], connections).start();
    let mut running =
        provider.command("watch", &server.url(), &server.url(), &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"pending\"");
    seen.open();
    running.end().fails(77, ": 401");
}

/// Transak issues tokens itself, for a secret.
#[test]
fn token_that_is_issued() {
    let provider = Provider::Transak;
    let issued = issued("an-issued-token", 4_000_000_000);
    let answers =
        [provider.answer(Word::Pending), provider.refusal(), provider.answer(Word::Completed)];
    let server = provider.script(answers, []).route(REFRESH, [issued]).start();
    let ended = provider
        .command("poll", &server.url(), &server.url(), &OFTEN)
        .env("TXWATCH_TRANSAK_API_KEY", "api-key-1")
        .env("TXWATCH_TRANSAK_API_SECRET", "issuer-secret-77")
        .run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let expected = [TOKEN, TOKEN, "an-issued-token"];
    assert_eq!(tokens(&server, &provider.pull_path()), expected);
}
