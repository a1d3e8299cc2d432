//! Streams of events, whatever they carry.

use serde_json::{Value, json};
use txwatch::transport::{Connection, Network, Options, Stream, Transport};
use txwatch::wire::{Auth, Frame, Request, Token};

use crate::support::chain::{EVENTS, HASH, RPC, executed, processed, waiting};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::txwatch::{Txwatch, txwatch};

fn watch(server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("casper:{HASH}");
    let all = ["watch", &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).casper(&server.url())
}

fn done() -> Value {
    processed(HASH, Value::Null)
}

fn states(records: &[Value]) -> Vec<&str> {
    of_type(records, "connection").map(|event| event["state"].as_str().unwrap()).collect()
}

async fn open(server: &Server) -> Stream {
    let url = format!("{}{EVENTS}", server.url()).parse().unwrap();
    let transport = Transport::new(&Options::default()).unwrap();
    transport.open(&Request::get(url, Auth::None), &Token::default()).await.unwrap()
}

/// The next event; what is only a sign of life is counted.
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
async fn events_have_ids_or_none_and_comments_are_signs_of_life() {
    let heard = Gate::new();
    let server = Script::new()
        .events([Reply::events([
            Step::event(41, &json!({ "Step": 1 })),
            Step::Raw(b"id:42\r\ndata:{\"a\":\r\ndata:1}\r\n\r\n".to_vec()),
            Step::Await(heard.clone()),
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
    heard.open();
    assert!(matches!(stream.next().await, Ok(Frame::Alive)));
}

#[tokio::test]
async fn an_event_of_two_megabytes_is_one_event_and_a_sign_of_life_before() {
    let large = json!({ "BlockAdded": "x".repeat(2 << 20) });
    let server = Script::new()
        .events([Reply::events([Step::event(1, &large), Step::event(2, &json!("Shutdown"))])])
        .start();
    let mut stream = open(&server).await;
    next(&mut stream).await;
    let (alive, _, data) = next(&mut stream).await;
    assert_eq!(data, large.to_string());
    assert!(alive > 0, "it was on its way for a while");
    assert_eq!(next(&mut stream).await.2, "\"Shutdown\"");
}

#[tokio::test]
async fn an_event_without_end_is_given_up() {
    let endless = Step::Raw([b"data:", &vec![b'x'; 17 << 20][..]].concat());
    let server = Script::new().events([Reply::events([endless])]).start();
    let mut stream = open(&server).await;
    let error = loop {
        match stream.next().await {
            Ok(Frame::Event { .. } | Frame::Alive) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("more than 16 MiB"), "{error}");
}

#[test]
fn events_around_ours_may_be_large_and_odd() {
    let block = json!({ "BlockAdded": { "block": "x".repeat(2 << 20) } });
    let mut ours = done();
    ours["TransactionProcessed"]["execution_result"]["Version2"]["effects"] =
        json!("x".repeat(2 << 20));
    let story = [
        Step::event(1, &block),
        Step::Raw(b"data:{\"TransactionExpired\":7}\nid:2\n\n".to_vec()),
        Step::Raw(b"data:\nid:3\n\nretry:1\nnonsense\n\n".to_vec()),
        Step::event(4, &ours),
    ];
    let server = Script::new().events([Reply::events(story)]).rpc([waiting()]).start();
    let (ended, records) = watch(&server, &[]).run_json();
    assert_eq!(ended.code, 0, "{:#?}", ended.stderr);
    assert_eq!(of_type(&records, "warning").count(), 1);
}

#[test]
fn it_resumes_where_it_was_even_if_the_node_begins_anew() {
    let shown = Gate::new();
    let first =
        [Step::event(4_000, &json!({ "Step": {} })), Step::Await(shown.clone()), Step::Drop];
    // The node has restarted, and sends what it has.
    let second = [Step::event(0, &json!({ "Step": {} })), Step::Drop];
    let third = [Step::event(1, &done())];
    let server = Script::new()
        .events([Reply::events(first)])
        .route("/events?start_from=4000", [Reply::events(second)])
        .route("/events?start_from=0", [Reply::events(third)])
        .rpc([waiting()])
        .start();
    let mut running = watch(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"accepted\"");
    shown.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "completed"]);
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "push");
    assert_eq!(of_type(&records, "result").next().unwrap()["reconnects"], 2);
}

#[test]
fn a_busy_node_is_tried_again_and_polled_meanwhile() {
    let busy = Reply::status(503, "").header("Retry-After", "1");
    let server = Script::new()
        .events([busy, Reply::events([Step::event(1, &done())])])
        .rpc([waiting()])
        .start();
    let (ended, records) = watch(&server, &["-i", "100ms"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(states(&records)[..3], ["connecting", "lost", "polling"]);
    let lost = of_type(&records, "connection").find(|event| event["state"] == "lost").unwrap();
    assert!(lost["reason"].as_str().unwrap().contains("refused the event stream: 503"), "{lost}");
    assert!(lost["retry_in_ms"].as_u64().unwrap() >= 1_000, "{lost}");
}

#[test]
fn an_older_node_has_its_events_elsewhere() {
    let server = Script::new()
        .events([Reply::status(404, "")])
        .route("/events/main", [Reply::events([Step::event(1, &done())])])
        .rpc([waiting()])
        .start();
    let (ended, records) = watch(&server, &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(server.targets()[..2], [EVENTS, "/events/main"]);
    assert!(!states(&records).contains(&"lost"), "{:?}", states(&records));
}

#[test]
fn only_what_is_not_there_is_looked_for_elsewhere() {
    for (reply, told) in [
        (Reply::status(422, ""), "refused the event stream: 422"),
        (Reply::status(200, "hello"), "refused the event stream: it is no event stream"),
    ] {
        let again = Gate::new();
        let server = Script::new()
            .events([reply.clone(), reply.opens(&again)])
            .rpc([waiting(), executed(Value::Null).awaits(&again)])
            .start();
        let (ended, records) = watch(&server, &["-i", "100ms"]).run_json();
        assert_eq!(ended.code, 0, "{ended:#?}");
        let warnings: Vec<_> = of_type(&records, "warning").collect();
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0]["message"].as_str().unwrap().contains(told), "{warnings:#?}");
    }
    let server = Script::new().events([Reply::status(403, "")]).rpc([waiting()]).start();
    let ended = watch(&server, &[]).run();
    ended.fails(77, "refused the event stream: 403");
    assert_eq!(server.asked(RPC) + server.asked(EVENTS), server.targets().len());
}

#[test]
fn the_end_of_a_stream_is_found_and_asked_about() {
    let shown = Gate::new();
    let story = [Step::Await(shown.clone()), Step::Drop];
    let server = Script::new()
        .events([Reply::events(story), Reply::events([])])
        .rpc([waiting(), executed(Value::Null)])
        .start();
    let mut running = watch(&server, &["-o", "json"]).start_piped();
    running.wait_for_stdout("\"accepted\"");
    shown.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let records = records(&ended.stdout, ended.code);
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "pull");
}
