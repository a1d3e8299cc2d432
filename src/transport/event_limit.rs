//! The limit of the size of a server-sent event.

use super::MAX_BODY;

/// An event of more bytes than these is not skipped: it may never end, and nothing else would be heard.
pub(super) const MAX_SKIPPED: usize = 2 * MAX_BODY;

/// Cuts off events of more than [`MAX_BODY`] bytes: what is left of them is an event that cannot be read, and the stream
/// goes on with the next one.
#[derive(Default)]
pub(super) struct EventLimit {
    /// The bytes since the last blank line, which ends an event.
    length: usize,
    last: u8,
    is_cut: bool,
}

impl EventLimit {
    /// Whether the event is so large that it is not waited for.
    pub(super) fn is_endless(&self) -> bool {
        self.length > MAX_SKIPPED
    }

    /// What the decoder gets of a chunk.
    pub(super) fn pass(&mut self, chunk: Vec<u8>) -> Vec<u8> {
        if self.is_cut || self.length + chunk.len() > MAX_BODY {
            let mut passed = Vec::new();
            chunk.into_iter().for_each(|byte| self.pass_byte(byte, &mut passed));
            return passed;
        }
        let Some((first, last)) = chunk.first().zip(chunk.last()) else {
            return chunk;
        };
        let blank_line = chunk.windows(2).rposition(|pair| is_blank_line(pair[0], pair[1]));
        self.length = match blank_line {
            Some(start) => chunk.len() - start - 2,
            None if is_blank_line(self.last, *first) => chunk.len() - 1,
            None => self.length + chunk.len(),
        };
        self.last = *last;
        chunk
    }

    fn pass_byte(&mut self, byte: u8, passed: &mut Vec<u8>) {
        let is_end = is_blank_line(self.last, byte);
        self.last = byte;
        self.length = if is_end { 0 } else { self.length + 1 };
        if self.is_cut {
            if is_end {
                // Whatever it was cut off at, it is no JSON.
                passed.extend("\ndata:\u{fffd}\n\n".as_bytes());
                self.is_cut = false;
            }
        } else if self.length > MAX_BODY {
            self.is_cut = true;
        } else {
            passed.push(byte);
        }
    }
}

/// Whether a line that is empty ends with the second of these bytes, whichever line ends the stream has.
fn is_blank_line(first: u8, second: u8) -> bool {
    matches!((first, second), (b'\n', b'\n' | b'\r') | (b'\r', b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut limit = EventLimit::default();
        chunks.into_iter().flat_map(|chunk| limit.pass(chunk)).collect()
    }

    #[test]
    fn an_event_that_is_too_large_is_cut_off_and_the_next_one_is_whole() {
        for end in ["\n\n", "\r\n\r\n", "\r\r"] {
            for piece in [4_099, 1 << 20, usize::MAX] {
                let large = format!("data:{}", "x".repeat(MAX_BODY));
                let stream = format!("data:a{end}{large}{end}data:b{end}");
                let pieces = stream.as_bytes().chunks(piece.min(stream.len()));
                let text = String::from_utf8(passed(pieces.map(<[u8]>::to_vec))).unwrap();
                assert!(text.len() < MAX_BODY + 100, "{}", text.len());
                let (start, rest) = text.split_at("data:a".len() + end.len());
                assert_eq!(start, format!("data:a{end}"));
                let rest = rest.trim_end().replace('\r', "\n").replace("\n\n\n", "\n\n");
                assert!(rest.ends_with("x\ndata:\u{fffd}\n\ndata:b"), "{piece} {end:?}");
            }
        }
    }

    #[test]
    fn however_many_events_there_are_none_of_them_is_cut() {
        let event = format!("data:{}\n\n", "x".repeat(MAX_BODY / 2));
        for pieces in [&[event.as_bytes()][..], &[&event.as_bytes()[..event.len() - 1], b"\n"]] {
            let chunks = pieces.repeat(6).into_iter().map(<[u8]>::to_vec);
            assert_eq!(passed(chunks).len(), 6 * event.len());
        }
    }
}
