//! The requests of a lookup at a node.

use std::time::Duration;

use super::*;

fn error(code: i64) -> Response {
    let error = json!({ "code": code, "message": "no such deploy" });
    Response::new(200, json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string())
}

fn executed() -> Response {
    let result =
        json!({ "transaction": transaction(), "execution_info": info(second(Value::Null)) });
    Response::new(200, json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string())
}

/// The requests if they get these responses, the last of which is repeated.
fn request_all(answers: &[Response]) -> (Vec<Request>, Reading) {
    look_up(&*node(), ID, after(60), |index, _| {
        answers.get(index).or(answers.last()).unwrap().clone()
    })
}

#[test]
fn the_requests_are_exactly_these() {
    let transaction = |tag: &str| {
        format!(
            r#"POST http://127.0.0.1:7777/rpc {{"jsonrpc":"2.0","id":1,"method":"info_get_transaction","params":{{"transaction_hash":{{"{tag}":"{ID}"}},"finalized_approvals":false}}}}"#
        )
    };
    let older = format!(
        r#"POST http://127.0.0.1:7777/rpc {{"jsonrpc":"2.0","id":1,"method":"info_get_deploy","params":{{"deploy_hash":"{ID}","finalized_approvals":false}}}}"#
    );
    let (requests, reading) = request_all(&[error(-32014)]);
    let requests: Vec<_> = requests.iter().map(written).collect();
    assert_eq!(requests, [transaction("Version1"), transaction("Deploy"), older]);
    assert!(matches!(reading, Reading::NotFound(answer) if answer == "no such deploy (-32014)"));
}

#[test]
fn both_tags_and_the_method_of_1_x_are_requested() {
    let (requests, _) = request_all(&[error(-32000)]);
    let requests: Vec<Value> = requests
        .iter()
        .map(|request| {
            assert_eq!((request.url.path(), &request.auth), ("/rpc", &Auth::None));
            serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
        })
        .collect();
    let methods: Vec<_> = requests.iter().map(|body| body["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["info_get_transaction", "info_get_transaction", "info_get_deploy"]);
    assert_eq!(requests[0]["params"]["transaction_hash"], json!({ "Version1": ID }));
    assert_eq!(requests[1]["params"]["transaction_hash"], json!({ "Deploy": ID }));
    assert_eq!(requests[2]["params"]["deploy_hash"], ID);
}

#[test]
fn only_an_unknown_hash_leads_to_the_next_question() {
    for code in [-32000, -32014, -32015, -32601] {
        for known_at in 0..3 {
            let mut answers = vec![error(code); known_at];
            answers.push(executed());
            let (requests, reading) = request_all(&answers);
            assert_eq!(requests.len(), known_at + 1, "{code}");
            assert_eq!(observed(reading).status, Status::Completed);
        }
        let (requests, _) = request_all(&[error(code)]);
        assert_eq!(requests.len(), 3, "{code}");
    }
    for last in [error(-32603), error(-32700), Response::new(503, ""), Response::new(404, "{}")] {
        let (requests, reading) = request_all(&[error(-32000), last]);
        assert_eq!(requests.len(), 2);
        let is_error =
            matches!(reading, Reading::Busy { .. } | Reading::Unusable(_) | Reading::Malformed(_));
        assert!(is_error, "{reading:?}");
    }
}

#[test]
fn the_last_not_found_is_quoted() {
    let (requests, reading) = request_all(&[error(-32000), error(-32014), error(-32601)]);
    assert_eq!(requests.len(), 3);
    assert!(matches!(reading, Reading::NotFound(answer) if answer == "no such deploy (-32014)"));
}

/// Such as a node of another chain.
#[test]
fn a_server_that_knows_no_method_is_no_casper_node() {
    let (requests, reading) = request_all(&[error(-32601)]);
    assert_eq!(requests.len(), 3);
    assert!(
        matches!(&reading, Reading::Unusable(text) if text.contains("is the url that of a Casper node?")),
        "{reading:?}"
    );
}

/// A node has no 404 of its own: what it does not know is an error of JSON-RPC.
#[test]
fn a_404_is_never_about_the_hash() {
    assert_404(&*node(), ID, &[]);
    let unknown =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32014,"message":"No such transaction"}}"#;
    let reading = read_at(after(0), 404, unknown);
    assert!(matches!(reading, Reading::NotFound(_)), "behind a proxy: {reading:?}");
}

#[test]
fn retry_after_is_in_the_reading() {
    testing::assert_busy_has_retry_after(&*node(), ID);
    // Also if the node itself is busy, which is an error with status 200.
    let wait = Some(Duration::from_secs(7));
    for code in [-32018, -32603, -32005, -32099] {
        let response = Response { retry_after: wait, ..error(code) };
        let (_, reading) = request_all(&[response]);
        assert!(matches!(reading, Reading::Busy { retry_after, .. } if retry_after == wait));
    }
}
