//! The binary: runs the library, and exits with its code.

use std::process::ExitCode;

use txwatch::config::Environment;

fn main() -> ExitCode {
    txwatch::panic::install_hook();
    ExitCode::from(txwatch::run(std::env::args_os(), Environment::of_process()))
}

/// Opens the standard streams that are closed, before `main`: Rust's runtime would open them for reading and writing,
/// and what is printed would be lost without an error. Writing to the stdout of here fails; nothing that is opened
/// later can get the number of a standard stream.
#[cfg(unix)]
#[ctor::ctor]
fn open_missing_streams() {
    use std::os::fd::IntoRawFd;

    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::{Errno, fcntl_getfd};
    use rustix::stdio::{stderr, stdin, stdout};

    let streams =
        [(stdin(), OFlags::RDONLY), (stdout(), OFlags::RDONLY), (stderr(), OFlags::WRONLY)];
    for (stream, access) in streams {
        // The lowest free number is the stream's, for those below it are open by then.
        if fcntl_getfd(stream) == Err(Errno::BADF)
            && let Ok(null) = open(c"/dev/null", access, Mode::empty())
        {
            let _ = null.into_raw_fd();
        }
    }
}
