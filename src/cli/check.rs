//! `txwatch config check`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::arguments::{CheckArgs, ConnectionArgs, TargetArgs, TimeArgs};
use super::context::{Context, block_on, print, runtime_failure, stdout_failure};
use super::plan::{PlanBuilder, Prepared};
use crate::config::values::Timeout;
use crate::config::{CommandKind, CommandOptions, Config, SANDBOX};
use crate::driver::{self, RunError, Signals};
use crate::engine::plan::{Mode, Plan, Profile};
use crate::engine::{ListIndex, ProfileId, TargetId};
use crate::error::{Failure, FailureKind, config};
use crate::event::{Closing, Outcome, Stamped, View, ViewSize};
use crate::exit::Code;
use crate::provider::Id;
use crate::render::{self, Renderer, write_stderr};
use crate::transport::Options;
use crate::wire::Auth;

/// The limit for the push connection, and for the lookup.
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
            Ok(report) => print(&format!("{}  {report}\n", context.stdout.good("ok")))?,
            Err(failure) => {
                print(&format!("{}  {name}\n", context.stdout.bad("FAILED")))?;
                write_stderr(&render::failure(&failure, context.stderr));
                worst = worst.max(failure.kind().into());
            }
        }
    }
    block_on(async {
        let mut signals = Signals::listen().map_err(runtime_failure)?;
        driver::printed(&mut signals).await.map_err(|error| stdout_failure(&error))
    })??;
    Ok(worst)
}

/// Makes a lookup of the probe id, and opens the push connection if that needs no token.
fn check(name: &str, arguments: &CheckArgs, config: &Config) -> Result<String, Failure> {
    if name == SANDBOX {
        return Ok(format!("{name}  built in; there is nothing to check"));
    }
    let Prepared { plan, transport, .. } = prepare(name, arguments, config)?;
    for notice in &plan.notices {
        write_stderr(&format!("warning: {}\n", render::clean(&notice.message)));
    }
    let (profile, id) = (&plan.profiles[ProfileId::at(0)], &plan.targets[TargetId::at(0)].id);
    let mut report = vec![name.to_owned()];
    if let Some(push) = open_push(profile, id) {
        block_on(driver::check_push(profile, id, &transport, LIMIT))??;
        report.push(format!("{}, push answers", push.origin().ascii_serialization()));
    }
    report.push(if profile.can_poll {
        look_up(plan, &transport)?
    } else {
        "no access token: orders cannot be looked up, push alone carries a watch".to_owned()
    });
    Ok(report.join("  "))
}

/// The plan of a `get` for the probe id. Options of the file do not apply.
fn prepare(name: &str, arguments: &CheckArgs, config: &Config) -> Result<Prepared, Failure> {
    let arguments = TargetArgs {
        time: TimeArgs { timeout: Some(Timeout(Some(LIMIT))), ..TimeArgs::default() },
        connection: ConnectionArgs {
            cacert: arguments.cacert.clone(),
            ..ConnectionArgs::default()
        },
        ..TargetArgs::default()
    };
    let mode = Mode::Get { exit_status: false };
    let options = CommandOptions::built_in(CommandKind::Get);
    PlanBuilder::new(&arguments, mode, options, config).probe(name)
}

/// The URL of a push connection that needs no token; one that needs a token would refuse the probe id.
fn open_push(profile: &Profile, id: &Id) -> Option<Url> {
    let feeds = profile.provider.feeds(std::slice::from_ref(id));
    let request = feeds.first()?.0.request();
    (request.auth == Auth::None).then_some(request.url)
}

/// Looks up the probe id. "Not found" means that the token was accepted.
fn look_up(plan: Plan, transport: &Options) -> Result<String, Failure> {
    let profile = &plan.profiles[ProfileId::at(0)];
    let accepted = if profile.credential.is_available() {
        "token accepted"
    } else {
        "it answers whoever asks"
    };
    let spec = profile.provider.spec().clone();
    let request = profile.provider.first_request(&plan.targets[TargetId::at(0)].id);
    let address = request.map(|request| request.url.origin().ascii_serialization());
    let closing = run_plan(plan, transport)?;
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

fn run_plan(plan: Plan, transport: &Options) -> Result<Closing, Failure> {
    let ended = block_on(async {
        let io = |error| RunError::Failed(Failure::from_error(FailureKind::Io, error));
        let mut signals = Signals::listen().map_err(io)?;
        let ended = driver::run(Arc::new(plan), transport, &mut Silent, &mut signals).await;
        // The next profile may have a file that blocks.
        signals.leave();
        ended
    })?;
    ended.map_err(|broken| match broken {
        RunError::Failed(failure) => failure,
        RunError::Output(error, _) => Failure::from_error(FailureKind::Io, error),
    })
}

/// A renderer without output.
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
