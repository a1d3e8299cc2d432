//! Targets from standard input.

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use crate::error::{Failure, FailureKind, usage};
use crate::wire::without_bom;

/// The largest standard input that is read, in bytes.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Replaces `-` by the targets on standard input, one a line.
pub(super) fn expand(typed: &[String], timeout: Option<Duration>) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    let mut read = false;
    for target in typed {
        match target.as_str() {
            "-" if read => return Err(usage("standard input can be read only once")),
            "-" => {
                read = true;
                targets.extend(lines(&standard_input(timeout)?));
            }
            _ => targets.push(target.clone()),
        }
    }
    if targets.is_empty() {
        Err(usage("there are no targets on standard input").hint("write one PROFILE:ID a line"))
    } else {
        Ok(targets)
    }
}

fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines()
        .map(|line| without_bom(line).trim())
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
}

/// Reads standard input. `--timeout` applies here too, for a pipe may never be closed.
fn standard_input(timeout: Option<Duration>) -> Result<String, Failure> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(MAX_INPUT + 1).read_to_string(&mut text);
        // Fails only if the timeout is over.
        let _ = sender.send(read.map(|_| text));
    });
    let received = match timeout {
        Some(timeout) => receiver.recv_timeout(timeout).map_err(|_| {
            let message = "standard input did not end in time; nothing was watched";
            Failure::new(FailureKind::TimedOut, message)
        })?,
        None => receiver.recv().map_err(|_| usage("standard input cannot be read"))?,
    };
    match received {
        Ok(text) if text.len() as u64 > MAX_INPUT => {
            Err(usage(format!("there are more than {} MiB on standard input", MAX_INPUT >> 20)))
        }
        Ok(text) => Ok(text),
        Err(error) => Err(usage(format!("standard input is not a list of targets: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_and_space_are_no_part_of_a_target() {
        let text = "\u{feff}proof:a\r\n\n  proof:b \n\u{feff}proof:c\n\u{feff}\n";
        assert_eq!(lines(text).collect::<Vec<_>>(), ["proof:a", "proof:b", "proof:c"]);
        assert_eq!(lines("a\u{feff}b\n").collect::<Vec<_>>(), ["a\u{feff}b"]);
    }
}
