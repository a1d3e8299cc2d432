//! The Pusher connection: close codes, dropped connections, and servers without push.

use txwatch::sandbox::transak::pusher;

use crate::support::schema::of_type;
use crate::support::script::{Reply, Step};
use crate::support::server::Script;
use crate::support::transak::{
    ID, command, connection, established, event, order, pusher_path, record,
};

#[test]
fn close_codes_of_pusher_are_explained() {
    for (steps, code, needle) in [
        (vec![Step::Close(4001, "no app")], 77, "is the pusher_key right?"),
        (vec![established(), Step::Close(4004, "")], 75, "over its quota of connections"),
        (vec![established(), Step::Close(4009, "")], 77, "not authorised"),
        (vec![Step::json(&pusher::error(Some(4001), "App key x"))], 77, "App key x (4001)"),
    ] {
        let server = Script::new().pusher([Reply::upgrade(steps)]).start();
        let output = command("watch", &server, &[]).run();
        output.fails(code, needle);
        assert_eq!(server.request_count(&pusher_path()), 1, "it does not retry unchanged");
    }
}

#[test]
fn code_4200_reconnects_at_once_and_then_with_backoff() {
    let restarting = || Reply::upgrade([established(), Step::Close(4200, "")]);
    let ready = connection(ID, [event(ID, &order(ID, "COMPLETED", 2))]);
    let server = Script::new().pusher([restarting(), restarting(), ready]).start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let waits: Vec<_> = of_type(&records, "connection")
        .filter(|event| event["state"] == "lost")
        .map(|event| event["retry_in_ms"].as_u64().unwrap())
        .collect();
    assert_eq!((waits.len(), waits[0]), (2, 0), "{waits:?}");
    assert!(waits[1] <= 2_000);
}

#[test]
fn a_connection_dropped_before_the_handshake_is_an_explained_outage() {
    let server = Script::new().pusher([Reply::upgrade([Step::Drop])]).start();
    let output = command("watch", &server, &["--max-outage", "300ms"]).run();
    output.fails(75, "dropped before a word was said; is the pusher_key right?");
}

#[test]
fn a_server_without_push_is_refused_without_a_token() {
    let server = Script::new().pusher([Reply::status(404, "no")]).start();
    command("watch", &server, &[]).run().fails(77, "404");

    let server = Script::new()
        .pusher([Reply::status(404, "no")])
        .order(ID, [record(ID, "COMPLETED", 1)])
        .start();
    let output = command("watch", &server, &[]).transak_token().run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stderr.contains("polling instead"), "{output:#?}");
}

#[test]
fn a_timeout_during_an_outage_names_its_cause() {
    let server = Script::new().pusher([Reply::status(503, "no")]).start();
    let output = command("watch", &server, &["-t", "1s"]).run();
    output.fails(124, "timed out after 1s");
    assert!(output.stderr.contains("caused by: transak: "), "{output:#?}");
    assert!(output.stderr.contains("refused the WebSocket upgrade: 503"), "{output:#?}");
}
