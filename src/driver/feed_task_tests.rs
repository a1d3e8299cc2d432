use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;
use crate::provider;
use crate::transport::{Options, Transport};
use crate::wire::{Auth, Request};

/// A feed that hears nothing, behind a provider that accepts it or not.
struct Deaf {
    request: Request,
    accepted: bool,
}

impl Feed for Deaf {
    fn request(&self) -> Request {
        self.request.clone()
    }

    fn opened(&mut self) -> Vec<Action> {
        self.accepted.then_some(Action::Live).into_iter().collect()
    }

    fn received(&mut self, _frame: Frame<'_>) -> Vec<Action> {
        Vec::new()
    }

    fn forget(&mut self, _id: &Id) -> Vec<Action> {
        Vec::new()
    }
}

/// A peer that upgrades and is then as good as gone: it reads, and never writes again.
fn black_hole() -> (Request, oneshot::Receiver<()>) {
    let (request, upgraded, _) = peer(&[]);
    (request, upgraded)
}

/// A peer that upgrades, says this, and reads to the end; tells when it has upgraded, and what it read.
fn peer(says: &'static [u8]) -> (Request, oneshot::Receiver<()>, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (upgraded, done) = oneshot::channel();
    let (told, heard) = oneshot::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = read_head(&mut stream);
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
        let accept = derive_accept_key(key.as_bytes());
        write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        )
        .unwrap();
        let _ = upgraded.send(());
        stream.write_all(says).unwrap();
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read);
        let _ = told.send(read);
    });
    (Request::get(format!("ws://{address}/ws").parse().unwrap(), Auth::Bearer), done, heard)
}

pub(super) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A line to nowhere else than this inbox.
pub(super) fn line(inbox: mpsc::Sender<Input>) -> Line<Transport> {
    let (_, token) = watch::channel(Token::default());
    let (_, forgotten) = mpsc::unbounded_channel();
    Line {
        index: 0,
        network: Transport::new(&Options::default()).unwrap(),
        token,
        inbox,
        forgotten,
        permits: Arc::new(Semaphore::new(1)),
        random: fastrand::Rng::with_seed(1),
        personal: &[],
        live: false,
        told: Clock::start(),
    }
}

/// It goes down after at most so many seconds of silence, and is told by this word.
async fn goes_down(heard: &mut mpsc::Receiver<Input>, seconds: u64, word: &str) {
    // From here on time passes only while everybody waits for it.
    tokio::time::pause();
    let begun = Clock::start();
    match heard.recv().await.unwrap() {
        Input::Feed(0, FeedInput::Lost { error, .. }) => {
            assert!(error.to_string().contains(word), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let took = begun.now().elapsed;
    assert!(took <= Duration::from_secs(seconds), "{took:?}");
}

#[tokio::test]
async fn a_dead_socket_is_noticed_within_45_seconds() {
    let (inbox, mut heard) = mpsc::channel(16);
    let (request, _) = black_hole();
    let feed = Deaf { request, accepted: true };
    let task = tokio::spawn(drive(Box::new(feed), line(inbox)));
    loop {
        match heard.recv().await.unwrap() {
            Input::Feed(0, FeedInput::Live) => break,
            Input::Feed(0, FeedInput::Connecting(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    goes_down(&mut heard, 45, "silent").await;
    task.abort();
}

/// A node whose event stream begins and then says nothing.
fn mute_node() -> Box<dyn Feed> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n:\n\n";
        stream.write_all(head.as_bytes()).unwrap();
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    });
    let spec = provider::find("casper").unwrap();
    let mut settings = provider::Settings::default();
    settings.set("url", url.clone());
    settings.set("push_url", url);
    let node = (spec.build)(&settings).unwrap();
    node.feeds(&[Id::new(spec.probe_id)]).remove(0).0
}

#[tokio::test]
async fn a_dead_stream_of_events_is_noticed_within_45_seconds() {
    let (inbox, mut heard) = mpsc::channel(16);
    let task = tokio::spawn(drive(mute_node(), line(inbox)));
    loop {
        match heard.recv().await.unwrap() {
            Input::Feed(0, FeedInput::Subscribed(_)) => break,
            Input::Feed(0, FeedInput::Connecting(_) | FeedInput::Live) => {}
            other => panic!("{other:?}"),
        }
    }
    tokio::time::pause();
    let begun = Clock::start();
    loop {
        match heard.recv().await.unwrap() {
            Input::Feed(0, FeedInput::Alive) => {}
            Input::Feed(0, FeedInput::Lost { error, .. }) => {
                assert!(error.to_string().contains("silent"), "{error}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(begun.now().elapsed <= Duration::from_secs(45));
    task.abort();
}

#[tokio::test]
async fn a_server_that_never_introduces_itself_is_left_within_16_seconds() {
    let (inbox, mut heard) = mpsc::channel(16);
    let (request, upgraded) = black_hole();
    let feed = Deaf { request, accepted: false };
    let task = tokio::spawn(drive(Box::new(feed), line(inbox)));
    assert!(matches!(heard.recv().await, Some(Input::Feed(0, FeedInput::Connecting(0)))));
    // The upgrade itself is real, so it is waited for before time is stopped.
    upgraded.await.unwrap();
    goes_down(&mut heard, 16, "introduce").await;
    task.abort();
}

/// What a client's close frame says: its code, or nothing.
fn close_code(frame: &[u8]) -> Option<u16> {
    let (head, rest) = frame.split_at(6);
    let length = usize::from(head[1] & 0x7f);
    assert_eq!((head[0], head[1] & 0x80, rest.len()), (0x88, 0x80, length), "{frame:?}");
    let unmasked: Vec<u8> = rest.iter().zip(&head[2..]).map(|(byte, mask)| byte ^ mask).collect();
    Some(u16::from_be_bytes([*unmasked.first()?, *unmasked.get(1)?]))
}

#[tokio::test]
async fn a_close_is_answered_and_a_fault_is_named() {
    for (said, code) in [
        (&b"\x88\x02\x10\x68"[..], Some(4200)),
        (b"\x88\x00", None),
        // No code of the protocol's.
        (b"\x88\x02\x03\xed", Some(1002)),
        (b"\x83\x00", Some(1002)),
        (b"\x81\x02\xff\xfe", Some(1007)),
        (b"\x81\x7f\0\0\0\0\0\x10\0\x01", Some(1009)),
    ] {
        let (inbox, mut heard) = mpsc::channel(16);
        let (request, _, read) = peer(said);
        let task = tokio::spawn(drive(Box::new(Deaf { request, accepted: true }), line(inbox)));
        while !matches!(heard.recv().await.unwrap(), Input::Feed(0, FeedInput::Lost { .. })) {}
        assert_eq!(close_code(&read.await.unwrap()), code, "{said:?}");
        task.abort();
    }
}
