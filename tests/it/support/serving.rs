//! Accepting connections on loopback, in a thread of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// A thread that accepts connections until this is dropped.
pub struct ServerThread(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

impl ServerThread {
    /// Stops it. A panic in a connection's handler fails the test, unless that has failed already.
    pub(super) fn stop(&mut self) {
        let Some((stop, thread)) = self.0.take() else {
            return;
        };
        // Nobody receives this if the thread has panicked, which `join` reports.
        let _ = stop.send(());
        let result = thread.join();
        if !thread::panicking() {
            result.expect("the server panicked");
        }
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Accepts connections on a free port, and handles each in a task of its own.
pub fn serve<F, D>(handle: F) -> (SocketAddr, ServerThread)
where
    F: Fn(TcpStream) -> D + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listen = async move { TcpListener::from_std(listener).unwrap() };
    (address, serve_at(listen, handle))
}

/// The same with a listener that may become ready later.
pub(super) fn serve_at<L, F, D>(listen: L, handle: F) -> ServerThread
where
    L: Future<Output = TcpListener> + Send + 'static,
    F: Fn(TcpStream) -> D + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accept = async move {
        let listener = listen.await;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    connections.spawn(handle(accepted.unwrap().0));
                }
                Some(result) = connections.join_next() => result.unwrap(),
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
    ServerThread(Some((stop, thread)))
}
