//! Child processes, and what they take: time, and memory at its peak.

use std::env::{current_exe, var_os};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

/// The first argument that makes this program a [`launcher`].
pub(crate) const LAUNCH: &str = "--launch";
/// How long a client is left alone before the push, so that it has done whatever it does at first.
const SETTLE: Duration = Duration::from_millis(25);

/// A program with its arguments. It knows nothing of this machine but `PATH` and `NODE_PATH`.
#[derive(Clone)]
pub(crate) struct Program {
    argv: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    input: Option<PathBuf>,
    output: Option<PathBuf>,
}

/// A program that was started.
pub(crate) struct Started {
    child: Child,
    argv: Vec<OsString>,
}

impl Program {
    pub(crate) fn new<S: AsRef<OsStr>>(argv: impl IntoIterator<Item = S>) -> Self {
        let argv = argv.into_iter().map(|word| word.as_ref().to_owned()).collect();
        Program { argv, environment: Vec::new(), input: None, output: None }
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    /// With one more argument.
    pub(crate) fn word(mut self, word: &str) -> Self {
        self.argv.push(word.into());
        self
    }

    /// Reads this file.
    pub(crate) fn reading(mut self, input: &Path) -> Self {
        self.input = Some(input.to_owned());
        self
    }

    /// Reads this file, and writes that one.
    pub(crate) fn between(self, input: &Path, output: &Path) -> Self {
        let mut program = self.reading(input);
        program.output = Some(output.to_owned());
        program
    }

    /// Silent, unless it writes a file.
    fn command(&self, launcher: Option<OsString>) -> Result<Command> {
        let words = launcher.into_iter().flat_map(|launcher| [launcher, LAUNCH.into()]);
        let mut words = words.chain(self.argv.iter().cloned());
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words).env_clear();
        for name in ["PATH", "NODE_PATH"] {
            command.envs(var_os(name).map(|value| (name, value)));
        }
        command.env("HOME", "/nonexistent").envs(self.environment.iter().cloned());
        command.stdin(match &self.input {
            Some(path) => File::open(path)?.into(),
            None => Stdio::null(),
        });
        command.stdout(match &self.output {
            Some(path) => File::create(path)?.into(),
            None => Stdio::null(),
        });
        command.stderr(Stdio::null());
        Ok(command)
    }

    fn spawn(&self, command: &mut Command) -> Result<Started> {
        let child = command.spawn().with_context(|| format!("{:?}", self.argv))?;
        Ok(Started { child, argv: self.argv.clone() })
    }

    /// Seconds from before its start to after its end.
    pub(crate) fn wall(&self) -> Result<f64> {
        let mut command = self.command(None)?;
        let start = Instant::now();
        self.spawn(&mut command)?.end()?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Starts it, and lets it settle once it was met.
    pub(crate) fn meet<W>(&self, met: impl FnOnce() -> Result<W>) -> Result<(Started, W)> {
        let started = self.spawn(&mut self.command(None)?)?;
        started.settled(met)
    }

    /// The same, with a pipe for what it prints.
    pub(crate) fn meet_piped<W>(&self, met: impl FnOnce() -> Result<W>) -> Result<(Started, W)> {
        self.piped()?.settled(met)
    }

    /// Starts it, with a pipe for what it prints.
    pub(crate) fn piped(&self) -> Result<Started> {
        self.spawn(self.command(None)?.stdout(Stdio::piped()))
    }

    /// Bytes of memory at the peak, of a program that is met and then helped to its end.
    ///
    /// The peak of a child begins with what its parent had when it started it. The parent is therefore a
    /// launcher, which has next to nothing.
    pub(crate) fn peak<W>(
        &self,
        met: impl FnOnce() -> Result<W>,
        helped: impl FnOnce(&mut W) -> Result<()>,
    ) -> Result<f64> {
        let mut command = self.command(Some(current_exe()?.into()))?;
        let started = self.spawn(command.stderr(Stdio::piped()))?;
        let (started, mut waiting) = started.settled(met)?;
        helped(&mut waiting)?;
        let output = started.child.wait_with_output()?;
        ensure!(output.status.success(), "{:?} ended with {}", self.argv, output.status);
        Ok(String::from_utf8(output.stderr)?.trim().parse()?)
    }
}

impl Started {
    fn settled<W>(mut self, met: impl FnOnce() -> Result<W>) -> Result<(Self, W)> {
        let met = met();
        if met.is_err() {
            // It may have ended already.
            let _ = self.kill();
        }
        let met = met.with_context(|| format!("{:?}", self.argv))?;
        sleep(SETTLE);
        Ok((self, met))
    }

    /// What it prints; to be asked for once.
    pub(crate) fn stdout(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().context("its output is not piped")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its good end.
    pub(crate) fn end(mut self) -> Result<()> {
        let status = self.child.wait()?;
        ensure!(status.success(), "{:?} ended with {status}", self.argv);
        Ok(())
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Runs a program and prints its peak memory in bytes, on stderr: stdout is the program's.
pub(crate) fn launcher(argv: &[OsString]) -> Result<()> {
    let (program, arguments) = argv.split_first().context("no program")?;
    let mut child = Command::new(program).args(arguments).stderr(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    ensure!(used.status.success(), "it ended with {}", used.status);
    Ok(writeln!(stderr(), "{}", used.rusage.maxrss)?)
}
