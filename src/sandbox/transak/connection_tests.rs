//! One Pusher connection, on paused time.

use serde_json::json;
use tokio::time::advance;

use super::*;

fn subscribe(line: &mut Line, channel: &str) -> Vec<Output> {
    let data = json!({ "channel": channel });
    line.heard(&json!({ "event": "pusher:subscribe", "data": data }).to_string())
}

/// A line with these subscriptions.
fn subscribed<const N: usize>(transak: &Arc<Transak>, channels: [&str; N]) -> Line {
    let mut line = Line::new(transak.clone());
    for channel in channels {
        let outputs = subscribe(&mut line, channel);
        assert_eq!(events(&outputs), ["pusher_internal:subscription_succeeded"]);
    }
    line
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
async fn within(line: &mut Line, millis: u64) -> Vec<Output> {
    let end = Instant::now() + Duration::from_millis(millis);
    let mut outputs = Vec::new();
    while let Some(due) = line.due().filter(|due| *due <= end) {
        advance(due.saturating_duration_since(Instant::now())).await;
        outputs.extend(line.happen());
    }
    advance(end.saturating_duration_since(Instant::now())).await;
    outputs
}

#[tokio::test(start_paused = true)]
async fn an_order_is_told_of_on_both_of_its_channels() {
    let mut line = subscribed(&Arc::default(), ["happy@1", "rehearsal-api-key_happy@1"]);
    let outputs = within(&mut line, 60_000).await;
    let completed = "ORDER_COMPLETED";
    let expected = ["ORDER_PROCESSING", "ORDER_PROCESSING", completed, completed];
    assert_eq!(events(&outputs), expected);
    assert_eq!(line.due(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_unsubscribed_is_told_no_more() {
    let mut line = subscribed(&Arc::default(), ["happy", "nobody-knows-it"]);
    let over = json!({ "event": "pusher:unsubscribe", "data": { "channel": "happy" } });
    assert!(line.heard(&over.to_string()).is_empty());
    assert!(within(&mut line, 2_000).await.is_empty());
    assert_eq!(subscribe(&mut line, "happy").len(), 1);
    assert_eq!(events(&within(&mut line, 60_000).await), ["ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn a_line_is_lost_and_again_until_the_server_is_back() {
    let transak = Arc::default();
    let mut line = subscribed(&transak, ["drop"]);
    assert_eq!(events(&within(&mut line, 2_000).await), ["ORDER_PROCESSING", "Cut"]);
    assert_eq!(subscribe(&mut Line::new(transak.clone()), "drop"), [Output::Cut]);
    assert_eq!(welcome(&transak), None);
    advance(Duration::from_secs(4)).await;
    subscribed(&transak, ["drop"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_says_so_to_whoever_comes() {
    let transak = Arc::default();
    let mut line = subscribed(&transak, ["shutdown"]);
    assert_eq!(within(&mut line, 2_000).await.last(), Some(&SHUTDOWN));
    assert_eq!(welcome(&transak), Some(SHUTDOWN));
    assert_eq!(subscribe(&mut Line::new(transak.clone()), "shutdown"), [SHUTDOWN]);
    advance(Duration::from_secs(2)).await;
    assert_eq!(welcome(&transak), None);
    let mut line = subscribed(&transak, ["shutdown"]);
    assert_eq!(events(&within(&mut line, 60_000).await), ["ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_connections_of_the_flaky_fail_in_two_ways() {
    let transak = Arc::default();
    assert_eq!(welcome(&transak), None);
    assert_eq!(subscribe(&mut Line::new(transak.clone()), "flaky"), [Output::Cut]);
    assert_eq!(welcome(&transak), Some(Output::Cut));
    assert_eq!(welcome(&transak), None);
    subscribed(&transak, ["flaky"]);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_codes() {
    for (channel, code) in [("denied", 4009), ("quota", 4004), ("rehearsal-api-key_quota", 4004)] {
        let outputs = subscribe(&mut Line::new(Arc::default()), channel);
        assert!(matches!(outputs[..], [Output::Close(found, _)] if found == code), "{outputs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_first_line_stalls() {
    let transak = Arc::default();
    let mut first = subscribed(&transak, ["stalled"]);
    let mut second = subscribed(&transak, ["stalled"]);
    assert_eq!(events(&within(&mut first, 2_000).await), ["ORDER_PROCESSING", "Stall"]);
    let outputs = within(&mut second, 60_000).await;
    assert_eq!(events(&outputs), ["ORDER_PROCESSING", "ORDER_COMPLETED"]);
}

#[tokio::test(start_paused = true)]
async fn who_follows_all_sees_the_market_and_what_others_touch() {
    let transak = Arc::default();
    let mut others = subscribed(&transak, ["drop"]);
    let mut line = subscribed(&transak, [API_KEY]);
    let outputs = within(&mut line, 1_200).await;
    assert_eq!(events(&outputs), ["ORDER_CREATED", "ORDER_PROCESSING"]);
    // Another's connection is lost; this one is not.
    assert_eq!(events(&within(&mut others, 1_000).await).last().unwrap(), "Cut");
    transak.clocks.touch("cancelled", |_| {});
    line.discover();
    let outputs = within(&mut line, 4_000).await;
    let names = events(&outputs);
    assert!(names.iter().all(|name| name.starts_with("ORDER_")), "{names:?}");
    assert!(names.contains(&"ORDER_FAILED".to_owned()), "{names:?}");
    let created = names.iter().filter(|name| *name == "ORDER_CREATED").count();
    assert_eq!(created, 4, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_subscription_is_answered_as_pusher_does() {
    let mut line = subscribed(&Arc::default(), ["happy"]);
    let ping = json!({ "event": "pusher:ping", "data": {} }).to_string();
    assert_eq!(events(&line.heard(&ping)), ["pusher:pong"]);
    assert!(line.heard("{\"event\":\"client-event\"}").is_empty());
    assert_eq!(events(&line.heard("nonsense")), ["pusher:error"]);
    let long = "x".repeat(165);
    for channel in ["", "happy", "a b", "#server", "private-happy", &long] {
        assert_eq!(events(&subscribe(&mut line, channel)), ["pusher:error"], "{channel}");
    }
}
