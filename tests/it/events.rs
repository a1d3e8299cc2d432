//! Server-sent events: the transport, and the event stream of a Casper node.

use serde_json::{Value, json};
use txwatch::transport::{Connection, Network, Options, Stream, Transport};
use txwatch::wire::{Auth, Frame, Request, Token};

use crate::support::chain::{
    EVENTS, HASH, casper_command as command, executed, processed, waiting,
};
use crate::support::schema::{
    connection_states, first_lost, last_source, of_type, only_result, statuses,
};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};

/// The event of a successful execution.
fn completed() -> Value {
    processed(HASH, Value::Null)
}

async fn open(server: &Server) -> Stream {
    let url = format!("{}{EVENTS}", server.url()).parse().unwrap();
    let transport = Transport::new(&Options::default()).unwrap();
    transport.open(&Request::get(url, Auth::None), &Token::default()).await.unwrap()
}

/// The next event, with its id and data, after the number of keep-alives before it.
async fn next(stream: &mut Stream) -> (usize, Option<String>, String) {
    for alive in 0.. {
        match stream.next().await.unwrap() {
            Frame::Event { id, data } => return (alive, id, data),
            Frame::Alive => {}
            other => panic!("{other:?}"),
        }
    }
    unreachable!()
}

#[tokio::test]
async fn events_may_have_ids_and_comments_are_keep_alives() {
    let received = Gate::new();
    let server = Script::new()
        .events([Reply::events([
            Step::event(41, &json!({ "Step": 1 })),
            Step::Raw(b"id:42\r\ndata:{\"a\":\r\ndata:1}\r\n\r\n".to_vec()),
            Step::Await(received.clone()),
            Step::comment(),
        ])])
        .start();
    let mut stream = open(&server).await;
    let (_, id, data) = next(&mut stream).await;
    assert_eq!((id, data.as_str()), (None, r#"{"ApiVersion":"2.0.0"}"#));
    let (_, id, data) = next(&mut stream).await;
    assert_eq!((id.as_deref(), data.as_str()), (Some("41"), r#"{"Step":1}"#));
    let (_, id, data) = next(&mut stream).await;
    assert_eq!((id.as_deref(), data.as_str()), (Some("42"), "{\"a\":\n1}"));
    received.open();
    assert!(matches!(stream.next().await, Ok(Frame::Alive)));
}

#[tokio::test]
async fn a_large_event_counts_as_a_keep_alive_before_it_is_complete() {
    let large = json!({ "BlockAdded": "x".repeat(2 << 20) });
    let server = Script::new()
        .events([Reply::events([Step::event(1, &large), Step::event(2, &json!("Shutdown"))])])
        .start();
    let mut stream = open(&server).await;
    next(&mut stream).await;
    let (alive, _, data) = next(&mut stream).await;
    assert_eq!(data, large.to_string());
    assert!(alive > 0, "it arrived in several reads");
    assert_eq!(next(&mut stream).await.2, "\"Shutdown\"");
}

#[tokio::test]
async fn an_endless_event_is_rejected() {
    let endless = Step::Raw([b"data:", &vec![b'x'; 33 << 20][..]].concat());
    let server = Script::new().events([Reply::events([endless])]).start();
    let mut stream = open(&server).await;
    let error = loop {
        match stream.next().await {
            Ok(Frame::Event { .. } | Frame::Alive) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("more than 32 MiB"), "{error}");
}

#[test]
fn other_events_may_be_large_or_malformed() {
    let block = json!({ "BlockAdded": { "block": "x".repeat(2 << 20) } });
    let mut event = completed();
    event["TransactionProcessed"]["execution_result"]["Version2"]["effects"] =
        json!("x".repeat(2 << 20));
    let steps = [
        Step::event(1, &block),
        Step::Raw(b"data:{\"TransactionExpired\":7}\nid:2\n\n".to_vec()),
        Step::Raw(b"data:\nid:3\n\nretry:1\nnonsense\n\n".to_vec()),
        Step::event(4, &event),
    ];
    let server = Script::new().events([Reply::events(steps)]).rpc([waiting()]).start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{:#?}", output.stderr);
    assert_eq!(of_type(&records, "warning").count(), 1);
}

#[test]
fn it_resumes_after_the_last_event_even_if_the_node_has_restarted() {
    let reported = Gate::new();
    let first =
        [Step::event(4_000, &json!({ "Step": {} })), Step::Await(reported.clone()), Step::Drop];
    // The node has restarted, and numbers its events from zero.
    let second = [Step::event(0, &json!({ "Step": {} })), Step::Drop];
    let third = [Step::event(1, &completed())];
    let server = Script::new()
        .events([Reply::events(first)])
        .route("/events?start_from=4000", [Reply::events(second)])
        .route("/events?start_from=0", [Reply::events(third)])
        .rpc([waiting()])
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(last_source(&records), "push");
    assert_eq!(only_result(&records)["reconnects"], 2);
}

#[test]
fn an_overloaded_node_is_retried_and_polled_meanwhile() {
    let busy = Reply::status(503, "").header("Retry-After", "1");
    let server = Script::new()
        .events([busy, Reply::events([Step::event(1, &completed())])])
        .rpc([waiting()])
        .start();
    let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(connection_states(&records)[..3], ["connecting", "lost", "polling"]);
    let lost = first_lost(&records);
    assert!(lost["reason"].as_str().unwrap().contains("refused the event stream: 503"), "{lost}");
    assert!(lost["retry_in_ms"].as_u64().unwrap() >= 1_000, "{lost}");
}

#[test]
fn an_older_node_serves_its_events_at_another_path() {
    let server = Script::new()
        .events([Reply::status(404, "")])
        .route("/events/main", [Reply::events([Step::event(1, &completed())])])
        .rpc([waiting()])
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.paths()[..2], [EVENTS, "/events/main"]);
    assert!(!connection_states(&records).contains(&"lost"), "{:?}", connection_states(&records));
}

#[test]
fn only_a_404_falls_back_to_the_other_path() {
    for (reply, needle) in [
        (Reply::status(422, ""), "refused the event stream: 422"),
        (Reply::status(200, "hello"), "refused the event stream: it is no event stream"),
    ] {
        let reconnected = Gate::new();
        let server = Script::new()
            .events([reply.clone(), reply.opens(&reconnected)])
            .rpc([waiting(), executed(Value::Null).awaits(&reconnected)])
            .start();
        let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        let warnings: Vec<_> = of_type(&records, "warning").collect();
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0]["message"].as_str().unwrap().contains(needle), "{warnings:#?}");
    }
}

/// Whoever answers requests without a token may still want one for its events.
#[test]
fn refused_events_do_not_end_a_watch_that_requests_can_carry() {
    for status in [401, 403] {
        let refused_again = Gate::new();
        let refused = Reply::status(status, "");
        let server = Script::new()
            .events([refused.clone(), refused.clone().opens(&refused_again)])
            .rpc([waiting(), executed(Value::Null).awaits(&refused_again)])
            .start();
        let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        let [warning] = &of_type(&records, "warning").collect::<Vec<_>>()[..] else {
            panic!("one warning: {records:#?}")
        };
        let message = format!("refused the event stream: {status}; polling instead");
        assert!(warning["message"].as_str().unwrap().contains(&message), "{warning}");
        assert_eq!(server.request_count(EVENTS), 2, "{:?}", server.paths());

        let server = Script::new().events([refused.clone()]).rpc([waiting()]).start();
        let push_only = command("watch", &server, &["--transport", "push"]).run();
        push_only.fails(77, &format!("refused the event stream: {status}"));
        let server = Script::new().events([refused.clone()]).rpc([refused]).start();
        command("watch", &server, &[]).run().fails(77, &format!("refused the request: {status}"));
    }
}

#[test]
fn a_refused_resumption_begins_anew_with_a_lookup() {
    let reported = Gate::new();
    let first = [Step::event(7, &json!({ "Step": {} })), Step::Await(reported.clone()), Step::Drop];
    let server = Script::new()
        .events([Reply::events(first), Reply::events([])])
        .route("/events?start_from=7", [Reply::status(422, "")])
        .rpc([waiting(), executed(Value::Null)])
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(last_source(&records), "pull");
    assert_eq!(of_type(&records, "warning").count(), 0, "{records:#?}");
}

/// Of more than 16 MiB, or with bytes that are not UTF-8.
#[test]
fn an_event_that_cannot_be_read_is_one_bad_message() {
    let processed = processed(HASH, Value::Null).to_string();
    let large = processed.replace(HASH, &format!("{HASH}{}", "x".repeat(17 << 20)));
    let bad = |data: &[u8]| [b"data:", data, b"\nid:1\n\n"].concat();
    for data in [large.into_bytes(), [processed.as_bytes(), b"\xff"].concat()] {
        let steps = [Step::Raw(bad(&data)), Step::event(2, &completed())];
        let server = Script::new().events([Reply::events(steps)]).rpc([waiting()]).start();
        let (output, records) = command("watch", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(last_source(&records), "push");
        assert_eq!(only_result(&records)["reconnects"], 0);
        let warnings: Vec<_> = of_type(&records, "warning").collect();
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
    }
}

#[test]
fn the_end_of_a_stream_causes_a_lookup() {
    let reported = Gate::new();
    let steps = [Step::Await(reported.clone()), Step::Drop];
    let server = Script::new()
        .events([Reply::events(steps), Reply::events([])])
        .rpc([waiting(), executed(Value::Null)])
        .start();
    let (output, records) =
        command("watch", &server, &[]).run_json_opening(&reported, "\"accepted\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(last_source(&records), "pull");
}
