//! The builder of plans.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::targets::{self, ResolvedTarget};
use crate::cli::arguments::TargetArgs;
use crate::cli::sandbox_targets::EmbeddedSandbox;
use crate::cli::target_lines::TypedTarget;
use crate::config::options::{HEARTBEAT, SHOW_PERSONAL, TIMEOUT, UNTIL};
use crate::config::values::Switch;
use crate::config::{CommandOptions, Config, Overrides, SANDBOX};
use crate::engine::plan::{Mode, Plan, Profile, Target};
use crate::engine::{List, ProfileId, TargetId};
use crate::error::{Failure, usage};
use crate::event::Name;
use crate::provider::Id;
use crate::transport::{Options, Proxies, Reach, SystemCas};
use crate::warning::{Warning, WarningCode};

/// How many targets that look mistyped are named.
const MAX_MISTYPED: usize = 20;

/// A plan, and what is needed to run it.
pub(in crate::cli) struct Prepared {
    pub(in crate::cli) plan: Plan,
    pub(in crate::cli) transport: Options,
    /// The embedded sandbox, if a target needs it.
    pub(in crate::cli) sandbox: EmbeddedSandbox,
}

/// Collects targets and their profiles.
pub(in crate::cli) struct PlanBuilder<'a> {
    pub(super) arguments: &'a TargetArgs,
    pub(super) mode: Mode,
    pub(super) options: CommandOptions<'a>,
    pub(super) config: &'a Config,
    pub(super) overrides: Overrides,
    pub(super) sandbox: EmbeddedSandbox,
    pub(super) notices: Vec<Warning>,
    account: bool,
    profile_typed: bool,
    profiles: List<ProfileId, Profile>,
    targets: List<TargetId, Target>,
    /// By profile and provider, for the sandbox has several providers.
    known: HashMap<(Arc<str>, Arc<str>), ProfileId>,
}

impl<'a> PlanBuilder<'a> {
    /// A builder with the arguments, and the options for those that are not given.
    pub(in crate::cli) fn new(
        arguments: &'a TargetArgs,
        mode: Mode,
        options: CommandOptions<'a>,
        config: &'a Config,
    ) -> Self {
        PlanBuilder {
            arguments,
            mode,
            options,
            config,
            overrides: Overrides::default(),
            sandbox: EmbeddedSandbox::default(),
            notices: Vec::new(),
            account: false,
            profile_typed: false,
            profiles: List::default(),
            targets: List::default(),
            known: HashMap::new(),
        }
    }

    /// The same, where `--profile` was typed, so that it is told if no target needs it.
    pub(in crate::cli) fn with_profile_typed(self, profile_typed: bool) -> Self {
        PlanBuilder { profile_typed, ..self }
    }

    /// The plan for these targets.
    pub(in crate::cli) fn targets(mut self, typed: &[TypedTarget]) -> Result<Prepared, Failure> {
        self.notices.extend(self.config.warnings.iter().cloned());
        let resolved = self.resolve_all(typed)?;
        self.warn_of_unused_profile(typed);
        self.overrides = self.overrides(&resolved)?;
        for target in &resolved {
            self.add(target)?;
        }
        self.build()
    }

    /// The plan for the transactions of an account.
    pub(in crate::cli) fn account(mut self) -> Result<Prepared, Failure> {
        self.notices.extend(self.config.warnings.iter().cloned());
        let named = self.arguments.connection.profile.as_deref();
        let (account, notice) = targets::resolve_account(named, self.config)?;
        self.notices.extend(notice);
        self.overrides = self.overrides(std::slice::from_ref(&account))?;
        let profile = self.profile(&account)?;
        self.can_follow_account(&profile)?;
        self.profiles.push(profile);
        self.account = true;
        self.build()
    }

    /// The plan for a lookup of the probe id of a profile.
    pub(in crate::cli) fn probe(mut self, profile: &str) -> Result<Prepared, Failure> {
        let spec = self.config.spec_of(profile)?;
        let id = spec.probe_id.clone();
        let name = format!("{profile}:{id}").into();
        let target = ResolvedTarget { profile: profile.into(), spec, name, id };
        let profile = self.profile(&target)?;
        let profile = self.profiles.push(profile);
        self.targets.push(named(&target, profile));
        self.build()
    }

    fn resolve_all(&mut self, typed: &[TypedTarget]) -> Result<Vec<ResolvedTarget>, Failure> {
        let bare_profile = self.arguments.connection.profile.as_deref();
        let mut seen: HashSet<(Arc<str>, Arc<str>, Id)> = HashSet::new();
        let mut all = Vec::new();
        let mut mistyped = 0;
        for typed in typed {
            let resolved = targets::resolve(&typed.text, bare_profile, self.config);
            let (target, notices) = resolved.map_err(|failure| typed.failure(failure))?;
            for notice in notices {
                mistyped += usize::from(notice.code == WarningCode::MistypedTarget);
                let is_named =
                    notice.code != WarningCode::MistypedTarget || mistyped <= MAX_MISTYPED;
                if is_named && !self.notices.contains(&notice) {
                    self.notices.push(notice);
                }
            }
            // The same transaction may be written in two ways.
            let (profile, provider) = key(&target);
            if seen.insert((profile, provider, target.id.clone())) {
                all.push(target);
            } else {
                let notice = format!("{} was given twice; it is watched once", target.name);
                self.notices.push(Warning::new(WarningCode::DuplicateTarget, notice));
            }
        }
        if let Some(more) = mistyped.checked_sub(MAX_MISTYPED).filter(|more| *more > 0) {
            let notice = format!("and {more} more targets look mistyped");
            self.notices.push(Warning::new(WarningCode::MistypedTarget, notice));
        }
        Ok(all)
    }

    fn warn_of_unused_profile(&mut self, typed: &[TypedTarget]) {
        if let Some(profile) = self.arguments.connection.profile.as_deref()
            && self.profile_typed
            && !typed.iter().any(|target| targets::is_bare(&target.text))
        {
            let notice = format!("--profile {profile} is not used: every target names its profile");
            self.notices.push(Warning::new(WarningCode::UnusedProfile, notice));
        }
    }

    /// `--url` and `--push-url`, which are for one profile.
    fn overrides(&self, resolved: &[ResolvedTarget]) -> Result<Overrides, Failure> {
        let connection = &self.arguments.connection;
        let given = connection.url.is_some() || connection.push_url.is_some();
        let profiles: BTreeSet<_> = resolved.iter().map(|target| &*target.profile).collect();
        if given && profiles.len() > 1 {
            let names: Vec<_> = profiles.into_iter().collect();
            return Err(usage(format!(
                "--url and --push-url are for one profile, and the targets have: {}",
                names.join(", ")
            ))
            .hint("set TXWATCH_<PROFILE>_URL for each instead")
            .hint(self.origin_of_urls()));
        }
        if given && profiles.contains(SANDBOX) {
            return Err(usage(
                "the sandbox has its own address; --url and --push-url do not go with it",
            )
            .hint(self.origin_of_urls()));
        }
        Ok(Overrides { url: connection.url.clone(), push_url: connection.push_url.clone() })
    }

    /// Where `--url` and `--push-url` come from, which may be their variables.
    fn origin_of_urls(&self) -> String {
        let connection = &self.arguments.connection;
        let urls = [("url", &connection.url), ("push-url", &connection.push_url)];
        let given = urls.into_iter().filter_map(|(option, url)| Some((option, url.as_ref()?)));
        let origins = given.map(|(option, url)| self.config.environment.origin_of(option, url));
        let origins: Vec<_> = origins.map(|origin| origin.to_string()).collect();
        format!("given by {}", origins.join(" and "))
    }

    fn add(&mut self, target: &ResolvedTarget) -> Result<(), Failure> {
        let profile = match self.known.get(&key(target)) {
            Some(profile) => *profile,
            None => {
                let profile = self.profile(target)?;
                self.can_follow(target, &profile)?;
                let profile = self.profiles.push(profile);
                self.known.insert(key(target), profile);
                profile
            }
        };
        let accepted = self.profiles[profile].provider.accept(&target.id);
        accepted.map_err(|failure| self.with_api_key_hint(&target.profile, failure))?;
        self.targets.push(named(target, profile));
        Ok(())
    }

    fn build(self) -> Result<Prepared, Failure> {
        let arguments = self.arguments;
        let show_personal = arguments.output.show_personal.then_some(Switch(true));
        let transport = self.transport()?;
        let plan = Plan {
            mode: self.mode,
            account: self.account,
            goal: self.options.value(&UNTIL, arguments.goal.until.clone())?,
            expectations: arguments.goal.expect.clone(),
            any: arguments.goal.any,
            timeout: self.options.value(&TIMEOUT, arguments.time.timeout)?.0,
            heartbeat: self.options.value(&HEARTBEAT, arguments.output.heartbeat)?.0,
            show_personal: self.options.value(&SHOW_PERSONAL, show_personal)?.0,
            notices: self.notices,
            profiles: self.profiles,
            targets: self.targets,
        };
        Ok(Prepared { plan, transport, sandbox: self.sandbox })
    }

    fn transport(&self) -> Result<Options, Failure> {
        let probes =
            |profile: &Profile| profile.provider.requests(&profile.provider.spec().probe_id);
        let reach = Reach::of(&self.profiles.iter().flat_map(probes).collect::<Vec<_>>());
        // The sandbox is reached whatever the variables say.
        let proxies = match reach {
            Reach::Loopback => Proxies::default(),
            Reach::Cleartext | Reach::Tls => self.config.proxies()?,
        };
        let reach = if proxies.need_tls() { Reach::Tls } else { reach };
        let system_cas = match reach {
            Reach::Tls => self.config.system_cas()?,
            Reach::Loopback | Reach::Cleartext => SystemCas::default(),
        };
        let cacert = self.arguments.connection.cacert.as_deref();
        Ok(Options {
            system_cas,
            additional_cas: self.config.additional_cas(cacert)?,
            reach,
            proxies,
            embedded: self.sandbox.is_needed(),
        })
    }
}

fn key(target: &ResolvedTarget) -> (Arc<str>, Arc<str>) {
    (target.profile.clone(), target.spec.name.clone())
}

fn named(target: &ResolvedTarget, profile: ProfileId) -> Target {
    let (provider, id) = (target.spec.name.clone(), target.id.clone());
    Target { name: Name { target: target.name.clone(), provider, id: id.text() }, id, profile }
}
