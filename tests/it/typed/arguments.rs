//! Options and commands of other tools, and values in other tools' forms.

use crate::support::txwatch::{TOKEN, txwatch};

/// Runs each command line, which is refused with 2 and with these words on stderr.
fn refused(cases: &[(&[&str], &[&str])]) {
    for (arguments, needles) in cases {
        let output = txwatch(*arguments).run();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{arguments:?}: {output:#?}");
        assert!(output.stderr.starts_with("error: "), "{arguments:?}: {output:#?}");
        for needle in *needles {
            assert!(output.stderr.contains(needle), "{arguments:?}: no '{needle}' in {output:#?}");
        }
        assert!(!output.stderr.contains("as a value, use '--"), "{arguments:?}: {output:#?}");
    }
}

#[test]
fn options_of_other_tools_are_answered_with_ours() {
    const T: &str = "sandbox:happy";
    refused(&[
        (&["watch", T, "--json"], &["'--json'", "hint: write --output json"]),
        (&["get", T, "-j"], &["hint: write --output json"]),
        (&["watch", T, "--format", "json"], &["hint: write --output json"]),
        (&["watch", T, "--format=table"], &["--output FORM", "human, plain, json"]),
        (&["watch", T, "--for", "completed"], &["hint: write --until completed"]),
        (&["watch", T, "--for=condition=Complete"], &["hint: write --until completed"]),
        (&["watch", T, "--for=delete"], &["hint: write --until STATUS"]),
        (&["watch", T, "--status", "canceled"], &["hint: write --until cancelled"]),
        (&["watch", T, "--wait"], &["hint: leave it out", "waits until"]),
        (&["watch", T, "-w"], &["hint: leave it out"]),
        (&["watch", T, "--follow"], &["hint: leave it out"]),
        (&["watch", "-f", "ids.txt"], &["txwatch watch - < FILE"]),
        (&["get", T, "--watch"], &["txwatch watch waits"]),
        (&["watch", T, "--no-wait"], &["txwatch get looks once"]),
        (&["watch", T, "--retries", "3"], &["--max-outage"]),
        (&["watch", T, "--retry=3"], &["--max-outage"]),
        (&["watch", T, "-n", "5"], &["--interval 5s"]),
        (&["watch", T, "--delay", "5"], &["--interval 5s"]),
        (&["watch", T, "--max-time", "60"], &["--timeout DUR"]),
        (&["watch", T, "--silent"], &["--quiet"]),
        (&["watch", T, "--debug"], &["--verbose"]),
        (&["watch", T, "--no-color"], &["--color never"]),
        (&["watch", T, "--insecure"], &["--cacert FILE"]),
        (&["watch", T, "--config", "x"], &["TXWATCH_CONFIG=FILE"]),
        (&["watch", "--id", "x"], &["txwatch watch PROFILE:ID"]),
        (&["watch", T, "--exit-status"], &["leave it out: the exit code"]),
        (&["poll", "--all"], &["it is an option of  txwatch watch"]),
        (&["--timeout", "5s", "watch", T], &["options come after the command"]),
        (&["--json", "watch", T], &["hint: write --output json"]),
        (&["watch", T, "-timeout", "5s"], &["write  --timeout  with two hyphens"]),
        (&["watch", T, "-until=completed"], &["write  --until  with two hyphens"]),
        (&["sandbox", "--port", "8080"], &["write --listen 127.0.0.1:8080"]),
        (&["sandbox", "8080"], &["write --listen 127.0.0.1:8080"]),
        (&["sandbox", "happy"], &["txwatch watch sandbox:happy"]),
    ]);
}

#[test]
fn a_secret_in_an_option_of_another_tool_is_not_repeated() {
    for option in ["--token", "--api-key", "--header", "-H"] {
        for arguments in
            [vec![option.to_owned(), TOKEN.to_owned()], vec![format!("{option}={TOKEN}")]]
        {
            // That the token is not shown is checked for every output.
            let output =
                txwatch(["watch", "proof:x"].map(str::to_owned).into_iter().chain(arguments));
            let output = output.run();
            output.fails(2, "unexpected argument");
            assert!(output.stderr.contains("a secret is never an option"), "{output:#?}");
        }
    }
}

#[test]
fn a_target_without_a_command_and_commands_of_other_tools_are_understood() {
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    refused(&[
        (&["sandbox:happy"], &["'sandbox:happy'", "txwatch watch sandbox:happy"]),
        (&["proof:x", "--json"], &["txwatch watch proof:x"]),
        (&[uuid], &[&format!("txwatch watch {uuid}")]),
        (&["https://cspr.live/deploy/1"], &["txwatch watch https://cspr.live/deploy/1"]),
        (&["happy"], &["txwatch watch sandbox:happy"]),
        (&["-"], &["txwatch watch -"]),
        (&["wait", "proof:x"], &["txwatch watch TARGET"]),
        (&["follow", "proof:x"], &["txwatch watch TARGET"]),
        (&["tail", "proof:x"], &["txwatch watch TARGET"]),
        (&["status", "proof:x"], &["txwatch get TARGET"]),
        (&["check", "proof:x"], &["txwatch get TARGET", "txwatch config check"]),
        (&["serve"], &["txwatch sandbox"]),
        (&["version"], &["txwatch --version"]),
        (&["exit-codes"], &["txwatch help exit-codes"]),
        (&["config", "get"], &["txwatch config show"]),
        (&["config", "set", "x"], &["txwatch config path"]),
        (&["wacth", "x"], &["'watch'"]),
        (&["watch"], &["no target", "txwatch watch PROFILE:ID", "txwatch watch -"]),
        (&["-q", "get", "-t", "5s"], &["no target", "txwatch get PROFILE:ID", "txwatch get -"]),
    ]);
}

#[test]
fn values_in_other_forms_are_answered_with_ours() {
    let value = |option: &str, value: &str, needles: &[&str]| {
        let command =
            if option == "--listen" { vec!["sandbox"] } else { vec!["watch", "sandbox:happy"] };
        for typed in [vec![format!("{option}={value}")], vec![option.to_owned(), value.to_owned()]]
        {
            let typed = command.iter().map(|word| (*word).to_owned()).chain(typed);
            let output = txwatch(typed).run();
            assert_eq!(output.code, 2, "{option} {value}: {output:#?}");
            for needle in needles {
                assert!(output.stderr.contains(needle), "{option} {value}: {output:#?}");
            }
        }
    };
    for (word, meant) in [
        ("success", "completed"),
        ("done", "completed"),
        ("ok", "completed"),
        ("complete", "completed"),
        ("finished", "completed"),
        ("succeeded", "completed"),
        ("COMPLETED", "completed"),
        ("cancel", "cancelled"),
        ("canceled", "cancelled"),
        ("error", "failed"),
        ("refund", "refunded"),
        ("failed,success", "completed"),
    ] {
        value("--until", word, &[&format!("did you mean '{meant}'?")]);
    }
    value("--until", "final", &["completed,failed,cancelled,expired,refunded"]);
    value("--until", "status=completed", &["did you mean 'completed'?"]);
    value("--expect", "status=success", &["did you mean 'completed'?"]);
    value("--expect", "crypto_amount=>99", &["did you mean >=?"]);
    value("--expect", "network<>TRC20", &["did you mean !=?"]);
    for word in ["never", "infinite", "forever", "None", "unlimited"] {
        for option in ["--timeout", "--appear-timeout", "--max-outage", "--heartbeat"] {
            value(option, word, &["write none for no limit"]);
        }
        value("--interval", word, &["write a duration like"]);
    }
    value("--timeout", "-5s", &["negative", "none"]);
    value("--timeout", "-1", &["negative", "none"]);
    value("--grace", "-1m", &["negative"]);
    value("--timeout", "5", &["write 5s for seconds or 5m for minutes"]);
    for (text, instead) in [
        ("8080", "write 127.0.0.1:8080"),
        (":8080", "write 127.0.0.1:8080"),
        ("localhost:8080", "write 127.0.0.1:8080"),
        ("http://localhost:8080", "write 127.0.0.1:8080"),
        ("127.0.0.1", "write 127.0.0.1:0"),
        ("99999", "up to 65535"),
    ] {
        value("--listen", text, &[instead]);
    }
}

#[test]
fn what_works_goes_on_to_work() {
    for arguments in [
        &["get", "sandbox:happy", "-t", "5 m"][..],
        &["get", "sandbox:happy", "--timeout", "none", "-o", "json"],
        &["get", "sandbox:happy", "--until", "pending,failed"],
        &["watch", "-help"],
    ] {
        let output = txwatch(arguments).run();
        assert_eq!(output.code, 0, "{arguments:?}: {output:#?}");
    }
}
