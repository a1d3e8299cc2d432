//! Each provider's feed on a connection that dies unnoticed, and on one that only seems dead because this process was
//! suspended.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc as blocking;

use serde_json::json;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::tests::{lost, next, read_head, task};
use super::*;
use crate::config::Registry;
use crate::driver::lookup::look_up;
use crate::provider::{Provider, Reading, Settings, Status};
use crate::transport::{ErrorKind, Options, Transport};

/// One test for each provider.
macro_rules! for_each_provider {
    ($fault:ident) => {
        mod $fault {
            #[tokio::test]
            async fn proof() {
                super::$fault("proof").await;
            }

            #[tokio::test]
            async fn transak() {
                super::$fault("transak").await;
            }

            #[tokio::test]
            async fn cspr() {
                super::$fault("cspr").await;
            }

            #[tokio::test]
            async fn casper() {
                super::$fault("casper").await;
            }
        }
    };
}

/// The messages of a provider from the opening of the connection to the subscription.
fn handshake(name: &str, id: &str) -> Vec<String> {
    let hello = json!({ "event": "pusher:connection_established", "data": "{}" });
    let event = "pusher_internal:subscription_succeeded";
    let subscribed = json!({ "event": event, "channel": id, "data": "{}" });
    match name {
        "transak" => vec![hello.to_string(), subscribed.to_string()],
        _ => Vec::new(),
    }
}

/// The message that the transaction is completed.
fn completed(name: &str, id: &str) -> String {
    let message = match name {
        "proof" => json!({ "event": "tx.update", "status": "completed" }),
        "transak" => {
            let order = json!({ "id": id, "status": "COMPLETED" });
            json!({ "event": "ORDER_COMPLETED", "channel": id, "data": order.to_string() })
        }
        "cspr" => {
            json!({ "data": { "deploy_hash": id, "status": "processed", "error_message": null } })
        }
        _ => json!({ "TransactionProcessed": {
            "transaction_hash": { "Version1": id },
            "execution_result": { "Version2": { "error_message": null } },
        } }),
    };
    message.to_string()
}

/// A peer that accepts one connection and sends the messages of the test. It reads nothing.
struct Peer {
    opened: Option<oneshot::Receiver<()>>,
    messages: blocking::Sender<String>,
    sent: blocking::Receiver<()>,
}

impl Peer {
    /// Sends this, and blocks the thread until it was sent, so that no paused time passes.
    fn send(&self, message: String) {
        self.messages.send(message).unwrap();
        self.sent.recv().unwrap();
    }
}

/// A provider with the address of this listener.
fn provider_at(name: &str, listener: &TcpListener) -> Arc<dyn Provider> {
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = Settings::default();
    settings.set("url", url.clone());
    settings.set("push_url", url);
    Registry::built_in().find(name).unwrap().build(&settings).unwrap()
}

/// The feed of a provider whose server is the peer, and the transaction that it follows.
fn feed(name: &str) -> (Box<dyn Feed>, Id, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = provider_at(name, &listener);
    let (messages, to_send) = blocking::channel::<String>();
    let (done, sent) = blocking::channel();
    let (open, opened) = oneshot::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let is_socket = upgrade(&mut stream);
        // Fails if the test does not wait for it.
        let _ = open.send(());
        for message in to_send {
            let bytes = if is_socket {
                text_frame(&message)
            } else {
                format!("data:{message}\n\n").into_bytes()
            };
            stream.write_all(&bytes).unwrap();
            done.send(()).unwrap();
        }
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    });
    let id = provider.spec().probe_id.clone();
    let (feed, _) = provider.feeds(std::slice::from_ref(&id)).remove(0);
    (feed, id, Peer { opened: Some(opened), messages, sent })
}

/// Upgrades to a WebSocket, or starts an event stream.
fn upgrade(stream: &mut TcpStream) -> bool {
    let head = read_head(stream);
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: "));
    let answer = match key {
        Some(key) => format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        ),
        None => "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_owned(),
    };
    stream.write_all(answer.as_bytes()).unwrap();
    key.is_some()
}

fn text_frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&[0x81, 126][..], &length.to_be_bytes(), text.as_bytes()].concat()
}

/// Opens the connection.
async fn opened(name: &str) -> (mpsc::Receiver<Input>, Peer, Id) {
    let (inbox, mut inputs) = mpsc::channel(16);
    let (feed, id, mut peer) = feed(name);
    tokio::spawn(task(inbox).run(feed));
    let first = next(&mut inputs).await;
    assert!(matches!(first, LinkEvent::Connecting { attempt: 0 }), "{first:?}");
    peer.opened.take().unwrap().await.unwrap();
    (inputs, peer, id)
}

/// Waits until the transaction is subscribed to.
async fn until_subscribed(inputs: &mut mpsc::Receiver<Input>) {
    while !matches!(next(inputs).await, LinkEvent::Signal(FeedSignal::Subscribed(_))) {}
}

/// Opens the connection and subscribes. From then on time passes only while all tasks wait for it.
async fn subscribed(name: &str) -> (mpsc::Receiver<Input>, Peer, Id) {
    let (mut inputs, peer, id) = opened(name).await;
    for message in handshake(name, id.as_str()) {
        peer.send(message);
    }
    until_subscribed(&mut inputs).await;
    tokio::time::pause();
    (inputs, peer, id)
}

/// Waits for the loss of the connection. Returns why, and after how long.
async fn lost_after(inputs: &mut mpsc::Receiver<Input>) -> (String, Duration) {
    let begun = Clock::start();
    let reason = lost(inputs).await;
    (reason, begun.now().elapsed)
}

const SECOND: Duration = Duration::from_secs(1);

for_each_provider!(half_open);
async fn half_open(name: &str) {
    let (mut inputs, _peer, _) = subscribed(name).await;
    let (reason, after) = lost_after(&mut inputs).await;
    assert!(reason.contains("silent"), "{reason}");
    assert!(after.as_secs() <= 45, "{after:?}");
}

for_each_provider!(stalled_after_the_headers);
async fn stalled_after_the_headers(name: &str) {
    let (mut inputs, _peer, _) = opened(name).await;
    let (word, limit) = if name == "transak" {
        ("did not introduce itself", 16 * SECOND)
    } else {
        until_subscribed(&mut inputs).await;
        ("silent", 45 * SECOND)
    };
    tokio::time::pause();
    let (reason, after) = lost_after(&mut inputs).await;
    assert!(reason.contains(word), "{reason}");
    assert!(after <= limit, "{after:?}");
}

for_each_provider!(an_ending_that_arrived_during_a_suspension);
/// The process was suspended for ten minutes, and the ending arrived meanwhile.
async fn an_ending_that_arrived_during_a_suspension(name: &str) {
    let (mut inputs, peer, id) = subscribed(name).await;
    peer.send(completed(name, id.as_str()));
    tokio::time::advance(600 * SECOND).await;
    loop {
        match next(&mut inputs).await {
            LinkEvent::Signal(FeedSignal::Observed(_, report)) => {
                assert_eq!(report.status, Status::Completed);
                break;
            }
            LinkEvent::Alive => {}
            other => panic!("{other:?}"),
        }
    }
}

for_each_provider!(a_peer_during_a_suspension);
/// Ten minutes of suspension do not make the peer dead: it gets a ping, and the time to answer it.
async fn a_peer_during_a_suspension(name: &str) {
    let (mut inputs, _peer, _) = subscribed(name).await;
    let limits = feed(name).0.keep_alive();
    tokio::time::advance(600 * SECOND).await;
    let (reason, after) = lost_after(&mut inputs).await;
    assert!(reason.contains("silent"), "{reason}");
    assert!(after + SECOND >= limits.timeout && after <= limits.timeout + SECOND, "{after:?}");
}

/// The provider's response about a completed transaction.
fn answer(name: &str, id: &str) -> String {
    let answer = match name {
        "proof" => json!({ "merchant_transaction_id": id, "status": "completed" }),
        "transak" => json!({ "data": { "id": id, "status": "COMPLETED" } }),
        "cspr" => {
            json!({ "data": { "deploy_hash": id, "status": "processed", "error_message": null } })
        }
        _ => json!({ "result": {
            "transaction": { "Version1": { "hash": id } },
            "execution_info": {
                "block_hash": id,
                "execution_result": { "Version2": { "error_message": null } },
            },
        } }),
    };
    answer.to_string()
}

/// A server that stalls in the first response after this many bytes, and answers the second request.
fn stalling(listener: TcpListener, answer: String, stalls_after: usize) -> oneshot::Receiver<()> {
    let (stalled, stalls) = oneshot::channel();
    std::thread::spawn(move || {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        let (mut first, _) = listener.accept().unwrap();
        read_head(&mut first);
        first.write_all(&head.as_bytes()[..stalls_after.min(head.len())]).unwrap();
        stalled.send(()).unwrap();
        let (mut second, _) = listener.accept().unwrap();
        read_head(&mut second);
        second.write_all((head + &answer).as_bytes()).unwrap();
        while second.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    });
    stalls
}

/// The first lookup times out; the next one succeeds.
async fn look_up_twice(name: &str, stalls_after: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = provider_at(name, &listener);
    let id = provider.spec().probe_id.clone();
    let stalled = stalling(listener, answer(name, id.as_str()), stalls_after);
    let transport = Transport::new(&Options::default()).unwrap();
    let lookup = move || {
        let (provider, transport, id) = (provider.clone(), transport.clone(), id.clone());
        tokio::spawn(async move {
            let now = Clock::start().now().wall;
            look_up(provider.as_ref(), &transport, &Token::default(), &[id], now).await
        })
    };
    let first = lookup();
    stalled.await.unwrap();
    tokio::time::pause();
    let begun = Clock::start();
    let error = first.await.unwrap().result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("no answer in time"), "{error}");
    assert!(begun.now().elapsed <= 20 * SECOND + SECOND, "{:?}", begun.now().elapsed);
    tokio::time::resume();
    let readings = lookup().await.unwrap().result.unwrap();
    match &readings[..] {
        [Reading::Observed(report)] => assert_eq!(report.status, Status::Completed),
        other => panic!("{other:?}"),
    }
}

for_each_provider!(a_request_that_vanishes);
async fn a_request_that_vanishes(name: &str) {
    look_up_twice(name, 0).await;
}

for_each_provider!(an_answer_that_stalls);
async fn an_answer_that_stalls(name: &str) {
    look_up_twice(name, usize::MAX).await;
}
