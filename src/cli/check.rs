//! `txwatch config check`: does it work?

use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use url::Url;

use super::context::{Context, block_on, print};
use super::targets;
use crate::config::{Config, Overrides, SANDBOX};
use crate::driver::{self, Broken, Signals};
use crate::engine::plan::{Mode, Plan, Profile, Target};
use crate::engine::{ListIndex, ProfileId};
use crate::error::{Failure, FailureKind, config};
use crate::event::Outcome;
use crate::event::{Closing, Name, Stamped, View, ViewSize};
use crate::exit::Code;
use crate::lifecycle::Goal;
use crate::provider::Id;
use crate::render::{self, Renderer, say};
use crate::transport::{Options, Reach};
use crate::wire::Auth;

/// `txwatch config check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only this profile
    #[arg(short, long, value_name = "NAME", env = "TXWATCH_PROFILE", hide_env = true)]
    #[arg(add = ArgValueCandidates::new(targets::profiles))]
    pub profile: Option<String>,

    /// An extra trusted CA for HTTPS (PEM)
    #[arg(long, value_name = "FILE", env = "TXWATCH_CACERT", hide_env = true)]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub cacert: Option<std::path::PathBuf>,
}

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(
    arguments: &CheckArgs,
    config: &Config,
    context: &Context,
) -> Result<Code, Failure> {
    let names: Vec<Arc<str>> = match &arguments.profile {
        Some(name) => vec![name.as_str().into()],
        None => config.configured(),
    };
    if names.is_empty() {
        return Err(self::config("no profile is set up").hint(
            "set TXWATCH_PROOF_URL and TXWATCH_PROOF_TOKEN, say, or write a [profiles.NAME] section into the file of  txwatch config path; what needs no setup is checked with  txwatch config check -p transak",
        ));
    }
    let mut worst = Code::Ok;
    for name in names {
        match check(&name, arguments, config) {
            Ok(told) => print(&format!("{}  {told}\n", context.stdout.good("ok")))?,
            Err(failure) => {
                print(&format!("{}  {name}\n", context.stdout.bad("FAILED")))?;
                say(&render::failure(&failure, context.stderr));
                worst = worst.max(failure.kind().into());
            }
        }
    }
    Ok(worst)
}

/// What can be tried without a transaction: one look, and the push side where whoever asks is answered.
fn check(name: &str, arguments: &CheckArgs, config: &Config) -> Result<String, Failure> {
    if name == SANDBOX {
        return Ok(format!("{name}  built in; there is nothing to check"));
    }
    let resolved = config.profile(name, &Overrides::default())?;
    for warning in &resolved.warnings {
        say(&format!("warning: {}\n", render::clean(warning)));
    }
    let spec = resolved.provider.spec().clone();
    let id = spec.probe_id.clone();
    let options = Options {
        cacert: arguments.cacert.clone().or_else(|| config.cacert()),
        reach: Reach::of(&resolved.provider.requests(&id)),
        embedded: false,
    };
    let profile = Profile {
        name: name.into(),
        prefix: format!("{name}:").into(),
        can_poll: resolved.can_poll(),
        provider: resolved.provider,
        credential: resolved.credential,
        interval: spec.pace.interval,
        safety: spec.pace.safety,
        appear_timeout: Some(Duration::ZERO),
        max_outage: Some(Duration::ZERO),
        grace: Duration::ZERO,
    };
    let mut told = vec![name.to_owned()];
    if let Some(push) = open_push(&profile, &id) {
        block_on(driver::listen(&profile, &id, &options, LIMIT))??;
        told.push(format!("{}, push answers", push.origin().ascii_serialization()));
    }
    told.push(if profile.can_poll {
        look(profile, &id, &options)?
    } else {
        "no access token: orders cannot be looked up, push alone carries a watch".to_owned()
    });
    Ok(told.join("  "))
}

/// The address of a push side that asks for no token; another one would refuse an id that nobody has.
fn open_push(profile: &Profile, id: &Id) -> Option<Url> {
    let feeds = profile.provider.feeds(std::slice::from_ref(id));
    let request = feeds.first()?.0.request();
    (request.auth == Auth::None).then_some(request.url)
}

/// One look for an id that nobody has: whoever answers "not found" has accepted the token.
fn look(profile: Profile, id: &Id, options: &Options) -> Result<String, Failure> {
    let spec = profile.provider.spec();
    let accepted = if profile.credential.is_available() {
        "token accepted"
    } else {
        "it answers whoever asks"
    };
    let spec = spec.clone();
    let request = profile.provider.first_request(id);
    let address = request.map(|request| request.url.origin().ascii_serialization());
    let closing = look_once(profile, spec.name.clone(), id.clone(), options)?;
    let outcome = closing.summary.outcomes.keys().next().copied();
    match (outcome, closing.failures.into_iter().next().and_then(Arc::into_inner)) {
        (Some(Outcome::Failed(kind @ FailureKind::Interrupted(_))), _) => {
            Err(Failure::new(kind, "interrupted"))
        }
        (Some(outcome), _)
            if outcome.is_of_transaction() || outcome == Outcome::Failed(FailureKind::NotFound) =>
        {
            let took = closing.elapsed.as_millis();
            Ok(format!("{}  {took} ms, {accepted}", address.unwrap_or_default()))
        }
        (_, Some(failure)) => Err(failure),
        (_, None) => Err(Failure::new(
            FailureKind::TimedOut,
            format!("{} gave no answer within {}s", spec.title, LIMIT.as_secs()),
        )),
    }
}

fn look_once(
    profile: Profile,
    provider: Arc<str>,
    id: Id,
    options: &Options,
) -> Result<Closing, Failure> {
    let target = Target {
        name: Name {
            target: format!("{}{id}", profile.prefix).into(),
            provider,
            id: id.as_str().into(),
        },
        id,
        profile: ProfileId::at(0),
    };
    let plan = Plan {
        mode: Mode::Get { exit_status: false },
        account: false,
        profiles: [profile].into_iter().collect(),
        targets: [target].into_iter().collect(),
        goal: Goal::default(),
        expectations: Vec::new(),
        any: false,
        timeout: Some(LIMIT),
        heartbeat: None,
        show_personal: false,
        notices: Vec::new(),
    };
    let ended = block_on(async {
        let mut signals = Signals::listen().map_err(Broken::Output)?;
        driver::run(Arc::new(plan), options, &mut Silent, &mut signals).await
    })?;
    ended.map_err(|broken| match broken {
        Broken::Failed(failure) => failure,
        Broken::Output(error) => Failure::from_error(FailureKind::Io, error),
    })
}

/// Shows nothing.
struct Silent;

impl Renderer for Silent {
    fn event(&mut self, _event: &Stamped) -> io::Result<()> {
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _view: &View) {}
}
