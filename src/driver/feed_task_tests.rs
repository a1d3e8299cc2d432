//! The task of a push connection, against real sockets and peers that misbehave.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;
use crate::config::Registry;
use crate::engine::ListIndex;
use crate::provider::Settings;
use crate::transport::{Options, Transport};
use crate::wire::{Auth, Request};

/// A feed that ignores every message; its provider accepts the connection or not.
struct SilentFeed {
    request: Request,
    is_accepted: bool,
}

impl Feed for SilentFeed {
    fn request(&self) -> Request {
        self.request.clone()
    }

    fn opened(&mut self) -> Vec<FeedAction> {
        let live = FeedAction::Signal(FeedSignal::Live);
        Some(live).filter(|_| self.is_accepted).into_iter().collect()
    }

    fn received(&mut self, _frame: Frame) -> Vec<FeedAction> {
        Vec::new()
    }

    fn forget(&mut self, _id: &Id) -> Vec<FeedAction> {
        Vec::new()
    }
}

/// A peer that upgrades, and then reads but never writes.
fn silent_peer() -> (Request, oneshot::Receiver<()>) {
    let (request, upgraded, _) = peer(&[]);
    (request, upgraded)
}

/// A peer that upgrades, sends this, and reads to the end. The receivers get the upgrade and what it read.
fn peer(sends: &'static [u8]) -> (Request, oneshot::Receiver<()>, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (upgraded, is_upgraded) = oneshot::channel();
    let (read, received) = oneshot::channel();
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
        stream.write_all(sends).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = read.send(bytes);
    });
    let url = format!("ws://{address}/ws").parse().unwrap();
    (Request::get(url, Auth::Bearer), is_upgraded, received)
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

/// The only feed here.
pub(super) fn id() -> FeedId {
    FeedId::at(0)
}

/// The task of that feed, which sends its events to this inbox.
pub(super) fn task(inbox: mpsc::Sender<Input>) -> FeedTask<Transport> {
    let (_, token) = watch::channel(Token::default());
    let (_, forgotten) = mpsc::unbounded_channel();
    FeedTask::new(FeedContext {
        id: id(),
        network: Transport::new(&Options::default()).unwrap(),
        token,
        inbox,
        forgotten,
        permits: Arc::new(Semaphore::new(1)),
        random: fastrand::Rng::with_seed(1),
        personal: [].into(),
    })
}

/// The next event of the task.
pub(super) async fn next(inputs: &mut mpsc::Receiver<Input>) -> LinkEvent {
    match inputs.recv().await.unwrap() {
        Input::Feed(feed, event) if feed == id() => event,
        other => panic!("{other:?}"),
    }
}

/// Waits until the connection is lost, with only `Alive` before. Returns why.
pub(super) async fn lost(inputs: &mut mpsc::Receiver<Input>) -> String {
    loop {
        match next(inputs).await {
            LinkEvent::Lost { error, .. } => return error.to_string(),
            LinkEvent::Alive => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until the connection is lost after at most this many idle seconds, without another event before; the reason
/// has this word in it.
async fn goes_down(inputs: &mut mpsc::Receiver<Input>, seconds: u64, word: &str) {
    // From here on time passes only while all tasks wait for it.
    tokio::time::pause();
    let begun = Clock::start();
    match next(inputs).await {
        LinkEvent::Lost { error, .. } => assert!(error.to_string().contains(word), "{error}"),
        other => panic!("{other:?}"),
    }
    let took = begun.now().elapsed;
    assert!(took <= Duration::from_secs(seconds), "{took:?}");
}

#[tokio::test]
async fn a_dead_socket_is_noticed_within_45_seconds() {
    let (inbox, mut inputs) = mpsc::channel(16);
    let (request, _) = silent_peer();
    let feed = SilentFeed { request, is_accepted: true };
    let task = tokio::spawn(task(inbox).run(Box::new(feed)));
    loop {
        match next(&mut inputs).await {
            LinkEvent::Signal(FeedSignal::Live) => break,
            LinkEvent::Connecting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    goes_down(&mut inputs, 45, "silent").await;
    task.abort();
}

/// A node whose event stream starts and then sends nothing.
fn silent_node() -> Box<dyn Feed> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n:\n\n";
        stream.write_all(head.as_bytes()).unwrap();
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    });
    let registry = Registry::built_in();
    let casper = registry.find("casper").unwrap();
    let mut settings = Settings::default();
    settings.set("url", url.clone());
    settings.set("push_url", url);
    let node = casper.build(&settings).unwrap();
    node.feeds(std::slice::from_ref(&casper.spec().probe_id)).remove(0).0
}

#[tokio::test]
async fn a_dead_stream_of_events_is_noticed_within_45_seconds() {
    let (inbox, mut inputs) = mpsc::channel(16);
    let task = tokio::spawn(task(inbox).run(silent_node()));
    loop {
        match next(&mut inputs).await {
            LinkEvent::Signal(FeedSignal::Subscribed(_)) => break,
            LinkEvent::Connecting { .. } | LinkEvent::Signal(FeedSignal::Live) => {}
            other => panic!("{other:?}"),
        }
    }
    tokio::time::pause();
    let begun = Clock::start();
    let reason = lost(&mut inputs).await;
    assert!(reason.contains("silent"), "{reason}");
    assert!(begun.now().elapsed <= Duration::from_secs(45));
    task.abort();
}

#[tokio::test]
async fn a_server_without_a_handshake_is_left_within_16_seconds() {
    let (inbox, mut inputs) = mpsc::channel(16);
    let (request, upgraded) = silent_peer();
    let feed = SilentFeed { request, is_accepted: false };
    let task = tokio::spawn(task(inbox).run(Box::new(feed)));
    assert!(matches!(next(&mut inputs).await, LinkEvent::Connecting { attempt: 0 }));
    // The upgrade takes real time, so it is awaited before time is paused.
    upgraded.await.unwrap();
    goes_down(&mut inputs, 16, "introduce").await;
    task.abort();
}

/// The code of a client's close frame.
fn close_code(frame: &[u8]) -> Option<u16> {
    let (head, rest) = frame.split_at(6);
    let length = usize::from(head[1] & 0x7f);
    assert_eq!((head[0], head[1] & 0x80, rest.len()), (0x88, 0x80, length), "{frame:?}");
    let unmasked: Vec<u8> = rest.iter().zip(&head[2..]).map(|(byte, mask)| byte ^ mask).collect();
    Some(u16::from_be_bytes([*unmasked.first()?, *unmasked.get(1)?]))
}

#[tokio::test]
async fn a_close_is_answered_and_a_violation_has_its_code() {
    for (sent, code) in [
        (&b"\x88\x02\x10\x68"[..], Some(4200)),
        (b"\x88\x00", None),
        // Not a code of the protocol.
        (b"\x88\x02\x03\xed", Some(1002)),
        (b"\x83\x00", Some(1002)),
        (b"\x81\x02\xff\xfe", Some(1007)),
        (b"\x81\x7f\0\0\0\0\0\x10\0\x01", Some(1009)),
    ] {
        let (inbox, mut inputs) = mpsc::channel(16);
        let (request, _, received) = peer(sent);
        let feed = SilentFeed { request, is_accepted: true };
        let task = tokio::spawn(task(inbox).run(Box::new(feed)));
        while !matches!(next(&mut inputs).await, LinkEvent::Lost { .. }) {}
        assert_eq!(close_code(&received.await.unwrap()), code, "{sent:?}");
        task.abort();
    }
}
