//! `--until` and `--expect`: what counts as success; `--grace`: when a bad ending counts.

use serde_json::Value;

use crate::support::proof::{ID, command, record, rest_path, update};
use crate::support::schema::{of_type, only_result, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::Script;
use crate::support::txwatch::CommandOutput;

/// Watches a transaction for which these statuses are pushed after a pull has reported the first of them.
fn watch_pushed(statuses: &[&str], arguments: &[&str]) -> (CommandOutput, Vec<Value>) {
    let requested = Gate::new();
    let updates = statuses.iter().zip(0..).map(|(status, second)| update(ID, status, second));
    let mut steps: Vec<_> = updates.map(|update| Step::json(&update)).collect();
    steps.insert(0, Step::Await(requested.clone()));
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, statuses[0], 0)).opens(&requested)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    command("watch", &server, arguments).run_json()
}

#[test]
fn until_chooses_the_awaited_statuses() {
    let cases: &[(&[&str], &str, i32)] = &[
        (&["pending", "processing"], "processing", 0),
        // A later status of the successful path counts as well.
        (&["completed"], "processing", 0),
        (&["pending", "cancelled"], "failed,cancelled", 0),
        (&["pending", "failed"], "failed,cancelled", 0),
        (&["pending", "failed"], "processing", 10),
        (&["pending", "cancelled"], "failed", 11),
        // It completed, so that the goal can no longer be reached.
        (&["pending", "completed"], "failed,cancelled", 13),
    ];
    for (pushed, until, code) in cases {
        let (output, records) = watch_pushed(pushed, &["--until", until]);
        assert_eq!(output.code, *code, "{pushed:?} until {until}: {output:#?}");
        assert_eq!(statuses(&records).last(), pushed.last());
    }
}

#[test]
fn expectations_are_checked_at_the_goal() {
    for (expectation, code) in [
        ("crypto_amount>=99", 0),
        ("crypto_amount==99.5", 0),
        ("crypto_amount>99.50", 13),
        ("fiat_currency==EUR", 0),
        ("fiat_currency==USD", 13),
        ("network==TRC20", 0),
        ("data.type!=sell", 0),
        ("no_such_field==1", 13),
    ] {
        let server = Script::new().rest(ID, [Reply::json(&record(ID, "completed", 0))]).start();
        let arguments = ["--expect", expectation];
        let (output, records) = command("poll", &server, &arguments).run_json();
        assert_eq!(output.code, code, "{expectation}: {output:#?}");
        if code == 13 {
            let result = only_result(&records);
            let field = expectation.split(['=', '>']).next().unwrap();
            assert!(result["reason"].as_str().unwrap().contains(field), "{result}");
            assert_eq!(result["outcome"], "mismatch");
            assert_eq!(result["status"], "completed");
        }
    }
}

/// A push has no network, and may have no amount, although the record has both.
#[test]
fn fields_missing_in_a_push_are_looked_up_before_they_are_compared() {
    // The answer may lag behind, and may have an earlier time of the ending.
    for (second, code) in [(9, 0), (1, 0), (9, 13)] {
        let network = if code == 0 { "network=TRC20" } else { "network=ERC20" };
        let [requested, reported] = [Gate::new(), Gate::new()];
        let mut pushed = update(ID, "completed", 5);
        pushed["crypto_amount"] = "".into();
        let server = Script::new()
            .rest(
                ID,
                [
                    Reply::status(404, "{}").opens(&requested),
                    Reply::json(&record(ID, "processing", 0)).awaits(&reported),
                    Reply::json(&record(ID, "completed", second)),
                ],
            )
            .push(ID, [Reply::upgrade([Step::Await(requested), Step::json(&pushed)])])
            .start();
        let arguments = ["-i", "100ms", "--expect", network, "--expect", "crypto_amount>=99"];
        let (output, records) =
            command("watch", &server, &arguments).run_json_opening(&reported, "\"completed\"");
        assert_eq!(output.code, code, "{output:#?}");
        assert_eq!(statuses(&records), ["completed"]);
        assert_eq!(server.request_count(&rest_path(ID)), 3);
    }
}

#[test]
fn every_expectation_has_to_hold() {
    let both = ["--expect", "crypto_amount>=99", "--expect", "fiat_amount<100"];
    assert_eq!(watch_pushed(&["completed"], &both).0.code, 13);
    // Expectations apply only at the goal.
    let (output, _) = watch_pushed(&["failed"], &["--expect", "crypto_amount>=100"]);
    assert_eq!(output.code, 10);
}

#[test]
fn a_mismatch_is_explained_in_every_form() {
    for form in ["human", "plain", "json"] {
        let server = Script::new().rest(ID, [Reply::json(&record(ID, "completed", 0))]).start();
        let arguments = ["-q", "-o", form, "--expect", "crypto_amount>=100"];
        let output = command("poll", &server, &arguments).run();
        output
            .fails(13, &format!("proof:{ID} completed, but not as asked: expected crypto_amount"));
        assert!(output.stderr.contains("99.50"), "{output:#?}");
    }
}

#[test]
fn a_failed_transaction_may_be_reopened_during_grace() {
    let reopened = &["pending", "failed", "processing", "completed"];
    let (output, records) = watch_pushed(reopened, &["--grace", "30s"]);
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
    let (output, records) = watch_pushed(reopened, &[]);
    assert_eq!(output.code, 10, "{output:#?}");
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    let (output, records) = watch_pushed(&["pending", "failed"], &["--grace", "300ms"]);
    assert_eq!(output.code, 10, "{output:#?}");
    let failed = of_type(&records, "status").last().unwrap()["elapsed_ms"].as_u64().unwrap();
    let settled = only_result(&records)["elapsed_ms"].as_u64().unwrap();
    assert!(settled >= failed + 300, "{output:#?}");
    // Proof reopens failed transactions, and no others.
    let (output, _) = watch_pushed(&["pending", "cancelled", "completed"], &["--grace", "300ms"]);
    assert_eq!(output.code, 11, "{output:#?}");
}
