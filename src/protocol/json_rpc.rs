//! JSON-RPC 2.0 over HTTP: one call a request (jsonrpc.org/specification).

use serde_json::{Map, Value, json};
use url::Url;

use crate::wire::{Auth, Request};

/// The call of a method.
pub fn call(url: &Url, auth: Auth, method: &str, params: &Value) -> Request {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    Request::post(url.clone(), auth, body.to_string())
}

/// What a call came to.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// Its result.
    Result(Value),
    /// An error.
    Error(RpcError),
    /// The body has neither, or both in a form that is neither's.
    Neither,
}

/// An error object.
#[derive(Debug, PartialEq)]
pub struct RpcError {
    /// Its code, if it is a whole number.
    pub code: Option<i64>,
    /// Message and code, as they are quoted.
    pub text: String,
}

/// Reads `{"result": …}` or `{"error": {code, message}}`. Some servers write the other one as null.
pub fn answer(mut body: Map<String, Value>) -> Answer {
    match (body.remove("error"), body.remove("result")) {
        (Some(Value::Object(error)), _) => Answer::Error(RpcError::of(&error)),
        (None | Some(Value::Null), Some(result)) => Answer::Result(result),
        _ => Answer::Neither,
    }
}

impl RpcError {
    fn of(error: &Map<String, Value>) -> Self {
        let code = error.get("code").and_then(Value::as_i64);
        let message = match error.get("message") {
            Some(Value::String(message)) if !message.is_empty() => message.clone(),
            Some(Value::Number(message)) => message.to_string(),
            _ => "an error".to_owned(),
        };
        let text = code.map_or(message.clone(), |code| format!("{message} ({code})"));
        RpcError { code, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Answer {
        answer(serde_json::from_str(body).unwrap())
    }

    #[test]
    fn an_answer_has_a_result_or_an_error() {
        assert_eq!(read(r#"{"result":1}"#), Answer::Result(1.into()));
        assert_eq!(read(r#"{"result":null,"error":null}"#), Answer::Result(Value::Null));
        let error = RpcError { code: Some(-32601), text: "Method not found (-32601)".to_owned() };
        let body = r#"{"error":{"code":-32601,"message":"Method not found"},"result":null}"#;
        assert_eq!(read(body), Answer::Error(error));
        let error = RpcError { code: None, text: "an error".to_owned() };
        assert_eq!(read(r#"{"error":{"code":"x"}}"#), Answer::Error(error));
        for body in ["{}", r#"{"error":null}"#, r#"{"error":7,"result":1}"#] {
            assert_eq!(read(body), Answer::Neither, "{body}");
        }
    }
}
