//! Certificates and tokens that expire.

use super::OFTEN;
use crate::support::provider::{Provider, Status};
use crate::support::script::{Gate, Step};
use crate::support::server::Server;
use crate::support::tls::Authority;
use crate::support::transak::{REFRESH, issued};
use crate::support::txwatch::Txwatch;

/// A watch with an expired certificate on one side, and a valid one on the other.
fn expired_certificate(provider: Provider, is_push: bool) {
    let authority = Authority::new();
    let config = |expired| {
        if expired { authority.expired("localhost") } else { authority.server("localhost") }
    };
    let script = || provider.script([provider.answer(Status::Pending)], [provider.connection([])]);
    let pull = script().tls(config(!is_push)).start();
    let push = script().tls(config(is_push)).start();
    let [pull_url, push_url] = [&pull, &push].map(|server| server.url_as("localhost"));
    let command = provider.command("watch", &pull_url, &push_url, &OFTEN);
    let output = command.trusting(&authority).run();
    output.fails(76, "its certificate is not trusted: it has expired");
    assert!(output.stderr.contains("clock"), "the local clock is not mentioned: {output:#?}");
    let expired = if is_push { &push } else { &pull };
    assert!(expired.requests().is_empty(), "the token was sent");
}

cells!(expired_certificate_push: all);
fn expired_certificate_push(provider: Provider) {
    expired_certificate(provider, true);
}

cells!(expired_certificate_pull: all);
fn expired_certificate_pull(provider: Provider) {
    expired_certificate(provider, false);
}

/// The tokens received at this path, without their scheme.
fn tokens(provider: Provider, server: &Server, path: &str) -> Vec<String> {
    let header = if provider == Provider::Transak { "access-token" } else { "Authorization" };
    let values = server.header_values(path, header).into_iter();
    values.map(|value| value.trim_start_matches("Bearer ").to_owned()).collect()
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
        provider.answer(Status::Pending),
        provider.unauthorized().awaits(&renewed),
        provider.answer(Status::Completed),
    ];
    let server = provider.script(answers, []).start();
    let (command, file) = with_file(provider, "poll", &server, &OFTEN);
    let running = command.start();
    for _ in 0..2 {
        server.wait_for(&provider.pull_path());
    }
    std::fs::write(&file, "the-second-token").unwrap();
    renewed.open();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    let expected = ["the-first-token", "the-first-token", "the-second-token"];
    assert_eq!(tokens(provider, &server, &provider.pull_path()), expected);
}

cells!(token_expiry_push: proof, cspr);
fn token_expiry_push(provider: Provider) {
    let (reported, renewed) = (Gate::new(), Gate::new());
    let connections = [
        provider.connection([Step::Await(reported.clone()), Step::Close(1008, "token expired")]),
        provider.unauthorized().awaits(&renewed),
        provider.connection([provider.message(Status::Completed)]),
    ];
    let server = provider.script([provider.answer(Status::Pending)], connections).start();
    let (command, file) = with_file(provider, "watch", &server, &["-o", "json"]);
    let mut running = command.start_piped();
    running.wait_for_stdout("\"pending\"");
    reported.open();
    for _ in 0..2 {
        server.wait_for(&provider.push_path());
    }
    std::fs::write(&file, "the-second-token").unwrap();
    renewed.open();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    let expected = ["the-first-token", "the-first-token", "the-second-token"];
    assert_eq!(tokens(provider, &server, &provider.push_path()), expected);
}

cells!(token_expiry_for_good_pull: all);
fn token_expiry_for_good_pull(provider: Provider) {
    let answers = [provider.answer(Status::Pending), provider.unauthorized()];
    let output = super::polled(provider, answers, &[]);
    let expected = match provider {
        Provider::Casper => "refused the request: 401",
        _ => "refused the token: 401",
    };
    output.fails(77, expected);
}

cells!(token_expiry_for_good_push: proof, cspr);
fn token_expiry_for_good_push(provider: Provider) {
    let reported = Gate::new();
    let connections =
        [provider.connection([Step::Await(reported.clone()), Step::Drop]), provider.unauthorized()];
    let server = provider.script([provider.answer(Status::Pending)], connections).start();
    let command = provider.command("watch", &server.url(), &server.url(), &[]);
    let (output, _) = command.run_json_opening(&reported, "\"pending\"");
    output.fails(77, ": 401");
}

cells!(events_refused_later_push: casper);
/// A node needs no token, but a proxy in front of its events may.
fn events_refused_later_push(provider: Provider) {
    let (reported, refused) = (Gate::new(), Gate::new());
    let connections = [
        provider.connection([Step::Await(reported.clone()), Step::Drop]),
        provider.unauthorized().opens(&refused),
    ];
    let answers =
        [provider.answer(Status::Pending), provider.answer(Status::Completed).awaits(&refused)];
    let server = provider.script(answers, connections).start();
    let command = provider.command("watch", &server.url(), &server.url(), &[]);
    let (output, _) = command.run_json_opening(&reported, "\"pending\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stderr.contains("401; polling instead"), "{output:#?}");
}

/// Transak issues tokens for an API secret.
#[test]
fn issued_token() {
    let provider = Provider::Transak;
    let issued = ["an-issued-token", "another"].map(|token| issued(token, 4_000_000_000));
    let answers = [
        provider.answer(Status::Pending),
        provider.unauthorized(),
        provider.answer(Status::Completed),
    ];
    let server = provider.script(answers, []).route(REFRESH, issued).start();
    let output = provider
        .command("poll", &server.url(), &server.url(), &OFTEN)
        .env("TXWATCH_TRANSAK_TOKEN", "")
        .env("TXWATCH_TRANSAK_API_KEY", "api-key-1")
        .env("TXWATCH_TRANSAK_API_SECRET", "issuer-secret-77")
        .run();
    assert_eq!(output.code, 0, "{output:#?}");
    let expected = ["an-issued-token", "an-issued-token", "another"];
    assert_eq!(tokens(provider, &server, &provider.pull_path()), expected);
}
