//! Completion of argument values. A shell starts a new process for it, so the registry and the configuration are loaded
//! here.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::sandbox_targets;
use crate::config::{Config, Environment, Reading, Registry, SANDBOX};
use crate::provider::Status;

/// Completes a target: the names of profiles, and after `sandbox:` the scenarios.
pub(super) fn targets(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let mut candidates = match current.split_once(':') {
        Some((SANDBOX, _)) => sandbox_targets::candidates(&Registry::built_in()),
        // The transactions of a provider are not known.
        Some(_) => Vec::new(),
        None => profile_names()
            .into_iter()
            .map(|name| CompletionCandidate::new(format!("{name}:")))
            .collect(),
    };
    candidates.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(&*current));
    candidates
}

/// Completes a profile's name.
pub(super) fn profiles() -> Vec<CompletionCandidate> {
    profile_names().into_iter().map(CompletionCandidate::new).collect()
}

/// Completes the last status of a list.
pub(super) fn statuses(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let (before, begun) = match current.rfind(',') {
        Some(comma) => current.split_at(comma + 1),
        None => ("", &*current),
    };
    let goals = Status::ALL.into_iter().filter(|status| *status != Status::Unknown);
    goals
        .map(Status::name)
        .filter(|name| name.starts_with(begun) && !before.split(',').any(|said| said == *name))
        .map(|name| CompletionCandidate::new(format!("{before}{name}")))
        .collect()
}

/// The names of all profiles; without those of the configuration file if that is invalid.
fn profile_names() -> Vec<String> {
    let config = Config::load(Environment::of_process(), Registry::built_in(), Reading::brief());
    let from_config =
        |config: Config| config.profile_names().into_iter().map(|name| name.to_string()).collect();
    config.map(from_config).unwrap_or_else(|_| vec![SANDBOX.to_owned()])
}
