//! Lists of targets on standard input: their forms, a signal or the deadline while they are read; and the records of
//! commands whose arguments are refused.

use std::io::{PipeWriter, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::support::proof::record;
use crate::support::running::Running;
use crate::support::schema;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, Txwatch, txwatch};

fn server(statuses: &[(&str, &str)]) -> Server {
    let rest = |script: Script, (id, status): &(&str, &str)| {
        script.rest(id, [Reply::json(&record(id, status, 0))])
    };
    statuses.iter().fold(Script::new(), rest).start()
}

/// A command that reads standard input from a pipe, which the test writes and closes.
fn piped(arguments: &[&str], server: &Server) -> (Txwatch, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = txwatch(arguments).proof(&server.url());
    command.command().stdin(Stdio::from(reader));
    (command, writer)
}

fn with_input(arguments: &[&str], server: &Server, input: &str) -> Txwatch {
    let (command, mut writer) = piped(arguments, server);
    writer.write_all(input.as_bytes()).unwrap();
    command
}

fn targets_of<'a>(records: &'a [Value], kind: &str) -> Vec<&'a str> {
    let of_kind = records.iter().filter(|record| record["type"] == kind);
    let mut targets: Vec<_> = of_kind.map(|record| record["target"].as_str().unwrap()).collect();
    targets.sort_unstable();
    targets
}

/// The list that a command prints is one that the next can read, and the code speaks for each of its targets.
#[test]
fn what_a_command_prints_is_a_list_for_the_next() {
    let server = server(&[("one", "failed"), ("two", "completed")]);
    for form in ["plain", "json"] {
        let first =
            txwatch(["get", "proof:one", "proof:two", "-o", form]).proof(&server.url()).run();
        assert_eq!(first.code, 0, "{first:#?}");
        let (output, records) = with_input(&["poll", "-"], &server, &first.stdout).run_json();
        assert_eq!(output.code, 10, "{output:#?}");
        assert_eq!(targets_of(&records, "result"), ["proof:one", "proof:two"]);
        assert!(!output.stdout.contains("duplicate_target"), "{output:#?}");
    }
}

#[test]
fn comments_and_blank_lines_are_passed_over_and_repeated_targets_are_told() {
    let server = server(&[("one", "completed"), ("two", "completed")]);
    let list = "\u{feff}# today\r\n\r\nproof:one\tpending\r\n  # more\r\nproof:two # the last\r\nproof:one\r\n";
    let (output, records) = with_input(&["get", "-"], &server, list).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(targets_of(&records, "result"), ["proof:one", "proof:two"]);
    let warnings: Vec<_> = records.iter().filter(|record| record["type"] == "warning").collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["code"], "duplicate_target");
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let server = server(&[]);
    for (line, needle) in [
        ("proof:a/b", "line 3 of standard input: 'a/b' is not an id of Proof"),
        ("nobody:1", "line 3 of standard input: there is no profile 'nobody'"),
        ("proof:1\t10.00", "line 3 of standard input: there is more in it than a target"),
        ("{\"id\":\"1\"}", "line 3 of standard input: the JSON object has no target"),
        ("{\"target\":\"proof:a/b\"}", "line 3 of standard input: 'a/b' is not an id of Proof"),
        ("{", "line 3 of standard input: it begins as JSON, but is not one JSON object"),
    ] {
        let list = format!("proof:one\n\n{line}\n");
        let (output, records) = with_input(&["watch", "-"], &server, &list).run_json();
        output.fails(2, needle);
        assert!(targets_of(&records, "result").contains(&"proof:one"), "{records:?}");
    }
    // What is wrong is told without waiting for the end.
    let (command, mut writer) = piped(&["watch", "-"], &server);
    writer.write_all(b"{\n").unwrap();
    command.run().fails(2, "line 1 of standard input");
    let too_much = "#".repeat(1 << 20) + "\n";
    let (mut command, mut writer) = piped(&["watch", "-"], &server);
    let filler = std::thread::spawn(move || while writer.write_all(too_much.as_bytes()).is_ok() {});
    let output = CommandOutput::from(command.command().output().unwrap());
    output.fails(2, "there are more than 16 MiB on standard input");
    drop(command);
    filler.join().unwrap();
}

/// A command that reads a list which does not end, after its first line.
fn reading(arguments: &[&str], server: &Server) -> (Running, PipeWriter) {
    let (command, mut writer) = piped(arguments, server);
    writer.write_all(b"proof:one\nproof:tw").unwrap();
    (command.start_piped(), writer)
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_while_the_list_is_read_has_its_code_and_records() {
    let server = server(&[]);
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let (mut running, writer) = reading(&["watch", "-", "proof:three", "-o", "json"], &server);
        crate::signals::wait_for_handler(&running.id().to_string(), 10);
        // Until it has read the line.
        loop {
            running.signal("USR1");
            let line = running.wait_for_stderr("targets that were read from it so far: ");
            if line.ends_with(": 1\n") {
                break;
            }
        }
        running.signal(signal);
        let (output, records) = running.wait_json();
        output.fails(code, "interrupted while targets were read from standard input");
        assert_eq!(targets_of(&records, "result"), ["proof:one", "proof:three"]);
        assert_eq!(records.last().unwrap()["outcomes"]["interrupted"], 2);
        drop(writer);
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_deadline_while_the_list_is_read_has_its_code_and_records() {
    let server = server(&[]);
    let (running, _writer) = reading(&["watch", "-", "-t", "500ms", "-o", "json"], &server);
    let (output, records) = running.wait_json();
    output.fails(124, "standard input did not end in time");
    assert_eq!(targets_of(&records, "result"), ["proof:one"]);
    assert_eq!(records.last().unwrap()["outcomes"]["timeout"], 1);
}

/// The time for the list is part of that for the command.
#[test]
fn the_timeout_counts_from_before_the_list() {
    let server = server(&[("one", "pending")]);
    let (command, mut writer) = piped(&["poll", "-", "-t", "2s", "-o", "plain"], &server);
    let begun = std::time::Instant::now();
    let running = command.start_piped();
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    writer.write_all(b"proof:one\n").unwrap();
    drop(writer);
    let output = running.wait();
    output.fails(124, "timed out after 2s");
    assert!(output.stderr.contains("--timeout 2s"), "{output:#?}");
    assert!(begun.elapsed() < std::time::Duration::from_millis(3_400), "{:?}", begun.elapsed());
}

#[test]
fn refused_arguments_have_records_too() {
    let refused = |arguments: &[&str]| {
        let output = txwatch(arguments).run();
        assert_eq!(output.code, 2, "{arguments:?}: {output:#?}");
        assert!(output.stderr.starts_with("error: "), "{output:#?}");
        let records = schema::records(&output.stdout, 2);
        let targets: Vec<_> =
            targets_of(&records, "result").into_iter().map(str::to_owned).collect();
        assert_eq!(records.last().unwrap()["targets"], targets.len());
        targets
    };
    for arguments in [
        &["watch", "proof:1", "proof:2", "--bogus", "-o", "json"][..],
        &["poll", "-o", "json", "-t", "90", "proof:1", "proof:2", "proof:1"],
        &["get", "-qojson", "proof:1", "proof:2", "--until", "success"],
        &["watch", "--json", "proof:1", "proof:2", "--output=json"],
        &["watch", "-p", "proof", "1", "2", "--interval", "0", "-o", "json"],
        &["get", "proof:1", "proof:2", "proof:a/b", "-o", "json"],
    ] {
        assert_eq!(refused(arguments)[..2], ["proof:1", "proof:2"], "{arguments:?}");
    }
    assert_eq!(refused(&["watch", "-o", "json"]), [""; 0]);
    // Whose profile is not known.
    assert_eq!(refused(&["get", "some-id", "-o", "json"]), [""; 0]);
    let by_variable = txwatch(["watch", "proof:1", "-t", "x"]).env("TXWATCH_OUTPUT", "json").run();
    assert_eq!(schema::records(&by_variable.stdout, 2).len(), 2);
    for arguments in [&["watch", "proof:1", "-t", "x"][..], &["wacth", "proof:1", "-o", "json"]] {
        let output = txwatch(arguments).run();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output:#?}");
    }
}

/// Of twelve targets nine completed, two failed and one is pending.
fn of_twelve(command: &str, count: usize, arguments: &[&str]) -> CommandOutput {
    let ids: Vec<_> = (0..12).map(|id| format!("id-{id:02}")).collect();
    let status = |id: usize| match id {
        0 => "pending",
        1 | 2 => "failed",
        _ => "completed",
    };
    let statuses: Vec<_> =
        ids.iter().enumerate().map(|(at, id)| (id.as_str(), status(at))).collect();
    let server = server(&statuses[..count]);
    let list: String = ids[..count].iter().map(|id| format!("proof:{id}\n")).collect();
    with_input(&[&[command, "-"], arguments].concat(), &server, &list).run()
}

#[test]
fn of_more_than_ten_targets_it_is_counted_how_many_ended_how() {
    for form in ["plain", "human", "json"] {
        let output = of_twelve("get", 12, &["-o", form]);
        assert_eq!(output.code, 0, "{output:#?}");
        let counts = output.stderr.lines().find(|line| line.starts_with("12 targets in ")).unwrap();
        assert!(counts.ends_with(": 9 completed · 2 failed · 1 pending"), "{counts}");
    }
    let output = of_twelve("poll", 12, &["-t", "2s"]);
    assert_eq!(output.code, 124, "{output:#?}");
    assert!(
        output.stderr.contains("12 targets in 2s: 9 completed · 2 failed · 1 open\n"),
        "{output:#?}"
    );
    for output in [of_twelve("get", 12, &["-q"]), of_twelve("get", 10, &[])] {
        assert!(!output.stderr.contains(" targets in "), "{output:#?}");
    }
}
