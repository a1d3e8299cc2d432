use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;
use crate::transport::Options;
use crate::wire::{Auth, Request};

/// A feed that hears nothing.
struct Deaf(Request);

impl Feed for Deaf {
    fn request(&self) -> Request {
        self.0.clone()
    }

    fn opened(&mut self) -> Vec<Action> {
        Vec::new()
    }

    fn received(&mut self, _frame: Frame<'_>) -> Vec<Action> {
        Vec::new()
    }

    fn forget(&mut self, _id: &Id) -> Vec<Action> {
        Vec::new()
    }
}

/// A peer that upgrades and is then as good as gone: it reads, and never writes again.
fn black_hole() -> Request {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
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
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    });
    Request::get(format!("ws://{address}/ws").parse().unwrap(), Auth::Bearer)
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn a_dead_socket_is_noticed_within_45_seconds() {
    let (inbox, mut heard) = mpsc::channel(16);
    let (_tokens, token) = watch::channel(Token::default());
    let (_forget, forgotten) = mpsc::unbounded_channel();
    let line = Line {
        index: 0,
        transport: Transport::new(&Options::default()).unwrap(),
        token,
        inbox,
        forgotten,
        permits: Arc::new(Semaphore::new(1)),
        random: fastrand::Rng::with_seed(1),
    };
    let task = tokio::spawn(drive(Box::new(Deaf(black_hole())), line));
    loop {
        match heard.recv().await.unwrap() {
            Input::Feed(0, FeedInput::Live) => break,
            Input::Feed(0, FeedInput::Connecting(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    // From here on time passes only while everybody waits for it.
    tokio::time::pause();
    let live = Clock::start();
    match heard.recv().await.unwrap() {
        Input::Feed(0, FeedInput::Lost { error, .. }) => {
            assert!(error.to_string().contains("silent"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(live.now().elapsed <= Duration::from_secs(45), "{:?}", live.now().elapsed);
    task.abort();
}
