//! What is to be written to a stream, in its order, and what is left out if that becomes too much.

use std::collections::VecDeque;
use std::io;

use super::stream::Name;

/// From this many bytes on stdout is full: no more input is taken until half of it is written.
const MAX_RECORDS: usize = 1 << 20;
/// From this many bytes on lines of stderr are dropped.
const MAX_LINES: usize = 1 << 20;
/// From this many bytes on log lines are dropped, so that there is space for lines that matter more.
const MAX_LOG: usize = 256 * 1024;

/// What a text is, which decides where it goes and whether it may be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To stdout; never dropped.
    Record,
    /// To stderr; never dropped: failures, the closing report, the live view.
    Report,
    /// To stderr: changes and warnings.
    Line,
    /// To stderr: `-v` and `-vv`.
    Log,
}

impl Kind {
    pub(super) fn stream(self) -> Name {
        match self {
            Kind::Record => Name::Stdout,
            Kind::Report | Kind::Line | Kind::Log => Name::Stderr,
        }
    }
}

/// The texts that are not written yet, in their order.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    texts: VecDeque<(Name, String)>,
    stdout: Progress,
    stderr: Progress,
    dropped_lines: usize,
    dropped_log: usize,
}

/// How far a stream is.
#[derive(Debug, Default)]
struct Progress {
    /// Bytes that are queued or are being written.
    unwritten: usize,
    /// Bytes that were written.
    written: u64,
    /// Whether it was full, and has not become half empty since.
    is_full: bool,
    failure: Option<io::Error>,
}

impl Backlog {
    fn progress(&self, name: Name) -> &Progress {
        match name {
            Name::Stdout => &self.stdout,
            Name::Stderr => &self.stderr,
        }
    }

    fn progress_mut(&mut self, name: Name) -> &mut Progress {
        match name {
            Name::Stdout => &mut self.stdout,
            Name::Stderr => &mut self.stderr,
        }
    }

    /// Adds a text, unless it has to be dropped or its stream has failed. `lines` are counted where they are dropped.
    pub(super) fn push(&mut self, kind: Kind, text: String, lines: usize) {
        let behind = self.stderr.unwritten + text.len();
        let dropped = match kind {
            Kind::Line if self.dropped_lines > 0 || behind > MAX_LINES => &mut self.dropped_lines,
            Kind::Log if self.dropped_log > 0 || behind > MAX_LOG => &mut self.dropped_log,
            _ => return self.add(kind.stream(), text),
        };
        *dropped += lines;
    }

    fn add(&mut self, name: Name, text: String) {
        let progress = self.progress_mut(name);
        if progress.failure.is_none() && !text.is_empty() {
            progress.unwritten += text.len();
            progress.is_full |= progress.unwritten >= MAX_RECORDS;
            self.texts.push_back((name, text));
        }
    }

    /// The stream and the length of the next text.
    pub(super) fn next(&self) -> Option<(Name, usize)> {
        self.texts.front().map(|(name, text)| (*name, text.len()))
    }

    /// Takes whole texts for the stream of the next one, up to this many bytes in all.
    pub(super) fn take(&mut self, name: Name, limit: usize) -> String {
        let mut batch = String::new();
        while let Some((next, text)) = self.texts.front()
            && *next == name
            && batch.len() + text.len() <= limit
            && let Some((_, text)) = self.texts.pop_front()
        {
            if batch.is_empty() {
                batch = text;
            } else {
                batch.push_str(&text);
            }
        }
        batch
    }

    /// What was dropped, once there is space again: a warning for each kind.
    pub(super) fn dropped(&mut self) -> Option<String> {
        if self.dropped_lines + self.dropped_log == 0 || self.stderr.unwritten > MAX_LOG / 2 {
            return None;
        }
        let lines = std::mem::take(&mut self.dropped_lines);
        let log = std::mem::take(&mut self.dropped_log);
        let text = |(count, what): (usize, &str)| {
            let (plural, were) = if count == 1 { ("", "was") } else { ("s", "were") };
            let dropped = format!("{count} {what}{plural} {were} dropped here");
            (count > 0).then(|| format!("warning: {dropped}: stderr was not read in time\n"))
        };
        Some([(lines, "line"), (log, "log line")].into_iter().filter_map(text).collect())
    }

    /// So many bytes of a stream were written.
    pub(super) fn wrote(&mut self, name: Name, count: usize) {
        let progress = self.progress_mut(name);
        progress.unwritten = progress.unwritten.saturating_sub(count);
        progress.written += count as u64;
        progress.is_full &= progress.unwritten > MAX_RECORDS / 2;
    }

    /// A stream cannot be written any more; what is left for it is removed.
    pub(super) fn fail(&mut self, name: Name, error: io::Error) {
        self.texts.retain(|(of, _)| *of != name);
        let progress = self.progress_mut(name);
        (progress.unwritten, progress.is_full) = (0, false);
        progress.failure.get_or_insert(error);
    }

    /// How many bytes of a stream are not written yet.
    pub(super) fn unwritten(&self, name: Name) -> usize {
        self.progress(name).unwritten
    }

    /// How many bytes of a stream were written.
    pub(super) fn written(&self, name: Name) -> u64 {
        self.progress(name).written
    }

    /// Whether no more input should be taken.
    pub(super) fn is_full(&self) -> bool {
        self.stdout.is_full
    }

    /// The error of a stream that cannot be written any more.
    pub(super) fn failure(&self, name: Name) -> Option<io::Error> {
        let failure = self.progress(name).failure.as_ref()?;
        Some(match failure.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(failure.kind(), failure.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(length: usize) -> String {
        "x".repeat(length - 1) + "\n"
    }

    #[test]
    fn whole_texts_of_one_stream_are_taken_together() {
        let mut backlog = Backlog::default();
        for (kind, text) in [
            (Kind::Record, "a\n"),
            (Kind::Record, "b\n"),
            (Kind::Line, "c\n"),
            (Kind::Record, "d\n"),
        ] {
            backlog.push(kind, text.to_owned(), 1);
        }
        assert_eq!(backlog.next(), Some((Name::Stdout, 2)));
        assert_eq!(backlog.take(Name::Stdout, 1), "");
        assert_eq!(backlog.take(Name::Stdout, 3), "a\n");
        assert_eq!(backlog.take(Name::Stdout, 9), "b\n");
        assert_eq!(backlog.take(Name::Stdout, 9), "");
        assert_eq!(backlog.take(Name::Stderr, 9), "c\n");
        assert_eq!(backlog.take(Name::Stdout, 9), "d\n");
        assert_eq!((backlog.next(), backlog.unwritten(Name::Stdout)), (None, 6));
        backlog.wrote(Name::Stdout, 6);
        assert_eq!((backlog.unwritten(Name::Stdout), backlog.written(Name::Stdout)), (0, 6));
    }

    #[test]
    fn records_are_never_dropped_and_full_lasts_until_half_is_written() {
        let mut backlog = Backlog::default();
        for _ in 0..3 {
            backlog.push(Kind::Record, line(MAX_RECORDS / 2), 1);
        }
        assert_eq!(backlog.unwritten(Name::Stdout), MAX_RECORDS / 2 * 3);
        for is_full in [true, false] {
            assert!(backlog.is_full());
            let batch = backlog.take(Name::Stdout, MAX_RECORDS / 2);
            backlog.wrote(Name::Stdout, batch.len());
            assert_eq!(backlog.is_full(), is_full);
        }
    }

    #[test]
    fn log_lines_are_dropped_before_lines_and_reports_never() {
        let mut backlog = Backlog::default();
        backlog.push(Kind::Log, line(MAX_LOG), 1);
        backlog.push(Kind::Log, "a\nb\n".to_owned(), 2);
        backlog.push(Kind::Line, line(MAX_LINES - MAX_LOG), 1);
        backlog.push(Kind::Line, "c\n".to_owned(), 1);
        backlog.push(Kind::Report, "d\n".to_owned(), 1);
        assert_eq!(backlog.unwritten(Name::Stderr), MAX_LINES + 2);
        assert_eq!(backlog.dropped(), None);
        // Space for a few lines is no end of the dropping.
        backlog.wrote(Name::Stderr, MAX_LINES - MAX_LOG + 4);
        backlog.push(Kind::Log, "e\n".to_owned(), 1);
        assert!(backlog.take(Name::Stderr, usize::MAX).ends_with("x\nd\n"));
        backlog.wrote(Name::Stderr, MAX_LOG / 2);
        let said = backlog.dropped().unwrap();
        let expected = [
            "warning: 1 line was dropped here: stderr was not read in time",
            "warning: 3 log lines were dropped here: stderr was not read in time",
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);
        assert_eq!(backlog.dropped(), None);
        backlog.push(Kind::Log, "f\n".to_owned(), 1);
        assert_eq!(backlog.take(Name::Stderr, usize::MAX), "f\n");
    }

    #[test]
    fn a_stream_that_failed_takes_nothing_and_leaves_the_other_alone() {
        let mut backlog = Backlog::default();
        backlog.push(Kind::Record, "a\n".to_owned(), 1);
        backlog.push(Kind::Line, "b\n".to_owned(), 1);
        backlog.fail(Name::Stdout, io::ErrorKind::BrokenPipe.into());
        backlog.push(Kind::Record, "c\n".to_owned(), 1);
        assert_eq!(backlog.unwritten(Name::Stdout), 0);
        assert_eq!(backlog.failure(Name::Stdout).unwrap().kind(), io::ErrorKind::BrokenPipe);
        assert!(backlog.failure(Name::Stderr).is_none());
        assert_eq!(backlog.take(Name::Stderr, 9), "b\n");
        assert_eq!(backlog.next(), None);
    }
}
