//! Arbitrary sequences of messages.

use super::*;

/// Frames of the shapes that a server sends, and of others.
fn frame() -> impl Strategy<Value = String> {
    let event = prop::sample::select(vec![
        "pusher:connection_established",
        "pusher:ping",
        "pusher:pong",
        "pusher:error",
        "pusher_internal:subscription_succeeded",
        "pusher:subscription_error",
        "pusher_internal:anything",
        "ORDER_CREATED",
        "",
    ]);
    let channel = prop::option::of(prop::sample::select(vec!["order-1", "order-2", "another"]));
    let data = prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..5000).prop_map(|code| json!({ "code": code, "message": "m" })),
        (0u64..200).prop_map(|seconds| json!({ "activity_timeout": seconds }).to_string().into()),
        Just(Value::Null),
        Just(json!([{}])),
    ];
    let shaped = (event, channel, data).prop_map(|(event, channel, data)| {
        json!({ "event": event, "channel": channel, "data": data }).to_string()
    });
    prop_oneof![8 => shaped, 1 => any::<String>()]
}

proptest! {
    #[test]
    fn no_sequence_of_frames_panics_or_oversteps(
        story in prop::collection::vec(prop_oneof![
            12 => frame().prop_map(Some),
            1 => Just(None),
        ], 0..60),
        codes in prop::collection::vec(prop::option::of(any::<u16>()), 60),
    ) {
        let mut pusher = pusher(&["order-1", "order-2"]);
        for (frame, code) in story.into_iter().zip(codes) {
            let outputs = match frame {
                Some(frame) => pusher.received(&frame),
                None => {
                    pusher.idle();
                    pusher.closed(code);
                    prop_assert!(!pusher.established);
                    continue;
                }
            };
            for output in &outputs {
                match output {
                    Output::Send(text) => {
                        prop_assert!(text.len() < 200, "{}", text);
                    }
                    Output::Event { channel, .. } | Output::Subscribed(channel) => {
                        prop_assert!(&**channel == "order-1" || &**channel == "order-2");
                    }
                    _ => {}
                }
            }
            let idle = pusher.keep_alive().idle;
            prop_assert!((MIN_ACTIVITY_TIMEOUT..=ACTIVITY_TIMEOUT).contains(&idle));
        }
    }
}
