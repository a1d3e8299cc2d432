//! The sources of tokens, and how a refused token is read again.

use std::fs::read_to_string;
use std::path::PathBuf;
use std::time::Instant;

use crate::support::proof::{ID, error, push_path, record, rest_path};
use crate::support::running::Running;
use crate::support::script::{Gate, Reply};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, Txwatch, txwatch};

fn rejected() -> Reply {
    Reply::status(401, error("unauthorised", "invalid_token"))
}

fn completed() -> Reply {
    Reply::json(&record(ID, "completed", 0))
}

/// The `Authorization` headers received at this path.
fn tokens(server: &Server, path: &str) -> Vec<String> {
    server.header_values(path, "Authorization")
}

/// A command whose token command prints another token at each run, and the file in which it counts the runs.
fn with_command(name: &str, server: &Server) -> (Txwatch, PathBuf) {
    let command = txwatch([name, &format!("proof:{ID}"), "-i", "100ms"]);
    let runs = command.write("runs", "");
    let script = "echo run >> \"$1\"; echo \"secret-token-$(wc -l < \"$1\" | tr -d ' ')\"";
    let script = command.write("token.sh", script);
    let line = format!("sh '{}' '{}'", script.display(), runs.display());
    let command =
        command.env("TXWATCH_PROOF_URL", server.url()).env("TXWATCH_PROOF_TOKEN_COMMAND", line);
    (command, runs)
}

#[test]
fn a_command_is_run_again_once_after_a_401() {
    let server = Script::new().rest(ID, [rejected(), completed()]).start();
    let (command, runs) = with_command("poll", &server);
    let _home = command.home();
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(tokens(&server, &rest_path(ID)), ["Bearer secret-token-1", "Bearer secret-token-2"]);
    assert_eq!(read_to_string(&runs).unwrap().lines().count(), 2);
    assert!(!output.stderr.contains("secret-token"), "{output:#?}");
}

#[test]
fn a_second_401_is_final() {
    let server = Script::new().rest(ID, [rejected()]).start();
    let (command, runs) = with_command("poll", &server);
    let _home = command.home();
    let output = command.run();
    output.fails(77, "Proof refused the token: 401 (unauthorised: invalid_token");
    assert!(output.stderr.contains("TXWATCH_PROOF_TOKEN_COMMAND"), "{output:#?}");
    assert!(!output.stderr.contains("secret-token"), "{output:#?}");
    assert_eq!(read_to_string(&runs).unwrap().lines().count(), 2);
    assert_eq!(server.request_count(&rest_path(ID)), 2);
}

#[test]
fn a_refused_upgrade_renews_the_token_as_well() {
    let reconnected = Gate::new();
    let server = Script::new()
        .rest(ID, [completed().awaits(&reconnected)])
        .push(ID, [rejected(), Reply::upgrade([]).opens(&reconnected)])
        .start();
    let (command, _) = with_command("watch", &server);
    let output = command.run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(tokens(&server, &push_path(ID)), ["Bearer secret-token-1", "Bearer secret-token-2"]);
}

#[test]
fn a_refused_token_given_as_a_value_is_not_retried() {
    let server = Script::new().rest(ID, [rejected()]).start();
    let output = txwatch(["poll", &format!("proof:{ID}")]).proof(&server.url()).run();
    output.fails(77, "Proof refused the token");
    assert!(output.stderr.contains("TXWATCH_PROOF_TOKEN"), "{output:#?}");
    assert_eq!(server.request_count(&rest_path(ID)), 1);
}

#[test]
fn a_token_file_is_read_again_after_a_401() {
    let rewritten = Gate::new();
    let server = Script::new().rest(ID, [rejected().awaits(&rewritten), completed()]).start();
    let command = txwatch(["poll", &format!("proof:{ID}")]).env("TXWATCH_PROOF_URL", server.url());
    let file = command.write_private("token", "the-first-token\n");
    let running = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).start();
    server.wait_for(&rest_path(ID));
    std::fs::write(&file, "the-second-token\r\n").unwrap();
    rewritten.open();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(
        tokens(&server, &rest_path(ID)),
        ["Bearer the-first-token", "Bearer the-second-token"]
    );
    assert!(!output.stderr.contains("warning"), "{output:#?}");
}

#[test]
fn an_unusable_token_source_is_explained_and_nothing_is_sent() {
    let server = Script::new().start();
    let start = || txwatch(["watch", ID, "-p", "proof"]).env("TXWATCH_PROOF_URL", server.url());
    let cases: [(&str, &[u8], &str); 4] = [
        ("empty", b"", "is empty"),
        ("blank", b"\n \n", "is empty"),
        ("two lines", b"hidden-one\nhidden-two\n", "holds a character that cannot be in a token"),
        ("binary", b"hidden-\xff", "holds a character that cannot be in a token"),
    ];
    for (name, bytes, needle) in cases {
        let command = start();
        let file = command.write_private(name, bytes);
        let output = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).run();
        output.fails(78, needle);
        assert!(output.stderr.contains(name) && !output.stderr.contains("hidden"), "{output:#?}");
    }
    let output = start().env("TXWATCH_PROOF_TOKEN_FILE", "no/such/file").run();
    output.fails(78, "the token file no/such/file cannot be read");
    assert!(output.stderr.contains("it is named by TXWATCH_PROOF_TOKEN_FILE"), "{output:#?}");
    for (line, needle) in [
        ("false", "failed: false: exit status: 1"),
        ("no-such-program-at-all", "cannot be run: no-such-program-at-all"),
        ("true", "is empty"),
        ("echo 'open", "a quote is open"),
    ] {
        start().env("TXWATCH_PROOF_TOKEN_COMMAND", line).run().fails(78, needle);
    }
    let twice = start().proof(&server.url()).env("TXWATCH_PROOF_TOKEN_FILE", "x").run();
    twice.fails(78, "profile proof has its token twice");
    let none = start().run();
    none.fails(78, "profile proof has no token");
    for source in ["TXWATCH_PROOF_TOKEN,", "TXWATCH_PROOF_TOKEN_FILE,", "token_command under"] {
        assert!(none.stderr.contains(source), "{none:#?}");
    }
    assert!(server.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn a_token_file_readable_by_everybody_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;

    let server = Script::new().rest(ID, [completed()]).start();
    let command = txwatch(["get", &format!("proof:{ID}")]).env("TXWATCH_PROOF_URL", server.url());
    let file = command.write_private("token", "the-token");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).run();
    assert_eq!(output.code, 0);
    let warning = output.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap();
    assert!(warning.contains("can be read by everybody") && warning.contains("chmod 600"));
}

/// A token command as a list, a token file relative to the configuration file, but no token.
#[test]
fn the_config_file_names_token_sources_but_holds_no_token() {
    let server = Script::new().rest(ID, [completed()]).start();
    let config = |setting: &str| {
        let url = server.url();
        format!("[profiles.staging]\nprovider = \"proof\"\nurl = \"{url}\"\n{setting}\n")
    };
    let get = || txwatch(["get", &format!("staging:{ID}")]);
    let output = get().config(&config("token_command = [\"echo\", \"from-a-command\"]")).run();
    assert_eq!(output.code, 0, "{output:#?}");
    let command = get();
    command.write_private("the-token", "from-a-file");
    assert_eq!(command.config(&config("token_file = \"the-token\"")).run().code, 0);
    assert_eq!(tokens(&server, &rest_path(ID)), ["Bearer from-a-command", "Bearer from-a-file"]);
    let output = get().config(&config("token = \"hidden-in-the-file\"")).run();
    assert_eq!(output.code, 78);
    assert!(!output.stderr.contains("hidden-in-the-file"), "{output:#?}");
    assert!(output.stderr.contains("token_file"), "{output:#?}");
}

/// A profile whose token command announces itself on stderr, and would run for a minute.
const SLOW_TOKEN_COMMAND: &str = r#"
[profiles.proof]
url = "http://127.0.0.1:9"
token_command = ["sh", "-c", "echo started >&2; exec sleep 60"]
"#;

/// Waits until txwatch has exited, and so has its token command, which shares its stderr.
fn wait_for_both(running: Running) -> CommandOutput {
    let start = Instant::now();
    let output = running.wait();
    assert!(start.elapsed().as_secs() < 30, "the token command was left running");
    output
}

#[test]
fn a_token_command_ends_with_the_watch() {
    let arguments = ["watch", "proof:one", "--timeout", "1s"];
    let mut running = txwatch(arguments).config(SLOW_TOKEN_COMMAND).start();
    running.wait_for_stderr("started");
    assert_eq!(wait_for_both(running).code, 124);
}

#[test]
fn a_token_command_ends_when_nobody_reads_the_output() {
    let arguments = ["watch", "sandbox:slow", "proof:one", "-o", "json", "--heartbeat", "1s"];
    let mut running = txwatch(arguments).config(SLOW_TOKEN_COMMAND).start_piped();
    running.wait_for_stderr("started");
    running.close_stdout();
    assert_eq!(wait_for_both(running).code, 141);
}
