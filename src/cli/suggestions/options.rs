//! Options of other tools, and options in the wrong place.

use clap::Command;

use crate::cli::definitions::grammar;
use crate::config::values::OutputFormat;
use crate::error::{Failure, usage};
use crate::lifecycle::Goal;
use crate::provider::Status;

/// Options of other tools, and what to write instead. Single letters are here only where they are in wide use.
const OF_OTHERS: &[(&[&str], &str)] = &[
    (
        &["--wait", "-w", "--watch", "--follow", "--tail", "--block", "--foreground", "--sync"],
        "leave it out: txwatch watch waits until the transaction has ended, and txwatch get looks once",
    ),
    (
        &["--no-wait", "--nowait", "--once", "--now", "--async", "--snapshot"],
        "txwatch get looks once, and does not wait",
    ),
    (
        &["--poll", "--polling", "--pull", "--rest", "--http"],
        "write txwatch poll, or --transport poll",
    ),
    (&["--push", "--ws", "--websocket", "--stream", "--sse"], "write --transport push"),
    (
        &["--retries", "--retry", "--max-retries", "--attempts", "--max-attempts", "--tries"],
        "leave it out: failed requests are repeated by themselves, until --timeout or --max-outage is over",
    ),
    (
        &[
            "-n",
            "--delay",
            "--sleep",
            "--period",
            "--every",
            "--poll-interval",
            "--frequency",
            "--wait-interval",
        ],
        "write --interval DUR for the time between requests, as in --interval 5s",
    ),
    (
        &[
            "--max-time",
            "-m",
            "--deadline",
            "--wait-timeout",
            "--timeout-seconds",
            "--max-wait",
            "--limit",
        ],
        "write --timeout DUR for the whole command, as in --timeout 20m",
    ),
    (
        &["--connect-timeout", "--request-timeout", "--read-timeout"],
        "each request has a limit of its own; --max-outage DUR says how long nothing may be heard",
    ),
    (
        &["-f", "--file", "--input", "--from-file", "--targets", "--ids", "--filename"],
        "the targets in a file, one a line, are read from standard input:  txwatch watch - < FILE; and txwatch watch \
         follows by itself",
    ),
    (
        &[
            "--token",
            "--api-key",
            "--apikey",
            "--api-secret",
            "--secret",
            "--key",
            "--access-token",
            "--bearer",
            "--auth",
            "--user",
            "-u",
            "--password",
            "--header",
            "-H",
        ],
        "a secret is never an option: set TXWATCH_<PROFILE>_TOKEN (or _TOKEN_FILE), or token_command in the \
         configuration file; see  txwatch help providers",
    ),
    (&["--config", "-c", "--config-file"], "set TXWATCH_CONFIG=FILE"),
    (
        &["--provider", "--service", "--network", "--chain", "--env", "--environment"],
        "the provider is part of the target, PROFILE:ID, or is given by --profile; a network is a setting of a \
         profile: see  txwatch help providers",
    ),
    (
        &["--sandbox", "--test", "--testnet", "--dry-run", "--demo"],
        "the sandbox is a profile: txwatch watch sandbox:happy; a test network is a setting of a profile: see  \
         txwatch help providers",
    ),
    (
        &[
            "--endpoint",
            "--host",
            "--base-url",
            "--server",
            "--address",
            "--rpc",
            "--rpc-url",
            "--node",
        ],
        "write --url URL, and --push-url URL for the push side",
    ),
    (
        &["--node-address", "--ws-url", "--wss"],
        "write --url URL, and --push-url URL for the push side",
    ),
    (&["--ca", "--ca-cert", "--ca-bundle", "--cafile", "--ca-file"], "write --cacert FILE"),
    (
        &["--insecure", "-k", "--no-verify", "--no-check-certificate", "--skip-verify"],
        "certificates are always checked; --cacert FILE trusts one more authority",
    ),
    (&["--silent", "-s", "--no-progress"], "write --quiet"),
    (&["--debug", "--trace", "-d", "-x"], "write --verbose, or -vv for the wire"),
    (&["--no-color", "--no-colour", "--nocolor", "--plain-color"], "write --color never"),
    (&["--colour", "--colors"], "write --color auto, always or never"),
    (
        &["--fail", "--exit-code", "--error-exitcode", "--exit-zero"],
        "leave it out: the exit code of watch and poll says how it ended, and get has --exit-status",
    ),
    (&["--any-of", "--first", "--or"], "write --any"),
    (
        &[
            "--assert",
            "--check",
            "--amount",
            "--min-amount",
            "--max-amount",
            "--condition-expr",
            "--where",
        ],
        "write --expect 'PATH OP VALUE', as in --expect 'crypto_amount>=99'",
    ),
    (
        &[
            "--id",
            "--tx",
            "--txid",
            "--hash",
            "--tx-hash",
            "--deploy-hash",
            "--transaction",
            "--order",
            "--order-id",
            "--target",
        ],
        "the id is an argument: txwatch watch PROFILE:ID",
    ),
];

/// Options of other tools for the form of the output.
const OUTPUT: [&str; 6] =
    ["--format", "--output-format", "--out", "--style", "--mode", "--template"];

/// Options of other tools that are a form of the output by themselves.
const FORMS: [(&[&str], &str); 3] = [
    (&["--json", "-j", "--ndjson", "--jsonl", "--json-output", "--porcelain"], "json"),
    (&["--plain", "--text", "--tsv", "--raw", "--no-tty"], "plain"),
    (&["--human", "--pretty", "--table"], "human"),
];

/// Options of other tools for what is waited for.
const GOAL: [&str; 10] = [
    "--for",
    "--status",
    "--state",
    "--condition",
    "--wait-for",
    "--until-status",
    "--goal",
    "--expect-status",
    "--expected",
    "--wait-until",
];

/// Options of other servers for the address.
const LISTEN: [&str; 7] = ["--port", "-p", "--bind", "--host", "--address", "--addr", "-l"];

/// Explains an option that the command does not have.
pub(super) fn explain(option: &str, typed: &[&str]) -> Option<Failure> {
    let grammar = grammar();
    let command = command(&grammar, option, typed);
    let value = value(option, typed);
    let hint = match command {
        Some("sandbox") => of_sandbox(option, value)?,
        Some("watch" | "poll" | "get") | None => negative(option, typed)
            .or_else(|| elsewhere(option, command, &grammar))
            .or_else(|| of_other_tools(option, value))?,
        Some(_) => return None,
    };
    Some(usage(format!("unexpected argument '{option}' found")).hint(hint))
}

/// Explains a long option with a single hyphen, which clap takes for several short ones.
pub(super) fn single_hyphen(typed: &[&str]) -> Option<Failure> {
    let mut grammar = grammar();
    grammar.build();
    let commands =
        || grammar.get_subcommands().filter(|command| typed.contains(&command.get_name()));
    let long = |name: &str| {
        let arguments = commands().flat_map(Command::get_arguments);
        let mut longs = arguments.filter_map(clap::Arg::get_long);
        name.len() > 1 && longs.any(|long| long == name)
    };
    let name = typed.iter().filter_map(|word| word.strip_prefix('-')?.split('=').next());
    let name = name.into_iter().find(|name| !name.starts_with('-') && long(name))?;
    Some(
        usage(format!("unexpected argument '-{name}' found"))
            .hint(format!("write  --{name}  with two hyphens")),
    )
}

/// The command that stands before an option.
fn command<'a>(grammar: &Command, option: &str, typed: &[&'a str]) -> Option<&'a str> {
    let before = typed.iter().take_while(|word| !word.starts_with(option));
    before.copied().find(|word| grammar.find_subcommand(word).is_some())
}

/// The value that was typed for an option: `--option=value` or `--option value`.
fn value<'a>(option: &str, typed: &[&'a str]) -> Option<&'a str> {
    typed.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(option)? {
        "" => typed.get(index + 1).copied().filter(|next| !next.starts_with('-')),
        rest => rest.strip_prefix('='),
    })
}

fn of_other_tools(option: &str, value: Option<&str>) -> Option<String> {
    let option = if option.starts_with("--") { option.to_lowercase() } else { option.to_owned() };
    let option = option.as_str();
    if let Some((_, form)) = FORMS.iter().find(|(names, _)| names.contains(&option)) {
        return Some(format!("write --output {form}"));
    }
    if OUTPUT.contains(&option) {
        let forms = OutputFormat::NAMES.join(", ");
        return Some(match value.filter(|value| OutputFormat::NAMES.contains(value)) {
            Some(form) => format!("write --output {form}"),
            None => format!("write --output FORM; the forms are: {forms}"),
        });
    }
    if GOAL.contains(&option) {
        return Some(match value.and_then(goal) {
            Some(goal) => format!("write --until {goal}"),
            None => "write --until STATUS, as in --until completed".to_owned(),
        });
    }
    let (_, hint) = OF_OTHERS.iter().find(|(names, _)| names.contains(&option))?;
    Some((*hint).to_owned())
}

/// What is waited for in the words of another tool, such as `condition=Complete`.
fn goal(value: &str) -> Option<Goal> {
    let value = value.strip_prefix("condition=").unwrap_or(value);
    let value = value.split('=').next().unwrap_or_default();
    let statuses = value.split(',').map(|word| {
        let found = word.trim().parse().ok().or_else(|| Status::meant_by(word))?;
        Some(Status::name(found))
    });
    statuses.collect::<Option<Vec<_>>>()?.join(",").parse().ok()
}

/// A negative number, which clap takes for an option.
fn negative(option: &str, typed: &[&str]) -> Option<String> {
    let is_negative = option.strip_prefix('-')?.starts_with(|c: char| c.is_ascii_digit());
    let at = typed.iter().position(|word| is_negative && word.starts_with(option))?;
    let named = at.checked_sub(1).and_then(|before| typed.get(before))?;
    let span = typed[at].trim_start_matches('-');
    let has_unit = span.ends_with(|c: char| c.is_ascii_alphabetic());
    let example = if has_unit { span } else { "90s" };
    named.starts_with('-').then(|| {
        format!(
            "a value is never negative; write a duration like {named} {example}, or {named} none where there may \
             be no limit"
        )
    })
}

/// An option of another command, or one that stands before its command.
fn elsewhere(option: &str, command: Option<&str>, grammar: &Command) -> Option<String> {
    let has = |name: &str| {
        let arguments = grammar.find_subcommand(name)?.get_arguments();
        let is_it = |argument: &clap::Arg| {
            let long = argument.get_long().is_some_and(|long| option == format!("--{long}"));
            long || argument.get_short().is_some_and(|short| option == format!("-{short}"))
        };
        arguments.into_iter().any(is_it).then(|| name.to_owned())
    };
    let owner = ["watch", "get", "poll"].into_iter().find_map(has)?;
    Some(match command {
        None => format!("options come after the command:  txwatch {owner} TARGET {option}"),
        Some("watch" | "poll") if option == "--exit-status" => {
            "leave it out: the exit code of watch and poll always says how it ended".to_owned()
        }
        Some(_) => format!("it is an option of  txwatch {owner}"),
    })
}

fn of_sandbox(option: &str, value: Option<&str>) -> Option<String> {
    let port = |text: &str| text.parse::<u16>().ok();
    if LISTEN.contains(&option) {
        let port = value.and_then(port).unwrap_or(8080);
        return Some(format!("write --listen 127.0.0.1:{port}"));
    }
    if let Some(port) = port(option) {
        return Some(format!("write --listen 127.0.0.1:{port}"));
    }
    let hint = format!("to watch a scenario, write  txwatch watch sandbox:{option}");
    (!option.starts_with('-')).then_some(hint)
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
