//! Completion scripts, and the command `help`.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, ensure};
use clap_complete::env::Shells;

use super::arguments::{CompletionsArgs, HelpArgs, SHELLS};
use super::context::print;
use super::definitions::{MORE_TOPICS, definitions};
use super::{parsing, providers};
use crate::config::Registry;
use crate::error::{Failure, FailureKind, nearest, usage};
use crate::exit::{self, Code};
use crate::render::{self, Paint};

/// The variable with which completion scripts call the binary.
pub(super) const COMPLETE: &str = "TXWATCH_COMPLETE";

pub(super) fn print_completions(arguments: &CompletionsArgs) -> Result<Code, Failure> {
    let script = completion_script(&arguments.shell);
    print(&script.map_err(|error| Failure::from_error(FailureKind::Internal, error))?)?;
    Ok(Code::Ok)
}

/// The completion scripts by file name. They call the binary, so that the user's profiles are completed too.
///
/// # Errors
/// The library does not support a shell any more, or its script has changed.
pub fn completions() -> anyhow::Result<BTreeMap<String, String>> {
    let file = |shell: &str| match shell {
        "zsh" => "_txwatch".to_owned(),
        "powershell" => "txwatch.ps1".to_owned(),
        "elvish" => "txwatch.elv".to_owned(),
        shell => format!("txwatch.{shell}"),
    };
    SHELLS.iter().map(|shell| Ok((file(shell), completion_script(shell)?))).collect()
}

fn completion_script(shell: &str) -> anyhow::Result<String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).with_context(|| format!("no completer for {shell}"))?;
    let mut script = Vec::new();
    completer.write_registration(COMPLETE, "txwatch", "txwatch", "txwatch", &mut script)?;
    let script = String::from_utf8(script)?;
    let script = match shell {
        "bash" => for_bash(&script)?,
        "zsh" => for_zsh(&script)?,
        _ => script,
    };
    Ok(format!("{}\n", script.trim()))
}

/// bash splits words at colons; a wrapper joins them again.
fn for_bash(script: &str) -> anyhow::Result<String> {
    const WRAPPER: &str = include_str!("completion/wrapper.bash");
    let (functions, registration) = script.split_once("\nif ").context("no registration in it")?;
    let wrapped = registration.replace("-F _clap_complete_txwatch", "-F _txwatch");
    ensure!(wrapped != registration, "it does not register _clap_complete_txwatch");
    Ok(format!("{functions}\n{WRAPPER}if {wrapped}"))
}

/// zsh appends a space to completed values, which is wrong after the colon of a profile. And if zsh autoloads the
/// script at the first completion, that one has to be answered too.
fn for_zsh(script: &str) -> anyhow::Result<String> {
    const DESCRIBED: &str = "        [[ -n $other ]] && _describe -V 'values' other\n";
    const APART: &str = r"        local -a open=(${(M)other:#*\\:})
        other=(${other:#*\\:})
        [[ -n $open ]] && _describe -V 'values' open -S ''
";
    const FIRST: &str = r#"if [[ $funcstack[1] = _txwatch ]]; then
    _clap_dynamic_completer_txwatch "$@"
fi
"#;
    ensure!(script.contains(DESCRIBED), "it does not describe values as it used to");
    Ok(script.replace(DESCRIBED, &format!("{APART}{DESCRIBED}")) + FIRST)
}

/// `txwatch help [TOPIC]`.
pub(super) fn help(
    arguments: &HelpArgs,
    registry: &Registry,
    paint: Paint,
) -> Result<Code, Failure> {
    match arguments.topic.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["exit-codes"] => print(&format!("Exit codes:\n{}", exit::as_text()))?,
        ["providers"] => print(&providers::as_text(registry))?,
        ["schema"] => print(render::SCHEMA)?,
        path => print(&command_help(path, registry, paint)?)?,
    }
    Ok(Code::Ok)
}

/// The same as the command with `--help` prints.
fn command_help(path: &[&str], registry: &Registry, paint: Paint) -> Result<String, Failure> {
    let root = definitions(registry);
    let mut command = &root;
    for name in path {
        command = command.find_subcommand(name).ok_or_else(|| no_topic(name, command))?;
    }
    let typed = ["txwatch"].iter().chain(path).chain(&["--help"]);
    match root.clone().try_get_matches_from(typed) {
        Err(help) if !help.use_stderr() => Ok(parsing::rendered(&help, paint)),
        _ => Err(Failure::from_error(FailureKind::Internal, anyhow!("--help was not understood"))),
    }
}

fn no_topic(name: &str, command: &clap::Command) -> Failure {
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let topics: Vec<&str> = commands.chain(MORE_TOPICS).collect();
    let failure = usage(format!("there is no help on '{}'", render::clean(name)));
    match nearest(name, topics.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean '{near}'?")),
        None => failure.hint(format!("there is help on: {}", topics.join(", "))),
    }
}
