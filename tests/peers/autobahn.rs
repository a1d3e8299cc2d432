//! The transport's WebSocket as an echo client of Autobahn's fuzzing server, which judges it.
//!
//! Usage: `autobahn ADDRESS`; README.md beside this file says how the server is started.

use std::env::args;
use std::io::{Write, stdout};

use anyhow::{Context, ensure};
use txwatch::transport::{Connection, Error, Message, Network, Options, Stream, Transport};
use txwatch::wire::{Auth, Frame, Request, Token};
use url::Url;

const AGENT: &str = concat!("txwatch/", env!("CARGO_PKG_VERSION"));

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let address = args().nth(1).context("the address of the server: ws://127.0.0.1:9001")?;
    let suite = Suite {
        base: Url::parse(&address)?,
        transport: Transport::new(&Options::default())
            .map_err(|failure| anyhow::anyhow!("{failure}"))?,
    };
    let cases = suite.cases().await?;
    ensure!(cases > 0, "the server has no cases");
    for case in 1..=cases {
        let ended = echo(suite.open("runCase", Some(case)).await?).await;
        let ended = ended.map_or_else(|error| error.to_string(), |code| format!("closed {code:?}"));
        writeln!(stdout(), "{case}/{cases}: {ended}")?;
    }
    echo(suite.open("updateReports", None).await?).await?;
    Ok(())
}

/// The server, and how it is reached.
struct Suite {
    base: Url,
    transport: Transport,
}

impl Suite {
    async fn open(&self, path: &str, case: Option<u32>) -> Result<Stream, Error> {
        let mut url = self.base.clone();
        url.set_path(path);
        if let Some(case) = case {
            url.query_pairs_mut().append_pair("case", &case.to_string());
        }
        url.query_pairs_mut().append_pair("agent", AGENT);
        self.transport.open(&Request::get(url, Auth::None), &Token::default()).await
    }

    async fn cases(&self) -> anyhow::Result<u32> {
        let mut stream = self.open("getCaseCount", None).await?;
        let count = match stream.next().await? {
            Frame::Text(count) => count.parse()?,
            other => anyhow::bail!("no number of cases but {other:?}"),
        };
        echo(stream).await?;
        Ok(count)
    }
}

/// Sends back every message until the server closes the connection; answers its close code.
async fn echo(mut stream: Stream) -> Result<Option<u16>, Error> {
    let ended = loop {
        let sent = match stream.next().await {
            Ok(Frame::Text(text)) => stream.send(Message::Text(text)).await,
            Ok(Frame::Binary(bytes)) => stream.send(Message::Binary(bytes)).await,
            Ok(Frame::Closed(code, _)) => break Ok(code),
            Ok(Frame::Alive | Frame::Event { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            break Err(error);
        }
    };
    stream.close().await;
    ended
}
