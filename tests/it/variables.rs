//! Environment variables that are empty, end with a carriage return, or have a bad value.

use std::collections::BTreeSet;

use clap::Command;
use txwatch::config::Registry;

use crate::support::proof::{ID, record};
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

/// What else is read, by txwatch or by a library.
const OTHERS: &[&str] = &[
    "TXWATCH_CONFIG",
    "TXWATCH_SANDBOX_SPEED",
    "TXWATCH_PROOF_TOKEN",
    "TXWATCH_PROOF_TOKEN_FILE",
    "TXWATCH_PROOF_TOKEN_COMMAND",
    "TXWATCH_PROOF_URL",
    "TXWATCH_PROOF_DIALECT",
    "TXWATCH_CASPER_QUOTA",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "HOME",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "TZ",
    "LANG",
    "LC_ALL",
    "COMPLETE",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// The variables of all options.
fn of_options() -> BTreeSet<String> {
    fn collect(command: &Command, found: &mut BTreeSet<String>) {
        let variables = command.get_arguments().filter_map(clap::Arg::get_env);
        found.extend(variables.map(|variable| variable.to_str().unwrap().to_owned()));
        command.get_subcommands().for_each(|command| collect(command, found));
    }
    let mut found = BTreeSet::new();
    collect(&txwatch::cli::definitions(&Registry::built_in()), &mut found);
    assert!(found.contains("TXWATCH_TIMEOUT") && found.contains("TXWATCH_LISTEN"));
    found
}

fn with_empty(mut command: Txwatch) -> Txwatch {
    let of_options = of_options();
    for variable in of_options.iter().map(String::as_str).chain(OTHERS.iter().copied()) {
        command = command.env(variable, "");
    }
    command
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let server = Script::new().rest(ID, [Reply::json(&record(ID, "completed", 0))]).start();
    let target = format!("proof:{ID}");
    for arguments in [
        &["watch", "sandbox:happy"][..],
        &["get", "sandbox:happy"],
        &["config", "path"],
        &["config", "show"],
        &["completions", "bash"],
        &["help", "watch"],
        &["--version"],
    ] {
        let output = with_empty(txwatch(arguments)).run();
        assert_eq!(output.code, 0, "{arguments:?}: {output:#?}");
    }
    let output = with_empty(txwatch(["poll", &target])).proof(&server.url()).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, format!("{target}\tcompleted\n"));
}

/// A bundle of CI that is empty is no bundle: the system's CAs are trusted, and one more.
#[test]
fn empty_variables_of_cas_leave_those_of_the_system() {
    let authority = crate::support::tls::Authority::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .tls(authority.server("localhost"))
        .start();
    for (file, folders) in [("", ""), ("\r", ""), ("", ":")] {
        let get = || {
            txwatch(["get", &format!("proof:{ID}")])
                .proof(&server.url_as("localhost"))
                .env("SSL_CERT_FILE", file)
                .env("SSL_CERT_DIR", folders)
        };
        let output = get().trusting(&authority).run();
        assert_eq!(output.code, 0, "{output:#?}");
        get().run().fails(76, "its CA is unknown");
    }
}

/// As `--env-file` of a container passes the lines of a file with CRLF.
#[test]
fn a_carriage_return_at_the_end_of_a_variable_is_no_part_of_it() {
    let server = Script::new().rest(ID, [Reply::json(&record(ID, "completed", 0))]).start();
    let variables = [
        ("TXWATCH_URL", server.url()),
        ("TXWATCH_PROOF_TOKEN", TOKEN.to_owned()),
        ("TXWATCH_PROFILE", "proof".to_owned()),
        ("TXWATCH_OUTPUT", "json".to_owned()),
        ("TXWATCH_COLOR", "never".to_owned()),
        ("TXWATCH_TIMEOUT", "20s".to_owned()),
        ("TXWATCH_APPEAR_TIMEOUT", "1s".to_owned()),
        ("TXWATCH_MAX_OUTAGE", "none".to_owned()),
        ("TXWATCH_GRACE", "0s".to_owned()),
        ("TXWATCH_INTERVAL", "1s".to_owned()),
        ("TXWATCH_HEARTBEAT", "none".to_owned()),
        ("TXWATCH_UNTIL", "completed".to_owned()),
        ("TXWATCH_EXPECT", "provider=proof".to_owned()),
        ("TXWATCH_ANY", "true".to_owned()),
        ("TXWATCH_SHOW_PERSONAL", "1".to_owned()),
        ("TXWATCH_QUIET", "false".to_owned()),
        ("TXWATCH_VERBOSE", "0".to_owned()),
        ("TXWATCH_TRANSPORT", "poll".to_owned()),
    ];
    let mut command = txwatch(["watch", ID]);
    for (name, value) in variables {
        command = command.env(name, format!("{value}\r"));
    }
    let cacert = command.write("ca.pem", crate::support::tls::Authority::new().pem());
    let mut path = cacert.into_os_string();
    path.push("\r");
    let output = command.env("TXWATCH_CACERT", path).run();
    assert!([0, 13].contains(&output.code), "{output:#?}");
    let request = &server.requests()[0];
    assert_eq!(request.header("Authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert!(output.stdout.lines().all(|line| line.starts_with('{')), "{output:#?}");
}

#[test]
fn a_message_about_a_bad_value_names_its_variable() {
    let mut checked = 0;
    for variable in of_options() {
        // Texts without a form of their own; see below.
        let is_text = ["URL", "PROFILE", "CACERT"].iter().any(|name| variable.ends_with(name));
        if is_text {
            continue;
        }
        let arguments = match variable.as_str() {
            "TXWATCH_LISTEN" => &["sandbox"][..],
            "TXWATCH_EXIT_STATUS" => &["get", "sandbox:happy"],
            _ => &["watch", "sandbox:happy"],
        };
        let output = txwatch(arguments).env(&variable, "not!usable").run();
        assert_eq!(output.code, 2, "{variable}: {output:#?}");
        let error = output.stderr.lines().next().unwrap_or_default();
        assert!(error.contains(&variable), "{variable}: {output:#?}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
    for (variable, value, code) in [
        ("TXWATCH_URL", "not an address", 2),
        ("TXWATCH_PUSH_URL", "not an address", 2),
        ("TXWATCH_PROFILE", "no-such-profile", 2),
        ("TXWATCH_CACERT", "/no/such/file", 78),
        ("TXWATCH_PROOF_URL", "not an address", 78),
        ("TXWATCH_CASPER_QUOTA", "x", 78),
    ] {
        let (profile, id) = if variable.contains("CASPER") {
            ("casper", "c0ffee00".repeat(8))
        } else {
            ("proof", "1".to_owned())
        };
        let mut command =
            txwatch(["get", &id]).proof("http://127.0.0.1:9").casper("http://127.0.0.1:9");
        command = command.env("TXWATCH_PROFILE", profile).env(variable, value);
        let output = command.run();
        assert_eq!(output.code, code, "{variable}: {output:#?}");
        assert!(output.stderr.contains(variable), "{variable}: {output:#?}");
    }
}

/// Two addresses for one profile, or an address for the sandbox, is wrong wherever the address comes from.
#[test]
fn a_variable_that_does_not_go_with_the_targets_is_named() {
    for (targets, needle) in [
        (&["sandbox:happy"][..], "the sandbox has its own address"),
        (&["proof:1", "transak:1"], "are for one profile"),
    ] {
        let arguments = [&["get"], targets].concat();
        let output = txwatch(arguments).env("TXWATCH_URL", "http://127.0.0.1:9").run();
        output.fails(2, needle);
        assert!(output.stderr.contains("TXWATCH_URL"), "{output:#?}");
    }
}

#[test]
fn how_verbose_it_may_be_is_a_number() {
    let get = |level: &str| txwatch(["get", "sandbox:happy"]).env("TXWATCH_VERBOSE", level).run();
    for level in ["true", "-1", "256"] {
        let output = get(level);
        output.fails(2, "for 'TXWATCH_VERBOSE': write 1 for what -v shows");
    }
    assert!(get("2").stderr.contains("DEBUG > GET"));
    assert!(!get("1").stderr.contains("DEBUG"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bytes = OsStr::from_bytes(b"hidden-\xff");
    for (variable, code) in [
        ("TXWATCH_TIMEOUT", 2),
        ("TXWATCH_URL", 2),
        ("TXWATCH_CONFIG", 78),
        ("TXWATCH_PROOF_TOKEN", 78),
        ("TXWATCH_PROOF_TOKEN_FILE", 78),
    ] {
        let output = txwatch(["get", "proof:1"]).env(variable, bytes).run();
        output.fails(code, &format!("{variable} does not hold Unicode text"));
        assert!(!output.stderr.contains("hidden"), "{output:#?}");
    }
    let output = txwatch(["get", "sandbox:happy"]).env("SOMEBODY_ELSES", bytes).run();
    assert_eq!(output.code, 0, "{output:#?}");
}
