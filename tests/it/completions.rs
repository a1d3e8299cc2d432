//! Completion, as a shell requests it.

use txwatch::config::Registry;
use txwatch::sandbox;

use crate::support::txwatch::txwatch;

/// The candidates for the last of these words with their descriptions, as fish receives them.
fn offered(words: &[&str], config: &str) -> Vec<String> {
    let arguments = ["--", "txwatch"].iter().chain(words);
    let output = txwatch(arguments).config(config).env("TXWATCH_COMPLETE", "fish").run();
    assert_eq!(output.code, 0, "{output:#?}");
    output.stdout.lines().map(str::to_owned).collect()
}

/// The candidates without their descriptions.
fn values(words: &[&str], config: &str) -> Vec<String> {
    let value = |line: String| line.split('\t').next().unwrap().to_owned();
    offered(words, config).into_iter().map(value).collect()
}

const STAGING: &str = "[profiles.staging]\nprovider = \"proof\"\nurl = \"https://proof.example\"\n";

#[test]
fn commands_are_offered() {
    assert_eq!(values(&["wat"], ""), ["watch"]);
    assert_eq!(values(&["config", "ch"], ""), ["check"]);
    assert_eq!(values(&["completions", "ba"], ""), ["bash"]);
    assert_eq!(values(&["help", "exi"], ""), ["exit-codes"]);
    assert_eq!(values(&["help", "po"], ""), ["poll"]);
}

#[test]
fn profiles_are_offered_including_configured_ones() {
    assert_eq!(values(&["watch", "s"], STAGING), ["sandbox:", "staging:"]);
    assert_eq!(values(&["get", "p"], STAGING), ["proof:"]);
    assert_eq!(values(&["poll", "-p", "st"], STAGING), ["staging"]);
    assert_eq!(values(&["config", "check", "--profile", "st"], STAGING), ["staging"]);
    assert!(values(&["watch", "staging:5"], STAGING).is_empty());
}

#[test]
fn a_broken_config_file_does_not_break_completion() {
    assert_eq!(values(&["watch", "sand"], "no toml at all"), ["sandbox:"]);
}

#[test]
fn every_scenario_is_offered_with_its_description() {
    let doubles = Registry::built_in().doubles();
    let mut expected = Vec::new();
    for double in doubles.iter().map(AsRef::as_ref) {
        for scenario in sandbox::scenarios(&doubles) {
            if double.plays(scenario) {
                let path = sandbox::path(double, scenario.name, &doubles);
                expected.push(format!("sandbox:{path}\t{}", scenario.about));
            }
        }
    }
    assert_eq!(offered(&["watch", "sandbox:"], ""), expected);
    assert!(values(&["watch", "sandbox:qu"], "").is_empty());
    assert_eq!(values(&["watch", "sandbox:transak/qu"], ""), ["sandbox:transak/quota"]);
    assert_eq!(
        values(&["watch", "sandbox:casper/re"], ""),
        ["sandbox:casper/reorder", "sandbox:casper/restart",]
    );
    assert!(values(&["watch", "sandbox:cspr/can"], "").is_empty());
    assert_eq!(values(&["watch", "proof:x", "sandbox:ha"], ""), ["sandbox:happy"]);
}

#[test]
fn statuses_are_offered_one_after_the_other() {
    assert_eq!(values(&["watch", "--until", "re"], ""), ["refunded"]);
    assert_eq!(
        values(&["watch", "--until", "refunded,c"], ""),
        ["refunded,completed", "refunded,cancelled"]
    );
    assert!(values(&["watch", "--until", "completed,comp"], "").is_empty());
    assert!(values(&["watch", "--until", "u"], "").is_empty());
}

#[test]
fn values_and_names_of_options_are_offered() {
    assert_eq!(values(&["watch", "-o", "j"], ""), ["json"]);
    assert_eq!(values(&["watch", "--transport", "pu"], ""), ["push"]);
    assert_eq!(values(&["get", "--exit"], ""), ["--exit-status"]);
}

#[cfg(unix)]
mod in_bash {
    use super::STAGING;
    use crate::support::bless;
    use crate::support::terminal::{Terminal, session};

    /// An interactive bash that has sourced the script of the repository.
    fn bash() -> Terminal {
        let script = bless::path("completions/txwatch.bash");
        let mut bash = session("bash", ["--norc", "--noprofile", "-i"])
            .config(STAGING)
            .env("PS1", "first> ")
            .size(24, 200)
            .start();
        bash.wait_for("the prompt", |screen| screen.last().is_some_and(|line| line == "first>"));
        run(&mut bash, &format!("source '{}'", script.display()), "ready");
        bash
    }

    /// Runs a command, and waits for the next prompt, which differs from the one before.
    fn run(bash: &mut Terminal, command: &str, prompt: &str) {
        bash.type_in(&format!("{command}; PS1='{prompt}> '\r"));
        let prompt = format!("{prompt}>");
        bash.wait_for(&prompt, |screen| screen.last() == Some(&prompt));
    }

    /// Types these keys, and waits for the command line to become this one.
    fn completes(bash: &mut Terminal, keys: &str, line: &str) {
        bash.type_in(keys);
        bash.wait_for(line, |screen| {
            screen.last().and_then(|last| last.split_once("> ")).is_some_and(|last| last.1 == line)
        });
    }

    #[test]
    fn a_colon_is_part_of_a_word() {
        let mut bash = bash();
        completes(&mut bash, "txwa\t", "txwatch");
        completes(&mut bash, "watch stag\t5", "txwatch watch staging:5");
        completes(&mut bash, " sandbo\tha\t", "txwatch watch staging:5 sandbox:happy");
        completes(&mut bash, "-o js\t;", "txwatch watch staging:5 sandbox:happy -o json ;");
    }

    #[test]
    fn an_option_is_completed_after_an_equals_sign() {
        let mut bash = bash();
        completes(&mut bash, "txwatch watch --until=comp\t;", "txwatch watch --until=completed ;");
    }

    #[test]
    fn several_candidates_are_listed() {
        let mut bash = bash();
        bash.type_in("txwatch watch sandbox:d\t\t");
        bash.wait_for("the list", |screen| {
            let words: Vec<_> = screen.iter().flat_map(|line| line.split_whitespace()).collect();
            ["drop", "duplicate", "denied"].iter().all(|word| words.contains(word))
        });
    }

    #[test]
    fn it_works_without_colons_in_comp_wordbreaks() {
        let mut bash = bash();
        run(&mut bash, "COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}", "again");
        completes(&mut bash, "txwatch get sandbox:hap\t;", "txwatch get sandbox:happy ;");
    }
}
