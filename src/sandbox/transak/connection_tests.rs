//! One Pusher connection, on paused time.

use std::time::Duration;

use serde_json::json;
use tokio::time::advance;

use crate::sandbox::schedule::Schedule;
use crate::sandbox::transak::TransakDouble;

use super::*;

fn subscribe(connection: &mut Connection, channel: &str) -> Vec<Output> {
    let data = json!({ "channel": channel });
    connection.received(&json!({ "event": "pusher:subscribe", "data": data }).to_string())
}

fn transak() -> Arc<Transak> {
    Arc::new(Transak::new(Schedule::of(TransakDouble)))
}

/// A connection with these subscriptions.
fn subscribed<const N: usize>(transak: &Arc<Transak>, channels: [&str; N]) -> Connection {
    let mut connection = Connection::new(transak.clone());
    for channel in channels {
        let outputs = subscribe(&mut connection, channel);
        assert_eq!(events(&outputs), ["pusher_internal:subscription_succeeded"]);
    }
    connection
}

/// The names of the events that are said, and how the connection ends.
fn events(outputs: &[Output]) -> Vec<String> {
    let name = |output: &Output| match output {
        Output::Say(Message::Text(text)) => {
            let said: Value = serde_json::from_str(text).unwrap();
            said["event"].as_str().unwrap().to_owned()
        }
        other => format!("{other:?}"),
    };
    outputs.iter().map(name).collect()
}

/// What happens until a time from now.
async fn within(connection: &mut Connection, millis: u64) -> Vec<Output> {
    let end = Instant::now() + Duration::from_millis(millis);
    let mut outputs = Vec::new();
    while let Some(due) = connection.due().filter(|due| *due <= end) {
        advance(due.saturating_duration_since(Instant::now())).await;
        outputs.extend(connection.take_next());
    }
    advance(end.saturating_duration_since(Instant::now())).await;
    outputs
}

#[tokio::test(start_paused = true)]
async fn an_order_is_told_of_on_both_of_its_channels() {
    let mut connection = subscribed(&transak(), ["happy@1", "rehearsal-api-key_happy@1"]);
    let outputs = within(&mut connection, 60_000).await;
    let completed = "ORDER_COMPLETED";
    let expected = ["ORDER_PROCESSING", "ORDER_PROCESSING", completed, completed];
    assert_eq!(events(&outputs), expected);
    assert_eq!(connection.due(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_unsubscribed_is_told_no_more() {
    let mut connection = subscribed(&transak(), ["happy", "nobody-knows-it"]);
    let over = json!({ "event": "pusher:unsubscribe", "data": { "channel": "happy" } });
    assert!(connection.received(&over.to_string()).is_empty());
    assert!(within(&mut connection, 2_000).await.is_empty());
    assert_eq!(subscribe(&mut connection, "happy").len(), 1);
    assert_eq!(events(&within(&mut connection, 60_000).await), ["ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn a_line_is_lost_and_again_until_the_server_is_back() {
    let transak = transak();
    let mut connection = subscribed(&transak, ["drop"]);
    assert_eq!(events(&within(&mut connection, 2_000).await), ["ORDER_PROCESSING", "Cut"]);
    assert_eq!(subscribe(&mut Connection::new(transak.clone()), "drop"), [Output::Cut]);
    assert_eq!(welcome(&transak), None);
    advance(Duration::from_secs(4)).await;
    subscribed(&transak, ["drop"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_says_so_to_whoever_comes() {
    let transak = transak();
    let mut connection = subscribed(&transak, ["shutdown"]);
    assert_eq!(
        within(&mut connection, 2_000).await.last(),
        Some(&Output::Close(4200, "the server is shutting down"))
    );
    assert_eq!(welcome(&transak), Some(Output::Close(4200, "the server is shutting down")));
    assert_eq!(
        subscribe(&mut Connection::new(transak.clone()), "shutdown"),
        [Output::Close(4200, "the server is shutting down")]
    );
    advance(Duration::from_secs(2)).await;
    assert_eq!(welcome(&transak), None);
    let mut connection = subscribed(&transak, ["shutdown"]);
    assert_eq!(events(&within(&mut connection, 60_000).await), ["ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_connections_of_the_flaky_fail_in_two_ways() {
    let transak = transak();
    assert_eq!(welcome(&transak), None);
    assert_eq!(subscribe(&mut Connection::new(transak.clone()), "flaky"), [Output::Cut]);
    assert_eq!(welcome(&transak), Some(Output::Cut));
    assert_eq!(welcome(&transak), None);
    subscribed(&transak, ["flaky"]);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_codes() {
    for (channel, code) in [("denied", 4009), ("quota", 4004), ("rehearsal-api-key_quota", 4004)] {
        let outputs = subscribe(&mut Connection::new(transak()), channel);
        assert!(matches!(outputs[..], [Output::Close(found, _)] if found == code), "{outputs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_first_line_stalls() {
    let transak = transak();
    let mut first = subscribed(&transak, ["stalled"]);
    let mut second = subscribed(&transak, ["stalled"]);
    assert_eq!(events(&within(&mut first, 2_000).await), ["ORDER_PROCESSING", "Stall"]);
    let outputs = within(&mut second, 60_000).await;
    assert_eq!(events(&outputs), ["ORDER_PROCESSING", "ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn who_follows_all_sees_the_market_and_what_others_touch() {
    let transak = transak();
    let mut others = subscribed(&transak, ["drop"]);
    let mut connection = subscribed(&transak, [API_KEY]);
    let outputs = within(&mut connection, 1_200).await;
    assert_eq!(events(&outputs), ["ORDER_CREATED", "ORDER_PROCESSING"]);
    // Another's connection is lost; this one is not.
    assert_eq!(events(&within(&mut others, 1_000).await).last().unwrap(), "Cut");
    transak.schedule.begin("cancelled");
    connection.follow_new();
    let outputs = within(&mut connection, 4_000).await;
    let names = events(&outputs);
    assert!(names.iter().all(|name| name.starts_with("ORDER_")), "{names:?}");
    assert!(names.contains(&"ORDER_FAILED".to_owned()), "{names:?}");
    let created = names.iter().filter(|name| *name == "ORDER_CREATED").count();
    assert_eq!(created, 4, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_subscription_is_answered_as_pusher_does() {
    let mut connection = subscribed(&transak(), ["happy"]);
    let ping = json!({ "event": "pusher:ping", "data": {} }).to_string();
    assert_eq!(events(&connection.received(&ping)), ["pusher:pong"]);
    assert!(connection.received("{\"event\":\"client-event\"}").is_empty());
    assert_eq!(events(&connection.received("nonsense")), ["pusher:error"]);
    let long = "x".repeat(165);
    for channel in ["", "happy", "a b", "#server", "private-happy", &long] {
        assert_eq!(events(&subscribe(&mut connection, channel)), ["pusher:error"], "{channel}");
    }
}
