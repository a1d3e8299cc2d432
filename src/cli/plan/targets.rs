//! Resolving targets to profiles and ids.

use std::sync::Arc;

use super::shapes::providers_for;
use super::{links, mistyped};
use crate::cli::context::shorten;
use crate::cli::sandbox_targets;
use crate::config::{Config, SANDBOX};
use crate::error::{Failure, usage};
use crate::provider::{Id, Spec, near_miss};
use crate::warning::{Warning, WarningCode};

/// A target with its profile and a valid id.
#[derive(Clone)]
pub(super) struct ResolvedTarget {
    /// The profile's name.
    pub(super) profile: Arc<str>,
    /// The provider of the profile.
    pub(super) spec: Arc<Spec>,
    /// `PROFILE:ID`, or the profile alone if its account is followed.
    pub(super) name: Arc<str>,
    /// The id in the provider's form.
    pub(super) id: Id,
}

/// Resolves a target, with warnings if its profile was chosen or it looks mistyped.
pub(super) fn resolve(
    text: &str,
    bare_profile: Option<&str>,
    config: &Config,
) -> Result<(ResolvedTarget, Vec<Warning>), Failure> {
    let named = bare_profile.or(config.default_profile());
    if is_bare(text) {
        mistyped::refuse_profile(text, config)?;
    }
    let (target, notice) = resolve_as_typed(text, named, config)
        .map_err(|failure| mistyped::explain(text, bare_profile, config, failure))?;
    let mut notices: Vec<_> = notice.into_iter().collect();
    let mut warn = |message| notices.push(Warning::new(WarningCode::MistypedTarget, message));
    if is_bare(text) {
        mistyped::refuse_file(text)?;
        mistyped::odd_name(text, config).into_iter().for_each(&mut warn);
        links::of_evm(text, &config.registry).into_iter().for_each(&mut warn);
    }
    if &*target.profile != SANDBOX
        && let Some(problem) = near_miss(target.id.as_str())
    {
        warn(format!("is the id of {} complete and right? {problem}", shorten(&target.name)));
    }
    Ok((target, notices))
}

/// Whether a target names no profile.
pub(super) fn is_bare(text: &str) -> bool {
    !text.contains(':')
}

fn resolve_as_typed(
    text: &str,
    named: Option<&str>,
    config: &Config,
) -> Result<(ResolvedTarget, Option<Warning>), Failure> {
    if let Some((profile, id)) = text.split_once(':') {
        return Ok((of_profile(profile, id, config)?, None));
    }
    if let Some(profile) = named {
        return Ok((of_profile(profile, text, config)?, None));
    }
    if text.is_empty() {
        return Err(usage("a target is empty; is the variable that it comes from set?"));
    }
    let candidates = configured(config, |profile| of_profile(profile, text, config));
    match candidates.as_slice() {
        [only] => {
            let profile = &only.profile;
            let notice =
                format!("using profile {profile}, the only one that is set up for this id");
            Ok((only.clone(), Some(Warning::new(WarningCode::ProfileChosen, notice))))
        }
        several => Err(ambiguous(text, several, config)),
    }
}

/// Resolves the profile whose account is followed, with a warning if it was chosen.
pub(super) fn resolve_account(
    named: Option<&str>,
    config: &Config,
) -> Result<(ResolvedTarget, Option<Warning>), Failure> {
    if let Some(profile) = named.or(config.default_profile()) {
        return Ok((account_of(profile, config)?, None));
    }
    let candidates = configured(config, |profile| account_of(profile, config));
    match candidates.as_slice() {
        [only] => {
            let profile = &only.profile;
            let notice =
                format!("following profile {profile}, the only one with a feed of all orders");
            Ok((only.clone(), Some(Warning::new(WarningCode::ProfileChosen, notice))))
        }
        _ => Err(usage("--all follows one profile's account: which?")
            .hint("name it, as in  txwatch watch --all -p transak")),
    }
}

/// The configured profiles for which `resolve` succeeds.
fn configured(
    config: &Config,
    resolve: impl Fn(&str) -> Result<ResolvedTarget, Failure>,
) -> Vec<ResolvedTarget> {
    config.configured().iter().filter_map(|profile| resolve(profile).ok()).collect()
}

fn of_profile(profile: &str, id: &str, config: &Config) -> Result<ResolvedTarget, Failure> {
    let (spec, wire_id) = if profile == SANDBOX {
        sandbox_targets::resolve(id, &config.registry)?
    } else {
        let definition = config.provider_of(profile)?;
        let spec = definition.spec();
        let parsed = definition.parse_id(id).map_err(|error| {
            usage(format!("'{}' is not an id of {}: {error}", shorten(id), spec.title))
                .hint(format!("{} has {}", spec.title, spec.id_shape))
        });
        (spec, parsed?)
    };
    let name = format!("{profile}:{id}").into();
    Ok(ResolvedTarget { profile: profile.into(), spec, name, id: wire_id })
}

fn account_of(profile: &str, config: &Config) -> Result<ResolvedTarget, Failure> {
    let spec = if profile == SANDBOX {
        let mut specs = config.registry.iter().map(|definition| definition.spec());
        specs.find(|spec| spec.has_account_feed)
    } else {
        Some(config.spec_of(profile)?).filter(|spec| spec.has_account_feed)
    };
    match spec {
        Some(spec) => {
            let id = spec.probe_id.clone();
            Ok(ResolvedTarget { profile: profile.into(), spec, name: profile.into(), id })
        }
        None => Err(usage(format!("profile {profile} has no feed of a whole account"))
            .hint("name the transactions to watch; --all goes with Transak")),
    }
}

fn ambiguous(text: &str, candidates: &[ResolvedTarget], config: &Config) -> Failure {
    let shown = shorten(text);
    let names: Vec<_> = candidates.iter().map(|target| &*target.profile).collect();
    let failure = if names.is_empty() {
        usage(format!("which profile does '{shown}' belong to? None is set up for such an id"))
    } else {
        let names = names.join(", ");
        usage(format!("which profile does '{shown}' belong to? It could be: {names}"))
    };
    let failure = match near_miss(text).filter(|_| names.is_empty()) {
        Some(problem) => failure.hint(problem),
        None => failure,
    };
    let failure = match links::of_evm(text, &config.registry) {
        Some(problem) => failure.hint(problem),
        None => failure,
    };
    let fitting = providers_for(text, &config.registry);
    let failure = if names.is_empty() && !fitting.is_empty() {
        let targets: Vec<_> = fitting.iter().map(|spec| format!("{}:{text}", spec.name)).collect();
        failure.hint(format!("by its form it may be {}", targets.join(" or ")))
    } else {
        failure
    };
    let known: Vec<_> = config.profile_names().into_iter().collect();
    let failure = failure.hint(format!(
        "write PROFILE:ID, or give --profile; the profiles are: {}",
        known.join(", ")
    ));
    if sandbox_targets::is_scenario(text, &config.registry) {
        failure.hint(format!("did you mean sandbox:{shown}?"))
    } else {
        failure
    }
}
