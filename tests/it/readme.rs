//! The README is correct: its sessions are typed into a terminal, and its scripts are run.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use txwatch::sandbox::Speed;

use crate::support::bless;
use crate::support::terminal::session;
use crate::support::txwatch::{path, txwatch};

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(bless::path("README.md")).unwrap();
    let opening = format!("```{language}\n");
    let rest = readme.split(&opening).skip(1);
    rest.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_setup_commands_come_first() {
    let setup = "cargo run --release -- watch sandbox:happy\ncargo test\n";
    assert_eq!(blocks("bash")[0], setup);
    let readme = std::fs::read_to_string(bless::path("README.md")).unwrap();
    let first = readme.split("```").nth(1).unwrap();
    assert_eq!(first.strip_prefix("bash\n"), Some(setup));
}

#[test]
fn the_configuration_is_accepted() {
    let [config] = &blocks("toml")[..] else { panic!("one block of TOML") };
    let output = txwatch(["config", "show"]).config(config).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stdout.contains("[profiles.staging]"), "{output:#?}");
    assert!(output.stdout.contains("from the command pass"), "{output:#?}");
}

/// The line with times of day, dates and durations replaced, as they differ in each run.
fn without_times(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let word = word.trim_start_matches('+');
        let bare = word.trim_start_matches('(').trim_end_matches([':', ')']);
        let is_of = |letters: &str| {
            bare.contains(|c: char| c.is_ascii_digit())
                && bare.chars().all(|c| c.is_ascii_digit() || letters.contains(c))
        };
        if is_of(":") && bare.len() == 8 || is_of("-") && bare.len() == 10 {
            "TIME".to_owned()
        } else if is_of("s") && bare.ends_with('s') {
            "DURATION".to_owned()
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_sessions_run_as_shown() {
    let sessions = blocks("console");
    assert!(sessions.len() >= 5, "{sessions:#?}");
    std::thread::scope(|scope| {
        for expected in &sessions {
            scope.spawn(|| runs_as_shown(expected));
        }
    });
}

fn runs_as_shown(expected: &str) {
    let session = session("bash", ["--norc", "--noprofile", "-i"]).env("PS1", "$ ").size(50, 200);
    let mut bash = session.start();
    let prompts = |screen: &[String]| screen.iter().filter(|line| line.starts_with('$')).count();
    let commands = expected.lines().filter_map(|line| line.strip_prefix("$ "));
    for (index, command) in commands.enumerate() {
        bash.wait_for("the prompt", |screen| {
            screen.last().is_some_and(|line| line == "$") && prompts(screen) == index + 1
        });
        bash.type_in(&format!("{command}\r"));
        bash.wait_for("its echo", |screen| screen.iter().any(|line| line.ends_with(command)));
    }
    let count = expected.lines().filter(|line| line.starts_with('$')).count();
    bash.wait_for("the last prompt", |screen| {
        screen.last().is_some_and(|line| line == "$") && prompts(screen) == count + 1
    });
    let mut screen = bash.screen();
    screen.pop();
    let found: Vec<_> = screen.iter().map(|line| without_times(line)).collect();
    let expected: Vec<_> = expected.lines().map(without_times).collect();
    assert_eq!(found, expected, "{}", screen.join("\n"));
}

/// A folder of scripts that print their names, one that prints an id, and a `jq` where the machine has none.
fn folder(id: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["ship.sh", "release.sh", "note_refund.sh", "requeue.sh", "page.sh"] {
        program(folder.path(), name, &format!("echo {name}"));
    }
    program(folder.path(), "create_session", &format!("echo {id}"));
    let has_jq = Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !has_jq {
        let outcome = r#"sed -n 's/.*"type":"result".*"outcome":"\([^"]*\)".*/\1/p'"#;
        program(folder.path(), "jq", outcome);
    }
    folder
}

fn program(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;

    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What a script of the README prints with this id, without the lines of txwatch itself.
fn printed(script: &str, id: &str) -> String {
    let folder = folder(id);
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("ID", id)
        .env(Speed::VARIABLE, "10")
        .env("PATH", [folder.path().as_os_str(), &path()].join(OsStr::new(":")))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines = stdout.lines().filter(|line| !line.contains('\t'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_scripts_do_what_the_readme_says() {
    let scripts = blocks("sh");
    let [gate, cases, pipe] = &scripts[..] else { panic!("three scripts: {scripts:#?}") };
    let impatient = &cases.replace("--timeout 15m", "--timeout 1s");
    assert_ne!(impatient, cases);
    let expectations = [
        (gate, "sandbox:happy", "ship.sh"),
        (gate, "sandbox:failed", ""),
        (cases, "sandbox:happy", "ship.sh"),
        (cases, "sandbox:failed", "release.sh"),
        (cases, "sandbox:cancelled", "release.sh"),
        // It may have been paid late.
        (cases, "sandbox:expired", "page.sh"),
        (cases, "sandbox:refunded", "note_refund.sh"),
        (cases, "sandbox:denied", "page.sh"),
        (impatient, "sandbox:slow", "requeue.sh"),
        (pipe, "sandbox:happy", "ok"),
        (pipe, "sandbox:failed", "failed"),
    ];
    std::thread::scope(|scope| {
        for (script, id, expected) in expectations {
            scope.spawn(move || assert_eq!(printed(script, id), expected, "{id}: {script}"));
        }
    });
}
