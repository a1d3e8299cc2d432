//! Commands of other tools, and targets without a command.

use crate::cli::sandbox_targets;
use crate::config::Registry;
use crate::error::{Failure, usage};
use crate::render::clean;

/// Commands of other tools, and the one to write instead.
const OF_OTHERS: &[(&[&str], &str)] = &[
    (
        &[
            "wait",
            "await",
            "follow",
            "tail",
            "track",
            "monitor",
            "attach",
            "resume",
            "subscribe",
            "stream",
            "logs",
            "run",
            "start",
            "wait-for",
            "waitfor",
        ],
        "watch TARGET",
    ),
    (
        &[
            "status",
            "show",
            "query",
            "info",
            "describe",
            "lookup",
            "look",
            "fetch",
            "inspect",
            "view",
            "read",
            "state",
            "receipt",
            "tx",
            "transaction",
            "order",
        ],
        "get TARGET",
    ),
    (&["polling", "pull", "loop"], "poll TARGET"),
    (&["list", "ls", "orders"], "watch --all"),
    (&["doctor", "validate", "verify", "ping", "test", "diagnose"], "config check"),
    (
        &["settings", "configure", "env", "profiles", "setup", "init", "login", "auth"],
        "config show",
    ),
    (&["listen", "serve", "server", "mock", "simulate", "demo", "simulator"], "sandbox"),
    (&["version", "ver"], "--version"),
    (&["completion", "complete"], "completions SHELL"),
    (&["man", "manual", "usage", "docs", "?"], "help"),
    (&["exit-codes", "exitcodes", "codes"], "help exit-codes"),
    (&["providers", "provider"], "help providers"),
    (&["schema"], "help schema"),
];

/// Explains a word in the place of a command.
pub(super) fn explain(word: &str, typed: &[&str], registry: &Registry) -> Option<Failure> {
    // Of `config`, for one.
    if typed
        .iter()
        .position(|typed| *typed == word)
        .is_some_and(|at| typed[..at].contains(&"config"))
    {
        return of_config(word);
    }
    let failure = usage(format!("there is no command '{}'", clean(word)));
    if word.eq_ignore_ascii_case("check") {
        return Some(failure.hint("for a transaction write  txwatch get TARGET, and to check the configuration  txwatch config check"));
    }
    let lower = word.to_lowercase();
    if let Some((_, instead)) = OF_OTHERS.iter().find(|(names, _)| names.contains(&lower.as_str()))
    {
        return Some(failure.hint(format!("write  txwatch {instead}")));
    }
    let target = target(word, registry)?;
    Some(
        failure
            .hint(format!("to wait for a transaction write  txwatch watch {target}"))
            .hint(format!("to look at it once write  txwatch get {target}")),
    )
}

/// The subcommands of `config` that other tools have.
fn of_config(word: &str) -> Option<Failure> {
    let hint = match word.to_lowercase().as_str() {
        "get" | "list" | "ls" | "view" | "dump" | "print" => "write  txwatch config show",
        "validate" | "test" | "verify" | "ping" | "doctor" => "write  txwatch config check",
        "set" | "edit" | "init" | "create" | "new" | "add" => {
            "the file is edited by hand; txwatch config path says where it is"
        }
        "file" | "where" | "location" | "dir" => "write  txwatch config path",
        "logout" | "forget" | "reset" => "write  txwatch config forget-token",
        _ => return None,
    };
    Some(usage(format!("there is no command 'config {}'", clean(word))).hint(hint))
}

/// The target that a word is, if it looks like one.
fn target(word: &str, registry: &Registry) -> Option<String> {
    let has_digits = word.chars().filter(char::is_ascii_digit).count() >= 4;
    let is_scenario = sandbox_targets::is_scenario(word, registry);
    if is_scenario && !word.contains(':') {
        return Some(format!("sandbox:{word}"));
    }
    (word.contains(':') || has_digits || word == "-").then(|| {
        let word = clean(word);
        shlex::try_quote(&word).map_or_else(|_| word.to_string(), |quoted| quoted.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definitions::grammar;

    fn hints(word: &str) -> Vec<String> {
        let failure = explain(word, &[word], &Registry::built_in());
        let hints = failure.iter().flat_map(Failure::hints);
        hints.filter_map(|hint| Some(hint.as_text()?.to_owned())).collect()
    }

    #[test]
    fn commands_of_other_tools_are_none_of_ours_and_lead_to_one_of_ours() {
        let grammar = grammar();
        for (names, instead) in OF_OTHERS {
            for name in *names {
                assert!(grammar.find_subcommand(name).is_none(), "{name}");
                assert_eq!(hints(name), [format!("write  txwatch {instead}")]);
            }
            let ours = instead.split(' ').next().unwrap();
            assert!(ours.starts_with("--") || grammar.find_subcommand(ours).is_some(), "{ours}");
        }
    }

    #[test]
    fn a_target_without_a_command_is_watched_or_looked_at() {
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        for (word, target) in [
            ("sandbox:happy", "sandbox:happy"),
            ("proof:x", "proof:x"),
            (uuid, uuid),
            ("happy", "sandbox:happy"),
            ("proof:a b", "'proof:a b'"),
        ] {
            assert_eq!(
                hints(word)[0],
                format!("to wait for a transaction write  txwatch watch {target}")
            );
        }
        assert!(hints("wacth").is_empty() && hints("x").is_empty());
    }

    #[test]
    fn config_has_commands_of_its_own() {
        let registry = Registry::built_in();
        let explained = explain("get", &["config", "get"], &registry).unwrap();
        assert_eq!(explained.hints()[0].as_text(), Some("write  txwatch config show"));
        assert!(explain("pth", &["config", "pth"], &registry).is_none());
    }
}
