//! Expectations on fields that there are not.

use crate::support::proof::{ID, command, record};
use crate::support::schema::of_type;
use crate::support::script::Reply;
use crate::support::server::Script;
use crate::support::txwatch::txwatch;

fn told(records: &[serde_json::Value]) -> Vec<&str> {
    let missing =
        of_type(records, "warning").filter(|warning| warning["code"] == "expected_field_missing");
    missing.map(|warning| warning["message"].as_str().unwrap()).collect()
}

#[test]
fn a_field_that_the_first_record_lacks_is_told_before_the_end() {
    let answers = [("pending", 0), ("processing", 1), ("completed", 2)];
    let answers = answers.map(|(status, second)| Reply::json(&record(ID, status, second)));
    let server = Script::new().rest(ID, answers).start();
    let arguments = ["-i", "100ms", "--expect", "crypto_amout>=1", "--expect", "hash!=x"];
    let (output, records) = command("poll", &server, &arguments).run_json();
    assert_eq!(output.code, 13, "{output:#?}");
    let warnings = told(&records);
    assert_eq!(warnings.len(), 1, "{records:#?}");
    assert!(
        warnings[0].contains("no crypto_amout in the first record (did you mean crypto_amount?)"),
        "{warnings:?}"
    );
    let place =
        |wanted: &dyn Fn(&serde_json::Value) -> bool| records.iter().position(wanted).unwrap();
    let warned = place(&|record| record["code"] == "expected_field_missing");
    let ended = place(&|record| record["status"] == "completed");
    assert!(warned < ended, "{records:#?}");
    assert!(
        output.stderr.contains("there is no crypto_amout; did you mean crypto_amount?"),
        "{output:#?}"
    );
}

#[test]
fn fields_that_come_later_are_not_told() {
    for expectation in
        ["hash!=x", "error!=x", "cost<9", "status=completed", "provider_status=completed"]
    {
        let (output, records) =
            txwatch(["watch", "sandbox:happy", "--expect", expectation]).run_json();
        assert_eq!(told(&records), Vec::<&str>::new(), "{expectation}: {output:#?}");
    }
}

#[test]
fn many_targets_are_told_of_once() {
    let targets: Vec<_> = (0..20).map(|clock| format!("sandbox:slow@{clock}")).collect();
    let typed = ["poll", "--expect", "zzz=1", "-t", "5s", "-i", "1s"].map(str::to_owned);
    let (_, records) = txwatch(typed.into_iter().chain(targets)).at_speed("50").run_json();
    assert_eq!(told(&records).len(), 1);
}
