//! Accepting connections on loopback, in a thread of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Goes on until it is told to end.
pub(super) struct Serving {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Serving {
    pub(super) fn end(self) {
        // If it ended by itself, it panicked, which the join tells.
        let _ = self.stop.send(());
        let ended = self.thread.join();
        if !thread::panicking() {
            ended.expect("the server panicked");
        }
    }
}

/// Accepts connections, each for one conversation.
pub(super) fn serve<F, D>(converse: F) -> (SocketAddr, Serving)
where
    F: Fn(TcpStream) -> D + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listen = async move { TcpListener::from_std(listener).unwrap() };
    (address, serve_at(listen, converse))
}

/// The same with a listener that may take its time.
pub(super) fn serve_at<L, F, D>(listen: L, converse: F) -> Serving
where
    L: Future<Output = TcpListener> + Send + 'static,
    F: Fn(TcpStream) -> D + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accept = async move {
        let listener = listen.await;
        let mut conversations = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    conversations.spawn(converse(accepted.unwrap().0));
                }
                Some(ended) = conversations.join_next() => ended.unwrap(),
            }
        }
    };
    let thread = thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = stopped => {}
                () = accept => {}
            }
        });
    });
    Serving { stop, thread }
}
