//! Where tokens come from, and how a refused one is read again.

use std::fs::read_to_string;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use tempfile::TempDir;

use crate::support::proof::{ID, error, record};
use crate::support::script::{Gate, Reply};
use crate::support::server::{Script, Server, push, rest};
use crate::support::txwatch::{Txwatch, txwatch};

fn denied() -> Reply {
    Reply::status(401, error("unauthorised", "invalid_token"))
}

fn completed() -> Reply {
    Reply::json(&record(ID, "completed", 0))
}

/// The tokens that a server saw, by path.
fn tokens(server: &Server, target: &str) -> Vec<String> {
    let seen = server.seen().into_iter().filter(|seen| seen.target == target);
    seen.map(|seen| seen.header("Authorization").unwrap().to_owned()).collect()
}

/// A watch whose token is printed by a command, another one at each run; and where the runs are counted.
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
    let server = Script::new().rest(ID, [denied(), completed()]).start();
    let (command, runs) = with_command("poll", &server);
    let _home = command.home();
    let ended = command.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(tokens(&server, &rest(ID)), ["Bearer secret-token-1", "Bearer secret-token-2"]);
    assert_eq!(read_to_string(&runs).unwrap().lines().count(), 2);
    assert!(!ended.stderr.contains("secret-token"), "{ended:#?}");
}

#[test]
fn a_second_401_is_an_answer() {
    let server = Script::new().rest(ID, [denied()]).start();
    let (command, runs) = with_command("poll", &server);
    let _home = command.home();
    let ended = command.run();
    ended.fails(77, "Proof refused the token: 401 (unauthorised: invalid_token");
    assert!(ended.stderr.contains("TXWATCH_PROOF_TOKEN_COMMAND"), "{ended:#?}");
    assert!(!ended.stderr.contains("secret-token"), "{ended:#?}");
    assert_eq!(read_to_string(&runs).unwrap().lines().count(), 2);
    assert_eq!(server.asked(&rest(ID)), 2);
}

#[test]
fn a_refused_upgrade_renews_the_token_as_well() {
    let asked = Gate::new();
    let server = Script::new()
        .rest(ID, [completed().awaits(&asked)])
        .push(ID, [denied(), Reply::upgrade([]).opens(&asked)])
        .start();
    let (command, _) = with_command("watch", &server);
    let ended = command.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(tokens(&server, &push(ID)), ["Bearer secret-token-1", "Bearer secret-token-2"]);
}

#[test]
fn a_token_given_as_a_value_is_asked_for_once() {
    let server = Script::new().rest(ID, [denied()]).start();
    let ended = txwatch(["poll", &format!("proof:{ID}")]).proof(&server.url()).run();
    ended.fails(77, "Proof refused the token");
    assert!(ended.stderr.contains("TXWATCH_PROOF_TOKEN"), "{ended:#?}");
    assert_eq!(server.asked(&rest(ID)), 1);
}

#[test]
fn a_token_file_is_read_again_after_a_401() {
    let rewritten = Gate::new();
    let server = Script::new().rest(ID, [denied().awaits(&rewritten), completed()]).start();
    let command = txwatch(["poll", &format!("proof:{ID}")]).env("TXWATCH_PROOF_URL", server.url());
    let file = command.write_private("token", "the-first-token\n");
    let running = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).start();
    server.wait_for(&rest(ID));
    std::fs::write(&file, "the-second-token\r\n").unwrap();
    rewritten.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(tokens(&server, &rest(ID)), ["Bearer the-first-token", "Bearer the-second-token"]);
    assert!(!ended.stderr.contains("warning"), "{ended:#?}");
}

#[test]
fn a_bad_token_source_is_a_sentence_and_nothing_is_sent() {
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
        let ended = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).run();
        ended.fails(78, needle);
        assert!(ended.stderr.contains(name) && !ended.stderr.contains("hidden"), "{ended:#?}");
    }
    let ended = start().env("TXWATCH_PROOF_TOKEN_FILE", "no/such/file").run();
    ended.fails(78, "the token file no/such/file cannot be read");
    assert!(ended.stderr.contains("it is named by TXWATCH_PROOF_TOKEN_FILE"), "{ended:#?}");
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
    for way in ["TXWATCH_PROOF_TOKEN,", "TXWATCH_PROOF_TOKEN_FILE,", "token_command under"] {
        assert!(none.stderr.contains(way), "{none:#?}");
    }
    assert!(server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn a_token_file_that_everybody_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;

    let server = Script::new().rest(ID, [completed()]).start();
    let command = txwatch(["get", &format!("proof:{ID}")]).env("TXWATCH_PROOF_URL", server.url());
    let file = command.write_private("token", "the-token");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = command.env("TXWATCH_PROOF_TOKEN_FILE", &file).run();
    assert_eq!(ended.code, 0);
    let warning = ended.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap();
    assert!(warning.contains("can be read by everybody") && warning.contains("chmod 600"));
}

/// The file's own settings: a token command as a list, and a token file beside the file.
#[test]
fn the_config_file_names_tokens_but_never_holds_one() {
    let server = Script::new().rest(ID, [completed()]).start();
    let config = |setting: &str| {
        let url = server.url();
        format!("[profiles.staging]\nprovider = \"proof\"\nurl = \"{url}\"\n{setting}\n")
    };
    let get = || txwatch(["get", &format!("staging:{ID}")]);
    let ended = get().config(&config("token_command = [\"echo\", \"from-a-command\"]")).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let command = get();
    command.write_private("the-token", "from-a-file");
    assert_eq!(command.config(&config("token_file = \"the-token\"")).run().code, 0);
    assert_eq!(tokens(&server, &rest(ID)), ["Bearer from-a-command", "Bearer from-a-file"]);
    let ended = get().config(&config("token = \"hidden-in-the-file\"")).run();
    assert_eq!(ended.code, 78);
    assert!(!ended.stderr.contains("hidden-in-the-file"), "{ended:#?}");
    assert!(ended.stderr.contains("token_file"), "{ended:#?}");
}

/// A token command that writes its number into a file and goes on.
fn endless(command: &Txwatch) -> String {
    let path = command.write("pid", "");
    let script = format!("echo $$ > {}; exec sleep 60", path.display());
    format!(
        "[profiles.proof]\nurl = \"http://127.0.0.1:9\"\ntoken_command = [\"sh\", \"-c\", \"{script}\"]\n"
    )
}

/// Waits until that command has ended.
fn await_its_end(home: &TempDir) {
    let pid = read_to_string(home.path().join("pid")).unwrap();
    // Of a process that was killed nothing is left, or no command line.
    let words = || read_to_string(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
    let start = Instant::now();
    while words().contains("sleep") {
        assert!(start.elapsed().as_secs() < 30, "it goes on");
        std::thread::yield_now();
    }
}

#[test]
fn a_token_command_ends_with_the_watch() {
    let command = txwatch(["watch", "proof:one", "--timeout", "1s"]);
    let (text, home) = (endless(&command), command.home());
    let ended = command.config(&text).run();
    assert_eq!(ended.code, 124, "{ended:#?}");
    await_its_end(&home);
}

#[test]
fn a_token_command_ends_with_the_reader_of_the_output() {
    let command =
        txwatch(["watch", "sandbox:slow", "proof:one", "-o", "json", "--heartbeat", "1s"]);
    let (text, home) = (endless(&command), command.home());
    let mut command = command.config(&text);
    let mut child = command.command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while read_to_string(home.path().join("pid")).is_ok_and(|pid| pid.is_empty()) {
        std::thread::yield_now();
    }
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
    await_its_end(&home);
}
