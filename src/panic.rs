//! What a bug looks like from outside: one sentence, and exit code 70.

use std::io::{IsTerminal, Write, stderr};
use std::panic;

use crate::exit::Code;

/// Makes every panic end the process with code 70. The live view never hides the cursor, so all that a
/// terminal needs is a line of its own for the message.
pub fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let clear = if stderr().is_terminal() { "\r\x1b[K" } else { "" };
        let message = format!(
            "{clear}error: a bug in txwatch ({place}); the transaction itself is not touched by it\n\
             hint: please report it, with the output of the same command under -vv\n"
        );
        let _ = stderr().write_all(message.as_bytes());
        end();
    }));
}

/// The one place where the process ends before `main` does.
#[allow(clippy::exit)]
fn end() {
    std::process::exit(Code::Internal.number().into());
}
