//! Child processes, and what they take: time, and memory at its peak.

use std::env::current_exe;
use std::ffi::{OsStr, OsString};
use std::io::{Write, stdout};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use super::server::{Server, TOKEN};

/// The first argument that makes this program a [`launcher`].
pub(crate) const LAUNCH: &str = "--launch";
/// How long a client is left alone before the push, so that it has done whatever it does at first.
const SETTLE: Duration = Duration::from_millis(25);

/// A program with its arguments.
#[derive(Clone)]
pub(crate) struct Program {
    argv: Vec<OsString>,
    url: String,
    /// Whether it makes a request besides opening a WebSocket.
    pub(crate) asks_too: bool,
}

impl Program {
    pub(crate) fn new<S: AsRef<OsStr>>(server: &Server, argv: impl IntoIterator<Item = S>) -> Self {
        Program {
            argv: argv.into_iter().map(|word| word.as_ref().to_owned()).collect(),
            url: format!("http://{}", server.address),
            asks_too: false,
        }
    }

    pub(crate) fn asking_too(self) -> Self {
        Program { asks_too: true, ..self }
    }

    /// Silent, with no configuration but the server.
    fn command(&self, launcher: Option<OsString>) -> Result<Command> {
        let words = match launcher {
            Some(launcher) => [launcher, LAUNCH.into()].iter().chain(&self.argv).cloned().collect(),
            None => self.argv.clone(),
        };
        let (program, arguments) = words.split_first().context("no program")?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        for name in ["PATH", "NODE_PATH"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("HOME", "/nonexistent");
        command.env("TXWATCH_PROOF_URL", &self.url).env("TXWATCH_PROOF_TOKEN", TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    fn ended(&self, status: ExitStatus) -> Result<()> {
        ensure!(status.success(), "{:?} ended with {status}", self.argv);
        Ok(())
    }

    /// Seconds from before its start to after its end.
    pub(crate) fn wall(&self, server: &Server) -> Result<f64> {
        server.forget();
        let mut command = self.command(None)?;
        let start = Instant::now();
        let status = command.status().with_context(|| format!("{:?}", self.argv))?;
        let wall = start.elapsed();
        self.ended(status)?;
        Ok(wall.as_secs_f64())
    }

    /// Seconds from the moment before the final frame is written to the moment after the end.
    pub(crate) fn push_to_exit(&self, server: &Server, id: &str) -> Result<f64> {
        server.forget();
        let mut child = self.command(None)?.spawn()?;
        let mut waiting = self.met(server, &mut child)?;
        let start = Instant::now();
        waiting.push(id)?;
        let status = child.wait()?;
        let took = start.elapsed();
        self.ended(status)?;
        Ok(took.as_secs_f64())
    }

    /// Bytes of memory at the peak; with an id, of a client that waits for the push about it.
    ///
    /// The peak of a child begins with what its parent had when it started it. The parent is therefore a
    /// launcher, which has next to nothing.
    pub(crate) fn peak(&self, server: &Server, id: Option<&str>) -> Result<f64> {
        server.forget();
        let mut command = self.command(Some(current_exe()?.into()))?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(id) = id {
            self.met(server, &mut child)?.push(id)?;
        }
        let output = child.wait_with_output()?;
        self.ended(output.status)?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }

    fn met(&self, server: &Server, child: &mut Child) -> Result<super::server::Waiting> {
        let waiting = server.await_client(self.asks_too);
        if waiting.is_err() {
            // It may have ended already.
            let _ = child.kill();
            child.wait()?;
        }
        sleep(SETTLE);
        waiting.with_context(|| format!("{:?}", self.argv))
    }
}

/// Runs a program, silently, and prints its peak memory in bytes.
pub(crate) fn launcher(argv: &[OsString]) -> Result<()> {
    let (program, arguments) = argv.split_first().context("no program")?;
    let mut child = Command::new(program).args(arguments).stdout(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    ensure!(used.status.success(), "it ended with {}", used.status);
    Ok(writeln!(stdout(), "{}", used.rusage.maxrss)?)
}
