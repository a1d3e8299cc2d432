//! One target's trouble is its own; and what was not heard of a target is not known.

use crate::support::proof::{error, record, rest_path};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, txwatch};

/// The id that nobody has, by which it is shown whether a provider answers at all.
const PROBE: &str = "00000000-0000-4000-8000-000000000000";
const MANY: usize = 300;

/// The status of each target on stdout.
fn statuses(output: &CommandOutput) -> Vec<(&str, &str)> {
    output.stdout.lines().filter_map(|line| line.split_once('\t')).collect()
}

fn unknown(output: &CommandOutput) -> Vec<&str> {
    let unknown = statuses(output).into_iter().filter(|(_, status)| *status == "unknown");
    unknown.map(|(target, _)| target).collect()
}

#[test]
fn a_502_for_one_id_leaves_the_answers_about_the_others() {
    for place in [0, 10, 20] {
        let mut targets: Vec<_> =
            (1..=20).map(|number| format!("sandbox:happy@{number}")).collect();
        targets.insert(place, "sandbox:flaky".to_owned());
        let mut get = txwatch(["get", "-o", "plain"]);
        get.command().args(&targets);
        let output = get.run();
        output.fails(75, "sandbox:flaky: Proof answered 502");
        assert_eq!(statuses(&output).len(), 21);
        assert_eq!(unknown(&output), ["sandbox:flaky"]);
    }
}

/// Where each target has a push connection of its own, and where they share one that is refused.
#[test]
fn a_refusal_for_one_id_is_its_own_in_every_order() {
    for (command, provider) in
        [("watch", ""), ("poll", ""), ("watch", "cspr/"), ("watch", "transak/")]
    {
        let targets = ["denied@b", "slow@a", "happy@c"].map(|id| format!("sandbox:{provider}{id}"));
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let running = orders.map(|order| {
            let mut watch = txwatch([command, "-o", "plain", "-t", "3s"]).in_real_time();
            watch.command().args(order.map(|place| &targets[place]));
            watch.start_piped()
        });
        for output in running.map(|running| running.wait()) {
            output.fails(124, &format!("{}: ", targets[0]));
            output.fails(124, "401");
            output.fails(124, "timed out after 3s: ");
            assert_eq!(unknown(&output), [&*targets[0]], "{output:#?}");
        }
    }
}

fn ids() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("many-{number:03}"))
}

/// A server that answers so about ids, and about the one that nobody has.
fn server(answer: impl Fn(usize, &str) -> Reply, probe: Reply) -> Server {
    let script = Script::new().rest(PROBE, [probe]);
    let ids = ids().enumerate();
    ids.fold(script, |script, (number, id)| script.rest(&id, [answer(number, &id)])).start()
}

fn get_all(server: &Server) -> CommandOutput {
    let mut get = txwatch(["get", "-o", "plain"]).proof(&server.url());
    get.command().args(ids().map(|id| format!("proof:{id}")));
    get.run()
}

fn not_found() -> Reply {
    Reply::status(404, error("not_found", "transaction_not_found"))
}

#[test]
fn many_bad_ids_in_a_row_are_not_the_provider() {
    // A gateway may answer for paths that it does not know.
    let page = Reply::status(404, "<html>");
    for (bad, probe) in [
        (Reply::status(502, "{}"), not_found()),
        (Reply::status(502, "{}"), page),
        (Reply::status(400, "{}"), not_found()),
        (Reply::status(401, "{}"), not_found()),
    ] {
        let answer = |number: usize, id: &str| match number {
            0..20 => bad.clone(),
            _ => Reply::json(&record(id, "pending", 0)),
        };
        let output = get_all(&server(answer, probe));
        assert_eq!(statuses(&output).len(), MANY);
        assert_eq!(unknown(&output).len(), 20);
        assert_eq!(output.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 20);
    }
}

#[test]
fn a_provider_that_is_down_or_refuses_everybody_is_found_out_with_a_few_requests() {
    for (status, code, needle) in [
        (502, 75, "Proof could not be reached: Proof answered 502"),
        (401, 77, "Proof refused the token: 401"),
    ] {
        let bad = Reply::status(status, "{}");
        let server = server(|_, _| bad.clone(), bad.clone());
        let output = get_all(&server);
        output.fails(code, needle);
        assert_eq!(unknown(&output).len(), MANY);
        assert_eq!(output.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1);
        assert!(server.paths().len() <= 20, "{}", server.paths().len());
        assert!(server.paths().contains(&rest_path(PROBE)));
    }
}

#[test]
fn what_was_not_heard_is_not_called_not_final() {
    let server = server(|_, _| Reply::status(502, "{}"), not_found());
    let mut get = txwatch(["get", "-o", "plain"]).proof(&server.url());
    get.command().arg("proof:many-000");
    let output = get.run();
    output.fails(75, "Proof could not be reached");
    for text in ["proof:many-000 was not seen at all", "What was not heard is not known"] {
        assert!(output.stderr.contains(text), "{output:#?}");
    }
    assert!(!output.stderr.contains("NOT final"), "{output:#?}");
    let output = txwatch(["watch", "sandbox:slow", "-t", "1s"]).run();
    assert!(output.stderr.contains("It is NOT final"), "{output:#?}");
}
