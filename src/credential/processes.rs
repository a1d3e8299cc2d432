//! Ends a command with what it has started.

use tokio::process::{Child, Command};

#[cfg(unix)]
pub(super) use unix::{Processes, prepare};

#[cfg(not(unix))]
pub(super) use other::{Processes, prepare};

#[cfg(unix)]
mod unix {
    use std::fs::OpenOptions;
    use std::thread::sleep;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};

    use super::{Child, Command};

    /// How often a command is looked at that was told to end, and how long it has for restoring the terminal.
    const LOOKS: u32 = 20;
    const LOOK_INTERVAL: Duration = Duration::from_millis(5);

    /// How the processes of a command are found.
    pub(in crate::credential) enum Processes {
        /// They are a group of their own.
        Group,
        /// They share the group, and the terminal, of txwatch.
        Descendants,
    }

    /// Sets a command up so that all its processes can be ended.
    pub(in crate::credential) fn prepare(command: &mut Command) -> Processes {
        let has_terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok();
        if has_terminal {
            Processes::Descendants
        } else {
            command.process_group(0);
            Processes::Group
        }
    }

    impl Processes {
        /// Ends the processes: at first politely, for one of them may have to turn the echo of the terminal on again.
        pub(in crate::credential) fn end(&self, child: &mut Child) {
            let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
                return;
            };
            let descendants = match self {
                Processes::Group => Vec::new(),
                Processes::Descendants => descendants(pid),
            };
            // What has ended meanwhile cannot be signalled, which is as well.
            let signal = |signal| match self {
                Processes::Group => drop(kill_process_group(pid, signal)),
                Processes::Descendants => {
                    for pid in descendants.iter().chain([&pid]) {
                        let _ = kill_process(*pid, signal);
                    }
                }
            };
            signal(Signal::TERM);
            for _ in 0..LOOKS {
                if child.try_wait().is_ok_and(|status| status.is_some()) {
                    break;
                }
                sleep(LOOK_INTERVAL);
            }
            signal(Signal::KILL);
        }
    }

    /// The processes that a process and its descendants have started, where the system lists them.
    fn descendants(root: Pid) -> Vec<Pid> {
        let mut found = vec![root];
        let mut next = 0;
        while let Some(pid) = found.get(next).map(|pid| pid.as_raw_nonzero()) {
            next += 1;
            let path = format!("/proc/{pid}/task/{pid}/children");
            let children = std::fs::read_to_string(path).unwrap_or_default();
            let children = children.split_ascii_whitespace().filter_map(|id| id.parse().ok());
            found.extend(children.filter_map(Pid::from_raw));
        }
        found.split_off(1)
    }
}

#[cfg(not(unix))]
mod other {
    use super::{Child, Command};

    /// How the processes of a command are found: only the command itself is.
    pub(in crate::credential) struct Processes;

    /// Sets a command up.
    pub(in crate::credential) fn prepare(_: &mut Command) -> Processes {
        Processes
    }

    impl Processes {
        /// Ends the command.
        pub(in crate::credential) fn end(&self, child: &mut Child) {
            // Fails only if it has ended.
            let _ = child.start_kill();
        }
    }
}
