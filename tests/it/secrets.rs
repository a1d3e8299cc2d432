//! No secret and nobody's personal data is shown by any command, whatever a server does with it.

use std::sync::Mutex;
use std::thread;

use txwatch::config::Registry;
use txwatch::provider::SettingKind;
use txwatch::sandbox::{API_SECRET, TOKEN, scenarios};

use crate::help::commands;
use crate::support::canary::assert_absent;
use crate::support::chain::HASH;
use crate::support::echo::{CSPR, Echo, ISSUER, MOODS, PERSON, PROOF, SECRETS, TRANSAK};
use crate::support::proof::ID;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::txwatch::{Ended, Txwatch, txwatch};

const FORMS: [&str; 3] = ["human", "plain", "json"];
/// Where secrets come from: the ends of the variables that name them.
const SOURCES: [&str; 3] = ["", "_FILE", "_COMMAND"];

/// A command line with every secret, from such a source, and every provider at this address.
fn armed(arguments: &[&str], url: &str, source: &str) -> Txwatch {
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
        .env("TXWATCH_TRANSAK_URL", url)
        .env("TXWATCH_TRANSAK_PUSH_URL", url.replace("http", "ws"))
        .env("TXWATCH_TRANSAK_API_KEY", "api-key-1")
        .env("TXWATCH_CSPR_URL", url)
        .env("TXWATCH_CSPR_PUSH_URL", url.replace("http", "ws"))
        .env("TXWATCH_CASPER_URL", format!("{url}/rpc"))
        .env("TXWATCH_CASPER_PUSH_URL", format!("{url}/events"))
}

/// One target of each provider.
fn targets() -> [String; 4] {
    let of = |profile: &str, id: &str| format!("{profile}:{id}");
    [of("proof", ID), of("transak", ID), of("cspr", HASH), of("casper", HASH)]
}

fn check(secrets: &[&str], ended: &Ended, what: &str) {
    assert_absent(secrets, &ended.stdout, &format!("{what}: stdout"));
    assert_absent(secrets, &ended.stderr, &format!("{what}: stderr"));
}

/// Does this for several at once: most of the time is spent waiting.
fn all_at_once<T: Send>(items: impl IntoIterator<Item = T>, run: impl Fn(T) + Sync) {
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

/// Whatever a server repeats, in bodies, headers, frames, reasons and redirects, it is not shown, and it
/// is not carried to another server.
#[test]
fn what_a_server_repeats_is_not_shown() {
    let elsewhere = Script::new().start();
    let echo = Echo::start(&elsewhere.url());
    let targets = targets();
    let ways = MOODS.into_iter().flat_map(|mood| {
        let forms = FORMS.into_iter().zip(SOURCES);
        forms.flat_map(move |way| ["watch", "poll", "get"].map(|name| (mood, name, way)))
    });
    all_at_once(ways, |(mood, name, (form, source))| {
        let limits = ["-t", "2s", "-i", "300ms", "--max-outage", "900ms", "-vv", "-o", form];
        let targets = targets.iter().map(String::as_str);
        let words: Vec<_> = [name].into_iter().chain(targets).chain(limits).collect();
        let ended = armed(&words, &echo.url(mood), source).run();
        check(&SECRETS, &ended, &format!("{mood} {words:?}"));
        let told = [&ended.stdout, &ended.stderr].map(|text| text.contains("[redacted]"));
        assert!(told.contains(&true), "{mood} {words:?} {ended:#?}");
    });
    for secret in SECRETS {
        assert!(echo.knows(secret) || secret == PERSON, "{secret} was never sent");
    }
    assert_eq!(elsewhere.targets(), Vec::<String>::new());
}

/// With leave, personal data is shown: what is looked for above is really there.
#[test]
fn with_leave_personal_data_is_shown() {
    let elsewhere = Script::new().start();
    let echo = Echo::start(&elsewhere.url());
    let target = format!("proof:{ID}");
    let words = ["get", &target, "--show-personal", "-o", "json"];
    let ended = armed(&words, &echo.url("fields"), "").run();
    assert!(ended.stdout.contains(PERSON), "{ended:#?}");
    check(&SECRETS[..4], &ended, "get --show-personal");
}

/// Every command that the program has, with whatever it can be given.
#[test]
fn no_command_shows_a_secret() {
    let elsewhere = Script::new().start();
    let echo = Echo::start(&elsewhere.url());
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
    let nowhere = elsewhere.url();
    all_at_once(runs, |(words, source)| {
        let words: Vec<_> = words.iter().map(String::as_str).chain(["-vv"]).collect();
        // What only a command tells is not known before it is run, so another run must not have told it.
        let fresh = (source == "_COMMAND").then(|| Echo::start(&nowhere));
        let url = fresh.as_ref().unwrap_or(&echo).url("denied");
        let ended = armed(&words, &url, source).env("TXWATCH_TIMEOUT", "1s").run();
        check(&SECRETS, &ended, &format!("{words:?}"));
    });
    let mut serving = armed(&["sandbox", "-vv"], &echo.url("denied"), "").start_piped();
    serving.wait_for_stdout("CASPER_PUSH_URL");
    serving.signal("TERM");
    check(&SECRETS, &serving.end(), "sandbox");
}

/// Every scenario of the sandbox, by every provider that plays it.
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
    let ways = ["watch", "poll"].into_iter().flat_map(|name| FORMS.map(|form| (name, form)));
    all_at_once(ways, |(name, form)| {
        let limits = ["-t", "2s", "--heartbeat", "1s", "-vv", "-o", form];
        let words = [name].into_iter().chain(targets.iter().map(String::as_str)).chain(limits);
        let ended = armed(&words.collect::<Vec<_>>(), "http://127.0.0.1:9", "").run();
        check(&secrets, &ended, &format!("{name} -o {form}"));
        let seen = targets.iter().filter(|target| ended.stdout.contains(target.as_str()));
        assert_eq!(seen.count(), targets.len(), "{ended:#?}");
    });
}

/// The process list shows neither our secrets nor those that a command is about to print.
#[cfg(target_os = "linux")]
#[test]
fn the_process_list_shows_no_secret() {
    use crate::support::proof::record;
    use crate::support::script::Gate;
    use crate::support::server::rest;

    let asked = Gate::new();
    let server =
        Script::new().rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&asked)]).start();
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
    server.wait_for(&rest(ID));
    let while_it_runs = running.command_lines();
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, 143, "{ended:#?}");
    assert!(ended.stderr.contains("resume with"), "{ended:#?}");
    for shown in [before, while_it_runs, ended.stderr, ended.stdout] {
        assert_absent(&SECRETS, &shown, "the process list, or the end");
    }
    assert!(
        server.seen().iter().all(|seen| seen.header("Authorization").unwrap().ends_with(PROOF))
    );
}

/// A secret where none belongs is refused, and the complaint does not repeat it.
#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
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
    all_at_once(all, |(what, command)| {
        let ended = command.run();
        check(&[SECRET, PROOF], &ended, &what);
        assert!(ended.code != 0 || what.contains("show"), "{what}: {ended:#?}");
    });
}
