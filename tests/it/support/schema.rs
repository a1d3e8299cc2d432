//! JSON records: checked against the published schema, and against rules that a schema cannot express.

use serde_json::Value;

/// Parses the lines of a command's stdout and checks each against the schema; then that the lines are
/// numbered, that every target has exactly one result, and that the last line is the only summary, whose
/// exit code is that of the process.
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

/// The statuses, in order.
pub fn statuses(records: &[Value]) -> Vec<&str> {
    of_type(records, "status").map(|record| record["status"].as_str().unwrap()).collect()
}

/// The states of the push connections, in order.
pub fn connection_states(records: &[Value]) -> Vec<&str> {
    of_type(records, "connection").map(|record| record["state"].as_str().unwrap()).collect()
}

/// The first record about a lost push connection.
#[track_caller]
pub fn first_lost(records: &[Value]) -> &Value {
    let mut connections = of_type(records, "connection");
    connections.find(|record| record["state"] == "lost").expect("no connection was lost")
}

/// Where the last status came from: `push` or `pull`.
#[track_caller]
pub fn last_source(records: &[Value]) -> &str {
    let last = of_type(records, "status").last().expect("there is no status");
    last["source"].as_str().unwrap()
}

/// The result of the only target.
#[track_caller]
pub fn only_result(records: &[Value]) -> &Value {
    let mut results = of_type(records, "result");
    let result = results.next().expect("there is no result");
    assert!(results.next().is_none(), "there is more than one result");
    result
}

/// The messages of the warnings, in order.
pub fn warning_messages(records: &[Value]) -> Vec<&str> {
    of_type(records, "warning").map(|record| record["message"].as_str().unwrap()).collect()
}
