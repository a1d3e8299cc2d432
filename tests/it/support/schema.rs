//! Holds NDJSON against the published schema, and against what the schema cannot say.

use serde_json::Value;

/// Parses the lines of a command's stdout and checks each against the schema; then that the lines are
/// counted, that every target has exactly one result, and that the last line is the one summary, whose
/// exit is the process's.
pub fn records(stdout: &str, exit: i32) -> Vec<Value> {
    let schema: Value = serde_json::from_str(txwatch::render::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let records: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, record) in records.iter().enumerate() {
        let problems: Vec<_> =
            validator.iter_errors(record).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{record:#}\n{problems:#?}");
        assert_eq!(record["seq"], index + 1, "{record:#}");
    }
    let (summary, others) = records.split_last().expect("a summary");
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["exit"], exit, "{summary:#}");
    assert!(others.iter().all(|record| record["type"] != "summary"));
    let mut targets: Vec<_> =
        of_type(&records, "result").map(|result| result["target"].clone()).collect();
    assert_eq!(summary["targets"], targets.len(), "{summary:#}");
    targets.sort_by_key(ToString::to_string);
    targets.dedup();
    assert_eq!(summary["targets"], targets.len(), "a target has two results");
    records
}

/// The records of one type.
pub fn of_type<'a>(records: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    records.iter().filter(move |record| record["type"] == kind)
}

/// The statuses that were shown, in order.
pub fn statuses(records: &[Value]) -> Vec<&str> {
    of_type(records, "status").map(|record| record["status"].as_str().unwrap()).collect()
}
