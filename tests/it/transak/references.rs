//! A partner's reference, under which there may be several orders.

use serde_json::{Value, json};
use txwatch::config::Registry;
use txwatch::provider::{Id, Settings};

use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, Server};
use crate::support::transak::{connection, error, event, pusher_path};
use crate::support::txwatch::{API_KEY, CommandOutput, Txwatch, command_for};

const REFERENCE: &str = "partner/ref-7";
const EARLY: &str = "2026-11-02T10:00:00.000Z";
const LATE: &str = "2026-11-02T10:30:00.000Z";

fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("transak:{REFERENCE}"), arguments).transak(&server.url())
}

/// The paths of the requests of a lookup: as first asked, and with all statuses named.
fn list_paths() -> [String; 2] {
    let registry = Registry::built_in();
    let transak = registry.iter().find(|row| &*row.spec().name == "transak").unwrap();
    let provider = transak.build(&Settings::default()).unwrap();
    let mut lookup = provider.lookup(&[Id::new(REFERENCE)]);
    let mut next = || {
        let url = lookup.next(jiff::Timestamp::now()).unwrap().url;
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        lookup.received(&txwatch::wire::Response::new(200, r#"{"data":[]}"#));
        path
    };
    [next(), next()]
}

fn list(orders: &[&Value]) -> Reply {
    let filter = json!({ "productsAvailed": ["BUY", "SELL"], "partnerOrderId": "ref-7" });
    Reply::json(&json!({ "meta": { "filter": filter }, "data": orders }))
}

/// An order of the reference; undated if it has no time.
fn attempt(id: &str, status: &str, created_at: &str) -> Value {
    let mut order = json!({ "id": id, "_id": id, "status": status, "partnerOrderId": "ref-7" });
    if !created_at.is_empty() {
        order["createdAt"] = created_at.into();
    }
    order
}

fn pushed(order: &Value) -> Step {
    event(&channel(), order)
}

fn channel() -> String {
    format!("{API_KEY}_ref-7")
}

fn several(records: &[Value]) -> Vec<&str> {
    let warnings = of_type(records, "warning").filter(|it| it["code"] == "several_orders");
    warnings.map(|warning| warning["message"].as_str().unwrap()).collect()
}

#[test]
fn a_completed_order_counts_before_a_newer_one_that_expired() {
    let [completed, expired] =
        [attempt("paid", "COMPLETED", EARLY), attempt("again", "EXPIRED", LATE)];
    for orders in [[&completed, &expired], [&expired, &completed]] {
        for name in ["poll", "watch"] {
            let server = Script::new()
                .route(&list_paths()[0], [list(&orders)])
                .pusher([connection(&channel(), [])])
                .start();
            let (output, records) = command(name, &server, &[]).transak_token().run_json();
            assert_eq!(output.code, 0, "{output:#?}");
            assert_eq!(statuses(&records), ["completed"]);
            let [warning] = several(&records)[..] else { panic!("{records:?}") };
            assert!(warning.contains("paid (COMPLETED) counts"), "{warning}");
            assert!(warning.contains("again (EXPIRED)"), "{warning}");
        }
    }
}

#[test]
fn of_two_undated_orders_the_one_that_runs_counts() {
    let [running, expired] = [attempt("1", "PROCESSING", ""), attempt("2", "EXPIRED", "")];
    let completed = attempt("1", "COMPLETED", "");
    for orders in [[&running, &expired], [&expired, &running]] {
        let server =
            Script::new().route(&list_paths()[0], [list(&orders), list(&[&completed])]).start();
        let (output, records) =
            command("poll", &server, &["-i", "100ms"]).transak_token().run_json();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(statuses(&records), ["processing", "completed"]);
    }
}

/// Push alone, with and without times: the ending of one order does not end the other.
#[test]
fn without_a_token_a_running_order_is_not_ended_by_another() {
    for [one, other] in [["", ""], [EARLY, LATE], [LATE, EARLY], [EARLY, ""], ["", LATE]] {
        let steps = [
            attempt("1", "PROCESSING", one),
            attempt("2", "EXPIRED", other),
            attempt("1", "COMPLETED", one),
        ];
        let server =
            Script::new().pusher([connection(&channel(), steps.iter().map(pushed))]).start();
        let (output, records) = command("watch", &server, &[]).run_json();
        assert_eq!(output.code, 0, "{one} {other}: {output:#?}");
        assert_eq!(statuses(&records), ["processing", "completed"]);
        assert_eq!(server.paths(), [pusher_path()]);
    }
    // A completed order counts, whatever ran or ended before.
    for first in ["EXPIRED", "PROCESSING"] {
        let steps = [attempt("1", first, LATE), attempt("2", "COMPLETED", EARLY)];
        let server =
            Script::new().pusher([connection(&channel(), steps.iter().map(pushed))]).start();
        let output = command("watch", &server, &["--grace", "1m"]).run();
        assert_eq!(output.code, 0, "{output:#?}");
    }
    let steps = [attempt("1", "PROCESSING", EARLY), attempt("1", "EXPIRED", EARLY)];
    let server = Script::new().pusher([connection(&channel(), steps.iter().map(pushed))]).start();
    assert_eq!(command("watch", &server, &[]).run().code, 12);
}

/// With a token the list is asked after the ending of one order was pushed, and decides.
#[test]
fn with_a_token_the_list_decides_after_a_push() {
    let [running, expired] = [attempt("1", "PROCESSING", EARLY), attempt("2", "EXPIRED", LATE)];
    let [completed, failed] = [attempt("1", "COMPLETED", EARLY), attempt("1", "FAILED", EARLY)];
    for (last, code, end) in [(completed, 0, "completed"), (failed, 12, "expired")] {
        let reported = Gate::new();
        let steps = [Step::Await(reported.clone()), pushed(&expired)];
        let server = Script::new()
            .route(&list_paths()[0], [list(&[&running]), list(&[&expired, &last])])
            .pusher([connection(&channel(), steps)])
            .start();
        let (output, records) = command("watch", &server, &[])
            .transak_token()
            .run_json_opening(&reported, "\"PROCESSING\"");
        assert_eq!(output.code, code, "{output:#?}");
        assert_eq!(statuses(&records), ["processing", end]);
        assert_eq!(several(&records).len(), 1, "{records:?}");
    }
}

#[test]
fn an_unknown_reference_costs_one_request_or_two() {
    let get = |first: Reply, second: Reply| -> (CommandOutput, Vec<String>) {
        let [one, other] = list_paths();
        let server = Script::new().route(&one, [first]).route(&other, [second]).start();
        let output = command("get", &server, &[]).transak_token().run();
        (output, server.paths())
    };
    let unknown = || error(400, "Bad Request", "Invalid partnerOrderId or order not found");
    let (output, paths) = get(unknown(), unknown());
    output.fails(66, "Invalid partnerOrderId or order not found");
    assert_eq!(paths, &list_paths()[..1]);
    // Without an echo of the filter, an empty list may be one of completed orders only.
    let empty = || Reply::json(&json!({ "meta": { "totalCount": 0 }, "data": [] }));
    let (output, paths) = get(empty(), empty());
    output.fails(66, "no order has this partnerOrderId");
    assert_eq!(paths, list_paths());
}

#[test]
fn a_filter_that_was_not_applied_is_said() {
    let narrow = |order: &[Value]| {
        let filter = json!({ "productsAvailed": ["BUY"] });
        Reply::json(&json!({ "meta": { "filter": filter }, "data": order }))
    };
    let [first, _] = list_paths();
    let sells = first.replace("%5B%22BUY%22%2C%22SELL%22%5D", "%5B%22SELL%22%5D");
    let server = Script::new()
        .route(&first, [narrow(&[attempt("1", "PROCESSING", EARLY)])])
        .route(&sells, [narrow(&[])])
        .start();
    let (output, records) = command("get", &server, &[]).transak_token().run_json();
    let codes: Vec<_> = of_type(&records, "warning").map(|warning| &warning["code"]).collect();
    assert_eq!(codes, ["filter_not_applied"], "{output:#?}");
    assert_eq!(server.paths(), [first, sells]);
}
