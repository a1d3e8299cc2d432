//! The binary: runs the library, and exits with its code.

use std::process::ExitCode;

use txwatch::config::Environment;

fn main() -> ExitCode {
    txwatch::panic::install_hook();
    ExitCode::from(txwatch::run(std::env::args_os(), Environment::of_process()))
}
