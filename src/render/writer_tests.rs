//! Writers of pipes.

use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::os::fd::AsFd;

use rustix::io::ioctl_fionread;

use super::*;

/// A writer of a pipe for stdout, which lives as long as its thread, and the reading end.
fn piped() -> (&'static Writer, PipeReader) {
    let (reader, to_stdout) = pipe().unwrap();
    let to_stdout: &'static PipeWriter = Box::leak(Box::new(to_stdout));
    let stdout = Stream::of(to_stdout.as_fd());
    (Box::leak(Box::new(Writer::new(stdout, stdout))), reader)
}

/// Waits until the pipe takes nothing more.
fn wait_until_full(writer: &Writer, reader: &PipeReader, record: usize) {
    while writer.state().backlog.written(Name::Stdout) == 0 {
        thread::yield_now();
    }
    let mut unread = 0;
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(10));
        unread = ioctl_fionread(reader).unwrap() as usize;
        assert_eq!(unread % record, 0, "a record is torn after {unread} bytes");
    }
    assert!(unread > 0);
}

#[test]
fn records_that_are_longer_than_a_page_are_whole_in_a_pipe_that_nobody_reads() {
    for length in [3_000, 5_000, 10_000, 30_000] {
        let (writer, mut reader) = piped();
        for number in 0..30 {
            let record = format!("{number:>width$}\n", width = length - 1);
            writer.push(Kind::Record, record, 1).unwrap();
        }
        wait_until_full(writer, &reader, length);
        // And its reader gets all of them, whenever it reads.
        let mut text = vec![0; 30 * length];
        reader.read_exact(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let numbers: Vec<usize> = text.lines().map(|line| line.trim().parse().unwrap()).collect();
        assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    }
}

#[test]
fn a_record_that_is_longer_than_the_pipe_is_written_as_it_is_read() {
    let (writer, mut reader) = piped();
    writer.push(Kind::Record, "x".repeat(300_000) + "\n", 1).unwrap();
    writer.push(Kind::Record, "end\n".to_owned(), 1).unwrap();
    let mut text = vec![0; 300_005];
    reader.read_exact(&mut text).unwrap();
    assert!(text.ends_with(b"x\nend\n"));
    writer.finish(Name::Stdout, PATIENCE * 100).unwrap();
}

#[test]
fn what_is_ready_is_written_at_once() {
    let (writer, mut reader) = piped();
    let mut buffer = vec![0; 1 << 20];
    for _ in 0..100 {
        writer.push(Kind::Record, "a record\n".to_owned(), 1).unwrap();
        // It is not held back for others to come.
        assert_eq!(reader.read(&mut buffer).unwrap(), "a record\n".len());
    }
}

#[test]
fn a_stream_that_is_not_read_is_given_up_with_what_is_lost() {
    let (writer, reader) = piped();
    writer.push(Kind::Record, "x".repeat(65_536), 1).unwrap();
    writer.push(Kind::Record, "y".repeat(10), 1).unwrap();
    let error = writer.finish(Name::Stdout, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.to_string(), "its reader did not take the last 10 bytes in time");
    let again = writer.push(Kind::Record, "z".to_owned(), 1).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::TimedOut);
    drop(reader);
}

#[test]
fn a_reader_that_has_gone_is_told_to_who_waits_also_while_a_long_record_waits_for_room() {
    let (writer, reader) = piped();
    writer.push(Kind::Record, "x".repeat(60_000), 1).unwrap();
    writer.push(Kind::Record, "y".repeat(60_000), 1).unwrap();
    while ioctl_fionread(&reader).unwrap() == 0 {
        thread::yield_now();
    }
    drop(reader);
    let error = writer.finish(Name::Stdout, PATIENCE * 100).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
