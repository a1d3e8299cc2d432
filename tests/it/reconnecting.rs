//! Lost push connections: polling meanwhile, reconnecting, and what the provider allows.

use crate::support::proof::{ID, command, error, push_path, record, rest_path, update};
use crate::support::schema::{
    connection_states, first_lost, last_source, of_type, only_result, statuses,
};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::Script;

#[test]
fn an_ending_during_a_lost_connection_is_found_at_once() {
    for ending in [Step::Drop, Step::Close(1012, "restarting"), Step::Raw(vec![0x81, 0x7e, 0x00])] {
        let reported = Gate::new();
        let steps = vec![Step::Await(reported.clone()), ending, Step::Drop];
        let server = Script::new()
            .rest(
                ID,
                [Reply::json(&record(ID, "pending", 0)), Reply::json(&record(ID, "completed", 1))],
            )
            .push(ID, [Reply::upgrade(steps), Reply::upgrade([])])
            .start();
        let (output, records) =
            command("watch", &server, &[]).run_json_opening(&reported, "\"pending\"");
        assert_eq!(output.code, 0, "{output:#?}");
        // The next attempt to connect may begin before the answer has arrived.
        assert_eq!(connection_states(&records)[..4], ["connecting", "live", "lost", "polling"]);
        assert_eq!(last_source(&records), "pull");
    }
}

#[test]
fn it_pulls_after_every_reconnect() {
    let reported = Gate::new();
    let reply = |status, second| Reply::json(&record(ID, status, second));
    let unavailable = Reply::status(502, error("upstream_error", "provider_error"));
    let server = Script::new()
        // The first lookup, the one after push is lost, and the one after it is live again.
        .rest(ID, [reply("pending", 0), reply("processing", 1), reply("completed", 2)])
        .push(
            ID,
            [
                Reply::upgrade([Step::Await(reported.clone()), Step::Drop]),
                unavailable,
                Reply::upgrade([]),
            ],
        )
        .start();
    let (output, records) =
        command("watch", &server, &["-i", "30s"]).run_json_opening(&reported, "\"pending\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records), ["pending", "processing", "completed"]);
    assert_eq!(only_result(&records)["reconnects"], 1);
    assert_eq!(
        (server.request_count(&push_path(ID)), server.request_count(&rest_path(ID))),
        (3, 3)
    );
    // The second refusal in a row is not a second fall back to polling.
    let fallbacks =
        connection_states(&records).into_iter().filter(|state| *state == "polling").count();
    assert_eq!(fallbacks, 1);
}

#[test]
fn polling_replaces_push_while_it_is_refused_and_push_takes_over_again() {
    let polled = Gate::new();
    let pending = || Reply::json(&record(ID, "pending", 0));
    let server = Script::new()
        .rest(ID, [pending(), pending(), pending().opens(&polled), pending()])
        .push(
            ID,
            [
                // Refused until the third lookup.
                Reply::status(503, "down").awaits(&polled),
                Reply::upgrade([Step::json(&update(ID, "completed", 3))]),
            ],
        )
        .start();
    let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(last_source(&records), "push");
    let lost = first_lost(&records);
    assert!(lost["reason"].as_str().unwrap().contains("refused the WebSocket upgrade: 503"));
    assert_eq!(lost["attempt"], 1);
    assert!(lost["retry_in_ms"].as_u64().unwrap() <= 1000, "{lost}");
    assert_eq!(connection_states(&records).last(), Some(&"live"));
}

/// In seconds, for requests and upgrades.
#[test]
fn retry_after_is_honoured() {
    let rate_limited = |status| {
        let body = error("rate_limit_exceeded", "rate_limit_exceeded");
        Reply::status(status, body).header("Retry-After", "1")
    };
    for status in [429, 503] {
        let server = Script::new()
            .rest(ID, [rate_limited(status), Reply::json(&record(ID, "completed", 0))])
            .start();
        let (output, records) = command("poll", &server, &["-i", "100ms"]).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(records.last().unwrap()["at"].is_string());
        let result = only_result(&records);
        assert!(result["elapsed_ms"].as_u64().unwrap() >= 1000, "{result}");
        assert_eq!(server.request_count(&rest_path(ID)), 2);
    }
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(ID, [rate_limited(429), Reply::upgrade([Step::json(&update(ID, "completed", 1))])])
        .start();
    let (_, records) = command("watch", &server, &["-i", "200ms"]).run_json();
    let lost = first_lost(&records);
    assert!(lost["retry_in_ms"].as_u64().unwrap() >= 1000, "{lost}");
}

#[test]
fn transport_poll_and_poll_open_no_connection() {
    for (name, transport) in [("watch", &["--transport", "poll"][..]), ("poll", &[])] {
        let expected = ["pending", "processing", "completed"];
        let replies = expected.map(|status| Reply::json(&record(ID, status, 0)));
        let server = Script::new().rest(ID, replies).start();
        let arguments = [&["-i", "100ms"], transport].concat();
        let (output, records) = command(name, &server, &arguments).run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(statuses(&records), expected);
        assert!(connection_states(&records).is_empty());
    }
}

#[test]
fn transport_push_makes_one_request_after_subscribing() {
    let reported = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0))])
        .push(
            ID,
            [Reply::upgrade([
                Step::Await(reported.clone()),
                Step::json(&update(ID, "completed", 1)),
            ])],
        )
        .start();
    let arguments = ["--transport", "push", "-i", "100ms"];
    let (output, _) =
        command("watch", &server, &arguments).run_json_opening(&reported, "\"pending\"");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(server.paths(), [push_path(ID), rest_path(ID)]);
}

#[test]
fn a_server_without_push_is_polled_and_warned_about_once() {
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
    let (output, records) = command("watch", &server, &["-i", "100ms"]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let warnings: Vec<_> = of_type(&records, "warning").collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["code"], "push_unavailable");
    // `--transport push` cannot do without it.
    let server =
        Script::new().push(ID, [Reply::status(404, error("not_found", "not_found"))]).start();
    let (output, _) = command("watch", &server, &["--transport", "push"]).run_json();
    output.fails(77, "refused the WebSocket upgrade: 404 (not_found: not_found: the message of");
}

/// The connection is open and nothing is received on it: the first lookup follows within seconds, not after the
/// polling interval of a live connection.
#[test]
fn an_upgrade_that_stalls_delays_the_first_lookup_only_briefly() {
    let never = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "completed", 0))])
        .push(ID, [Reply::upgrade([]).awaits(&never)])
        .start();
    let (output, records) = command("watch", &server, &[]).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(connection_states(&records), ["connecting"]);
    let result = only_result(&records);
    assert!(result["elapsed_ms"].as_u64().unwrap() < 10_000, "{result}");
}
