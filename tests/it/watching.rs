//! Subscribe, pull, follow.

use serde_json::Value;

use crate::support::proof::{ID, record, update};
use crate::support::schema::{of_type, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::{Script, push, rest};
use crate::support::txwatch::{TOKEN, txwatch};

fn sources(records: &[Value]) -> Vec<&str> {
    of_type(records, "status").map(|record| record["source"].as_str().unwrap()).collect()
}

#[test]
fn it_subscribes_then_pulls_then_follows() {
    let pulled = Gate::new();
    let server = Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&pulled)])
        .push(
            ID,
            [Reply::upgrade([
                Step::Await(pulled),
                Step::json(&update(ID, "processing", 1)),
                Step::json(&update(ID, "completed", 2)),
            ])],
        )
        .start();
    let (ended, records) =
        txwatch(["watch", &format!("proof:{ID}")]).proof(&server.url()).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"completed"));
    assert_eq!(sources(&records).last(), Some(&"push"));
    assert_eq!(server.targets(), [push(ID), rest(ID)]);
}
