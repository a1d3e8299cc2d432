//! What counts as success, and how a bad ending is believed.

use serde_json::Value;

use crate::support::proof::{ID, record, update};
use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::Script;
use crate::support::txwatch::{Ended, txwatch};

/// Watches a transaction that is pushed through these statuses, the first of which a pull answers too.
fn pushed(words: &[&str], arguments: &[&str]) -> (Ended, Vec<Value>) {
    let asked = Gate::new();
    let updates = words.iter().zip(0..).map(|(word, second)| update(ID, word, second));
    let mut steps: Vec<_> = updates.map(|update| Step::json(&update)).collect();
    steps.insert(0, Step::Await(asked.clone()));
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, words[0], 0)).opens(&asked)])
        .push(ID, [Reply::upgrade(steps)])
        .start();
    let target = format!("proof:{ID}");
    let all = ["watch", &target].into_iter().chain(arguments.iter().copied());
    txwatch(all).proof(&server.url()).run_json()
}

#[test]
fn until_names_what_is_waited_for() {
    let cases: &[(&[&str], &str, i32)] = &[
        (&["pending", "processing"], "processing", 0),
        // Later on the happy path is as good.
        (&["completed"], "processing", 0),
        (&["pending", "cancelled"], "failed,cancelled", 0),
        (&["pending", "failed"], "failed,cancelled", 0),
        (&["pending", "failed"], "processing", 10),
        (&["pending", "cancelled"], "failed", 11),
        // It ended well, but the goal can never be reached any more.
        (&["pending", "completed"], "failed,cancelled", 13),
    ];
    for (words, until, code) in cases {
        let (ended, records) = pushed(words, &["--until", until]);
        assert_eq!(ended.code, *code, "{words:?} until {until}: {ended:#?}");
        assert_eq!(statuses(&records).last(), words.last());
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
        let arguments = ["poll", &format!("proof:{ID}"), "--expect", expectation];
        let (ended, records) = txwatch(arguments).proof(&server.url()).run_json();
        assert_eq!(ended.code, code, "{expectation}: {ended:#?}");
        if code == 13 {
            let result = of_type(&records, "result").next().unwrap();
            let field = expectation.split(['=', '>']).next().unwrap();
            assert!(result["reason"].as_str().unwrap().contains(field), "{result}");
            assert_eq!(result["outcome"], "mismatch");
            assert_eq!(result["status"], "completed");
        }
    }
}

#[test]
fn every_expectation_has_to_hold() {
    let both = ["--expect", "crypto_amount>=99", "--expect", "fiat_amount<100"];
    assert_eq!(pushed(&["completed"], &both).0.code, 13);
    // Before the goal nothing is expected yet.
    let (ended, _) = pushed(&["failed"], &["--expect", "crypto_amount>=100"]);
    assert_eq!(ended.code, 10);
}

#[test]
fn a_mismatch_is_explained_in_every_form() {
    for form in ["human", "plain", "json"] {
        let server = Script::new().rest(ID, [Reply::json(&record(ID, "completed", 0))]).start();
        let target = format!("proof:{ID}");
        let arguments = ["poll", &target, "-q", "-o", form, "--expect", "crypto_amount>=100"];
        let ended = txwatch(arguments).proof(&server.url()).run();
        ended.fails(13, &format!("{target} completed, but not as asked: expected crypto_amount"));
        assert!(ended.stderr.contains("99.50"), "{ended:#?}");
    }
}

#[test]
fn a_failure_may_be_revived_while_grace_holds_it() {
    let revived = &["pending", "failed", "processing", "completed"];
    let (ended, records) = pushed(revived, &["--grace", "30s"]);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
    let (ended, records) = pushed(revived, &[]);
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    let (ended, records) = pushed(&["pending", "failed"], &["--grace", "300ms"]);
    assert_eq!(ended.code, 10, "{ended:#?}");
    let failed = of_type(&records, "status").last().unwrap()["elapsed_ms"].as_u64().unwrap();
    let settled = of_type(&records, "result").next().unwrap()["elapsed_ms"].as_u64().unwrap();
    assert!(settled >= failed + 300, "{ended:#?}");
    // Proof revives what failed, and nothing else.
    let (ended, _) = pushed(&["pending", "cancelled", "completed"], &["--grace", "300ms"]);
    assert_eq!(ended.code, 11, "{ended:#?}");
}
