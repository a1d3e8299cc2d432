//! Hostile text in every field of every provider and in every setting, with every form of output.

use std::ffi::OsString;

use serde_json::{Value, json};
use txwatch::config::OPTIONS;
use txwatch::config::Registry;
use txwatch::provider::SettingKind;

use crate::help::commands;
use crate::support::hostile::{HOSTILE, check};
use crate::support::hostile_samples::hostile_samples;
use crate::support::proof;
use crate::support::schema::of_type;
use crate::support::script::{Reply, Step, frame};
use crate::support::server::Script;
use crate::support::txwatch::txwatch;

const FORMS: [&str; 3] = ["human", "plain", "json"];

#[test]
fn an_answer_is_harmless_in_every_field_and_form() {
    for samples in hostile_samples() {
        let server = samples.server(|answer| Reply::json(&samples.wrapped(answer)), false);
        for form in FORMS {
            let arguments = ["-o", form, "-vv", "--show-personal", "--exit-status"];
            let output = samples.command("get", &server, &arguments).run();
            check(&output, samples.provider);
            let is_shown = |text: &String| text.contains("owned");
            assert!(
                is_shown(&output.stdout) || is_shown(&output.stderr) || form == "plain",
                "{output:#?}"
            );
        }
        let (_, records) = samples.command("get", &server, &["--show-personal"]).run_json();
        // The hostile text was really received, and is unchanged in the data.
        let kept = of_type(&records, "status")
            .filter(|status| status["data"].to_string().contains("owned"))
            .count();
        assert!(
            kept + 2 >= samples.answers.len(),
            "{}: {kept} of {}",
            samples.provider,
            samples.answers.len()
        );
    }
}

/// A single target is shown with a title.
#[test]
fn an_answer_about_one_target_is_harmless() {
    for samples in hostile_samples() {
        let server = samples.server(|answer| Reply::json(&samples.wrapped(answer)), false);
        for (target, _) in &samples.answers {
            let arguments = ["-o", "human", "-t", "300ms", "--until", "failed"];
            let output = samples.command_for(&[target], "poll", &server, &arguments).run();
            check(&output, target);
            assert!(output.stdout.contains(target), "{output:#?}");
        }
    }
}

#[test]
fn a_push_is_harmless_in_every_field_and_form() {
    for samples in hostile_samples() {
        let unknown = match samples.provider {
            "casper" => json!({ "error": { "code": -32014, "message": HOSTILE } }),
            _ => json!({ "error": { "code": HOSTILE, "name": HOSTILE, "message": HOSTILE } }),
        };
        let status = if samples.provider == "casper" { 200 } else { 404 };
        let server = samples.server(|_| Reply::status(status, unknown.to_string()), true);
        for form in FORMS {
            let arguments = ["-o", form, "-vv", "-t", "20s", "--grace", "1s", "-i", "30s"];
            let mut command = samples.command("watch", &server, &arguments);
            // With a token a lookup would have to confirm the endings.
            command.command().env_remove("TXWATCH_TRANSAK_TOKEN");
            let output = command.run();
            check(&output, samples.provider);
            assert!(output.stderr.contains("owned"), "{output:#?}");
            let settled =
                samples.answers.iter().filter(|(target, _)| output.stdout.contains(target));
            assert_eq!(settled.count(), samples.answers.len(), "{output:#?}");
            assert_ne!(output.code, 124, "{output:#?}");
        }
    }
}

#[test]
fn a_refusal_is_harmless_whatever_its_status() {
    for samples in hostile_samples() {
        let error = json!({ "error": HOSTILE, "code": HOSTILE, "message": HOSTILE });
        let nested = json!({ "error": { "code": HOSTILE, "name": HOSTILE, "message": HOSTILE } });
        for status in [200, 400, 401, 404, 500] {
            let server = samples.server(
                |answer| {
                    let body = if answer.to_string().len() % 2 == 0 { &error } else { &nested };
                    let reply = Reply::status(status, body.to_string());
                    reply.header("Retry-After", "\u{1b}[31m").header("X-\u{9b}31m", "\u{202e}")
                },
                false,
            );
            for form in FORMS {
                let arguments = ["-o", form, "-vv", "-t", "300ms"];
                check(&samples.command("get", &server, &arguments).run(), samples.provider);
            }
        }
    }
}

#[test]
fn errors_of_requests_and_connections_are_harmless() {
    let target = format!("proof:{}", proof::ID);
    let reason = [&1008u16.to_be_bytes()[..], &HOSTILE.as_bytes()[..90]].concat();
    let raw = |head: &str| Reply::raw(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"));
    for reply in [
        raw("401 \u{1b}[31mowned\u{9b}\u{202e}"),
        raw("302 Found\r\nLocation: http://\u{202e}owned\u{9b}.invalid/\u{1b}[31m"),
        raw("302 Found\r\nLocation: x:\u{202e}\u{9b}owned"),
        raw("\u{1b}[31m owned"),
        Reply::raw(HOSTILE),
        Reply::upgrade([Step::Raw(frame(0x88, &reason))]),
        Reply::upgrade([Step::Raw(HOSTILE.into())]),
        Reply::upgrade([Step::Raw(frame(0x81, b"\xff\x1b[31m"))]),
        Reply::upgrade([]).header("Sec-WebSocket-Protocol", "\u{202e}owned"),
        Reply::upgrade_with_accept("\u{9b}31mowned"),
    ] {
        for form in FORMS {
            let server = Script::new()
                .push(proof::ID, [reply.clone()])
                .rest(proof::ID, [reply.clone()])
                .start();
            let arguments = ["watch", &target, "-vv", "-o", form, "--max-outage", "0s", "-t", "5s"];
            check(&txwatch(arguments).proof(&server.url()).run(), &format!("{reply:?}"));
        }
    }
}

/// The text as a string of TOML, which escapes DEL as well.
fn toml_string(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A section of the configuration file with hostile text as the value of this key.
fn section(name: &str, key: &str) -> String {
    format!("[{name}]\n{key} = {}\n", toml_string(HOSTILE))
}

#[test]
fn settings_are_harmless() {
    let hostile = toml_string(HOSTILE);
    let mut files = vec![
        format!("[defaults]\n{hostile} = \"1\"\n"),
        format!("default_profile = {hostile}\n"),
        format!("[profiles.{hostile}]\n"),
        HOSTILE.to_owned(),
    ];
    files.extend(OPTIONS.iter().map(|option| section("defaults", option.key)));
    let mut variables = Vec::new();
    for definition in Registry::built_in().iter() {
        let spec = definition.spec();
        let name = format!("profiles.{}", spec.name);
        files.push(section(&name, "provider"));
        for setting in &spec.settings {
            let ends = match setting.kind {
                SettingKind::Secret(_) => &["", "_file", "_command"][..],
                _ => &[""],
            };
            for end in ends {
                let key = format!("{}{end}", setting.key);
                variables.push(format!("TXWATCH_{}_{key}", spec.name).to_uppercase());
                files.push(section(&name, &key));
                let list = section(&name, &key).replacen("= ", "= [", 1);
                files.push(list.trim_end().to_owned() + "]\n");
            }
        }
    }
    for text in files {
        for words in [&["config", "show"][..], &["config", "check"], &["get", "x", "-o", "json"]] {
            check(&txwatch(words).config(&text).run(), &text);
        }
    }
    let flags = commands().into_iter().flat_map(|(_, command)| {
        let names = command.get_arguments().filter_map(|argument| argument.get_env());
        names.map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
    });
    for variable in flags.chain(variables).chain(["TXWATCH_CONFIG".to_owned()]) {
        for words in [&["config", "show"][..], &["get", "proof:x", "-o", "plain", "-t", "2s"]] {
            check(&txwatch(words).env(&variable, HOSTILE).run(), &variable);
        }
    }
}

/// The names of files may be hostile as well.
#[test]
fn a_path_is_harmless() {
    let target = format!("proof:{}", proof::ID);
    let name: String = HOSTILE.chars().filter(|c| *c != '/').take(70).collect();
    for words in [&["config", "show"][..], &["config", "check"], &["get", &target, "-t", "2s"]] {
        let command = txwatch(words).proof("http://127.0.0.1:9");
        let _home = command.home();
        let token = command.write(&name, "a-token-of-proof");
        let file = "[profiles.proof]\nurl = \"http://127.0.0.1:9\"\n";
        let config = command.write(&format!("{name}.toml"), file);
        let broken = command.write(&format!("{name}.broken"), "x = 1");
        check(&command.env("TXWATCH_CONFIG", &config).run(), "the configuration file");
        let command = txwatch(words).env("TXWATCH_PROOF_URL", "http://127.0.0.1:9");
        // It is readable by everybody, which causes a warning.
        check(&command.env("TXWATCH_PROOF_TOKEN_FILE", &token).run(), "the token file");
        check(&txwatch(words).env("TXWATCH_CONFIG", &broken).run(), "a broken file");
    }
}

/// In place of every argument, and as the value of every option.
#[test]
fn arguments_are_harmless() {
    let hostile = || OsString::from(HOSTILE);
    let mut lines: Vec<Vec<OsString>> = vec![vec![hostile()], vec![format!("--{HOSTILE}").into()]];
    for (words, command) in commands() {
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let with = |more: Vec<OsString>| [words.clone(), more].concat();
        lines.push(with(vec![hostile()]));
        lines.push(with(vec![format!("proof:{HOSTILE}").into()]));
        lines.push(with(vec![format!("{HOSTILE}:x").into(), "-o".into(), "json".into()]));
        for argument in command.get_arguments().filter_map(|argument| argument.get_long()) {
            lines.push(with(vec!["proof:x".into(), format!("--{argument}").into(), hostile()]));
            lines.push(with(vec!["proof:x".into(), format!("--{argument}={HOSTILE}").into()]));
        }
    }
    for line in lines.into_iter().filter(|line| line.first().is_none_or(|first| first != "sandbox"))
    {
        let command = txwatch(&line).proof("http://127.0.0.1:9").env("TXWATCH_MAX_OUTAGE", "0s");
        check(&command.run(), &format!("{line:?}"));
    }
}

/// In the live view.
#[cfg(unix)]
#[test]
fn the_view_on_a_terminal_is_harmless() {
    use crate::support::hostile::check_bytes;
    use crate::support::terminal;

    for samples in hostile_samples() {
        let server = samples.server(|_| Reply::status(503, HOSTILE), true);
        let url = server.url();
        let profile = format!(
            "[profiles.n0]\nprovider = \"casper\"\nurl = \"{url}/n0/rpc\"\npush_url = \"{url}/n0/events\"\n"
        );
        let last = samples.answers.len() - 1;
        // One profile of the node is enough here.
        let targets: Vec<_> = match samples.provider {
            "casper" => vec![samples.answers[0].0.clone()],
            _ => samples.answers[..=last].iter().map(|(target, _)| target.clone()).collect(),
        };
        let words = [vec!["watch".to_owned()], targets, vec!["-t".to_owned(), "20s".to_owned()]];
        let mut terminal = terminal::txwatch(words.concat())
            .size(24, 200)
            .config(&profile)
            .env("TXWATCH_PROOF_URL", &url)
            .env("TXWATCH_PROOF_TOKEN", "a-token-of-proof")
            .env("TXWATCH_TRANSAK_URL", &url)
            .env("TXWATCH_TRANSAK_PUSH_URL", url.replace("http", "ws"))
            .env("TXWATCH_CSPR_URL", &url)
            .env("TXWATCH_CSPR_PUSH_URL", url.replace("http", "ws"))
            .env("TXWATCH_CSPR_TOKEN", "a-token-of-cspr")
            .start();
        terminal.wait();
        let shown = check_bytes(&terminal.bytes);
        assert!(shown.contains("owned") || samples.provider == "casper", "{shown:?}");
    }
}
