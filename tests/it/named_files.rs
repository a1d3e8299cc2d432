//! Files that a user names: pipes and devices that have no end, directories, files that are too large, and files that can
//! be read only once.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::proof::{ID, error, record, rest_path};
use crate::support::running::Running;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::terminal;
use crate::support::tls::Authority;
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

/// The id that nobody has.
const PROBE: &str = "00000000-0000-4000-8000-000000000000";
/// Longer than a passing test takes, and shorter than the limit of a file.
const HANG: Duration = Duration::from_secs(25);

fn fifo(command: &Txwatch, name: &str) -> PathBuf {
    let path = command.home().path().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Writes into a pipe once it is opened for reading, and closes it.
fn write_once(path: &Path, text: impl Into<Vec<u8>>) -> thread::JoinHandle<()> {
    let (path, text) = (path.to_owned(), text.into());
    thread::spawn(move || File::options().write(true).open(path).unwrap().write_all(&text).unwrap())
}

/// A way to name a file.
struct Source {
    name: &'static str,
    /// What a message calls the file, and what names it.
    needles: [&'static str; 2],
    set: fn(Txwatch, &Path) -> Txwatch,
}

fn in_config(section: &str, key: &str, path: &Path) -> String {
    format!("[{section}]\n{key} = '{}'\n", path.display())
}

const SOURCES: [Source; 8] = [
    Source {
        name: "config",
        needles: ["the config file", "TXWATCH_CONFIG names it"],
        set: |command, path| command.env("TXWATCH_CONFIG", path),
    },
    Source {
        name: "token",
        needles: ["the token file", "it is named by TXWATCH_PROOF_TOKEN_FILE"],
        set: |command, path| command.env("TXWATCH_PROOF_TOKEN_FILE", path),
    },
    Source {
        name: "token of the config file",
        needles: ["the token file", "config.toml:2"],
        set: |command, path| command.config(&in_config("profiles.proof", "token_file", path)),
    },
    Source {
        name: "secret that tokens are issued for",
        needles: ["the token file", "it is named by TXWATCH_TRANSAK_API_SECRET_FILE"],
        set: |command, path| {
            command.env("TXWATCH_TRANSAK_API_KEY", "k").env("TXWATCH_TRANSAK_API_SECRET_FILE", path)
        },
    },
    Source {
        name: "--cacert",
        needles: ["the CA file", "it is named by --cacert"],
        set: |mut command, path| {
            command.command().arg("--cacert").arg(path);
            command
        },
    },
    Source {
        name: "TXWATCH_CACERT",
        needles: ["the CA file", "it is named by TXWATCH_CACERT"],
        set: |command, path| command.env("TXWATCH_CACERT", path),
    },
    Source {
        name: "CA of the config file",
        needles: ["the CA file", "config.toml:2"],
        set: |command, path| command.config(&in_config("defaults", "cacert", path)),
    },
    Source {
        name: "SSL_CERT_FILE",
        needles: ["the CA file", "it is named by SSL_CERT_FILE"],
        set: |command, path| command.env("SSL_CERT_FILE", path),
    },
];

/// A command that reads the file of the source before anything is sent.
fn reading(source: &Source) -> Txwatch {
    let target = if source.name.starts_with("secret") { "transak:1" } else { "proof:1" };
    let command = txwatch(["watch", target, "--timeout", "1s"]);
    let command = command.env("TXWATCH_PROOF_URL", "https://127.0.0.1:9");
    if source.name.starts_with("token") {
        command
    } else {
        command.env("TXWATCH_PROOF_TOKEN", TOKEN)
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_with_the_time_of_the_command() {
    for source in SOURCES {
        let command = reading(&source);
        let pipe = fifo(&command, "pipe");
        let start = Instant::now();
        let output = (source.set)(command, &pipe).run();
        assert!(start.elapsed() < HANG, "{}", source.name);
        output
            .fails(124, "it is a pipe, and its end was not reached within the time of the command");
        for needle in source.needles {
            assert!(output.stderr.contains(needle), "{}: {output:#?}", source.name);
        }
    }
}

#[test]
fn what_is_no_file_of_up_to_1_mib_is_refused_at_once() {
    for source in SOURCES {
        let command = reading(&source);
        let large = command.write("large", vec![b'#'; 1024 * 1024 + 1]);
        let folder = command.home().path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        for (path, needle) in [
            (Path::new("/dev/zero"), "it holds more than 1 MiB"),
            (&large, "it holds more than 1 MiB"),
            (&folder, "it is a directory"),
            (Path::new("/no/such/file"), "No such file"),
        ] {
            let command = reading(&source);
            let output = (source.set)(command, path).run();
            output.fails(78, needle);
            for needle in source.needles {
                assert!(output.stderr.contains(needle), "{}: {output:#?}", source.name);
            }
        }
    }
}

#[test]
fn a_terminal_is_not_read() {
    for source in SOURCES {
        let name = source.name;
        let mut command = reading(&source);
        let home = command.home();
        command = (source.set)(command, Path::new("/dev/tty"));
        let inner = command.command();
        // A terminal of its own, in which nobody types.
        let mut session =
            terminal::session(inner.get_program().to_str().unwrap(), inner.get_args());
        for (variable, value) in inner.get_envs() {
            session = session.env(&variable.to_string_lossy(), value.unwrap());
        }
        let exit = session.size(24, 200).start().wait();
        assert_eq!(exit.code, 78, "{name}: {exit:#?}");
        let shown = exit.screen.join("\n");
        assert!(shown.contains("it is a terminal"), "{name}: {shown}");
        drop(home);
    }
}

/// As `TXWATCH_PROOF_TOKEN_FILE=<(print-token)` does it.
#[test]
fn a_pipe_that_is_written_to_and_closed_is_read() {
    let authority = Authority::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .tls(authority.server("localhost"))
        .start();
    let url = server.url_as("localhost");
    let get = || txwatch(["get", &format!("proof:{ID}")]).env("TXWATCH_PROOF_URL", &url);
    for source in ["TXWATCH_CONFIG", "TXWATCH_PROOF_TOKEN_FILE", "TXWATCH_CACERT", "SSL_CERT_FILE"]
    {
        let mut command = get().env("TXWATCH_PROOF_TOKEN", TOKEN).trusting(&authority);
        let pipe = fifo(&command, "pipe");
        let text = match source {
            "TXWATCH_CONFIG" => "[defaults]\noutput = 'json'\n".to_owned(),
            "TXWATCH_PROOF_TOKEN_FILE" => TOKEN.to_owned(),
            _ => authority.pem().to_owned(),
        };
        match source {
            "TXWATCH_PROOF_TOKEN_FILE" => drop(command.command().env_remove("TXWATCH_PROOF_TOKEN")),
            "SSL_CERT_FILE" => drop(command.command().env_remove("TXWATCH_CACERT")),
            _ => {}
        }
        let writing = write_once(&pipe, text);
        let output = command.env(source, &pipe).run();
        writing.join().unwrap();
        assert_eq!(output.code, 0, "{source}: {output:#?}");
    }
}

/// Whether it has read standard input before or not; and who asks how the targets stand ends nothing.
#[test]
fn a_signal_ends_a_command_that_reads_a_file_before_it_has_begun() {
    let list = "proof:1\n";
    for (variable, target) in [
        ("TXWATCH_CONFIG", "sandbox:happy"),
        ("TXWATCH_PROOF_TOKEN_FILE", "proof:1"),
        ("TXWATCH_PROOF_TOKEN_FILE", "-"),
    ] {
        for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
            let command = txwatch(["watch", target]).env("TXWATCH_PROOF_URL", "http://127.0.0.1:9");
            let pipe = fifo(&command, "pipe");
            let mut command = command.env(variable, &pipe);
            let input = command.write("list", list);
            command.command().stdin(File::open(input).unwrap());
            let running = command.start();
            // Opened once the other side reads.
            let _writer = File::options().write(true).open(&pipe).unwrap();
            running.signal("USR1");
            let begun = Instant::now();
            running.signal(name);
            let output = running.wait();
            assert_eq!(output.code, code, "{variable} {target}: {output:#?}");
            assert!(begun.elapsed() < HANG, "{variable} {target}");
        }
    }
}

#[test]
fn a_signal_ends_a_check_that_reads_the_file_of_a_later_profile() {
    let unknown = Reply::status(404, error("not_found", "transaction_not_found"));
    let server = Script::new().rest(PROBE, [unknown]).start();
    let command = txwatch(["config", "check"]).proof(&server.url());
    let pipe = fifo(&command, "pipe");
    let later = format!(
        "[profiles.second]\nprovider = 'proof'\nurl = 'http://127.0.0.1:9'\ntoken_file = '{}'\n",
        pipe.display()
    );
    let running = command.config(&later).start_piped();
    let _writer = File::options().write(true).open(&pipe).unwrap();
    let begun = Instant::now();
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, 143, "{output:#?}");
    assert!(begun.elapsed() < HANG);
}

fn rejecting() -> Server {
    Script::new().rest(ID, [Reply::status(401, error("unauthorised", "invalid_token"))]).start()
}

fn poll(server: &Server) -> Txwatch {
    txwatch(["poll", &format!("proof:{ID}"), "-i", "100ms"]).env("TXWATCH_PROOF_URL", server.url())
}

/// Starts a watch whose token is refused, and whose token file is a pipe; returns it once it reads that again, with the
/// side of the pipe that is never closed.
fn reading_again(command: Txwatch, server: &Server) -> (Running, File) {
    let pipe = fifo(&command, "pipe");
    let running = command.env("TXWATCH_PROOF_TOKEN_FILE", &pipe).start();
    write_once(&pipe, TOKEN).join().unwrap();
    server.wait_for(&rest_path(ID));
    // Opened once the other side reads again.
    (running, File::options().write(true).open(&pipe).unwrap())
}

#[test]
fn a_signal_ends_a_watch_that_reads_its_token_again() {
    let server = rejecting();
    let (running, _writer) = reading_again(poll(&server), &server);
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, 143, "{output:#?}");
    assert!(output.stderr.contains("resume with"), "{output:#?}");
}

#[test]
fn the_time_of_the_command_ends_a_watch_that_reads_its_token_again() {
    let server = rejecting();
    let (running, _writer) = reading_again(poll(&server).env("TXWATCH_TIMEOUT", "2s"), &server);
    let start = Instant::now();
    let output = running.wait();
    assert!(start.elapsed() < HANG);
    assert_eq!(output.code, 124, "{output:#?}");
}

/// A refused token that cannot be read again is still a refused token.
#[test]
fn a_token_that_can_be_read_only_once_is_kept_and_refused() {
    let server = rejecting();
    let line = format!("printf {TOKEN} | \"$0\" \"$@\"");
    let once = poll(&server).env("TXWATCH_PROOF_TOKEN_FILE", "/dev/stdin");
    let once = once.wrapped_by(["sh", "-c", &line]).run();
    let failing = poll(&server);
    let has_run = failing.home().path().join("has-run").display().to_string();
    let line = format!("sh -c 'test ! -e {has_run} && : > {has_run} && echo {TOKEN}'");
    let failing = failing.env("TXWATCH_PROOF_TOKEN_COMMAND", line).run();
    for (output, needle) in [(once, "is empty"), (failing, "failed: sh: exit status: 1")] {
        output.fails(77, "Proof refused the token: 401");
        let warning = output.stderr.lines().find(|line| line.contains("could not be read again"));
        assert!(warning.is_some_and(|line| line.contains(needle)), "{output:#?}");
    }
    for request in server.requests() {
        assert_eq!(request.header("Authorization"), Some(&*format!("Bearer {TOKEN}")));
    }
}
