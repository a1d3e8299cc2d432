//! The panic hook: one message, and exit code 70.

use std::io::{IsTerminal, stderr};
use std::panic;

use crate::exit::Code;
use crate::render::write_from_panic;

/// Makes every panic end the process with code 70. The live view does not hide the cursor, and leaves it at
/// the start of the view, so on a terminal only what follows has to be cleared.
pub fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let clear = if stderr().is_terminal() { "\r \x1b[J\r" } else { "" };
        let message = format!(
            "{clear}error: a bug in txwatch ({place}); the transaction itself is not touched by it\n\
             hint: please report it, with the output of the same command under -vv\n"
        );
        write_from_panic(&message);
        exit();
    }));
}

/// The only place where the process exits without returning from `main`.
#[allow(clippy::exit)]
fn exit() {
    std::process::exit(Code::Internal.number().into());
}
