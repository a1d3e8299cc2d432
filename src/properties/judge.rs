//! Whether a report is backed by what the provider said, found out by other means than the decoders'.

use serde_json::Value;

use super::API_KEY;
use crate::provider::Id;
use crate::provider::{Report, Status};

/// It ended well only if the provider's own words say so, and it is about this transaction.
pub(super) fn report(provider: &str, id: &Id, report: &Report) {
    let Some(data) = &report.data else { panic!("{report:?} is backed by nothing") };
    let completed = match provider {
        "proof" => text(data, "status").as_deref() == Some("completed"),
        "transak" => text(data, "status").as_deref() == Some("COMPLETED"),
        "cspr" => {
            let error = data.get("error_message").is_some_and(|error| !error.is_null());
            text(data, "status").as_deref() == Some("processed") && !error
        }
        _ => executed(data),
    };
    assert!(report.status != Status::Completed || completed, "{report:?} did not end well");
    if provider != "casper" {
        assert_eq!(text(data, "status").as_ref(), Some(&report.word), "the provider's word");
        assert_eq!(report.status == Status::Completed, completed, "{report:?}");
    }
    let names = names(provider, id, data);
    let is_about = |name: &String| name.eq_ignore_ascii_case(subject(id));
    assert!(names.iter().all(is_about), "{report:?} is about {names:?}, not {id}");
}

/// Whether somewhere in what was told there is what a report is backed by.
pub(super) fn holds(told: &Value, report: &Report) -> bool {
    fn within(told: &Value, data: &Value) -> bool {
        told == data
            || match told {
                Value::Array(items) => items.iter().any(|item| within(item, data)),
                Value::Object(fields) => fields.values().any(|field| within(field, data)),
                _ => false,
            }
    }
    report.data.as_ref().is_some_and(|data| within(told, data))
}

/// What a transaction is called in the provider's JSON.
fn subject(id: &Id) -> &str {
    id.as_str().strip_prefix("partner/").unwrap_or(id.as_str())
}

/// What the JSON says that it is about.
fn names(provider: &str, id: &Id, data: &Value) -> Vec<String> {
    let at = |key: &str| text(data, key).into_iter().collect();
    match provider {
        "proof" => at("merchant_transaction_id"),
        "transak" if id.as_str().starts_with("partner/") => at("partnerOrderId"),
        "transak" => text(data, "id").or_else(|| text(data, "_id")).into_iter().collect(),
        "cspr" => at("deploy_hash"),
        _ => {
            let text = |value: Option<&Value>, place: &str| {
                Some(value?.pointer(place)?.as_str()?.to_owned())
            };
            if let Some(sent) = data.get("transaction").or_else(|| data.get("deploy")) {
                let places = ["/hash", "/Version1/hash", "/Deploy/hash"];
                return places.into_iter().filter_map(|place| text(Some(sent), place)).collect();
            }
            let event = data.as_object().and_then(|fields| fields.values().next());
            let places = [
                "/transaction_hash/Version1",
                "/transaction_hash/Deploy",
                "/deploy_hash",
                "/Version1/hash",
                "/Deploy/hash",
                "/hash",
            ];
            places.into_iter().find_map(|place| text(event, place)).into_iter().collect()
        }
    }
}

/// Whether every execution that a node tells of was a success.
fn executed(data: &Value) -> bool {
    let event = data.as_object().and_then(|fields| fields.iter().next());
    let event = event.filter(|(kind, _)| kind.ends_with("Processed"));
    let results: Vec<_> = match (event, data.get("execution_info")) {
        (Some((_, event)), _) => event.get("execution_result").into_iter().collect(),
        (_, Some(info @ Value::Object(_))) => info.get("execution_result").into_iter().collect(),
        _ => {
            let all = data.get("execution_results").and_then(Value::as_array);
            all.into_iter().flatten().filter_map(|one| one.get("result")).collect()
        }
    };
    !results.is_empty() && results.into_iter().all(succeeded)
}

fn succeeded(execution: &Value) -> bool {
    match execution.get("Version2") {
        Some(second) => second.get("error_message") == Some(&Value::Null),
        None => {
            let first = execution.get("Version1").unwrap_or(execution);
            first.get("Success").is_some_and(Value::is_object) && first.get("Failure").is_none()
        }
    }
}

/// The name of the channel that an id is followed on.
pub(super) fn channel(id: &Id) -> String {
    match id.as_str().strip_prefix("partner/") {
        Some(reference) => format!("{API_KEY}_{reference}"),
        None => id.to_string(),
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
