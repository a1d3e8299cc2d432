//! Issued tokens that are kept in the state directory, and shared by all processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use txwatch::protocol::jwt;

use super::SECRET;
use crate::support::issuer::Issuer;
use crate::support::running::Running;
use crate::support::script::Gate;
use crate::support::transak::ID;
use crate::support::txwatch::{API_KEY, TOKEN, Txwatch, command_for, txwatch};

/// A command about the order, with the API secret.
fn command(name: &str, issuer: &Issuer, arguments: &[&str]) -> Txwatch {
    with_secret(command_for(name, &format!("transak:{ID}"), arguments), issuer)
}

fn with_secret(command: Txwatch, issuer: &Issuer) -> Txwatch {
    command.transak(&issuer.url()).env("TXWATCH_TRANSAK_API_SECRET", SECRET)
}

fn config(words: &[&str], issuer: &Issuer, home: &Txwatch) -> Txwatch {
    let words: Vec<&str> = ["config"].iter().chain(words).copied().collect();
    with_secret(txwatch(words), issuer).at_home_of(home)
}

/// The files of tokens.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
}

fn only_file(home: &Txwatch) -> PathBuf {
    let files = files(&home.state_folder());
    let [file] = &files[..] else { panic!("one file: {files:?}") };
    file.clone()
}

fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

/// Polls that have looked once, each with the first issued token.
fn three_polls(issuer: &Issuer, home: &Txwatch) -> [Running; 3] {
    let polls =
        [(); 3].map(|()| command("poll", issuer, &["-i", "100ms"]).at_home_of(home).start());
    issuer.wait_for_lookups(3);
    polls
}

#[test]
fn a_token_is_issued_once_and_used_by_every_command_after_it() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    for _ in 0..3 {
        let output = command("get", &issuer, &[]).at_home_of(&home).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(!output.stderr.contains("warning"), "{output:#?}");
    }
    assert_eq!(issuer.issued(), 1);
    assert_eq!(issuer.lookups(), [(); 3].map(|()| ("issued-token-1".to_owned(), true)));
}

#[test]
fn of_three_processes_that_start_together_one_has_a_token_issued() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    let (gate, start) = (Gate::new(), || command("poll", &issuer, &["-vv"]).at_home_of(&home));
    issuer.hold_issue(&gate);
    let first = start().start();
    issuer.wait_for_issues(1);
    let others = [(); 2].map(|()| {
        let mut running = start().start();
        running.wait_for_stderr("another txwatch has a token issued");
        running
    });
    gate.open();
    for running in others.into_iter().chain([first]) {
        let output = running.wait();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(!output.stderr.contains("issued-token-1"), "{output:#?}");
    }
    assert_eq!(issuer.issued(), 1);
    assert!(issuer.lookups().iter().all(|(_, is_accepted)| *is_accepted));
}

#[test]
fn of_three_processes_whose_token_is_refused_together_one_has_another_issued() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    assert_eq!(command("get", &issuer, &[]).at_home_of(&home).run().code, 0);
    let polls = three_polls(&issuer, &home);
    issuer.gather(3);
    issuer.revoke();
    issuer.complete();
    for running in polls {
        let output = running.wait();
        assert_eq!(output.code, 0, "{output:#?}");
    }
    assert_eq!(issuer.issued(), 2);
    let last = issuer.lookups().pop().unwrap();
    assert_eq!(last, ("issued-token-2".to_owned(), true));
    assert!(fs::read_to_string(only_file(&home)).unwrap().contains("issued-token-2"));
}

/// The refusal comes after another process has had a newer one issued.
#[test]
fn a_refused_token_is_replaced_by_a_newer_one_that_is_kept() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let late = Gate::new();
    issuer.hold_lookup(&late);
    let poll = command("poll", &issuer, &["-i", "100ms"]).at_home_of(&home).start();
    issuer.wait_for_lookups(1);
    // That lookup was accepted; the next one will not be.
    let refused = Gate::new();
    issuer.hold_lookup(&refused);
    issuer.revoke();
    late.open();
    issuer.wait_for_lookups(2);
    let output = command("get", &issuer, &[]).at_home_of(&home).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(issuer.issued(), 2);
    issuer.complete();
    refused.open();
    let output = poll.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(issuer.issued(), 2, "{:#?}", issuer.lookups());
}

/// The backend has had one issued, so the one that is kept is out of force.
#[test]
fn a_kept_token_that_is_refused_is_dropped_and_another_issued() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    assert_eq!(command("poll", &issuer, &[]).at_home_of(&home).run().code, 0);
    issuer.revoke();
    assert_eq!(command("poll", &issuer, &[]).at_home_of(&home).run().code, 0);
    assert_eq!(issuer.issued(), 2);
    let expected = [("issued-token-1", true), ("issued-token-1", false), ("issued-token-2", true)];
    assert_eq!(issuer.lookups(), expected.map(|(token, is)| (token.to_owned(), is)));
}

#[test]
fn a_kept_token_near_its_end_is_replaced_before_it_is_used() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    for (lives_for, issued) in [(3_600, 1), (3_600, 1)] {
        issuer.expiring(in_seconds(lives_for));
        assert_eq!(command("poll", &issuer, &[]).at_home_of(&home).run().code, 0);
        assert_eq!(issuer.issued(), issued);
    }
    // Nine minutes are left, and it was issued an hour ago.
    let file = only_file(&home);
    let at = |seconds: i64| jiff_text(in_seconds(seconds));
    let text = format!(
        r#"{{"token":"issued-token-1","issued_at":"{}","expires_at":"{}"}}"#,
        at(-3_600),
        at(540)
    );
    fs::write(&file, text).unwrap();
    assert_eq!(command("poll", &issuer, &[]).at_home_of(&home).run().code, 0);
    assert_eq!(issuer.issued(), 2);
    assert!(issuer.lookups().iter().all(|(_, is_accepted)| *is_accepted));
}

fn jiff_text(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

#[test]
fn a_process_that_waits_for_another_one_can_be_stopped() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let gate = Gate::new();
    issuer.hold_issue(&gate);
    let mut first = command("poll", &issuer, &["-vv"]).at_home_of(&home).start();
    issuer.wait_for_issues(1);
    let mut second = command("poll", &issuer, &["-vv"]).at_home_of(&home).start();
    second.wait_for_stderr("another txwatch has a token issued");
    second.signal("INT");
    assert_eq!(second.wait().code, 130);
    let third = command("poll", &issuer, &["--timeout", "1s"]).at_home_of(&home).run();
    assert_eq!(third.code, 124, "{third:#?}");
    // The holder dies while it waits, and the next one gets the lock.
    let mut fourth = command("poll", &issuer, &["-vv"]).at_home_of(&home).start();
    fourth.wait_for_stderr("another txwatch has a token issued");
    first.signal("KILL");
    first.wait_for_exit();
    issuer.complete();
    let output = fourth.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(issuer.issued(), 2);
    gate.open();
}

#[test]
fn what_is_kept_is_private_and_holds_no_other_secret() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    assert_eq!(command("get", &issuer, &[]).at_home_of(&home).run().code, 0);
    let file = only_file(&home);
    let (name, text) = (file.to_str().unwrap(), fs::read_to_string(&file).unwrap());
    assert!(text.contains("issued-token-1"));
    for secret in [SECRET, API_KEY] {
        assert!(!name.contains(secret) && !text.contains(secret), "{name} {text}");
    }
    assert!(!name.contains("issued-token-1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&home.state_folder()), 0o700);
        // Others could read it: it is used all the same, and made private.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let output = command("get", &issuer, &[]).at_home_of(&home).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(output.stderr.contains("could be read by others"), "{output:#?}");
        assert_eq!((mode(&file), issuer.issued()), (0o600, 1));
    }
}

#[test]
fn another_key_has_another_file_and_another_profile_with_the_same_key_has_not() {
    let (issuer, home) = (Issuer::start(), txwatch([""; 0]));
    let file = format!(
        "[profiles.same]\nprovider = \"transak\"\nurl = \"{0}\"\napi_key = \"{API_KEY}\"\napi_secret_command = [\"echo\", \"{SECRET}\"]\n\
         [profiles.other]\nprovider = \"transak\"\nurl = \"{0}\"\napi_key = \"key-2\"\napi_secret_command = [\"echo\", \"{SECRET}\"]\n",
        issuer.url()
    );
    let path = home.write("config.toml", file);
    let get = |profile: &str| {
        let command = command_for("get", &format!("{profile}:{ID}"), &[]).at_home_of(&home);
        assert_eq!(with_secret(command, &issuer).env("TXWATCH_CONFIG", &path).run().code, 0);
    };
    get("transak");
    get("same");
    assert_eq!((issuer.issued(), files(&home.state_folder()).len()), (1, 1));
    get("other");
    assert_eq!((issuer.issued(), files(&home.state_folder()).len()), (2, 2));
}

#[test]
fn what_cannot_be_kept_is_a_warning_and_the_token_is_used() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    let blocked = home.write("a-file", "");
    let unwritable = ["/proc/txwatch-no-such", blocked.to_str().unwrap()];
    for (index, place) in unwritable.into_iter().enumerate() {
        for _ in 0..2 {
            let poll = command("poll", &issuer, &[]).at_home_of(&home);
            let output = poll.env("XDG_STATE_HOME", place).run();
            assert_eq!(output.code, 0, "{output:#?}");
            let warnings: Vec<_> =
                output.stderr.lines().filter(|line| line.contains("warning: ")).collect();
            let [warning] = warnings[..] else { panic!("one warning: {output:#?}") };
            assert!(warning.contains("cannot be kept") && warning.contains(place), "{warning}");
        }
        assert_eq!(issuer.issued(), 2 * (index + 1));
    }
}

#[test]
fn a_damaged_file_is_a_warning_and_is_replaced() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    assert_eq!(command("poll", &issuer, &[]).at_home_of(&home).run().code, 0);
    for text in ["", "{\"token\": \"issued-tok", "\u{1b}[31mhunter2", "null"] {
        fs::write(only_file(&home), text).unwrap();
        let before = issuer.issued();
        let (output, records) = command("poll", &issuer, &[]).at_home_of(&home).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        let warned = records.iter().filter(|record| record["type"] == "warning");
        let codes: Vec<_> = warned.map(|record| record["code"].clone()).collect();
        assert_eq!(codes, ["token_not_kept"], "{output:#?}");
        assert_eq!(issuer.issued(), before + 1);
        let output = command("poll", &issuer, &[]).at_home_of(&home).run();
        assert!(!output.stderr.contains("warning"), "{output:#?}");
        assert_eq!(issuer.issued(), before + 1);
    }
}

#[test]
fn a_relative_state_home_is_ignored() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let get = command("get", &issuer, &[]).at_home_of(&home).env("XDG_STATE_HOME", "somewhere");
    assert_eq!(get.run().code, 0);
    let default = home.home().path().join(".local/state/txwatch");
    assert_eq!(files(&default).len(), 1);
    assert!(!Path::new("somewhere").exists());
}

#[test]
fn tokens_of_the_sandbox_are_not_kept() {
    let home = txwatch([""; 0]);
    let output = txwatch(["watch", "sandbox:transak/happy"]).at_home_of(&home).run();
    assert_eq!(output.code, 0, "{output:#?}");
    // A profile that points at a sandbox of its own.
    let issuer = Issuer::start();
    let get = command("get", &issuer, &[]).at_home_of(&home);
    let get = get.env("TXWATCH_TRANSAK_API_KEY", txwatch::sandbox::API_KEY);
    assert_eq!(get.run().code, 0);
    assert!(!home.home().path().join("state").exists());
}

#[test]
fn config_show_says_where_the_token_is_and_until_when() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let line = || {
        let output = config(&["show"], &issuer, &home).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(!output.stdout.contains("issued-token-1"), "{output:#?}");
        let mut lines = output.stdout.lines();
        lines.find(|line| line.starts_with("issued_token")).map(str::to_owned).unwrap()
    };
    let folder = home.state_folder();
    assert!(line().contains("none yet") && line().contains(folder.to_str().unwrap()));
    assert!(!folder.exists(), "showing writes nothing");
    assert_eq!(command("get", &issuer, &[]).at_home_of(&home).run().code, 0);
    let file = only_file(&home);
    assert!(line().contains("valid until 2096-10-02T07:06:40Z"), "{}", line());
    assert!(line().ends_with(&format!("# {}", file.display())), "{}", line());
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"2096-10-02T07:06:40Z\"", "null")).unwrap();
    assert!(line().contains("valid until it is refused"), "{}", line());
    fs::write(&file, text.replace("2096", "2006")).unwrap();
    assert!(line().contains("expired 2006-10-02T07:06:40Z"), "{}", line());
    fs::write(&file, "damaged").unwrap();
    assert!(line().contains("NOT USABLE"), "{}", line());
    // Without the secret none is issued.
    let output = txwatch(["config", "show"]).transak(&issuer.url()).at_home_of(&home).run();
    assert!(!output.stdout.contains("issued_token"), "{output:#?}");
}

#[test]
fn forget_token_drops_it_and_says_what_it_did() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let forget = |arguments: &[&str]| {
        let words = [&["forget-token"], arguments].concat();
        let output = config(&words, &issuer, &home).run();
        assert_eq!(output.code, 0, "{output:#?}");
        output.stdout
    };
    let none = forget(&["-p", "transak"]);
    assert!(none.starts_with("profile transak has no issued token in "), "{none}");
    for arguments in [&["-p", "transak"][..], &[]] {
        assert_eq!(command("get", &issuer, &[]).at_home_of(&home).run().code, 0);
        let (file, said) = (only_file(&home), forget(arguments));
        assert!(said.starts_with("forgot the issued token of profile transak in "), "{said}");
        assert!(said.contains(file.to_str().unwrap()), "{said}");
        assert!(said.contains("2096-10-02T07:06:40Z") && !said.contains("issued-token"), "{said}");
        assert!(!file.exists());
    }
    assert_eq!(issuer.issued(), 2);
    assert!(forget(&[]).contains("has no issued token"));
}

#[test]
fn forget_token_is_for_profiles_whose_provider_issues_tokens() {
    let forget = |words: &[&str]| {
        txwatch([&["config", "forget-token"], words].concat())
            .env("TXWATCH_PROOF_URL", "http://127.0.0.1:9")
    };
    let proof = forget(&["-p", "proof"]).run();
    proof.fails(2, "profile proof has no issued token: Proof issues none");
    forget(&["-p", "sandbox"]).run().fails(2, "the sandbox's tokens are not kept");
    forget(&["-p", "nobody"]).run().fails(2, "there is no profile 'nobody'");
    let all = forget(&[]).run();
    assert_eq!((all.code, all.stderr.as_str()), (0, ""), "{all:#?}");
    assert!(all.stdout.contains("there is none to forget"), "{all:#?}");
    // Without a key there is nothing that one could have been issued for.
    let keyless = forget(&["-p", "transak"]).run();
    assert_eq!(keyless.code, 0, "{keyless:#?}");
    assert!(keyless.stdout.contains("has no key"), "{keyless:#?}");
    let rehearsed =
        forget(&["-p", "transak"]).env("TXWATCH_TRANSAK_API_KEY", txwatch::sandbox::API_KEY);
    let rehearsed = rehearsed.run();
    assert_eq!(rehearsed.code, 0, "{rehearsed:#?}");
    assert!(rehearsed.stdout.contains("or that of the sandbox"), "{rehearsed:#?}");
}

#[test]
fn a_given_token_that_is_refused_is_not_replaced_before_it_expires() {
    let issuer = Issuer::start();
    let home = txwatch([""; 0]);
    let lasting = jwt::sign(&serde_json::json!({ "exp": in_seconds(300) }), b"transak").unwrap();
    for given in [TOKEN, lasting.as_str()] {
        let poll = command("poll", &issuer, &[]).at_home_of(&home);
        let output = poll.env("TXWATCH_TRANSAK_TOKEN", given).run();
        output.fails(77, "Transak refused the token: 401");
        for needle in ["is not replaced by an issued one before it expires", "give it none"] {
            assert!(output.stderr.contains(needle), "{needle}: {output:#?}");
        }
        assert!(!output.stderr.contains(given), "{output:#?}");
    }
    let poll = command("poll", &issuer, &[]).at_home_of(&home);
    let file = poll.write_private("token", TOKEN);
    let output = poll.env("TXWATCH_TRANSAK_TOKEN_FILE", file).run();
    output.fails(77, "Transak refused the token: 401");
    assert!(output.stderr.contains("is not replaced by an issued one"), "{output:#?}");
    let poll = command("poll", &issuer, &[]).at_home_of(&home);
    let output = poll.env("TXWATCH_TRANSAK_TOKEN_COMMAND", format!("echo {TOKEN}")).run();
    output.fails(77, "Transak refused the token: 401");
    assert_eq!(issuer.issued(), 0);
}

#[test]
fn a_given_token_that_has_expired_is_replaced_with_a_warning() {
    let issuer = Issuer::start();
    issuer.complete();
    let home = txwatch([""; 0]);
    let expired = jwt::sign(&serde_json::json!({ "exp": 1_700_000_000 }), b"transak").unwrap();
    for _ in 0..2 {
        let poll = command("poll", &issuer, &[]).at_home_of(&home);
        let (output, records) = poll.env("TXWATCH_TRANSAK_TOKEN", &expired).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        let warning = records.iter().find(|record| record["code"] == "token_expired").unwrap();
        let message = warning["message"].as_str().unwrap();
        assert!(message.contains("expired at 2023-11-14T22:13:20Z"), "{message}");
        assert!(message.contains("TXWATCH_TRANSAK_TOKEN"), "{message}");
    }
    assert_eq!(issuer.issued(), 1);
    // While another is given that lasts, the one that is kept is left alone.
    issuer.accept(TOKEN);
    let poll = command("poll", &issuer, &[]).at_home_of(&home).transak_token();
    assert_eq!(poll.run().code, 0);
    assert_eq!(issuer.lookups().pop().unwrap(), (TOKEN.to_owned(), true));
}

#[test]
fn help_says_plainly_what_issuing_does() {
    let output = txwatch(["help", "providers"]).run();
    let text = output.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Issuing an access token puts the one before it out of force"), "{text}");
    assert!(text.contains("txwatch config forget-token drops it"), "{text}");
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("**Issuing a token puts the one before it out of force.**"));
}
