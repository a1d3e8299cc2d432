//! What is generated from the definitions: completions, man pages, help.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::env::Shells;

use super::run::{output_broke, print};
use super::{COMPLETE, definitions};
use crate::error::{Failure, nearest, usage};
use crate::exit::{self, Code};
use crate::render;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

/// `txwatch completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = PossibleValuesParser::new(SHELLS))]
    pub shell: String,
}

/// `txwatch help`.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command, `exit-codes`, or `schema`
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

pub(super) fn print_completions(arguments: &CompletionsArgs) -> Result<Code, Failure> {
    let script = completion_script(&arguments.shell);
    print(&script.map_err(|error| Failure::from_error(Code::Internal, error))?)?;
    Ok(Code::Ok)
}

/// The completion scripts by file name. They ask the binary, so they know the user's own profiles.
///
/// # Errors
/// A shell is not known to the library any more.
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
    let mut script = String::from_utf8(script)?;
    if shell == "bash" {
        // Targets have colons; bash would take each for the end of a word.
        script = format!("COMP_WORDBREAKS=${{COMP_WORDBREAKS//:/}}\n{}\n", script.trim());
    }
    Ok(script)
}

/// `txwatch help [TOPIC]`.
pub(super) fn help(arguments: &HelpArgs) -> Code {
    let printed = match arguments.topic.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["exit-codes"] => print(&format!("Exit codes:\n{}", exit::as_text())),
        ["schema"] => print(render::SCHEMA),
        path => command_help(path),
    };
    match printed {
        Ok(()) => Code::Ok,
        Err(failure) if failure.code() == Code::Closed => Code::Closed,
        Err(failure) => {
            render::say(&render::failure(&failure, render::Paint(false)));
            failure.code()
        }
    }
}

fn command_help(path: &[&str]) -> Result<(), Failure> {
    let mut root = definitions();
    root.build();
    let mut command = &mut root;
    for name in path {
        let names: Vec<String> =
            command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
        command = match names.iter().any(|known| known == name) {
            true => command.find_subcommand_mut(name).ok_or_else(|| internal(name))?,
            false => return Err(no_topic(name, &names)),
        };
    }
    command
        .print_long_help()
        .map_err(|error| Failure::new(output_broke(&error), "help cannot be printed"))
}

fn internal(name: &str) -> Failure {
    Failure::from_error(Code::Internal, anyhow!("the command {name} is listed but not there"))
}

fn no_topic(name: &str, names: &[String]) -> Failure {
    let topics = names.iter().map(String::as_str).chain(["exit-codes", "schema"]);
    let failure = usage(format!("there is no help on '{}'", render::clean(name)));
    match nearest(name, topics.clone()) {
        Some(near) => failure.hint(format!("did you mean '{near}'?")),
        None => {
            failure.hint(format!("there is help on: {}", topics.collect::<Vec<_>>().join(", ")))
        }
    }
}
