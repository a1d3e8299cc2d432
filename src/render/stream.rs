//! The standard streams as files: how much they take without blocking, and writing to them.
//!
//! They are not made non-blocking, for that would change them for other processes, too.

#[cfg(unix)]
pub(super) use unix::Stream;

#[cfg(not(unix))]
pub(super) use other::Stream;

/// Which standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Stdout,
    Stderr,
}

/// The most that is written at once, in bytes, unless a single line is longer.
const MAX_BATCH: usize = 64 * 1024;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::BorrowedFd;
    use std::thread::sleep;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
    use rustix::io::Errno;
    use rustix::pipe::PIPE_BUF;

    use super::{MAX_BATCH, Name};

    /// The longest time between two looks at how full a pipe is.
    const MAX_PAUSE: Duration = Duration::from_millis(50);

    /// A standard stream.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Stream {
        file: BorrowedFd<'static>,
        is_pipe: bool,
    }

    /// Whether a write would block.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Readiness {
        Ready,
        /// A write fails at once.
        Broken,
        TimedOut,
    }

    impl Stream {
        pub(in super::super) fn of_process(name: Name) -> Self {
            Stream::of(match name {
                Name::Stdout => rustix::stdio::stdout(),
                Name::Stderr => rustix::stdio::stderr(),
            })
        }

        pub(in super::super) fn of(file: BorrowedFd<'static>) -> Self {
            let kind = fstat(file).map(|stat| FileType::from_raw_mode(stat.st_mode));
            Stream { file, is_pipe: kind == Ok(FileType::Fifo) }
        }

        /// Whether both are the same file, pipe or terminal.
        pub(in super::super) fn is_same_file(&self, other: &Stream) -> bool {
            let identity =
                |file| fstat(file).map(|stat| (stat.st_dev, stat.st_ino, stat.st_rdev)).ok();
            let one = identity(self.file);
            one.is_some() && one == identity(other.file)
        }

        /// Fails if it is not open for writing.
        pub(in super::super) fn check(&self) -> io::Result<()> {
            if fcntl_getfl(self.file)?.intersection(OFlags::ACCMODE) == OFlags::RDONLY {
                return Err(Errno::BADF.into());
            }
            Ok(())
        }

        /// Waits until as many bytes can be written without blocking. Returns how many can be, at most
        /// [`MAX_BATCH`] or as many as are needed.
        ///
        /// A pipe takes up to `PIPE_BUF` bytes whole or not at all. What is longer waits until it fits, so that it is
        /// not torn if this process ends before the reader goes on. What is longer than the pipe cannot be spared that.
        pub(in super::super) fn wait_for_room(&self, needed: usize) -> io::Result<usize> {
            let most = MAX_BATCH.max(needed);
            let mut pause = Duration::from_millis(1);
            loop {
                if self.wait(None)? == Readiness::Broken || !self.is_pipe {
                    return Ok(most);
                }
                let (free, capacity) = self.pipe_room();
                if needed <= free {
                    return Ok(free.min(most));
                }
                if needed > capacity && free == capacity {
                    return Ok(needed);
                }
                sleep(pause);
                pause = MAX_PAUSE.min(pause * 2);
            }
        }

        /// How many bytes the pipe takes at least, now that it can be written, and how many if it is empty.
        #[cfg(target_os = "linux")]
        fn pipe_room(&self) -> (usize, usize) {
            let (Ok(capacity), Ok(unread)) = (
                rustix::pipe::fcntl_getpipe_size(self.file),
                rustix::io::ioctl_fionread(self.file),
            ) else {
                return (PIPE_BUF, PIPE_BUF);
            };
            let unread = usize::try_from(unread).unwrap_or(capacity);
            if unread == 0 {
                return (capacity, capacity);
            }
            // Two pages that follow each other have more than one page's bytes; the first may be partly read.
            let taken = 2 * unread + rustix::param::page_size();
            (capacity.saturating_sub(taken).max(PIPE_BUF.min(capacity)), capacity)
        }

        #[cfg(not(target_os = "linux"))]
        fn pipe_room(&self) -> (usize, usize) {
            (PIPE_BUF, PIPE_BUF)
        }

        /// Writes everything; blocks as long as it takes.
        pub(in super::super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
            self.write_while(bytes, usize::MAX, || Ok(()))
        }

        /// Writes everything, but fails if nothing can be written for this long.
        pub(in super::super) fn write_patiently(
            &self,
            bytes: &[u8],
            patience: Duration,
        ) -> io::Result<()> {
            self.write_while(bytes, PIPE_BUF, || match self.wait(Some(patience))? {
                Readiness::TimedOut => Err(io::ErrorKind::TimedOut.into()),
                Readiness::Ready | Readiness::Broken => Ok(()),
            })
        }

        /// Writes so many bytes at once, each time after `ready`.
        fn write_while(
            &self,
            mut bytes: &[u8],
            at_once: usize,
            ready: impl Fn() -> io::Result<()>,
        ) -> io::Result<()> {
            while !bytes.is_empty() {
                ready()?;
                match rustix::io::write(self.file, &bytes[..bytes.len().min(at_once)]) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => bytes = &bytes[count..],
                    Err(Errno::INTR) => {}
                    // Another process has made it non-blocking.
                    Err(Errno::AGAIN) => drop(self.wait(Some(MAX_PAUSE))?),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        }

        /// Waits until a write does not block, at most for this long.
        fn wait(&self, limit: Option<Duration>) -> io::Result<Readiness> {
            let limit = limit.map(Timespec::try_from).and_then(Result::ok);
            let mut files = [PollFd::new(&self.file, PollFlags::OUT)];
            match rustix::io::retry_on_intr(|| poll(&mut files, limit.as_ref()))? {
                0 => Ok(Readiness::TimedOut),
                _ if files[0].revents() == PollFlags::OUT => Ok(Readiness::Ready),
                _ => Ok(Readiness::Broken),
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io::{self, Write};
    use std::time::Duration;

    use super::{MAX_BATCH, Name};

    /// A standard stream.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Stream(Name);

    impl Stream {
        pub(in super::super) fn of_process(name: Name) -> Self {
            Stream(name)
        }

        pub(in super::super) fn is_same_file(&self, other: &Stream) -> bool {
            use std::io::IsTerminal;
            self.0 == other.0 || (io::stdout().is_terminal() && io::stderr().is_terminal())
        }

        pub(in super::super) fn check(&self) -> io::Result<()> {
            Ok(())
        }

        pub(in super::super) fn wait_for_room(&self, needed: usize) -> io::Result<usize> {
            Ok(MAX_BATCH.max(needed))
        }

        pub(in super::super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
            match self.0 {
                Name::Stdout => {
                    let mut stdout = io::stdout();
                    stdout.write_all(bytes).and_then(|()| stdout.flush())
                }
                Name::Stderr => io::stderr().write_all(bytes),
            }
        }

        /// Blocks as long as it takes, for the streams cannot be asked.
        pub(in super::super) fn write_patiently(
            &self,
            bytes: &[u8],
            _patience: Duration,
        ) -> io::Result<()> {
            self.write_all(bytes)
        }
    }
}
