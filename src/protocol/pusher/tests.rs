use proptest::prelude::*;

use super::*;
use crate::protocol::RefusalKind;

fn pusher(channels: &[&str]) -> Pusher {
    let base = BaseUrl::parse("wss://ws-ap2.pusher.com", &["wss"]).unwrap();
    Pusher::new(&base, "app-key", channels.iter().map(|name| Channel::from(*name)))
}

const ESTABLISHED: &str = r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"123.456\",\"activity_timeout\":120}"}"#;

/// A connection that the server has accepted.
fn established(channels: &[&str]) -> Pusher {
    let mut pusher = pusher(channels);
    pusher.received(ESTABLISHED);
    pusher
}

/// What is sent, as JSON.
fn sent(outputs: &[Output]) -> Vec<Value> {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Send(text) => Some(serde_json::from_str(text).unwrap()),
        _ => None,
    });
    sent.collect()
}

fn subscribed(outputs: &[Output]) -> Vec<&str> {
    let names = outputs.iter().filter_map(|output| match output {
        Output::Subscribed(channel) => Some(&**channel),
        _ => None,
    });
    names.collect()
}

fn ack(channel: &str) -> String {
    format!(
        r#"{{"event":"pusher_internal:subscription_succeeded","channel":"{channel}","data":"{{}}"}}"#
    )
}

#[test]
fn the_address_names_key_protocol_and_client() {
    let request = pusher(&[]).request();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        request.url.as_str(),
        format!("wss://ws-ap2.pusher.com/app/app-key?protocol=7&client=txwatch&version={version}")
    );
    assert_eq!(request.auth, Auth::None);
}

#[test]
fn connection_established_is_read_in_any_order_and_form() {
    for message in [
        ESTABLISHED,
        r#"{"data":"{\"activity_timeout\":120,\"socket_id\":\"1.2\"}","event":"pusher:connection_established"}"#,
        r#"{"event":"pusher:connection_established","data":{"socket_id":"1.2","activity_timeout":120}}"#,
        r#"{"event":"pusher:connection_established","data":"not JSON"}"#,
        r#"{"event":"pusher:connection_established"}"#,
    ] {
        let mut pusher = pusher(&["order-1"]);
        let outputs = pusher.received(message);
        assert!(matches!(outputs[0], Output::Established), "{message}");
        assert_eq!(
            sent(&outputs),
            [json!({ "event": "pusher:subscribe", "data": { "channel": "order-1" } })]
        );
    }
}

#[test]
fn nothing_is_subscribed_before_connection_established_and_nothing_twice() {
    let mut pusher = pusher(&["order-1"]);
    assert!(pusher.received(r#"{"event":"pusher:ping","data":{}}"#).len() == 1);
    pusher.received(ESTABLISHED);
    assert!(pusher.received(ESTABLISHED).is_empty());
}

#[test]
fn a_subscription_succeeds_once_with_or_without_data() {
    for answer in [
        ack("order-1"),
        r#"{"event":"pusher_internal:subscription_succeeded","channel":"order-1"}"#.to_owned(),
        r#"{"channel":"order-1","event":"pusher_internal:subscription_succeeded","data":{}}"#
            .to_owned(),
        r#"{"event":"pusher:subscription_succeeded","channel":"order-1","data":null}"#.to_owned(),
    ] {
        let mut pusher = established(&["order-1"]);
        assert_eq!(subscribed(&pusher.received(&answer)), ["order-1"], "{answer}");
        assert!(pusher.received(&answer).is_empty(), "{answer}");
    }
    assert!(established(&["order-1"]).received(&ack("another")).is_empty());
}

#[test]
fn a_refused_subscription_names_channel_and_reason() {
    let mut pusher = established(&["order-1"]);
    let refused = r#"{"event":"pusher:subscription_error","channel":"order-1","data":{"type":"AuthError","error":"no such app","status":403}}"#;
    let outputs = pusher.received(refused);
    assert!(
        matches!(&outputs[..], [Output::Rejected(channel, why)] if &**channel == "order-1" && why == "no such app (403)"),
        "{outputs:?}"
    );
}

#[test]
fn thousands_of_channels_are_subscribed_as_the_answers_come() {
    let names: Vec<String> = (0..1_000).map(|index| format!("order-{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pusher = pusher(&names);
    let mut asked = sent(&pusher.received(ESTABLISHED));
    assert_eq!(asked.len(), MAX_UNANSWERED);
    let mut answered = 0;
    while answered < asked.len() {
        let channel = asked[answered]["data"]["channel"].as_str().unwrap().to_owned();
        answered += 1;
        let outputs = pusher.received(&ack(&channel));
        assert_eq!(subscribed(&outputs), [channel]);
        asked.extend(sent(&outputs));
        assert!(asked.len() - answered <= MAX_UNANSWERED);
    }
    let order: Vec<&str> =
        asked.iter().map(|message| message["data"]["channel"].as_str().unwrap()).collect();
    assert_eq!(order, names);
}

#[test]
fn a_server_that_answers_nothing_does_not_hold_up_the_rest() {
    let names: Vec<String> = (0..100).map(|index| format!("order-{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pusher = pusher(&names);
    let first = sent(&pusher.received(ESTABLISHED)).len();
    let then = sent(&pusher.idle()).iter().filter(|m| m["event"] == "pusher:subscribe").count();
    assert_eq!(first + then, names.len());
}

#[test]
fn events_of_an_unsubscribed_channel_are_ignored() {
    let mut pusher = established(&["order-1", "order-2"]);
    pusher.received(&ack("order-1"));
    assert_eq!(
        sent(&pusher.unsubscribe("order-1")),
        [json!({ "event": "pusher:unsubscribe", "data": { "channel": "order-1" } })]
    );
    assert!(pusher.received(r#"{"event":"X","channel":"order-1","data":"{}"}"#).is_empty());
    assert!(pusher.unsubscribe("order-1").is_empty());
    pusher.closed(None);
    let again = sent(&pusher.received(ESTABLISHED));
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["data"]["channel"], "order-2");
}

#[test]
fn every_ping_gets_a_pong_and_silence_gets_a_ping() {
    let mut pusher = established(&[]);
    for ping in [r#"{"event":"pusher:ping","data":{}}"#, r#"{"event":"pusher:ping"}"#] {
        assert_eq!(sent(&pusher.received(ping)), [json!({ "event": "pusher:pong", "data": {} })]);
    }
    assert!(pusher.received(r#"{"event":"pusher:pong","data":{}}"#).is_empty());
    assert_eq!(sent(&pusher.idle()), [json!({ "event": "pusher:ping", "data": {} })]);
}

#[test]
fn the_shorter_activity_timeout_counts_and_a_dead_connection_is_noticed_within_45_seconds() {
    for (timeout, expected) in [
        ("120", ACTIVITY_TIMEOUT),
        ("7", Duration::from_secs(7)),
        ("0", MIN_ACTIVITY_TIMEOUT),
        ("-5", ACTIVITY_TIMEOUT),
        ("\\\"soon\\\"", ACTIVITY_TIMEOUT),
        ("18446744073709551615", ACTIVITY_TIMEOUT),
    ] {
        let mut pusher = pusher(&[]);
        pusher.received(&format!(
            r#"{{"event":"pusher:connection_established","data":"{{\"activity_timeout\":{timeout}}}"}}"#
        ));
        let keep_alive = pusher.keep_alive();
        assert_eq!(keep_alive.idle, expected, "{timeout}");
        assert_eq!(keep_alive.timeout, Duration::from_secs(30));
        assert!(keep_alive.idle + keep_alive.timeout <= Duration::from_secs(45));
    }
}

#[test]
fn data_is_decoded_however_often_it_was_encoded() {
    for (data, expected) in [
        (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        (r#""{\"a\":1,\"a\":2}""#, r#"{"a":1,"a":2}"#),
        (r#""\"{\\\"a\\\":1}\"""#, r#"{"a":1}"#),
        (r#""plain text""#, "plain text"),
        (r#""\"quoted text\"""#, "quoted text"),
        (r#""eyJhbGciOiJIUzI1NiJ9.e30.c2ln""#, "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
        ("null", "null"),
        (r#""""#, ""),
    ] {
        let mut pusher = established(&["order-1"]);
        pusher.received(&ack("order-1"));
        let text = format!(r#"{{"event":"ORDER_CREATED","channel":"order-1","data":{data}}}"#);
        match &pusher.received(&text)[..] {
            [Output::Event { channel, data }] => {
                assert_eq!((&**channel, data.as_str()), ("order-1", expected), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn an_envelope_with_a_key_twice_is_ambiguous() {
    for (text, expected) in [
        (r#"{"event":"A","event":"B","channel":"order-1","data":"{}"}"#, Some("order-1")),
        (r#"{"event":"A","channel":"order-1","data":"{}","data":"{}"}"#, Some("order-1")),
        (r#"{"event":"A","channel":"order-1","d\u0061ta":"{}","data":null}"#, Some("order-1")),
        (r#"{"event":"A","channel":"order-1","channel":"order-2","data":"{}"}"#, None),
        (r#"{"event":"A","event":"B","data":"{}"}"#, None),
    ] {
        match &established(&["order-1", "order-2"]).received(text)[..] {
            [Output::Ambiguous(channel, problem)] => {
                assert_eq!(channel.as_deref(), expected, "{text}");
                assert!(problem.contains("twice"), "{problem}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn unknown_messages_are_ignored() {
    let mut pusher = established(&["order-1"]);
    for text in [
        r#"{"event":"pusher_internal:subscription_count","channel":"order-1","data":"{\"subscription_count\":2}"}"#,
        r#"{"event":"pusher:cache_miss","channel":"order-1"}"#,
        r#"{"event":"pusher:signin_success","data":{}}"#,
        r#"{"event":"pusher_internal:member_added","channel":"order-1","data":"{}"}"#,
        r#"{"event":"pusher:something_new"}"#,
        r#"{"event":"ORDER_CREATED","data":"{}"}"#,
        r#"{"event":"ORDER_CREATED","channel":"another","data":"{}"}"#,
        r#"{"event":"pusher:pong"}"#,
    ] {
        assert!(pusher.received(text).is_empty(), "{text}");
    }
    for text in ["", "Ping", "null", "[]", "{}", r#"{"event":7}"#, r#"{"event":"X","channel":{}}"#]
    {
        assert!(matches!(pusher.received(text)[..], [Output::Malformed(_)]), "{text}");
    }
}

#[test]
fn errors_are_read_as_objects_and_as_text_with_a_code_and_without() {
    let report = |data: &str| {
        let text = format!(r#"{{"event":"pusher:error","data":{data}}}"#);
        established(&[]).received(&text)
    };
    let refused = report(r#"{"code":4001,"message":"App key x not in this cluster"}"#);
    assert!(
        matches!(&refused[..], [Output::Refused(refusal)] if refusal.kind == RefusalKind::Denied
            && refusal.message.contains("not in this cluster (4001)")),
        "{refused:?}"
    );
    let quota = report(r#""{\"code\":\"4004\",\"message\":\"over quota\"}""#);
    assert!(
        matches!(&quota[..], [Output::Refused(refusal)] if refusal.kind == RefusalKind::OverCapacity),
        "{quota:?}"
    );
    for data in [r#"{"code":null,"message":"bad event"}"#, r#""something is wrong""#, "null", "7"] {
        assert!(matches!(report(data)[..], [Output::ServerError(_)]), "{data}");
    }
    // An error that closes the connection is reported with the close.
    assert!(report(r#"{"code":4200,"message":"come back"}"#).is_empty());
}

#[test]
fn every_close_code_says_what_to_do() {
    let second = Duration::from_secs(1);
    for (codes, expected) in [
        (4000..=4003, Reconnect::Never(RefusalKind::Denied)),
        (4004..=4004, Reconnect::Never(RefusalKind::OverCapacity)),
        (4005..=4099, Reconnect::Never(RefusalKind::Denied)),
        (4100..=4199, Reconnect::Backoff(second)),
        (4200..=4299, Reconnect::Immediately),
        (4300..=4399, Reconnect::Backoff(second)),
        (4400..=4999, Reconnect::Backoff(second)),
        (1000..=1015, Reconnect::Backoff(Duration::ZERO)),
    ] {
        for code in codes.filter(|code| *code != 4002) {
            assert_eq!(established(&[]).closed(Some(code)).reconnect, expected, "{code}");
        }
    }
    assert_eq!(
        established(&[]).closed(None),
        Closed { reconnect: Reconnect::Backoff(Duration::ZERO), reason: None }
    );
}

#[test]
fn an_error_counts_where_the_close_frame_has_no_code() {
    let mut pusher = established(&[]);
    pusher.received(r#"{"event":"pusher:error","data":{"code":4200,"message":"shutting down"}}"#);
    assert_eq!(pusher.closed(Some(1006)).reconnect, Reconnect::Immediately);
    // But only for that connection.
    pusher.received(ESTABLISHED);
    assert_eq!(pusher.closed(None).reconnect, Reconnect::Backoff(Duration::ZERO));
}

#[test]
fn a_connection_that_is_dropped_at_once_says_what_may_be_wrong() {
    let closed = pusher(&["order-1"]).closed(None);
    assert_eq!(closed.reconnect, Reconnect::Backoff(Duration::ZERO));
    assert!(closed.reason.unwrap().contains("pusher_key"));
}

#[test]
fn everything_is_subscribed_again_after_a_reconnect() {
    let mut pusher = established(&["order-1", "order-2"]);
    pusher.received(&ack("order-1"));
    pusher.received(&ack("order-2"));
    pusher.closed(Some(1006));
    assert!(pusher.idle().is_empty());
    let mut again: Vec<_> = sent(&pusher.received(ESTABLISHED))
        .iter()
        .map(|message| message["data"]["channel"].as_str().unwrap().to_owned())
        .collect();
    again.sort();
    assert_eq!(again, ["order-1", "order-2"]);
    assert_eq!(subscribed(&pusher.received(&ack("order-1"))), ["order-1"]);
}

#[test]
fn names_of_channels_are_checked() {
    assert!(check_channel("aA0_-=@,.;").is_ok());
    assert!(check_channel(&"a".repeat(164)).is_ok());
    for name in ["", "a b", "a/b", "a#b", "#server", "ä", "a\n", "a?b", "private-x", "presence-x"]
    {
        assert!(check_channel(name).is_err(), "{name:?}");
    }
    assert!(check_channel(&"a".repeat(165)).unwrap_err().contains("164"));
}

#[test]
fn an_event_says_that_its_channel_is_subscribed() {
    let mut pusher = established(&["order-1"]);
    let event = r#"{"event":"X","channel":"order-1","data":"{}"}"#;
    let outputs = pusher.received(event);
    assert_eq!(subscribed(&outputs), ["order-1"]);
    assert_eq!(outputs.len(), 2);
    assert_eq!(pusher.received(event).len(), 1);
    assert!(pusher.received(&ack("order-1")).is_empty());
}

#[path = "property_tests.rs"]
mod properties;

/// The data of the event in a message on a subscribed channel.
fn published(text: &str) -> Value {
    let mut pusher = established(&["order-1"]);
    pusher.received(&ack("order-1"));
    match pusher.received(text).pop() {
        Some(Output::Event { data, .. }) => crate::protocol::json::value(&data, &[]).unwrap(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn odd_text_loses_no_event() {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    for unread in [r#""\ud800""#, &deep, "1E5", "\"\u{fffd}\""] {
        let payload = format!(r#"{{"status":"COMPLETED","note":{unread}}}"#);
        let text = Value::from(payload.as_str()).to_string();
        for data in [payload, text] {
            for (before, after) in [("", ""), ("\u{feff}", ""), ("", r#","more":"\ud800""#)] {
                let event = format!(
                    r#"{before}{{"event":"ORDER_COMPLETED","channel":"order-1","data":{data}{after}}}"#
                );
                let data = published(&event);
                assert_eq!(data["status"], "COMPLETED", "{event}");
                assert!(unread != "1E5" || data.to_string().contains(":1E5"), "{data}");
            }
        }
    }
    // In text around the text it is no character, either.
    let event = r#"{"event":"X","channel":"order-1","data":"{\"status\":\"COMPLETED\ud800\"}"}"#;
    let data = published(event);
    assert_eq!(data["status"], "COMPLETED\u{fffd}\u{fffd}\u{fffd}");
}
