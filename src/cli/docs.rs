//! What is generated from the definitions: completions, man pages, help.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::env::Shells;

use super::context::{output_broke, print};
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

/// The man pages by file name: one for each command, and one for the exit codes.
///
/// # Errors
/// A page cannot be rendered.
pub fn man_pages() -> anyhow::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let root = definitions().flatten_help(false);
    collect(&root, "txwatch", &mut pages)?;
    pages.insert("txwatch-exit-codes.7".to_owned(), exit_codes_page());
    Ok(pages)
}

fn collect(
    command: &clap::Command,
    name: &str,
    pages: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let mut page = Vec::new();
    let owned = command.clone().name(name.to_owned()).bin_name(name.replace('-', " "));
    clap_mangen::Man::new(owned).title(name.to_uppercase()).date("").render(&mut page)?;
    pages.insert(format!("{name}.1"), String::from_utf8(page)?);
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        collect(child, &format!("{name}-{}", child.get_name()), pages)?;
    }
    Ok(())
}

fn exit_codes_page() -> String {
    let mut page = concat!(
        ".TH TXWATCH-EXIT-CODES 7 \"\" \"txwatch ", env!("CARGO_PKG_VERSION"), "\"\n",
        ".SH NAME\ntxwatch\\-exit\\-codes \\- what the exit codes of txwatch say\n",
        ".SH DESCRIPTION\nBelow 64 the transaction spoke; from 64 on the watcher did.\n",
        "With several targets the largest code wins; with \\fB\\-\\-any\\fR one target that reaches the goal is enough for 0.\n",
        "\\fBtxwatch get\\fR exits 0 when the look worked, and maps the status only with \\fB\\-\\-exit\\-status\\fR.\n"
    )
    .to_owned();
    for row in exit::TABLE {
        let again = match row.again {
            "" => String::new(),
            again => format!(" Worth running again? {again}."),
        };
        let meaning = row.meaning.replace('-', "\\-");
        page.push_str(&format!(
            ".TP\n\\fB{} {}\\fR\n{meaning}.{again}\n",
            row.code.number(),
            row.name.replace('-', "\\-")
        ));
    }
    page.push_str(".SH SEE ALSO\n\\fBtxwatch\\fR(1), \\fBtxwatch\\-watch\\fR(1)\n");
    page
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
