//! Invalid ids, addresses, durations and settings are refused before anything is sent.

use crate::support::proof::ID;
use crate::support::server::Script;
use crate::support::txwatch::{TOKEN, txwatch};

#[test]
fn invalid_ids_are_refused() {
    let server = Script::new().start();
    let long = "x".repeat(10_000);
    let cases = [
        ("a/b", "'a/b' is not an id of Proof: it has '/' in it"),
        ("a?b", "it has '?' in it"),
        ("a#b", "it has '#' in it"),
        ("a%2fb", "it has '%' in it"),
        ("a b", "it has ' ' in it"),
        ("a\nb", "'a b' is not an id of Proof: it has '\\n' in it"),
        ("a\u{1b}[31mb", "it has '\\u{1b}' in it"),
        ("a\u{202e}b", "it has '\\u{202e}' in it"),
        ("größe", "it has 'ö' in it"),
        ("..", "it is a path, not an id"),
        (".", "it is a path, not an id"),
        ("", "it is empty"),
        (&long, "it is 10000 characters long, more than 128"),
    ];
    for (id, needle) in cases {
        for (target, profile) in [(format!("proof:{id}"), None), (id.to_owned(), Some("proof"))] {
            let mut command = txwatch(["watch", &target]).proof(&server.url());
            command.command().args(profile.map(|name| format!("--profile={name}")));
            let output = command.run();
            output.fails(2, needle);
            assert!(
                output.stderr.contains("hint: Proof has a merchant_transaction_id"),
                "{output:#?}"
            );
            assert!(output.stderr.len() < 500, "{output:#?}");
        }
    }
    let (output, records) =
        txwatch(["watch", "proof:a/b", "proof:c"]).proof(&server.url()).run_json();
    assert_eq!(output.code, 2);
    assert_eq!(records.len(), 3);
    assert!(server.requests().is_empty());
}

#[test]
fn invalid_targets_and_arguments_are_refused() {
    for (arguments, needle) in [
        (&["watch", "nobody:x"][..], "there is no profile 'nobody'"),
        (&["watch", "sandbox:hapy"], "hapy"),
        (&["watch", ""], "a target is empty; is the variable that it comes from set?"),
        (&["watch", "no\u{1b}[31mbody:x"], "there is no profile 'no[31mbody'"),
    ] {
        txwatch(arguments).run().fails(2, needle);
    }
    for arguments in [&["watch"][..], &["wacth", "x"], &["watch", "--no-such-flag", "x"]] {
        let output = txwatch(arguments).run();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output:#?}");
    }
}

#[test]
fn an_invalid_address_is_refused_with_its_source() {
    let cases = [
        ("proof.example", "it has no scheme; write it like https://"),
        ("localhost:8080", "it does not begin with http:// or https://"),
        ("ftp://proof.example", "it does not begin with http:// or https://"),
        ("https://me:hunter2@proof.example", "it has credentials in it"),
        ("https://hunter2@proof.example", "it has credentials in it"),
        ("https://", "empty host"),
        ("https://proof.example/?key=hunter2", "it has a query or a fragment"),
        ("https://proof.example/#hunter2", "it has a query or a fragment"),
        ("https://proof.example:hunter2/", "invalid port number"),
    ];
    for (url, needle) in cases {
        let watch = || txwatch(["watch", "proof:x"]).env("TXWATCH_PROOF_TOKEN", TOKEN);
        let mut flag = watch();
        flag.command().args(["--url", url]);
        let flag = flag.run();
        flag.fails(2, "the url of profile proof is not usable");
        let variable = watch().env("TXWATCH_PROOF_URL", url).run();
        variable.fails(78, "the url of profile proof is not usable");
        assert!(variable.stderr.contains("it comes from TXWATCH_PROOF_URL"), "{variable:#?}");
        let file = watch().config(&format!("[profiles.proof]\nurl = \"{url}\"\n")).run();
        assert_eq!(file.code, 78, "{file:#?}");
        for output in [flag, variable, file] {
            assert!(output.stderr.contains(needle), "{url}: {output:#?}");
            assert!(!output.stderr.contains("hunter2"), "{output:#?}");
        }
    }
}

#[test]
fn a_token_is_sent_unencrypted_to_loopback_only() {
    let watch = |variables: &[(&str, &str)]| {
        let command = txwatch(["watch", "proof:x"]).env("TXWATCH_PROOF_TOKEN", TOKEN);
        let set = variables.iter().fold(command, |command, (name, url)| command.env(name, url));
        set.run()
    };
    // An address reserved for documentation, to which connections time out.
    let url = [("TXWATCH_PROOF_URL", "http://192.0.2.1")];
    watch(&url).fails(78, "profile proof would send its token unencrypted over ws:// to 192.0.2.1");
    let push = [
        ("TXWATCH_PROOF_URL", "https://proof.invalid"),
        ("TXWATCH_PROOF_PUSH_URL", "ws://localhost.example"),
    ];
    watch(&push).fails(78, "unencrypted over ws:// to localhost.example");
}

#[test]
fn durations_need_units_and_sensible_values() {
    for (flag, value, hint) in [
        ("--timeout", "10M", "M would mean months; write 10m for minutes"),
        ("--timeout", "0", "write none for no limit"),
        ("--timeout", "0s", "write none for no limit"),
        ("--timeout", "90", "it has no unit; write 90s for seconds or 90m for minutes"),
        ("--timeout", "1y", "write 1h for hours or 1d for days"),
        ("--timeout", "soon", "write a duration like 90s, 5m or 1h 30m"),
        ("--timeout", "-5s", "write a duration like 90s, 5m or 1h 30m"),
        ("--timeout", "", "write a duration like 90s or 5m"),
        ("--max-outage", "10M", "write 10m for minutes"),
        ("--appear-timeout", "5", "write 5s for seconds"),
        ("--grace", "1", "write 1s for seconds"),
        ("--heartbeat", "0s", "write none for no limit"),
        ("--interval", "10ms", "less than 100ms would flood the provider"),
    ] {
        let option = format!("{flag}={value}");
        let output = txwatch(["watch", "sandbox:happy", &option]).run();
        assert_eq!(output.code, 2, "{output:#?}");
        assert!(output.stderr.starts_with("error: invalid value"), "{output:#?}");
        assert!(output.stderr.contains(hint), "{output:#?}");
        let variable = format!("TXWATCH_{}", flag[2..].to_uppercase().replace('-', "_"));
        if !value.is_empty() {
            let output = txwatch(["watch", "sandbox:happy"]).env(&variable, value).run();
            assert_eq!(output.code, 2, "{output:#?}");
            assert!(output.stderr.contains(hint), "{output:#?}");
        }
        let key = flag[2..].replace('-', "_");
        let file = format!("[defaults]\n{key} = \"{value}\"\n");
        let output = txwatch(["watch", "sandbox:happy"]).config(&file).run();
        output.fails(78, hint);
        assert!(output.stderr.contains("config.toml:2: "), "{output:#?}");
    }
}

#[test]
fn mistakes_in_a_config_file_are_refused() {
    for (text, needle, hint) in [
        ("default_profil = \"proof\"", ":1: there is no key 'default_profil'", "default_profile"),
        ("[defaults]\ntimeuot = \"5m\"", ":2: ", "timeout"),
        ("[profiles.proof]\nurll = \"https://x.example\"", ":2: ", "url"),
        ("[profiles.x]\nprovider = \"prof\"", ":2: ", "proof"),
        ("[profiles.x]\nurl = \"https://x.example\"", "profile x names no provider", "provider ="),
        ("[profiles.proof]\nurl = ", ":2: ", ""),
        ("default_profile = \"nobody\"", "there is no profile 'nobody'", ""),
        ("[defaults]\noutput = \"xml\"", "it is one of: human, plain, json", ""),
        ("[profiles.proof]\ntoken = \"hunter2\"", ":2: ", "token_file"),
        ("[profiles.proof]\nhunter2", ":2: ", ""),
    ] {
        let output = txwatch(["watch", ID]).config(text).run();
        output.fails(78, needle);
        assert!(output.stderr.contains(hint), "{output:#?}");
        assert!(!output.stderr.contains("hunter2\""), "{output:#?}");
    }
    let missing = txwatch(["watch", ID]).env("TXWATCH_CONFIG", "no/such.toml").run();
    missing.fails(78, "the config file no/such.toml cannot be read");
    assert!(missing.stderr.contains("TXWATCH_CONFIG names it"), "{missing:#?}");
}
