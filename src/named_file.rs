//! Reads the files that a user names. A name may lead to a pipe, a device or a dead network drive, so they are read on a
//! thread of their own, within a limit of size and of time.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::Builder;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Failure, FailureKind, config};

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;
/// How long reading a file may take at most.
const MAX_TIME: Duration = Duration::from_secs(30);

/// How long reading a file may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    duration: Duration,
    /// Whether it is what is left of the time of the command.
    is_of_command: bool,
}

impl TimeLimit {
    /// The longest time, if the command has a limit of its own no less than that.
    pub const MAX: TimeLimit = TimeLimit { duration: MAX_TIME, is_of_command: false };

    /// The limit if this much of the time of the command is left.
    pub fn within(left: Option<Duration>) -> Self {
        match left {
            Some(duration) if duration < MAX_TIME => TimeLimit { duration, is_of_command: true },
            _ => TimeLimit::MAX,
        }
    }

    /// A limit for what has to be fast, such as a completion.
    pub const fn brief() -> Self {
        TimeLimit { duration: Duration::from_millis(500), is_of_command: false }
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_command {
            f.write_str("the time of the command")
        } else {
            humantime::format_duration(self.duration).fmt(f)
        }
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system says why.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a directory.
    #[error("it is a directory")]
    Directory,
    /// It is a terminal, which would take what is typed for the shell or for another program.
    #[error("it is a terminal")]
    Terminal,
    /// It is too large, or has no end.
    #[error("it holds more than 1 MiB")]
    TooLarge,
    /// Its end was not reached in time.
    #[error("{}its end was not reached within {limit}", kind.unwrap_or_default())]
    TimedOut {
        /// That it is no regular file, as the first half of a sentence.
        kind: Option<&'static str>,
        /// The limit.
        limit: TimeLimit,
    },
}

impl ReadError {
    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        matches!(self, ReadError::Io(error) if matches!(error.kind(), NotFound | NotADirectory))
    }

    /// Whether the file belongs to somebody else.
    pub fn is_denied(&self) -> bool {
        matches!(self, ReadError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// The failure of a command; `what` is the file with its path.
    pub fn into_failure(self, what: &str) -> Failure {
        let message = format!("{what} cannot be read: {self}");
        let hint = match &self {
            ReadError::Io(_) => None,
            ReadError::Directory => Some("name the file in it"),
            ReadError::Terminal => Some("name a file, or a pipe that another program writes to"),
            ReadError::TooLarge => Some("name a smaller file; a device without an end is none"),
            ReadError::TimedOut { kind: Some(_), .. } => {
                Some("whoever writes to it has to close it; a regular file has an end of its own")
            }
            ReadError::TimedOut { kind: None, .. } => Some("is the drive that it is on reachable?"),
        };
        let failure = match &self {
            ReadError::TimedOut { limit, .. } if limit.is_of_command => {
                Failure::new(FailureKind::TimedOut, message)
            }
            _ => config(message),
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Reads a file, and blocks until then.
///
/// # Errors
/// It cannot be read within the limits.
pub fn read(path: &Path, limit: TimeLimit) -> Result<Vec<u8>, ReadError> {
    let (sender, receiver) = mpsc::channel();
    let kind = start(path, move |result| drop(sender.send(result)))?;
    let received = receiver.recv_timeout(limit.duration);
    received.unwrap_or_else(|_| Err(ReadError::TimedOut { kind: kind.get().copied(), limit }))
}

/// Reads a file. When the future is dropped, the thread ends with the file or with the process.
///
/// # Errors
/// It cannot be read within the limits.
pub async fn read_async(path: &Path, limit: TimeLimit) -> Result<Vec<u8>, ReadError> {
    let (sender, receiver) = oneshot::channel();
    let kind = start(path, move |result| drop(sender.send(result)))?;
    match tokio::time::timeout(limit.duration, receiver).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) | Err(_) => Err(ReadError::TimedOut { kind: kind.get().copied(), limit }),
    }
}

/// Reads a file on a thread of its own. Returns where the thread puts what kind of file it is, unless it is a regular
/// one.
fn start(
    path: &Path,
    done: impl FnOnce(Result<Vec<u8>, ReadError>) + Send + 'static,
) -> io::Result<Arc<OnceLock<&'static str>>> {
    let kind = Arc::new(OnceLock::new());
    let (path, its_kind) = (path.to_owned(), kind.clone());
    Builder::new().name("reader".to_owned()).spawn(move || {
        if let Some(special) = std::fs::metadata(&path).ok().and_then(|it| special(&it)) {
            // Cannot fail: it is set once.
            let _ = its_kind.set(special);
        }
        done(read_here(&path));
    })?;
    Ok(kind)
}

fn read_here(path: &Path) -> Result<Vec<u8>, ReadError> {
    let file = File::open(path)?;
    if file.is_terminal() {
        return Err(ReadError::Terminal);
    }
    if file.metadata()?.is_dir() {
        return Err(ReadError::Directory);
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

/// What kind of file it is, unless it is a regular one.
#[cfg(unix)]
fn special(metadata: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        Some("it is a pipe, and ")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("it is a device, and ")
    } else {
        None
    }
}

#[cfg(not(unix))]
fn special(_: &std::fs::Metadata) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_just_1_mib_is_read_and_a_larger_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (size, is_read) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
            std::fs::write(&path, vec![b'x'; size]).unwrap();
            match read(&path, TimeLimit::MAX) {
                Ok(bytes) => assert!(is_read && bytes.len() == size, "{size}"),
                Err(error) => assert!(!is_read && matches!(error, ReadError::TooLarge), "{size}"),
            }
        }
    }

    #[test]
    fn a_directory_is_named_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), TimeLimit::MAX).unwrap_err();
        assert!(error.to_string().contains("directory"), "{error}");
        assert_eq!(error.into_failure("the token file x").kind(), FailureKind::Config);
    }

    #[test]
    fn only_the_time_of_the_command_is_a_timeout() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (left, duration, kind) in [
            (None, MAX_TIME, FailureKind::Config),
            (seconds(31), MAX_TIME, FailureKind::Config),
            (seconds(2), Duration::from_secs(2), FailureKind::TimedOut),
            (seconds(0), Duration::ZERO, FailureKind::TimedOut),
        ] {
            let limit = TimeLimit::within(left);
            assert_eq!(limit.duration, duration);
            let error = ReadError::TimedOut { kind: Some("it is a pipe, and "), limit };
            assert_eq!(error.into_failure("the token file x").kind(), kind, "{left:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_device_without_an_end_is_too_large() {
        let zero = Path::new("/dev/zero");
        assert!(matches!(read(zero, TimeLimit::MAX), Err(ReadError::TooLarge)));
        let read = read_async(zero, TimeLimit::MAX).await;
        assert!(matches!(read, Err(ReadError::TooLarge)));
    }
}
