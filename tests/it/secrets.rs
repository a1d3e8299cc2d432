//! No command shows a secret or personal data, whatever a server does with it.

use std::sync::Mutex;
use std::thread;

use txwatch::config::Registry;
use txwatch::provider::SettingKind;
use txwatch::sandbox::{API_SECRET, TOKEN, scenarios};

use crate::help::commands;
use crate::support::canary::assert_absent;
use crate::support::chain::HASH;
use crate::support::echo::{BEHAVIOURS, CSPR, EchoServer, ISSUER, PERSON, PROOF, SECRETS, TRANSAK};
use crate::support::proof::ID;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::txwatch::{CommandOutput, Txwatch, txwatch};

const FORMS: [&str; 3] = ["human", "plain", "json"];
/// The sources of secrets, as the suffixes of their variables.
const SOURCES: [&str; 3] = ["", "_FILE", "_COMMAND"];

/// A command line with every secret from this source, and every provider at this URL.
fn with_secrets(arguments: &[&str], url: &str, source: &str) -> Txwatch {
    let mut command = txwatch(arguments);
    let secrets = [
        ("PROOF_TOKEN", PROOF),
        ("TRANSAK_TOKEN", TRANSAK),
        ("TRANSAK_API_SECRET", ISSUER),
        ("CSPR_TOKEN", CSPR),
    ];
    for (name, secret) in secrets {
        let file = command.write_private(name, secret).display().to_string();
        let value = match source {
            "" => secret.to_owned(),
            "_FILE" => file,
            _ => format!("cat '{file}'"),
        };
        command = command.env(&format!("TXWATCH_{name}{source}"), value);
    }
    command
        .env("TXWATCH_PROOF_URL", url)
        .transak(url)
        .env("TXWATCH_CSPR_URL", url)
        .env("TXWATCH_CSPR_PUSH_URL", url.replace("http", "ws"))
        .casper(url)
}

/// One target of each provider.
fn targets() -> [String; 4] {
    let of = |profile: &str, id: &str| format!("{profile}:{id}");
    [of("proof", ID), of("transak", ID), of("cspr", HASH), of("casper", HASH)]
}

fn check(secrets: &[&str], output: &CommandOutput, what: &str) {
    assert_absent(secrets, &output.stdout, &format!("{what}: stdout"));
    assert_absent(secrets, &output.stderr, &format!("{what}: stderr"));
}

/// Runs this for several items in parallel, as most of the time is spent waiting.
fn in_parallel<T: Send>(items: impl IntoIterator<Item = T>, run: impl Fn(T) + Sync) {
    let items = Mutex::new(items.into_iter().collect::<Vec<_>>());
    let next = || items.lock().unwrap().pop();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some(item) = next() {
                    run(item);
                }
            });
        }
    });
}

/// In bodies, headers, frames, close reasons and redirects; nor does a redirect send it to another server.
#[test]
fn a_secret_repeated_by_a_server_is_not_shown() {
    let other = Script::new().start();
    let echo = EchoServer::start(&other.url());
    let targets = targets();
    let runs = BEHAVIOURS.into_iter().flat_map(|behaviour| {
        let forms = FORMS.into_iter().zip(SOURCES);
        forms.flat_map(move |way| ["watch", "poll", "get"].map(|name| (behaviour, name, way)))
    });
    in_parallel(runs, |(behaviour, name, (form, source))| {
        let limits = ["-t", "2s", "-i", "300ms", "--max-outage", "900ms", "-vv", "-o", form];
        let targets = targets.iter().map(String::as_str);
        let words: Vec<_> = [name].into_iter().chain(targets).chain(limits).collect();
        let output = with_secrets(&words, &echo.url(behaviour), source).run();
        check(&SECRETS, &output, &format!("{behaviour} {words:?}"));
        let redacted = [&output.stdout, &output.stderr].map(|text| text.contains("[redacted]"));
        assert!(redacted.contains(&true), "{behaviour} {words:?} {output:#?}");
    });
    // Where a token is given, none is issued.
    let issuing = BEHAVIOURS.into_iter().flat_map(|it| SOURCES.map(|source| (it, source)));
    in_parallel(issuing, |(behaviour, source)| {
        let words = ["get", &targets[1], "-vv"];
        let command = with_secrets(&words, &echo.url(behaviour), source);
        let output = command.env(&format!("TXWATCH_TRANSAK_TOKEN{source}"), "").run();
        check(&SECRETS, &output, &format!("{behaviour} without a token {source}"));
        // A redirect is refused before its body is read.
        let is_quoted = output.stderr.contains("[redacted]");
        assert!(is_quoted || behaviour == "moved", "{behaviour} {source} {output:#?}");
    });
    for secret in SECRETS {
        assert!(echo.has_received(secret) || secret == PERSON, "{secret} was never sent");
    }
    assert_eq!(other.paths(), Vec::<String>::new());
}

/// With leave, personal data is shown: what is reported for above is really there.
#[test]
fn personal_data_is_shown_on_request() {
    let other = Script::new().start();
    let echo = EchoServer::start(&other.url());
    let target = format!("proof:{ID}");
    let words = ["get", &target, "--show-personal", "-o", "json"];
    let output = with_secrets(&words, &echo.url("fields"), "").run();
    assert!(output.stdout.contains(PERSON), "{output:#?}");
    check(&SECRETS[..4], &output, "get --show-personal");
}

/// Every command of the program, with each value of its arguments.
#[test]
fn no_command_shows_a_secret() {
    let other = Script::new().start();
    let echo = EchoServer::start(&other.url());
    let leaves = commands().into_iter().filter(|(_, command)| !command.has_subcommands());
    let targets = targets();
    let typed = leaves.flat_map(|(words, command)| {
        let positional = command.get_positionals().next();
        let values = positional.map(|argument| argument.get_possible_values()).unwrap_or_default();
        let values: Vec<_> = values.iter().map(|value| value.get_name().to_owned()).collect();
        let mut all = vec![[words.as_slice(), &["--help".to_owned()]].concat()];
        all.extend(
            values.iter().map(|value| [words.as_slice(), std::slice::from_ref(value)].concat()),
        );
        match words[0].as_str() {
            "sandbox" => {}
            "watch" | "poll" | "get" => all.push([words.as_slice(), &targets].concat()),
            _ => all.push(words),
        }
        all
    });
    let runs = typed.flat_map(|words| SOURCES.map(|source| (words.clone(), source)));
    let other_url = other.url();
    in_parallel(runs, |(words, source)| {
        let words: Vec<_> = words.iter().map(String::as_str).chain(["-vv"]).collect();
        // A secret from a command cannot be redacted before the command has run, so the server must not know it
        // from another run.
        let fresh = (source == "_COMMAND").then(|| EchoServer::start(&other_url));
        let url = fresh.as_ref().unwrap_or(&echo).url("denied");
        let output = with_secrets(&words, &url, source).env("TXWATCH_TIMEOUT", "1s").run();
        check(&SECRETS, &output, &format!("{words:?}"));
    });
    let mut sandbox = with_secrets(&["sandbox", "-vv"], &echo.url("denied"), "").start_piped();
    sandbox.wait_for_stdout("CASPER_PUSH_URL");
    sandbox.signal("TERM");
    check(&SECRETS, &sandbox.wait(), "sandbox");
}

/// Every scenario of the sandbox, with every provider that has it.
#[test]
fn no_scenario_shows_a_secret() {
    let personal = ["0xREHEARSAL-WALLET", "rehearsal-user", "192.0.2.1", "rehearsing user"];
    let secrets = [&[TOKEN, API_SECRET], &SECRETS[..], &personal].concat();
    let doubles = Registry::built_in().doubles();
    let played = scenarios(&doubles).into_iter().flat_map(|scenario| {
        let players = doubles.iter().filter(|double| double.plays(scenario));
        players.map(|double| format!("sandbox:{}/{}", double.name(), scenario.name))
    });
    let targets: Vec<String> = played.collect();
    let runs = ["watch", "poll"].into_iter().flat_map(|name| FORMS.map(|form| (name, form)));
    in_parallel(runs, |(name, form)| {
        let limits = ["-t", "2s", "--heartbeat", "1s", "-vv", "-o", form];
        let words = [name].into_iter().chain(targets.iter().map(String::as_str)).chain(limits);
        let output = with_secrets(&words.collect::<Vec<_>>(), "http://127.0.0.1:9", "").run();
        check(&secrets, &output, &format!("{name} -o {form}"));
        let shown = targets.iter().filter(|target| output.stdout.contains(target.as_str()));
        assert_eq!(shown.count(), targets.len(), "{output:#?}");
    });
}

/// Neither the secrets of txwatch nor those that its token command is about to print.
#[cfg(target_os = "linux")]
#[test]
fn the_process_list_shows_no_secret() {
    use crate::support::proof::{record, rest_path};

    let server = Script::new().rest(ID, [Reply::json(&record(ID, "pending", 0))]).start();
    let target = format!("proof:{ID}");
    let command = txwatch(["poll", &target, "-o", "json"]).env("TXWATCH_PROOF_URL", server.url());
    let token = command.write_private("token", PROOF);
    let gate = command.home().path().join("gate");
    let script = format!(
        "mkfifo '{0}'; echo started >&2; cat '{0}' >/dev/null; cat '{1}'",
        gate.display(),
        token.display()
    );
    let script = command.write("token.sh", script);
    let line = format!("sh '{}'", script.display());
    let command = command
        .env("TXWATCH_PROOF_TOKEN_COMMAND", line)
        .env("TXWATCH_CSPR_TOKEN", CSPR)
        .env("TXWATCH_TRANSAK_API_SECRET", ISSUER);
    let mut running = command.start_piped();
    running.wait_for_stderr("started");
    let before = running.command_lines();
    assert!(before.contains("token.sh") && before.contains("txwatch"), "{before}");
    std::fs::write(&gate, "go on").unwrap();
    server.wait_for(&rest_path(ID));
    let during = running.command_lines();
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, 143, "{output:#?}");
    assert!(output.stderr.contains("resume with"), "{output:#?}");
    for shown in [before, during, output.stderr, output.stdout] {
        assert_absent(&SECRETS, &shown, "the process list or the output");
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.header("Authorization").unwrap().ends_with(PROOF))
    );
}

/// It is refused with a message that does not contain it.
#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    const SECRET: &str = "cnry7Misplaced";
    let target = format!("proof:{ID}");
    let typed = |words: &[&str]| {
        let command = txwatch(words);
        command.env("TXWATCH_PROOF_URL", "https://h.invalid").env("TXWATCH_PROOF_TOKEN", PROOF)
    };
    let mut all: Vec<(String, Txwatch)> = Vec::new();
    for url in [
        format!("https://me:{SECRET}@h.invalid"),
        format!("https://{SECRET}@h.invalid"),
        format!("https://h.invalid/?token={SECRET}"),
        format!("https://h.invalid/#{SECRET}"),
        format!("ftp://me:{SECRET}@h.invalid"),
        format!("http://me:{SECRET}@h.invalid:99999"),
    ] {
        for flag in ["--url", "--push-url"] {
            all.push((format!("{flag} {url}"), typed(&["watch", &target, flag, &url])));
            let both = format!("{flag}={url}");
            all.push((both.clone(), typed(&["get", &target, &both, "-o", "json"])));
        }
        for words in [&["watch", &target][..], &["config", "show"], &["config", "check"]] {
            let command = txwatch(words).env("TXWATCH_PROOF_TOKEN", PROOF);
            all.push((format!("{words:?} {url}"), command.env("TXWATCH_PROOF_URL", &url)));
            let file = format!("[profiles.proof]\nurl = \"{url}\"\n");
            all.push((format!("{words:?} {file}"), txwatch(words).config(&file)));
        }
        let proxied = typed(&["get", &target, "-vv", "-t", "2s"]).env("HTTPS_PROXY", &url);
        all.push((format!("HTTPS_PROXY {url}"), proxied));
    }
    for definition in Registry::built_in().iter() {
        let spec = definition.spec();
        let settings = spec.settings.iter();
        for setting in settings.filter(|setting| matches!(setting.kind, SettingKind::Secret(_))) {
            for line in [
                format!("{} = \"{SECRET}\"", setting.key),
                format!("{} = [\"{SECRET}\"]", setting.key),
                format!("{} = \"{SECRET}", setting.key),
                format!("{} = {SECRET}", setting.key),
                format!("{} {SECRET}", setting.key),
            ] {
                for words in [["config", "show"], ["config", "check"], ["get", &target]] {
                    let file = format!("[profiles.{}]\n{line}\n", spec.name);
                    all.push((format!("{words:?} {file}"), txwatch(words).config(&file)));
                }
            }
        }
    }
    for flag in ["--token", "--api-secret", "--password"] {
        all.push((flag.to_owned(), typed(&["watch", &target, &format!("{flag}={SECRET}")])));
    }
    for value in [format!("{SECRET} {SECRET}"), format!("{SECRET}\n{SECRET}"), format!("{SECRET}ü")]
    {
        let command = typed(&["get", &target, "-vv"]).env("TXWATCH_PROOF_TOKEN", &value);
        all.push((format!("the token {value:?}"), command));
    }
    in_parallel(all, |(what, command)| {
        let output = command.run();
        check(&[SECRET, PROOF], &output, &what);
        assert!(output.code != 0 || what.contains("show"), "{what}: {output:#?}");
    });
}
