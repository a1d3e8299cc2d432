//! JSON-RPC 2.0 over HTTP, one call per request (jsonrpc.org/specification).

use serde_json::{Map, Value, json};
use url::Url;

use crate::wire::{Auth, Request};

/// The request that calls a method.
pub fn call(url: &Url, auth: Auth, method: &str, params: &Value) -> Request {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    Request::post(url.clone(), auth, body.to_string())
}

/// The response to a call.
#[derive(Debug, PartialEq)]
pub enum RpcResponse {
    /// The result of the method.
    Result(Value),
    /// An error object.
    Error(RpcError),
    /// The body has neither, or an error that is not an object.
    Malformed,
}

/// An error object.
#[derive(Debug, PartialEq)]
pub struct RpcError {
    /// The code, if it is an integer.
    pub code: Option<i64>,
    /// The message with the code in parentheses, for people.
    pub text: String,
}

/// Reads `{"result": …}` or `{"error": {code, message}}`. Some servers add the other key with the value null.
pub fn read_response(mut body: Map<String, Value>) -> RpcResponse {
    match (body.remove("error"), body.remove("result")) {
        (Some(Value::Object(error)), _) => RpcResponse::Error(RpcError::of(&error)),
        (None | Some(Value::Null), Some(result)) => RpcResponse::Result(result),
        _ => RpcResponse::Malformed,
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

    fn read(body: &str) -> RpcResponse {
        read_response(serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_response_has_a_result_or_an_error() {
        assert_eq!(read(r#"{"result":1}"#), RpcResponse::Result(1.into()));
        assert_eq!(read(r#"{"result":null,"error":null}"#), RpcResponse::Result(Value::Null));
        let error = RpcError { code: Some(-32601), text: "Method not found (-32601)".to_owned() };
        let body = r#"{"error":{"code":-32601,"message":"Method not found"},"result":null}"#;
        assert_eq!(read(body), RpcResponse::Error(error));
        let error = RpcError { code: None, text: "an error".to_owned() };
        assert_eq!(read(r#"{"error":{"code":"x"}}"#), RpcResponse::Error(error));
        for body in ["{}", r#"{"error":null}"#, r#"{"error":7,"result":1}"#] {
            assert_eq!(read(body), RpcResponse::Malformed, "{body}");
        }
    }
}
