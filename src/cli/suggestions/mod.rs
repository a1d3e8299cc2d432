//! What was probably meant by arguments that clap refuses: options and commands of other tools, targets without a
//! command, negative durations.

mod commands;
mod options;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::config::Registry;
use crate::error::{Failure, usage};

/// The failure to report in place of an error of clap's, if it is known what was meant.
pub(super) fn explain(
    error: &clap::Error,
    arguments: &[OsString],
    registry: &Registry,
) -> Option<Failure> {
    let typed: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let word = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    // Help is asked for.
    if !error.use_stderr() {
        return None;
    }
    if let Some(failure) = options::single_hyphen(&typed) {
        return Some(failure);
    }
    match error.kind() {
        ErrorKind::UnknownArgument => options::explain(word(ContextKind::InvalidArg)?, &typed),
        ErrorKind::InvalidSubcommand => {
            commands::explain(word(ContextKind::InvalidSubcommand)?, &typed, registry)
        }
        ErrorKind::MissingRequiredArgument => without_target(error, &typed),
        _ => None,
    }
}

/// A command that follows or looks at transactions, without any.
fn without_target(error: &clap::Error, typed: &[&str]) -> Option<Failure> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = typed.iter().find(|word| ["watch", "poll", "get"].contains(word))?;
    missing.iter().any(|argument| argument.contains("TARGET")).then(|| {
        usage("there is no target").hint(format!("write  txwatch {command} PROFILE:ID")).hint(
            format!("to read targets from standard input, one a line, write  txwatch {command} -"),
        )
    })
}
