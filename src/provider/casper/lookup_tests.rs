//! What a node is asked, question after question.

use std::time::Duration;

use super::*;

fn error(code: i64) -> Response {
    let error = json!({ "code": code, "message": "it says" });
    Response::new(200, json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string())
}

fn executed() -> Response {
    let result =
        json!({ "transaction": transaction(), "execution_info": info(second(Value::Null)) });
    Response::new(200, json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string())
}

/// What is asked where the questions get these answers, the last of them again and again.
fn ask(answers: &[Response]) -> (Vec<Request>, Reading) {
    look_up(&*node(), ID, after(60), |asked, _| {
        answers.get(asked).or(answers.last()).unwrap().clone()
    })
}

#[test]
fn the_questions_are_these_to_the_letter() {
    let transaction = |tag: &str| {
        format!(
            r#"POST http://127.0.0.1:7777/rpc {{"jsonrpc":"2.0","id":1,"method":"info_get_transaction","params":{{"transaction_hash":{{"{tag}":"{ID}"}},"finalized_approvals":false}}}}"#
        )
    };
    let older = format!(
        r#"POST http://127.0.0.1:7777/rpc {{"jsonrpc":"2.0","id":1,"method":"info_get_deploy","params":{{"deploy_hash":"{ID}","finalized_approvals":false}}}}"#
    );
    let (asked, reading) = ask(&[error(-32014)]);
    let asked: Vec<_> = asked.iter().map(written).collect();
    assert_eq!(asked, [transaction("Version1"), transaction("Deploy"), older]);
    assert!(matches!(reading, Reading::NotFound(answer) if answer == "it says (-32014)"));
}

#[test]
fn it_is_asked_for_both_tags_and_as_1_x_knows_it() {
    let (asked, _) = ask(&[error(-32000)]);
    let asked: Vec<Value> = asked
        .iter()
        .map(|request| {
            assert_eq!((request.url.path(), &request.auth), ("/rpc", &Auth::None));
            serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
        })
        .collect();
    let methods: Vec<_> = asked.iter().map(|body| body["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["info_get_transaction", "info_get_transaction", "info_get_deploy"]);
    assert_eq!(asked[0]["params"]["transaction_hash"], json!({ "Version1": ID }));
    assert_eq!(asked[1]["params"]["transaction_hash"], json!({ "Deploy": ID }));
    assert_eq!(asked[2]["params"]["deploy_hash"], ID);
}

#[test]
fn only_an_unknown_hash_leads_to_the_next_question() {
    for code in [-32000, -32014, -32015, -32601] {
        for known_at in 0..3 {
            let mut answers = vec![error(code); known_at];
            answers.push(executed());
            let (asked, reading) = ask(&answers);
            assert_eq!(asked.len(), known_at + 1, "{code}");
            assert_eq!(observed(reading).status, Status::Completed);
        }
        let (asked, _) = ask(&[error(code)]);
        assert_eq!(asked.len(), 3, "{code}");
    }
    for last in [error(-32603), error(-32700), Response::new(503, ""), Response::new(404, "{}")] {
        let (asked, reading) = ask(&[error(-32000), last]);
        assert_eq!(asked.len(), 2);
        let is_error = matches!(
            reading,
            Reading::Busy { .. } | Reading::ForeignNotFound(_) | Reading::Malformed(_)
        );
        assert!(is_error, "{reading:?}");
    }
}

#[test]
fn the_last_of_the_answers_that_know_nothing_is_quoted() {
    let (asked, reading) = ask(&[error(-32000), error(-32014), error(-32601)]);
    assert_eq!(asked.len(), 3);
    assert!(matches!(reading, Reading::NotFound(answer) if answer == "it says (-32601)"));
}

/// Neither clock may end a transaction by being ahead; a node that tells no time is believed with ours.
#[test]
fn the_clock_that_is_behind_decides_whether_it_ran_out_of_time() {
    let end = 30 * 60 + EXPIRY_MARGIN.as_secs() as i64;
    let result = json!({ "transaction": transaction(), "execution_info": null });
    let body = json!({ "id": 1, "result": result }).to_string();
    let status = |ours: i64, theirs: Option<i64>| {
        let response = Response { date: theirs.map(after), ..Response::new(200, body.as_str()) };
        observed(testing::read(&*node(), ID, after(ours), &response)).status
    };
    assert_eq!(status(end + 1, Some(end + 1)), Status::Expired);
    assert_eq!(status(end + 1, None), Status::Expired);
    assert_eq!(status(end, None), Status::Pending);
    assert_eq!(status(end + 1, Some(end)), Status::Pending);
    assert_eq!(status(end, Some(end + 1)), Status::Pending);
}

/// A node has no 404 of its own: what it does not know is an error of JSON-RPC.
#[test]
fn a_404_is_never_about_the_hash() {
    assert_404(&*node(), ID, &[]);
    let unknown =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32014,"message":"No such transaction"}}"#;
    let reading = read_at(after(0), 404, unknown);
    assert!(matches!(reading, Reading::ForeignNotFound(_)), "{reading:?}");
}

#[test]
fn how_long_to_wait_travels_with_the_answer() {
    testing::assert_busy_says_how_long(&*node(), ID);
    // Also where the node itself is busy, which it says with HTTP's 200.
    let wait = Some(Duration::from_secs(7));
    for code in [-32018, -32603] {
        let response = Response { retry_after: wait, ..error(code) };
        let (_, reading) = ask(&[response]);
        assert!(matches!(reading, Reading::Busy { retry_after, .. } if retry_after == wait));
    }
}
