//! The provider `transak` with third-party peers: soketi, and the official SDK of Pusher.

use serde_json::Value;
use txwatch::sandbox::transak::format::{self, Order};

use crate::support::peers::{APP_KEY, Publisher, Soketi, event, signed};
use crate::support::running::Running;
use crate::support::schema::{of_type, only_result, records, statuses, warning_messages};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

const ORDER: &str = "aa39d8e1-3a4c-4f6b-9d0e-2b1c5d7ece7f";
const OTHER: &str = "322dc79c-fad2-4df1-bf50-b292191fc953";
const API_KEY: &str = "5c0a7d1e-9b1f-4c57-8d0e-6f2a3b4c5d6e";

/// The peers, and a REST server that fails the test if it receives a request.
struct Peers {
    soketi: Soketi,
    publisher: Publisher,
    rest: Server,
}

impl Peers {
    fn start() -> Self {
        Peers::with(Soketi::start())
    }

    fn with(soketi: Soketi) -> Self {
        let publisher = Publisher::start(&soketi);
        Peers { soketi, publisher, rest: Script::new().start() }
    }

    /// `txwatch watch` that prints records, without an access token.
    fn watch<S: AsRef<str>>(&self, arguments: &[S]) -> Txwatch {
        let arguments = arguments.iter().map(AsRef::as_ref);
        txwatch(["watch", "-t", "2m"].into_iter().chain(arguments))
            .env("TXWATCH_OUTPUT", "json")
            .env("TXWATCH_TRANSAK_PUSH_URL", self.soketi.push_url())
            .env("TXWATCH_TRANSAK_PUSHER_KEY", APP_KEY)
            .env("TXWATCH_TRANSAK_URL", self.rest.url())
            .env("TXWATCH_TRANSAK_API_KEY", API_KEY)
    }

    /// Starts a watch and waits until it is subscribed, for the client and for the server.
    fn subscribe<S: AsRef<str>>(&mut self, watch: Txwatch, channels: &[S]) -> Running {
        let mut running = watch.start_piped();
        running.wait_for_stdout("\"live\"");
        self.publisher.await_subscribers(channels);
        running
    }
}

/// An order as Transak pushes it, and the name of the event.
fn order(id: &str, status: &str, second: u32) -> (&'static str, Value) {
    let name = match status {
        "AWAITING_PAYMENT_FROM_USER" => "ORDER_CREATED",
        "PROCESSING" => "ORDER_PROCESSING",
        "COMPLETED" => "ORDER_COMPLETED",
        "REFUNDED" => "ORDER_REFUNDED",
        _ => "ORDER_FAILED",
    };
    let updated_at = format!("2025-04-04T13:12:{second:02}.374Z");
    let created_at = "2025-04-04T13:11:47.260Z";
    let order = format::order(&Order {
        id,
        status,
        created_at,
        updated_at: &updated_at,
        ..Order::default()
    });
    (name, order)
}

/// An order event on a channel.
fn update(channel: &str, id: &str, status: &str, second: u32) -> Value {
    let (name, order) = order(id, status, second);
    event(channel, name, &order)
}

/// Waits for its exit with this code, and returns its records.
#[track_caller]
fn exits_with(running: Running, code: i32) -> Vec<Value> {
    let output = running.wait();
    assert_eq!(output.code, code, "{output:#?}");
    records(&output.stdout, output.code)
}

#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn the_exit_code_follows_the_final_status() {
    let mut peers = Peers::start();
    let endings =
        [("COMPLETED", 0), ("FAILED", 10), ("CANCELLED", 11), ("EXPIRED", 12), ("REFUNDED", 14)];
    for (ending, code) in endings {
        let watch = peers.watch(&[format!("transak:{ORDER}")]);
        let running = peers.subscribe(watch, &[ORDER]);
        let pushed = ["AWAITING_PAYMENT_FROM_USER", "PROCESSING", ending];
        let events =
            pushed.iter().zip(0..).map(|(status, second)| update(ORDER, ORDER, status, second));
        peers.publisher.publish(events.collect::<Vec<_>>());
        let records = exits_with(running, code);
        let reported: Vec<_> =
            of_type(&records, "status").map(|record| &record["provider_status"]).collect();
        assert_eq!(reported, pushed);
        assert_eq!(statuses(&records)[2], ending.to_lowercase());
        let last = of_type(&records, "status").last().unwrap();
        assert_eq!(last["source"], "push");
        assert_eq!(last["transaction"]["crypto_amount"], "0.01759347");
    }
}

#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn an_order_is_followed_by_its_partner_reference() {
    let mut peers = Peers::start();
    let channel = format!("{API_KEY}_shop-4711");
    let watch = peers.watch(&["transak:partner/shop-4711"]);
    let running = peers.subscribe(watch, &[&channel]);
    peers.publisher.publish([update(&channel, ORDER, "COMPLETED", 0)]);
    let records = exits_with(running, 0);
    assert_eq!(statuses(&records), ["completed"]);
    let result = only_result(&records);
    assert_eq!(result["target"], "transak:partner/shop-4711");
}

#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn only_correctly_signed_orders_of_an_account_are_accepted() {
    let mut peers = Peers::start();
    let watch = peers.watch(&["--all", "-p", "transak"]).env("TXWATCH_TRANSAK_TOKEN", TOKEN);
    let mut running = peers.subscribe(watch, &[API_KEY]);
    let update = |id, status, second| update(API_KEY, id, status, second);
    peers.publisher.publish([
        signed(update(ORDER, "PROCESSING", 0), TOKEN, "HS256"),
        signed(update(ORDER, "COMPLETED", 1), "another key", "HS256"),
        signed(update(ORDER, "COMPLETED", 2), "", "none"),
        signed(update(ORDER, "COMPLETED", 3), TOKEN, "HS512"),
        signed(update(OTHER, "COMPLETED", 4), TOKEN, "HS256"),
        signed(update(ORDER, "FAILED", 5), TOKEN, "HS256"),
    ]);
    running.wait_for_stdout("\"failed\"");
    running.signal("TERM");
    let records = exits_with(running, 143);
    let reported: Vec<_> = of_type(&records, "status")
        .map(|record| (record["id"].as_str().unwrap(), record["status"].as_str().unwrap()))
        .collect();
    assert_eq!(reported, [(ORDER, "processing"), (OTHER, "completed"), (ORDER, "failed")]);
    let refused: Vec<_> = warning_messages(&records);
    let [signature, none, other] = refused[..] else { panic!("{refused:#?}") };
    assert!(signature.contains("its signature is wrong"), "{signature}");
    assert!([none, other].iter().all(|it| it.contains("signed with HS256")), "{none}, {other}");
}

/// After SIGTERM soketi closes with 4200, also new connections until it exits; after SIGKILL it sends nothing.
#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn a_watch_survives_a_restart_of_the_server() {
    let mut peers = Peers::start();
    for signal in ["TERM", "KILL"] {
        let watch = peers.watch(&[format!("transak:{ORDER}")]);
        let mut running = peers.subscribe(watch, &[ORDER]);
        peers.publisher.publish([update(ORDER, ORDER, "PROCESSING", 0)]);
        running.wait_for_stdout("\"processing\"");
        let port = peers.soketi.stop(signal);
        running.wait_for_stdout("\"lost\"");
        peers.soketi = Soketi::start_on(port);
        peers.publisher.await_subscribers(&[ORDER]);
        peers.publisher.publish([update(ORDER, ORDER, "COMPLETED", 1)]);
        let records = exits_with(running, 0);
        assert_eq!(statuses(&records), ["processing", "completed"]);
        let result = only_result(&records);
        assert!(result["reconnects"].as_u64().unwrap() >= 1, "{result}");
        // The official client reconnected hundreds of times a second.
        let attempts = of_type(&records, "connection").filter(|it| it["state"] == "connecting");
        assert!(attempts.count() < 20, "{records:#?}");
    }
}

/// soketi sends `pusher:error` with the code, and closes with it as well.
#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn an_application_that_may_not_be_used_is_refused_for_good() {
    let unknown = (Soketi::start(), "nobody", "4001");
    let disabled = Soketi::start_with(&[("SOKETI_DEFAULT_APP_ENABLED", "false")]);
    for (soketi, key, code) in [unknown, (disabled, APP_KEY, "4003")] {
        let peers = Peers::with(soketi);
        let target = format!("transak:{ORDER}");
        let (output, records) =
            peers.watch(&[target]).env("TXWATCH_TRANSAK_PUSHER_KEY", key).run_json();
        output.fails(77, code);
        assert_eq!(only_result(&records)["outcome"], "denied");
    }
}

/// soketi closes with 4100, and accepts a connection once another one has closed.
#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn a_server_over_capacity_is_retried() {
    let full = Soketi::start_with(&[("SOKETI_DEFAULT_APP_MAX_CONNS", "1")]);
    let mut peers = Peers::with(full);
    let watch = peers.watch(&[format!("transak:{ORDER}")]);
    let first = peers.subscribe(watch, &[ORDER]);
    let mut second = peers.watch(&[format!("transak:{OTHER}")]).start_piped();
    let lost: Value = serde_json::from_str(&second.wait_for_stdout("4100")).unwrap();
    assert!(lost["retry_in_ms"].as_u64().unwrap() >= 1000, "{lost}");
    peers.publisher.publish([update(ORDER, ORDER, "COMPLETED", 0)]);
    exits_with(first, 0);
    peers.publisher.await_subscribers(&[OTHER]);
    peers.publisher.publish([update(OTHER, OTHER, "COMPLETED", 0)]);
    exits_with(second, 0);
}

#[test]
#[ignore = "needs Node.js: see tests/peers/README.md"]
fn hundreds_of_orders_share_a_connection() {
    let mut peers = Peers::start();
    let orders: Vec<_> =
        (0..500).map(|order| format!("aa39d8e1-3a4c-4f6b-9d0e-{order:012}")).collect();
    let targets: Vec<_> = orders.iter().map(|order| format!("transak:{order}")).collect();
    let watch = peers.watch(&targets);
    let running = peers.subscribe(watch, &orders);
    let completed = |order: &String| update(order, order, "COMPLETED", 0);
    peers.publisher.publish(orders.iter().map(completed).collect::<Vec<_>>());
    let records = exits_with(running, 0);
    let ok = of_type(&records, "result").filter(|result| result["outcome"] == "ok");
    assert_eq!(ok.count(), orders.len());
    let connected = of_type(&records, "connection").filter(|event| event["state"] == "live");
    assert_eq!(connected.count(), 1);
}
