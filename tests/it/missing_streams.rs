//! Standard streams that are closed, full, or not what they should be.

use std::process::{Child, Stdio};

use crate::support::txwatch::{CommandOutput, txwatch};

/// A command line of each kind that prints to stdout, and ends well elsewhere.
const PRINTING: [&[&str]; 17] = [
    &["--version"],
    &["-V"],
    &["--help"],
    &["watch", "-h"],
    &["help"],
    &["help", "watch"],
    &["help", "exit-codes"],
    &["help", "schema"],
    &["config", "path"],
    &["config", "show"],
    &["config", "check", "-p", "sandbox"],
    &["completions", "bash"],
    &["watch", "sandbox:happy"],
    &["watch", "sandbox:happy", "-o", "json"],
    &["poll", "sandbox:happy", "-o", "human"],
    &["get", "sandbox:happy"],
    &["get", "sandbox:happy", "-q", "-o", "json"],
];

/// Runs it with redirections, as a shell writes them.
fn redirected(arguments: &[&str], redirections: &str) -> CommandOutput {
    let mut txwatch = txwatch(arguments).shell(&format!("exec {redirections}"));
    txwatch.command().stdin(Stdio::piped());
    txwatch.run()
}

#[test]
fn a_closed_stdout_is_an_error_of_every_command_that_prints() {
    for arguments in PRINTING {
        let output = redirected(arguments, ">&-");
        output.fails(74, "stdout cannot be written: it is closed");
        assert_eq!(output.stderr.matches("error:").count(), 1, "{arguments:?}: {output:#?}");
    }
    let mut sandbox = txwatch(["sandbox"]).shell("exec >&-").start_piped();
    sandbox.wait_for_stderr("stdout cannot be written: it is closed");
    assert_eq!(sandbox.wait().code, 74);
    let completions = txwatch(["--"]).env("TXWATCH_COMPLETE", "bash").shell("exec >&-").run();
    completions.fails(74, "stdout cannot be written: it is closed");
}

#[test]
fn nothing_makes_up_for_a_closed_stdout() {
    for redirections in [">&- <&-", ">&- 2>&-", "<&- >&- 2>&-", "</dev/null 1<&0"] {
        for arguments in [&["--version"][..], &["get", "sandbox:happy"], &["config", "path"]] {
            let output = redirected(arguments, redirections);
            assert_eq!(output.code, 74, "{redirections} {arguments:?}: {output:#?}");
        }
    }
    // What prints nothing to it keeps its own code.
    assert_eq!(redirected(&["watch"], ">&-").code, 2);
}

#[test]
fn nothing_is_watched_whose_result_cannot_be_told() {
    let output = redirected(&["watch", "sandbox:slow", "-o", "plain", "-t", "none"], ">&-");
    assert_eq!(output.code, 74, "{output:#?}");
    assert!(output.stderr.contains("hint: redirect it to /dev/null"), "{output:#?}");
}

#[test]
fn the_null_device_is_no_closed_stdout_however_it_was_opened() {
    // Programs that start others open it for reading and writing, as Rust's runtime does in place of a closed stream.
    for redirections in [">/dev/null", "1<>/dev/null", "1<>/dev/null 2<&1", ">/dev/null <&1 2>&1"] {
        for arguments in
            [&["--version"][..], &["get", "sandbox:happy"], &["watch", "sandbox:happy"]]
        {
            let output = redirected(arguments, redirections);
            assert_eq!(output.code, 0, "{redirections} {arguments:?}: {output:#?}");
        }
    }
}

#[test]
fn a_missing_stderr_or_stdin_does_no_harm() {
    for arguments in PRINTING {
        let usual = redirected(arguments, "</dev/null");
        assert_eq!(usual.code, 0, "{usual:#?}");
        for redirections in ["2>&-", "<&-", "<&- 2>&-", "2>/dev/full", "2</dev/null"] {
            let output = redirected(arguments, redirections);
            assert_eq!(output.code, 0, "{redirections} {arguments:?}: {output:#?}");
            assert_eq!(output.stdout.lines().count(), usual.stdout.lines().count(), "{output:#?}");
        }
    }
    let failed = redirected(&["watch", "sandbox:failed"], "2>&- <&-");
    assert_eq!((failed.code, &*failed.stdout), (10, "sandbox:failed\tfailed\n"));
    redirected(&["watch", "-"], "<&-").fails(2, "there are no targets on standard input");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_every_command_that_prints() {
    for arguments in PRINTING {
        let output = redirected(arguments, ">/dev/full");
        output.fails(74, "stdout cannot be written: No space left on device");
    }
    let mut sandbox = txwatch(["sandbox"]).shell("exec >/dev/full").start_piped();
    sandbox.wait_for_stderr("stdout cannot be written: No space left");
    assert_eq!(sandbox.wait().code, 74);
}

/// Ends the process when dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the command has open later must not get what is printed, so the numbers of the streams stay taken.
#[cfg(target_os = "linux")]
#[test]
fn no_other_file_gets_the_number_of_a_missing_stream() {
    use std::io::{BufRead, BufReader};

    let arguments = ["watch", "sandbox:slow", "-o", "json", "-t", "none"];
    let mut slow = txwatch(arguments).shell("exec <&- 2>&-");
    let child = slow.command().stdout(Stdio::piped()).spawn().unwrap();
    let mut started = Started(child);
    let mut lines = BufReader::new(started.0.stdout.take().unwrap()).lines();
    // By then it has sockets and whatever else it opens.
    assert!(lines.any(|line| line.unwrap().contains("\"status\"")));
    for number in [0, 2] {
        let link = format!("/proc/{}/fd/{number}", started.0.id());
        assert_eq!(std::fs::read_link(&link).unwrap().to_str(), Some("/dev/null"), "{number}");
    }
}
