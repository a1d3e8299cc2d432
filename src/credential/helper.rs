//! Runs a command that prints a token.
//!
//! It gets the terminal if standard input is one, and else no input, for standard input is the caller's: the list of a
//! shell's loop, say. It is done when it has ended itself, even if a process that it left holds its output open. If it
//! does not end in time, or the watch ends before it, its whole process group is ended. It has a group of its own only
//! where there is no terminal: a group in the background could not read a passphrase from the terminal, and Ctrl-C would
//! not reach it. There it shares the group of txwatch, and its own processes are found in the process list.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::processes::{self, Processes};

/// The largest output that is read, in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;
/// How long the rest of the output is read once the command has ended. What it wrote is there already.
const DRAIN_LIMIT: Duration = Duration::from_millis(100);

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelperError {
    /// It cannot be started or waited for.
    #[error("cannot be run: {program}: {error}")]
    Unavailable {
        /// The program.
        program: String,
        /// Why not.
        error: io::Error,
    },
    /// It failed.
    #[error("failed: {program}: {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It did not end in time.
    #[error("did not end within {}s", .0.as_secs())]
    TimedOut(Duration),
    /// Its output is too large, or has no end.
    #[error("prints more than 1 MiB, which is no token")]
    TooLong,
}

/// Runs a command to its end, and returns what it printed. At the limit, or if the future is dropped, it is ended.
pub(super) async fn output(
    program: &str,
    arguments: &[String],
    limit: Duration,
) -> Result<Vec<u8>, HelperError> {
    let unavailable = |error| HelperError::Unavailable { program: program.to_owned(), error };
    let mut helper = Helper::start(program, arguments).map_err(unavailable)?;
    let ran = timeout(limit, helper.run()).await.map_err(|_| HelperError::TimedOut(limit))?;
    let (status, output) = ran.map_err(unavailable)?;
    let status = status.ok_or(HelperError::TooLong)?;
    if status.success() {
        Ok(output)
    } else {
        Err(HelperError::Failed { program: program.to_owned(), status })
    }
}

/// A command that runs. Dropping it ends it, with what it has started.
struct Helper {
    child: Child,
    stdout: Option<ChildStdout>,
    processes: Processes,
    has_ended: bool,
}

impl Helper {
    fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        // stderr is not captured: its messages are for the user.
        command.args(arguments).stdin(input()).stdout(Stdio::piped()).kill_on_drop(true);
        let processes = processes::prepare(&mut command);
        let mut child = command.spawn()?;
        Ok(Helper { stdout: child.stdout.take(), child, processes, has_ended: false })
    }

    /// Waits for its end. Returns its output, and no status if that is too long.
    async fn run(&mut self) -> io::Result<(Option<ExitStatus>, Vec<u8>)> {
        let mut output = Vec::new();
        let status = loop {
            tokio::select! {
                more = read(&mut self.stdout, &mut output), if self.stdout.is_some() => {
                    more?;
                    if output.len() > MAX_OUTPUT {
                        return Ok((None, output));
                    }
                }
                status = self.child.wait() => break status?,
            }
        };
        self.has_ended = true;
        let rest = async {
            while self.stdout.is_some() && output.len() <= MAX_OUTPUT {
                read(&mut self.stdout, &mut output).await?;
            }
            Ok::<_, io::Error>(())
        };
        if let Ok(read) = timeout(DRAIN_LIMIT, rest).await {
            read?;
        }
        Ok((Some(status).filter(|_| output.len() <= MAX_OUTPUT), output))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if !self.has_ended {
            self.processes.end(&mut self.child);
        }
    }
}

/// Reads what there is; at the end of the output the pipe is closed.
async fn read(stdout: &mut Option<ChildStdout>, output: &mut Vec<u8>) -> io::Result<()> {
    if let Some(pipe) = stdout
        && pipe.read_buf(output).await? == 0
    {
        *stdout = None;
    }
    Ok(())
}

fn input() -> Stdio {
    if io::IsTerminal::is_terminal(&io::stdin()) { Stdio::inherit() } else { Stdio::null() }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn is_running(process: &str) -> bool {
        let words = ["-o", "stat=", "-p", process];
        let listed = std::process::Command::new("ps").args(words).output().unwrap();
        let state = String::from_utf8(listed.stdout).unwrap();
        // A zombie has ended; nobody waits for it.
        !state.trim().is_empty() && !state.trim().starts_with('Z')
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_in_time_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("process");
        let script = format!("sleep 300 & echo $! > {}; wait", file.display());
        let arguments = ["-c".to_owned(), script];
        // On a machine with other things to do it may take longer until the process has begun.
        for seconds in [1, 10, 60] {
            let ended = output("sh", &arguments, Duration::from_secs(seconds)).await;
            assert!(matches!(ended, Err(HelperError::TimedOut(_))), "{ended:?}");
            let process = std::fs::read_to_string(&file).unwrap_or_default();
            if !process.trim().is_empty() {
                assert!(!is_running(process.trim()), "it was left running");
                return;
            }
        }
        panic!("it never began");
    }
}
