//! Push comes and goes; the watch stays.

use serde_json::Value;

use crate::support::proof::{ID, error, record, update};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server, push, rest};
use crate::support::txwatch::{Txwatch, txwatch};

fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    let target = format!("proof:{ID}");
    let all = [name, &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url())
}

fn states(records: &[Value]) -> Vec<&str> {
    of_type(records, "connection").map(|event| event["state"].as_str().unwrap()).collect()
}

#[test]
fn an_ending_that_happened_while_away_is_found_at_once() {
    for ending in [Step::Drop, Step::Close(1012, "restarting"), Step::Raw(vec![0x81, 0x7e, 0x00])] {
        let shown = Gate::new();
        let steps = vec![Step::Await(shown.clone()), ending, Step::Drop];
        let server = Script::new()
            .rest(
                ID,
                [Reply::json(&record(ID, "pending", 0)), Reply::json(&record(ID, "completed", 1))],
            )
            .push(ID, [Reply::upgrade(steps), Reply::upgrade([])])
            .start();
        let mut running = command("watch", &server, &["-o", "json"]).start_piped();
        running.wait_for_stdout("\"pending\"");
        shown.open();
        let ended = running.end();
        let records = records(&ended.stdout, ended.code);
        assert_eq!(ended.code, 0, "{ended:#?}");
        // The next try to connect may begin before the answer is there.
        assert_eq!(states(&records)[..4], ["connecting", "live", "lost", "polling"]);
        assert_eq!(of_type(&records, "status").last().unwrap()["source"], "pull");
    }
}

#[test]
fn it_pulls_after_every_reconnect() {
    let seen = Gate::new();
    let reply = |status, second| Reply::json(&record(ID, status, second));
    let down = Reply::status(502, error("upstream_error", "provider_error"));
    let server = Script::new()
        // The first look, the one when push is lost, and the one when it is back.
        .rest(ID, [reply("pending", 0), reply("processing", 1), reply("completed", 2)])
        .push(
            ID,
            [Reply::upgrade([Step::Await(seen.clone()), Step::Drop]), down, Reply::upgrade([])],
        )
        .start();
    let mut running = command("watch", &server, &["-o", "json", "-i", "30s"]).start_piped();
    running.wait_for_stdout("\"pending\"");
    seen.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records), ["pending", "processing", "completed"]);
    assert_eq!(of_type(&records, "result").next().unwrap()["reconnects"], 1);
    assert_eq!((server.asked(&push(ID)), server.asked(&rest(ID))), (3, 3));
    // The second refusal in a row is no new fall.
    let fell = states(&records).into_iter().filter(|state| *state == "polling").count();
    assert_eq!(fell, 1);
}

#[test]
fn polling_carries_the_watch_while_push_is_refused_and_push_takes_over_again() {
    let polled = Gate::new();
    let pending = || Reply::json(&record(ID, "pending", 0));
    let server = Script::new()
        .rest(ID, [pending(), pending(), pending().opens(&polled), pending()])
        .push(
            ID,
            [
                // Refused until it was polled for a while.
                Reply::status(503, "down").awaits(&polled),
                Reply::upgrade([Step::json(&update(ID, "completed", 3))]),
            ],
        )
        .start();
    let (ended, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(of_type(&records, "status").last().unwrap()["source"], "push");
    let lost = of_type(&records, "connection").find(|event| event["state"] == "lost").unwrap();
    assert!(lost["reason"].as_str().unwrap().contains("refused the WebSocket upgrade: 503"));
    assert_eq!(lost["attempt"], 1);
    assert!(lost["retry_in_ms"].as_u64().unwrap() <= 1000, "{lost}");
    assert_eq!(states(&records).last(), Some(&"live"));
}

/// Retry-After in seconds holds for requests and upgrades alike.
#[test]
fn a_provider_that_asks_for_time_gets_it() {
    let limited = |status| {
        let body = error("rate_limit_exceeded", "rate_limit_exceeded");
        Reply::status(status, body).header("Retry-After", "1")
    };
    for status in [429, 503] {
        let server = Script::new()
            .rest(ID, [limited(status), Reply::json(&record(ID, "completed", 0))])
            .start();
        let (ended, records) = command("poll", &server, &["-i", "100ms"]).run_json();
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(records.last().unwrap()["at"].is_string());
        let result = of_type(&records, "result").next().unwrap();
        assert!(result["elapsed_ms"].as_u64().unwrap() >= 1000, "{result}");
        assert_eq!(server.asked(&rest(ID)), 2);
    }
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(ID, [limited(429), Reply::upgrade([Step::json(&update(ID, "completed", 1))])])
        .start();
    let (_, records) = command("watch", &server, &["-i", "200ms"]).run_json();
    let lost = of_type(&records, "connection").find(|event| event["state"] == "lost").unwrap();
    assert!(lost["retry_in_ms"].as_u64().unwrap() >= 1000, "{lost}");
}

#[test]
fn transport_poll_and_poll_open_no_connection() {
    for (name, carrier) in [("watch", &["--transport", "poll"][..]), ("poll", &[])] {
        let words = ["pending", "processing", "completed"];
        let replies = words.map(|word| Reply::json(&record(ID, word, 0)));
        let server = Script::new().rest(ID, replies).start();
        let arguments = [&["-i", "100ms"], carrier].concat();
        let (ended, records) = command(name, &server, &arguments).run_json();
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert_eq!(statuses(&records), words);
        assert!(states(&records).is_empty());
    }
}

#[test]
fn transport_push_asks_only_after_subscribing() {
    let shown = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([Step::Await(shown.clone()), Step::json(&update(ID, "completed", 1))])],
        )
        .start();
    let arguments = ["--transport", "push", "-i", "100ms", "-o", "json"];
    let mut running = command("watch", &server, &arguments).start_piped();
    running.wait_for_stdout("\"pending\"");
    shown.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(server.targets(), [push(ID), rest(ID)]);
}

#[test]
fn a_server_without_push_is_polled_and_told_about_once() {
    let pending = || Reply::json(&record(ID, "pending", 0));
    let again = Gate::new();
    let server = Script::new()
        .rest(ID, [pending(), Reply::json(&record(ID, "completed", 1)).awaits(&again)])
        .push(
            ID,
            [
                Reply::status(404, error("not_found", "not_found")),
                Reply::status(404, error("not_found", "not_found")).opens(&again),
            ],
        )
        .start();
    let (ended, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warnings: Vec<_> = of_type(&records, "warning").collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["code"], "push_unavailable");
    // Push alone cannot do without.
    let server =
        Script::new().push(ID, [Reply::status(404, error("not_found", "not_found"))]).start();
    let (ended, _) = command("watch", &server, &["--transport", "push"]).run_json();
    ended.fails(77, "refused the WebSocket upgrade: 404 (not_found: not_found: the message of");
}

/// The socket is open and nothing comes over it: a look within seconds, not after the safety interval.
#[test]
fn an_upgrade_that_hangs_delays_the_first_look_by_little() {
    let never = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .push(ID, [Reply::upgrade([]).awaits(&never)])
        .start();
    let (ended, records) = command("watch", &server, &[]).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(states(&records), ["connecting"]);
    let result = of_type(&records, "result").next().unwrap();
    assert!(result["elapsed_ms"].as_u64().unwrap() < 10_000, "{result}");
}
