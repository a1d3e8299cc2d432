//! The event loop: executes the effects of the [`Engine`] in tokio tasks, and passes their results to it as inputs.

pub mod clock;
mod connections;
mod feed_task;
#[cfg(unix)]
mod ignored_signals;
mod lookup;
mod output;
mod push_check;
mod signals;
mod stopping;
mod tasks;
mod token_source;
pub mod traffic;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::engine::plan::Plan;
use crate::engine::{Effect, Engine, Input};
use crate::error::{Failure, FailureKind};
use crate::event::{Closing, Conclusion, Event, Outcome};
use crate::render::{Renderer, Wait};
use crate::transport::{Network, Options, Transport};
use clock::Clock;
use output::{Patience, stdout_written};
use tasks::Driver;

pub use output::{printed, stderr_written};
pub use push_check::check_push;
pub use signals::{SignalRequest, Signals};
pub use stopping::before_stopping;
pub use tasks::Env;

/// The shortest time between two frames of the live view.
const FRAME_INTERVAL: Duration = Duration::from_millis(100);

/// The conclusion if the output fails.
const OUTPUT_FAILED: Conclusion = Conclusion::Stopped(Outcome::Failed(FailureKind::Io));

/// Why a command did not run to its end.
#[derive(Debug)]
pub enum RunError {
    /// It could not be started.
    Failed(Failure),
    /// stdout could not be written, or its reader did not take everything in time; with the closing report of what
    /// was known until then.
    Output(io::Error, Box<Closing>),
}

/// Runs a command to its end.
///
/// # Errors
/// It could not be started, or stdout could not be written.
pub async fn run(
    plan: Arc<Plan>,
    options: &Options,
    renderer: &mut dyn Renderer,
    signals: &mut Signals,
) -> Result<Closing, RunError> {
    let env = Env {
        clock: Clock::start(),
        network: Transport::new(options).map_err(RunError::Failed)?,
        random: fastrand::Rng::new(),
    };
    run_in(env, plan, renderer, async || signals.next().await).await
}

/// Runs a command to its end in an environment. `signalled` waits for a signal; it has to be cancel-safe.
///
/// # Errors
/// It could not be started, or stdout could not be written.
pub async fn run_in(
    mut env: Env<impl Network>,
    plan: Arc<Plan>,
    renderer: &mut dyn Renderer,
    mut signalled: impl AsyncFnMut() -> SignalRequest,
) -> Result<Closing, RunError> {
    let random = env.random.fork();
    let deadline = env.clock.instant(plan.timeout.unwrap_or(Duration::MAX));
    let (mut driver, routes) = Driver::new(plan.clone(), env).map_err(RunError::Failed)?;
    let engine = Engine::new(plan, routes, random);
    let ended = drive(engine, &mut driver, renderer, &mut signalled).await;
    // Kills a token command that is still running.
    driver.renewals.shutdown().await;
    drop(driver);
    let (closing, patience) = ended?;
    match stdout_written(renderer, signalled, deadline, patience).await {
        Ok(()) => Ok(closing),
        Err(error) => Err(RunError::Output(error, Box::new(closing))),
    }
}

/// The loop: executes effects and waits for the next input, until the command has ended.
///
/// While stdout is full, nothing but the deadline and signals is taken, and effects wait. After one of those stdout
/// gets everything, for it is the end.
async fn drive(
    mut engine: Engine,
    driver: &mut Driver<impl Network>,
    renderer: &mut dyn Renderer,
    signalled: &mut impl AsyncFnMut() -> SignalRequest,
) -> Result<(Closing, Patience), RunError> {
    let mut frames = interval(FRAME_INTERVAL);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = driver.clock.instant(driver.plan.timeout.unwrap_or(Duration::MAX));
    let mut effects = VecDeque::from(engine.handle(driver.clock.now(), Input::Start));
    let mut patience = Patience::UntilDeadline;
    loop {
        let is_held = loop {
            if patience == Patience::UntilDeadline && !renderer.has_room() {
                break true;
            }
            let Some(effect) = effects.pop_front() else {
                break false;
            };
            if let Some(stamped) = driver.execute(effect)
                && let Err(error) = renderer.event(&stamped)
            {
                return Err(output_failed(engine, driver, error));
            }
        };
        if effects.is_empty()
            && let Some(conclusion) = engine.conclusion()
        {
            return Ok((engine.closing(conclusion), patience));
        }
        let timeout = driver.clock.instant(engine.next_timeout().unwrap_or(Duration::MAX));
        let wait = if is_held { Wait::Room } else { Wait::Failure };
        let input = loop {
            tokio::select! {
                biased;
                request = signalled() => match request {
                    SignalRequest::End(signal) => {
                        patience = Patience::Grace;
                        break Some(Input::Interrupted(signal));
                    }
                    SignalRequest::Standing => break Some(Input::StandingAsked),
                },
                changed = poll_fn(|context| renderer.poll_stdout(wait, context)) => match changed {
                    Ok(()) => break None,
                    Err(error) => return Err(output_failed(engine, driver, error)),
                },
                // Before the inbox, which may never be empty.
                _ = frames.tick(), if renderer.view_size().is_some() => {
                    if let Some(size) = renderer.view_size() {
                        renderer.draw(&engine.view(driver.clock.now().elapsed, size));
                        // On a slow terminal the interval counts from the end of drawing.
                        frames.reset();
                    }
                }
                Some(input) = driver.inbox.recv(), if !is_held => break Some(input),
                () = sleep_until(timeout), if !is_held => break Some(Input::Wake),
                () = sleep_until(deadline), if is_held => {
                    patience = Patience::Grace;
                    // What was received in time counts.
                    while let Ok(input) = driver.inbox.try_recv() {
                        effects.extend(engine.handle(driver.clock.now(), input));
                    }
                    break Some(Input::TimeIsUp);
                }
            }
        };
        let Some(input) = input else { continue };
        for effect in engine.handle(driver.clock.now(), input) {
            match effect {
                // What is asked for goes to stderr; it is not held up by stdout.
                Effect::Emit(stamped) if matches!(stamped.event, Event::Standing(_)) => {
                    if let Err(error) = renderer.event(&stamped) {
                        return Err(output_failed(engine, driver, error));
                    }
                }
                effect => effects.push_back(effect),
            }
        }
    }
}

/// The end of a command whose stdout cannot be written.
fn output_failed(mut engine: Engine, driver: &Driver<impl Network>, error: io::Error) -> RunError {
    engine.handle(driver.clock.now(), Input::OutputFailed);
    let closing = engine.closing(engine.conclusion().unwrap_or(OUTPUT_FAILED));
    RunError::Output(error, Box::new(closing))
}
