//! The decoder of server-sent events.

use futures_util::FutureExt;
use txwatch::transport::EventStream;
use txwatch::wire::{Frame, compression};

/// However the bytes are cut into chunks, the same events come out, and no others than the standard's
/// own rules make of them. The first byte says how long the chunks are.
pub fn events(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = decoded(vec![bytes.to_vec()]);
    let length = usize::from(*cut % 32) + 1;
    let cut = decoded(bytes.chunks(length).map(<[u8]>::to_vec).collect());
    assert_eq!(cut, whole, "in chunks of {length}");
    let text = String::from_utf8_lossy(bytes);
    let (events, is_whole) = whole;
    if is_whole {
        assert_eq!(events, by_the_standard(&text), "{text:?}");
    } else {
        assert!(compression(bytes).is_some(), "{bytes:?} is no event stream");
    }
}

/// An event: its id and its data.
type Event = (Option<String>, String);

/// The events, and whether the stream came to its end.
fn decoded(chunks: Vec<Vec<u8>>) -> (Vec<Event>, bool) {
    let mut stream = EventStream::replayed(chunks);
    let mut events = Vec::new();
    loop {
        match stream.next().now_or_never() {
            Some(Ok(Frame::Event { id, data })) => events.push((id, data)),
            Some(Ok(Frame::Alive)) => {}
            Some(Ok(Frame::Closed(..))) => return (events, true),
            Some(Err(_)) => return (events, false),
            other => panic!("{other:?}"),
        }
    }
}

/// WHATWG HTML, section 9.2.6, but for the id, which holds for its own event alone, and for an event whose
/// data is empty, which is told all the same.
fn by_the_standard(text: &str) -> Vec<Event> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let (mut id, mut data) = (None, None::<String>);
    // What follows the last line end is no whole line.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = text.contains('\n').then(|| whole.split('\n'));
    for line in lines.into_iter().flatten() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                let id = id.take();
                events.extend(data.take().map(|data| (id, data)));
            }
            "data" => match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => id = Some(value.to_owned()),
            _ => {}
        }
    }
    events
}
