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
    /// Both a result and an error.
    Ambiguous,
    /// Neither: the body is not JSON-RPC. With its text, if it has an error that is one.
    Other(Option<String>),
}

/// An error object.
#[derive(Debug, PartialEq)]
pub struct RpcError {
    /// The code, if it is a number.
    pub code: Option<i64>,
    /// The message with the code in parentheses, for people.
    pub text: String,
}

/// Reads `{"result": …}` or `{"error": {code, message}}`. Some servers add the other key with the value null.
pub fn read_response(mut body: Map<String, Value>) -> RpcResponse {
    let error = body.remove("error").filter(|error| !error.is_null());
    match (error, body.remove("result")) {
        (Some(_), Some(result)) if !result.is_null() => RpcResponse::Ambiguous,
        (Some(Value::Object(error)), _) => RpcResponse::Error(RpcError::of(&error)),
        (None, Some(result)) => RpcResponse::Result(result),
        (Some(Value::String(error)), _) => RpcResponse::Other(Some(error)),
        _ => RpcResponse::Other(None),
    }
}

impl RpcError {
    fn of(error: &Map<String, Value>) -> Self {
        let code = error.get("code");
        let number = code.and_then(integer);
        let message = match error.get("message") {
            Some(Value::String(message)) if !message.is_empty() => message.clone(),
            Some(Value::Number(message)) => message.to_string(),
            _ => "an error".to_owned(),
        };
        let text = match (number, code) {
            (Some(number), _) => format!("{message} ({number})"),
            (None, Some(Value::String(word))) if !word.is_empty() => format!("{message} ({word})"),
            _ => message,
        };
        RpcError { code: number, text }
    }
}

/// A code as an integer. Behind proxies it may be `-32014.0`, or text with the number in it.
fn integer(code: &Value) -> Option<i64> {
    let text = match code {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

/// A float without a fraction. The codes of JSON-RPC have 32 bits.
fn whole(float: f64) -> Option<i64> {
    let is_code = float.fract() == 0.0 && float.abs() <= f64::from(i32::MAX);
    is_code.then_some(float as i64)
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
        for body in ["{}", r#"{"error":null}"#, r#"{"error":7}"#, r#"{"error":[],"result":null}"#] {
            assert_eq!(read(body), RpcResponse::Other(None), "{body}");
        }
        let other = RpcResponse::Other(Some("no token".to_owned()));
        assert_eq!(read(r#"{"error":"no token"}"#), other);
        for body in [r#"{"error":7,"result":1}"#, r#"{"error":{"code":1},"result":{}}"#] {
            assert_eq!(read(body), RpcResponse::Ambiguous, "{body}");
        }
    }

    #[test]
    fn a_code_is_read_in_every_spelling() {
        for (code, number, text) in [
            ("-32014", Some(-32_014), "no (-32014)"),
            ("-32014.0", Some(-32_014), "no (-32014)"),
            ("-3.2014e4", Some(-32_014), "no (-32014)"),
            (r#""-32014""#, Some(-32_014), "no (-32014)"),
            (r#"" -32014.0 ""#, Some(-32_014), "no (-32014)"),
            ("429", Some(429), "no (429)"),
            (r#""unauthorized""#, None, "no (unauthorized)"),
            ("-32014.5", None, "no"),
            ("1e999", None, "no"),
            (r#""NaN""#, None, "no (NaN)"),
            (r#""""#, None, "no"),
            ("null", None, "no"),
            ("[-32014]", None, "no"),
        ] {
            let error = RpcError { code: number, text: text.to_owned() };
            let body = format!(r#"{{"error":{{"code":{code},"message":"no"}}}}"#);
            assert_eq!(read(&body), RpcResponse::Error(error), "{code}");
        }
        let error = RpcError { code: None, text: "an error".to_owned() };
        assert_eq!(read(r#"{"error":{}}"#), RpcResponse::Error(error));
    }
}
