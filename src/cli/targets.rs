//! From what was typed to transactions of profiles.

use std::ffi::OsStr;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;

use crate::config::{Config, Environment, SANDBOX};
use crate::error::{Failure, usage};
use std::sync::Arc;

use crate::config::Registry;
use crate::error::FailureKind;
use crate::provider::{Id, Status};
use crate::warning::{Warning, WarningCode};
use crate::render::clean;

/// More than this on standard input is no list of targets.
const MOST_INPUT: u64 = 16 * 1024 * 1024;

/// A target whose profile is known, and whose id may be one of its provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResolvedTarget {
    /// The profile's name.
    pub(super) profile: String,
    /// The provider behind it.
    pub(super) provider: Arc<str>,
    /// `PROFILE:ID`.
    pub(super) name: String,
    /// The id on the wire.
    pub(super) id: Id,
}

/// Replaces `-` by what standard input says, one target a line.
pub(super) fn expand(typed: &[String], timeout: Option<Duration>) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    let mut read = false;
    for target in typed {
        match target.as_str() {
            "-" if read => return Err(usage("standard input can be read only once")),
            "-" => {
                read = true;
                targets.extend(lines(&standard_input(timeout)?));
            }
            _ => targets.push(target.clone()),
        }
    }
    if targets.is_empty() {
        Err(usage("there are no targets on standard input").hint("write one PROFILE:ID a line"))
    } else {
        Ok(targets)
    }
}

fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

/// Whoever writes to the pipe may never end; `--timeout` holds here too.
fn standard_input(timeout: Option<Duration>) -> Result<String, Failure> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(MOST_INPUT + 1).read_to_string(&mut text);
        // If nobody waits any more, the time is up.
        let _ = sender.send(read.map(|_| text));
    });
    let received = match timeout {
        Some(timeout) => receiver.recv_timeout(timeout).map_err(|_| {
            Failure::new(FailureKind::TimedOut, "standard input did not end in time; nothing was watched")
        })?,
        None => receiver.recv().map_err(|_| usage("standard input cannot be read"))?,
    };
    match received {
        Ok(text) if text.len() as u64 > MOST_INPUT => {
            Err(usage(format!("there are more than {} MiB on standard input", MOST_INPUT >> 20)))
        }
        Ok(text) => Ok(text),
        Err(error) => Err(usage(format!("standard input is not a list of targets: {error}"))),
    }
}

/// Chooses the profile of a target and checks its id. The second answer is what has to be said about
/// the choice.
pub(super) fn choose(
    text: &str,
    bare_profile: Option<&str>,
    config: &Config,
) -> Result<(ResolvedTarget, Option<String>), Failure> {
    if let Some((profile, id)) = text.split_once(':') {
        return Ok((fits(profile, id, config)?, None));
    }
    let default = config.file.default_profile.as_ref().and_then(|entry| entry.text().ok());
    if let Some(profile) = bare_profile.or(default) {
        return Ok((fits(profile, text, config)?, None));
    }
    if text.is_empty() {
        return Err(usage("a target is empty; is the variable that it comes from set?"));
    }
    let candidates: Vec<_> = config
        .configured()
        .into_iter()
        .filter_map(|profile| fits(&profile, text, config).ok())
        .collect();
    match candidates.as_slice() {
        [only] => {
            let notice =
                format!("using profile {}, the only one that is set up for this id", only.profile);
            Ok((only.clone(), Some(notice)))
        }
        several => Err(no_choice(text, several, config)),
    }
}

/// Chooses the profile whose account is followed.
pub(super) fn account(
    named: Option<&str>,
    config: &Config,
    notices: &mut Vec<Warning>,
) -> Result<ResolvedTarget, Failure> {
    let default = config.file.default_profile.as_ref().and_then(|entry| entry.text().ok());
    if let Some(profile) = named.or(default) {
        return of_account(profile, config);
    }
    let able: Vec<_> = config
        .configured()
        .into_iter()
        .filter_map(|profile| of_account(&profile, config).ok())
        .collect();
    match able.as_slice() {
        [only] => {
            notices.push(Warning::new(
                WarningCode::ProfileChosen,
                format!(
                    "following profile {}, the only one with a feed of all orders",
                    only.profile
                ),
            ));
            Ok(only.clone())
        }
        _ => Err(usage("--all follows one profile's account: which?")
            .hint("name it, as in  txwatch watch --all -p transak")),
    }
}

fn of_account(profile: &str, config: &Config) -> Result<ResolvedTarget, Failure> {
    let spec = match profile {
        SANDBOX => {
            let mut specs = config.registry.iter().map(|definition| definition.spec());
            specs.find(|spec| spec.has_account_feed)
        }
        _ => Some(config.spec_of(profile)?),
    };
    match spec.filter(|spec| spec.has_account_feed) {
        Some(spec) => Ok(ResolvedTarget {
            profile: profile.to_owned(),
            provider: spec.name.clone(),
            name: profile.to_owned(),
            id: spec.probe_id.clone(),
        }),
        None => Err(usage(format!("profile {profile} has no feed of a whole account"))
            .hint("name the transactions to watch; --all goes with Transak")),
    }
}

fn no_choice(text: &str, candidates: &[ResolvedTarget], config: &Config) -> Failure {
    let shown = shown(text);
    let failure = match candidates {
        [] => {
            usage(format!("which profile does '{shown}' belong to? None is set up for such an id"))
        }
        several => {
            let names: Vec<_> = several.iter().map(|chosen| chosen.profile.as_str()).collect();
            usage(format!(
                "which profile does '{shown}' belong to? It could be: {}",
                names.join(", ")
            ))
        }
    };
    let names: Vec<_> = config.profile_names().into_iter().collect();
    let failure = failure.hint(format!(
        "write PROFILE:ID, or give --profile; the profiles are: {}",
        names.join(", ")
    ));
    if is_scenario(text, config) { failure.hint(format!("did you mean sandbox:{shown}?")) } else { failure }
}

fn fits(profile: &str, id: &str, config: &Config) -> Result<ResolvedTarget, Failure> {
    if profile == SANDBOX {
        return sandbox(id, config);
    }
    let definition = config.provider_of(profile)?;
    let spec = definition.spec();
    let name = format!("{profile}:{id}");
    let id = definition.parse_id(id).map_err(|error| {
        usage(format!("'{}' is not an id of {}: {error}", shown(id), spec.title))
            .hint(format!("{} has {}", spec.title, spec.id_shape))
    })?;
    let provider = spec.name.clone();
    Ok(ResolvedTarget { profile: profile.to_owned(), provider, name, id })
}

#[cfg(feature = "sandbox")]
fn sandbox(id: &str, config: &Config) -> Result<ResolvedTarget, Failure> {
    let address = crate::sandbox::address(id, &config.registry.doubles())?;
    let definition = config.registry.find(address.provider);
    let definition = definition.ok_or_else(|| usage("the sandbox plays nobody"))?;
    let wire_id = definition
        .parse_id(&address.id)
        .map_err(|error| usage(format!("'{}' is not a scenario: {error}", shown(id))))?;
    Ok(ResolvedTarget {
        profile: SANDBOX.to_owned(),
        provider: definition.spec().name.clone(),
        name: format!("{SANDBOX}:{id}"),
        id: wire_id,
    })
}

#[cfg(not(feature = "sandbox"))]
fn sandbox(_id: &str, _config: &Config) -> Result<ResolvedTarget, Failure> {
    Err(usage("this build of txwatch has no sandbox"))
}

/// An id as it may be repeated: harmless and short.
fn shown(id: &str) -> String {
    const LONGEST: usize = 60;
    let cleaned = clean(id);
    match cleaned.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned.into_owned(),
    }
}

#[cfg(feature = "sandbox")]
fn is_scenario(text: &str, config: &Config) -> bool {
    crate::sandbox::address(text, &config.registry.doubles()).is_ok()
}

#[cfg(not(feature = "sandbox"))]
fn is_scenario(_text: &str, _config: &Config) -> bool {
    false
}

/// Completes a target: profile names, and behind `sandbox:` the scenarios.
pub(super) fn complete(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let mut candidates = match current.split_once(':') {
        #[cfg(feature = "sandbox")]
        Some((SANDBOX, _)) => scenarios(),
        // Nobody can list a provider's transactions.
        Some(_) => Vec::new(),
        None => profile_names()
            .into_iter()
            .map(|name| CompletionCandidate::new(format!("{name}:")))
            .collect(),
    };
    candidates.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(&*current));
    candidates
}

#[cfg(feature = "sandbox")]
fn scenarios() -> Vec<CompletionCandidate> {
    let doubles = Registry::built_in().doubles();
    let all = crate::sandbox::scenarios(&doubles);
    let of = |double: &Arc<dyn crate::sandbox::Double>| {
        let played = all.iter().filter(|scenario| scenario.is_played_by(double.as_ref()));
        let candidate = |scenario: &&crate::sandbox::Scenario| {
            let path = crate::sandbox::path(double.as_ref(), scenario.name, &doubles);
            CompletionCandidate::new(format!("{SANDBOX}:{path}")).help(Some(scenario.about.into()))
        };
        played.map(candidate).collect::<Vec<_>>()
    };
    doubles.iter().flat_map(of).collect()
}

/// Completes a profile's name.
pub(super) fn profiles() -> Vec<CompletionCandidate> {
    profile_names().into_iter().map(CompletionCandidate::new).collect()
}

/// Completes the last of several statuses.
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

/// A broken config file must not break completion.
fn profile_names() -> Vec<String> {
    let config = Config::load(Environment::of_process(), Registry::built_in());
    let from_config =
        |config: Config| config.profile_names().into_iter().map(|name| name.to_string()).collect();
    config.map(from_config).unwrap_or_else(|_| vec![SANDBOX.to_owned()])
}
