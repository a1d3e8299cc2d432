//! Surroundings that lack what is usually there: no home, no user's name, no time zone, no locale, nothing to write to.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::issuer::Issuer;
use crate::support::transak::ID;
use crate::support::txwatch::{CommandOutput, Txwatch, txwatch};

/// A user that no list of users has.
const NOBODY: &str = "54321";

/// The commands that work without anything around them.
const COMMANDS: &[&[&str]] = &[
    &["watch", "sandbox:happy"],
    &["poll", "sandbox:happy"],
    &["get", "sandbox:happy", "-o", "human"],
    &["get", "sandbox:happy", "-o", "json"],
    &["config", "path"],
    &["config", "show"],
    &["config", "check", "-p", "sandbox"],
    &["config", "forget-token"],
    &["help", "watch"],
    &["help", "exit-codes"],
    &["completions", "bash"],
    &["--version"],
];

/// The command with an empty environment, but for the speed of the sandbox.
fn bare(arguments: &[&str]) -> Txwatch {
    let mut command = txwatch(arguments);
    for name in ["HOME", "XDG_STATE_HOME", "TZ", "PATH"] {
        command.command().env_remove(name);
    }
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The binary where every user can run it.
fn for_everybody(folder: &TempDir) -> PathBuf {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    let path = folder.path().join("txwatch");
    std::fs::copy(env!("CARGO_BIN_EXE_txwatch"), &path).unwrap();
    path
}

/// Runs a command as a user without a name and without a home; root may become one.
fn as_nobody(binary: &Path, command: &mut Txwatch) -> CommandOutput {
    let inner = command.command();
    let mut wrapped = std::process::Command::new("setpriv");
    wrapped.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
    wrapped.arg(binary).args(inner.get_args()).env_clear().stdin(std::process::Stdio::null());
    wrapped.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // `setpriv` is looked up before it loses the PATH.
    CommandOutput::from(wrapped.output().unwrap())
}

/// Takes away root's power to read and write whatever it wants; others have none.
fn without_power(command: Txwatch) -> Txwatch {
    if is_root() {
        let bounds = "-dac_override,-dac_read_search";
        command.wrapped_by(["/usr/bin/setpriv", "--bounding-set", bounds])
    } else {
        command
    }
}

#[test]
fn an_empty_environment_is_enough() {
    for arguments in COMMANDS {
        let output = bare(arguments).run();
        assert_eq!(output.code, 0, "{arguments:?}: {output:#?}");
    }
}

#[test]
fn a_user_without_a_name_and_without_a_home_can_do_everything() {
    if !is_root() {
        // Without a name there is no home to fall back to either; only root can become such a user.
        return;
    }
    let folder = TempDir::new().unwrap();
    let binary = for_everybody(&folder);
    for arguments in COMMANDS {
        let output = as_nobody(&binary, &mut bare(arguments));
        assert_eq!(output.code, 0, "{arguments:?}: {output:#?}");
    }
    let path = as_nobody(&binary, &mut bare(&["config", "path"]));
    assert_eq!(path.stdout, "");
    assert!(path.stderr.contains("there is no home directory"), "{path:#?}");
    let missing = as_nobody(&binary, &mut bare(&["get", "proof:1"]));
    missing.fails(78, "profile proof has no url");
    assert!(missing.stderr.contains("a file that TXWATCH_CONFIG names"), "{missing:#?}");
    let named =
        as_nobody(&binary, &mut bare(&["get", "sandbox:happy"]).env("TXWATCH_CONFIG", "/no/such"));
    named.fails(78, "the config file /no/such cannot be read");
}

#[test]
fn a_home_that_is_not_there_is_enough() {
    for home in ["/nonexistent", "/dev/null", "relative", ".", "/proc/self/fd"] {
        for arguments in COMMANDS {
            let output = bare(arguments).env("HOME", home).run();
            assert_eq!(output.code, 0, "HOME={home} {arguments:?}: {output:#?}");
        }
    }
}

/// A file that is in the current directory is not the user's own because HOME is.
#[test]
fn a_relative_home_is_none() {
    let mut command = bare(&["config", "show"]).env("HOME", ".");
    let home = command.home();
    std::fs::create_dir_all(home.path().join(".config/txwatch")).unwrap();
    command.write(".config/txwatch/config.toml", "[defaults]\ntimeout = '7m'\n");
    command.command().current_dir(home.path());
    let output = command.run();
    assert!(output.code == 0 && !output.stdout.contains("7m"), "{output:#?}");
}

#[test]
fn a_time_zone_or_a_locale_that_is_none_changes_nothing() {
    for (name, value) in [
        ("TZ", ""),
        ("TZ", "Nowhere/At_All"),
        ("TZ", ":"),
        ("TZ", "Europe/Berlin\r"),
        ("TZ", "\u{1b}[31m"),
        ("TZ", "/no/such/file"),
        ("TZ", "/dev/zero"),
        ("TZ", ":/dev/zero"),
        ("TZ", "/"),
        ("TZDIR", "/no/such/folder"),
        ("LANG", "C"),
        ("LC_ALL", "xx_YY.garbage"),
        ("LANG", "\u{1b}"),
    ] {
        let output = bare(&["get", "sandbox:happy", "-o", "human"]).env(name, value).run();
        assert_eq!(output.code, 0, "{name}={value:?}: {output:#?}");
    }
}

/// A home with a configuration file that this user may not read.
fn somebody_elses(arguments: &[&str]) -> Txwatch {
    let command = bare(arguments);
    let folder = command.home().path().join(".config/txwatch");
    std::fs::create_dir_all(&folder).unwrap();
    let file = command.write(".config/txwatch/config.toml", "[defaults]\noutput = 'json'\n");
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o000)).unwrap();
    let home = command.home();
    command.env("HOME", home.path())
}

#[test]
fn a_config_file_of_somebody_else_is_passed_over_with_a_warning() {
    for arguments in
        [&["get", "sandbox:happy"][..], &["config", "show"], &["config", "check", "-p", "sandbox"]]
    {
        let output = without_power(somebody_elses(arguments)).run();
        assert_eq!(output.code, 0, "{arguments:?}: {output:#?}");
        let warned = output.stderr.matches("config.toml is passed over").count();
        assert_eq!(warned, 1, "{arguments:?}: {output:#?}");
    }
    let (output, records) = without_power(somebody_elses(&["get", "sandbox:happy"])).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(records.iter().any(|record| record["code"] == "config_not_read"), "{records:#?}");
    // What is in it may be what is missing.
    let output = without_power(somebody_elses(&["get", "proof:1"])).run();
    output.fails(78, "profile proof has no url");
    assert!(output.stderr.contains("is passed over"), "{output:#?}");
}

#[test]
fn a_config_file_that_was_named_has_to_be_read() {
    let command = somebody_elses(&["get", "sandbox:happy"]);
    let file = command.home().path().join(".config/txwatch/config.toml");
    let output = without_power(command.env("TXWATCH_CONFIG", &file)).run();
    output.fails(78, "cannot be read: Permission denied");
    assert!(output.stderr.contains("TXWATCH_CONFIG names it"), "{output:#?}");
}

/// A file system that cannot be written to: issued tokens are not kept, and the watch goes on.
#[test]
fn a_state_directory_that_cannot_be_written_to_is_warned_about() {
    for state in ["/proc", "/dev/null", "/sys"] {
        let issuer = Issuer::start();
        issuer.complete();
        let command = txwatch(["get", &format!("transak:{ID}")]).transak(&issuer.url());
        let command = command.env("TXWATCH_TRANSAK_API_SECRET", "the-api-secret");
        let output = command.env("XDG_STATE_HOME", state).run();
        assert_eq!(output.code, 0, "{state}: {output:#?}");
        assert!(output.stderr.contains("issued tokens cannot be kept"), "{state}: {output:#?}");
    }
}

/// The same with a file system that was mounted so; skipped where nothing may be mounted.
#[test]
fn a_read_only_file_system_is_warned_about() {
    let can_mount = std::process::Command::new("unshare").args(["-m", "true"]).output();
    if !can_mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let issuer = Issuer::start();
    issuer.complete();
    let command = txwatch(["get", &format!("transak:{ID}")]).transak(&issuer.url());
    let home = command.home();
    let read_only =
        "mount --bind $HOME $HOME && mount -o remount,ro,bind $HOME && exec \"$0\" \"$@\"";
    let command = command.env("TXWATCH_TRANSAK_API_SECRET", "the-api-secret");
    let output = command.wrapped_by(["unshare", "-m", "sh", "-c", read_only]).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stderr.contains("Read-only file system"), "{output:#?}");
    drop(home);
}
