//! From what was typed to a [`Plan`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::arguments::TargetArgs;
use super::targets::{self, ResolvedTarget};
use crate::config::values::{Colour, Interval, Limit, Span, Switch, Timeout};
use crate::config::{Config, Overrides, SANDBOX};
use crate::error::{Failure, usage};
use crate::error::FailureKind;
use crate::engine::{List, ProfileId};
use crate::warning::{Warning, WarningCode};
use crate::lifecycle::Goal;
use crate::event::Name;
use crate::engine::plan::{Mode, Plan, Profile, Target};
use crate::transport::{Options, Reach};

/// A plan, and what it needs besides.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) transport: Options,
    /// What the file says about colour.
    pub(super) colour: Option<Colour>,
    /// The embedded sandbox, if a target needs it.
    #[cfg(feature = "sandbox")]
    pub(super) sandbox: Option<crate::sandbox::Sandbox>,
}

/// The time limit of a command.
pub(super) fn timeout(
    arguments: &TargetArgs,
    mode: Mode,
    config: &Config,
) -> Result<Option<Duration>, Failure> {
    let (chosen, default) = match mode {
        // `get` has limits of its own; what the file says is for watching.
        Mode::Get { .. } => (arguments.timeout, Duration::from_secs(30)),
        _ => (config.option("timeout", arguments.timeout, None)?, Duration::from_secs(30 * 60)),
    };
    Ok(chosen.unwrap_or(Timeout(Some(default))).0)
}

/// Makes the plan for these targets.
pub(super) fn prepare(
    arguments: &TargetArgs,
    typed: &[String],
    mode: Mode,
    config: &Config,
) -> Result<Prepared, Failure> {
    let mut notices = Vec::new();
    let account = typed.is_empty();
    let chosen = if account {
        vec![targets::account(arguments.profile.as_deref(), config, &mut notices)?]
    } else {
        choose_all(arguments, typed, config, &mut notices)?
    };
    let overrides = overrides(arguments, &chosen)?;
    let mut maker = PlanBuilder {
        arguments,
        config,
        mode,
        overrides,
        profiles: List::default(),
        known: HashMap::new(),
        notices,
        #[cfg(feature = "sandbox")]
        sandbox: None,
    };
    let targets = if account {
        maker.account(&chosen[0])?
    } else {
        chosen.iter().map(|chosen| maker.target(chosen)).collect::<Result<Vec<_>, _>>()?
    };
    let embedded = maker.is_rehearsal();
    let plan = Plan {
        mode,
        account,
        goal: config.option::<Goal>("until", arguments.until.clone(), None)?.unwrap_or_default(),
        expectations: arguments.expect.clone(),
        any: arguments.any,
        timeout: timeout(arguments, mode, config)?,
        heartbeat: config
            .option("heartbeat", arguments.heartbeat, None)?
            .unwrap_or(Timeout(Some(Duration::from_secs(60))))
            .0,
        show_personal: arguments.show_personal
            || config.option::<Switch>("show_personal", None, None)?.is_some_and(|switch| switch.0),
        notices: maker.notices,
        profiles: maker.profiles,
        targets: targets.into_iter().collect(),
    };
    Ok(Prepared {
        transport: Options { embedded, ..options(arguments, &plan, config) },
        colour: config.option("color", None, None)?,
        #[cfg(feature = "sandbox")]
        sandbox: maker.sandbox,
        plan,
    })
}

fn choose_all(
    arguments: &TargetArgs,
    typed: &[String],
    config: &Config,
    notices: &mut Vec<Warning>,
) -> Result<Vec<ResolvedTarget>, Failure> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for text in typed {
        let (chosen, notice) = targets::choose(text, arguments.profile.as_deref(), config)?;
        let notice = notice.map(|notice| Warning::new(WarningCode::ProfileChosen, notice));
        notices.extend(notice.filter(|notice| !notices.contains(notice)));
        // One transaction may be named in two ways.
        let same = (chosen.profile.clone(), chosen.provider.clone(), chosen.id.clone());
        if seen.insert(same) {
            all.push(chosen)
        } else {
            notices.push(Warning::new(
                WarningCode::DuplicateTarget,
                format!("{} was given twice; it is watched once", chosen.name),
            ))
        }
    }
    Ok(all)
}

/// A base address by flag is one provider's.
fn overrides(arguments: &TargetArgs, chosen: &[ResolvedTarget]) -> Result<Overrides, Failure> {
    let given = arguments.url.is_some() || arguments.push_url.is_some();
    let profiles: BTreeSet<_> = chosen.iter().map(|chosen| chosen.profile.as_str()).collect();
    if given && profiles.len() > 1 {
        let names: Vec<_> = profiles.into_iter().collect();
        return Err(usage(format!(
            "--url and --push-url are for one profile, and the targets have: {}",
            names.join(", ")
        ))
        .hint("set TXWATCH_<PROFILE>_URL for each instead"));
    }
    if given && profiles.contains(SANDBOX) {
        return Err(usage(
            "the sandbox has its own address; --url and --push-url do not go with it",
        ));
    }
    Ok(Overrides { url: arguments.url.clone(), push_url: arguments.push_url.clone() })
}

fn options(arguments: &TargetArgs, plan: &Plan, config: &Config) -> Options {
    let requests = |profile: &Profile| {
        profile.provider.requests(&profile.provider.spec().probe_id)
    };
    Options {
        cacert: arguments.cacert.clone().or_else(|| config.cacert()),
        reach: Reach::of(&plan.profiles.iter().flat_map(requests).collect::<Vec<_>>()),
        embedded: false,
    }
}

/// Collects the profiles that the targets need.
struct PlanBuilder<'a> {
    arguments: &'a TargetArgs,
    config: &'a Config,
    mode: Mode,
    overrides: Overrides,
    profiles: List<ProfileId, Profile>,
    /// By profile and provider, for the sandbox plays several.
    known: HashMap<(String, Arc<str>), ProfileId>,
    notices: Vec<Warning>,
    #[cfg(feature = "sandbox")]
    sandbox: Option<crate::sandbox::Sandbox>,
}

impl PlanBuilder<'_> {
    /// Everything that an account has; nothing of it is known yet.
    fn account(&mut self, chosen: &ResolvedTarget) -> Result<Vec<Target>, Failure> {
        let profile = self.profile(chosen)?;
        if !self.mode.pushes() {
            return Err(usage("--all is carried by push alone; leave --transport poll out"));
        }
        let with_key = |failure| self.with_key(&chosen.profile, failure);
        profile.provider.account_feed().map_err(with_key)?;
        if !profile.can_poll {
            return Err(self.config.no_token(&chosen.profile));
        }
        self.profiles.push(profile);
        Ok(Vec::new())
    }

    fn target(&mut self, chosen: &ResolvedTarget) -> Result<Target, Failure> {
        let key = (chosen.profile.clone(), chosen.provider.clone());
        let profile = match self.known.get(&key) {
            Some(profile) => *profile,
            None => {
                let profile = self.profile(chosen)?;
                self.listen_or_ask(chosen, &profile)?;
                let index = self.profiles.push(profile);
                self.known.insert(key, index);
                index
            }
        };
        let id = chosen.id.clone();
        let accepted = self.profiles[profile].provider.accept(&id);
        accepted.map_err(|failure| self.with_key(&chosen.profile, failure))?;
        Ok(Target {
            name: Name {
                target: chosen.name.as_str().into(),
                provider: chosen.provider.clone(),
                id: chosen.id.text(),
            },
            id,
            profile,
        })
    }

    /// What a provider misses beside what every profile needs is its API key.
    fn with_key(&self, profile: &str, failure: Failure) -> Failure {
        match failure.kind() {
            FailureKind::Config => failure.hint(self.config.how_to_set(profile, "api_key")),
            _ => failure,
        }
    }

    /// A profile that cannot be asked can still be listened to, which is told once; and the other way
    /// round, unless nothing but listening was wanted.
    fn listen_or_ask(&mut self, chosen: &ResolvedTarget, profile: &Profile) -> Result<(), Failure> {
        let is_mute = || profile.provider.feeds(std::slice::from_ref(&chosen.id)).is_empty();
        if self.mode == Mode::WatchPushOnly && is_mute() {
            return Err(self.config.no_push(&chosen.profile));
        }
        if profile.can_poll {
            return Ok(());
        }
        if !self.mode.pushes() {
            return Err(self.config.no_token(&chosen.profile));
        }
        let notice = format!(
            "profile {} has no access token: push alone carries the watch, and a change \
             before or between is missed",
            profile.name
        );
        self.notices.push(Warning::new(WarningCode::PushOnly, notice));
        Ok(())
    }

    fn profile(&mut self, chosen: &ResolvedTarget) -> Result<Profile, Failure> {
        #[cfg(feature = "sandbox")]
        if chosen.profile == SANDBOX {
            return self.sandbox_profile(&chosen.provider);
        }
        let resolved = self.config.profile(&chosen.profile, &self.overrides)?;
        let can_poll = resolved.can_poll();
        let warnings = resolved.warnings.into_iter();
        self.notices.extend(warnings.map(|text| Warning::new(WarningCode::Credential, text)));
        let pace = resolved.provider.spec().pace.clone();
        let profile = Profile {
            name: chosen.profile.as_str().into(),
            prefix: format!("{}:", chosen.profile).into(),
            can_poll,
            provider: resolved.provider,
            credential: resolved.credential,
            interval: pace.interval,
            safety: pace.safety,
            appear_timeout: None,
            max_outage: None,
            grace: Duration::ZERO,
        };
        self.with_options(profile, Some(&chosen.profile))
    }

    /// The options that a profile may set for itself.
    fn with_options(&self, mut profile: Profile, name: Option<&str>) -> Result<Profile, Failure> {
        let looks_once = matches!(self.mode, Mode::Get { .. });
        let unless_once =
            |limit: u64| Limit(Some(Duration::from_secs(if looks_once { 0 } else { limit })));
        let (arguments, config) = (self.arguments, self.config);
        if let Some(Interval(interval)) = config.option("interval", arguments.interval, name)? {
            profile.interval = interval;
        }
        let from_file = |key, typed: Option<Limit>| {
            if looks_once && typed.is_none() { Ok(None) } else { config.option(key, typed, name) }
        };
        profile.appear_timeout =
            from_file("appear_timeout", arguments.appear_timeout)?.unwrap_or(unless_once(60)).0;
        profile.max_outage =
            from_file("max_outage", arguments.max_outage)?.unwrap_or(unless_once(300)).0;
        profile.grace =
            config.option("grace", arguments.grace, name)?.unwrap_or(Span(Duration::ZERO)).0;
        Ok(profile)
    }

    /// Whether the embedded sandbox is needed.
    fn is_rehearsal(&self) -> bool {
        #[cfg(feature = "sandbox")]
        return self.sandbox.is_some();
        #[cfg(not(feature = "sandbox"))]
        false
    }

    /// The embedded sandbox, taking its port when the first target needs it. It is close at hand, so
    /// it is asked more often than a provider would be.
    #[cfg(feature = "sandbox")]
    fn sandbox_profile(&mut self, provider: &str) -> Result<Profile, Failure> {
        use crate::credential::Credential;
        use crate::provider::Settings;
        use crate::sandbox::{Sandbox, Speed, TOKEN};

        if self.sandbox.is_none() {
            let speed = Speed::read(self.config.environment.get(Speed::VARIABLE))?;
            let doubles = self.config.registry.doubles();
            self.sandbox = Some(Sandbox::bind(([127, 0, 0, 1], 0).into(), &doubles, speed)?);
            let notice = "this is the sandbox: a rehearsal on this machine, no money moves";
            self.notices.push(Warning::new(WarningCode::Sandbox, notice));
        }
        let mut settings = Settings::default();
        let mut speed = Speed::REAL;
        if let Some(sandbox) = &self.sandbox {
            speed = sandbox.speed();
            for (key, value) in sandbox.settings_of(provider) {
                settings.set(key, value);
            }
        }
        let definition = self.config.registry.find(provider);
        let definition = definition.ok_or_else(|| usage("the sandbox plays nobody"))?;
        let profile = Profile {
            name: SANDBOX.into(),
            prefix: format!("{SANDBOX}:{provider}/").into(),
            provider: definition.build_for_sandbox(&settings).map_err(usage)?,
            credential: Credential::fixed(TOKEN, "the sandbox".to_owned())?,
            can_poll: true,
            interval: speed.real(Duration::from_secs(1)),
            safety: speed.real(Duration::from_secs(5)),
            appear_timeout: None,
            max_outage: None,
            grace: Duration::ZERO,
        };
        self.with_options(profile, None)
    }
}
