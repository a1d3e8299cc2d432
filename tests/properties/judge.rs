//! Whether a report is backed by what the provider said, found out by other means than the decoders' and the
//! sandbox's: what they have misunderstood alike must not pass.

use serde_json::Value;
use txwatch::provider::{Id, Report, Status};

use super::ANY_TEXT;

/// How a provider's JSON is read.
struct Judge {
    /// Whether it says that a transaction ended well.
    completed: fn(&Value) -> bool,
    /// What it says that it is about, asked about this id.
    names: fn(&Id, &Value) -> Vec<String>,
    /// Whether its status is a word in it, which alone decides.
    has_word: bool,
}

impl Judge {
    fn of(provider: &str) -> Judge {
        match provider {
            "proof" => Judge {
                completed: |data| text(data, "status").as_deref() == Some("completed"),
                names: |_, data| one(text(data, "merchant_transaction_id")),
                has_word: true,
            },
            "transak" => Judge {
                completed: |data| text(data, "status").as_deref() == Some("COMPLETED"),
                names: |id, data| {
                    let reference = id.as_str().starts_with("partner/");
                    let id = || text(data, "id").or_else(|| text(data, "_id"));
                    one(if reference { text(data, "partnerOrderId") } else { id() })
                },
                has_word: true,
            },
            "cspr" => Judge {
                completed: |data| {
                    // Absent is not null.
                    let is_fine = data.get("error_message").is_some_and(Value::is_null);
                    text(data, "status").as_deref() == Some("processed") && is_fine
                },
                names: |_, data| one(text(data, "deploy_hash")),
                has_word: true,
            },
            "casper" => {
                Judge { completed: is_executed, names: |_, data| hashes(data), has_word: false }
            }
            other => panic!("nobody judges {other}: say here how its JSON is read"),
        }
    }
}

/// It ended well only if the provider's own words say so, and it is about this transaction.
pub(super) fn report(provider: &str, id: &Id, report: &Report) {
    let judge = Judge::of(provider);
    let Some(data) = &report.data else { panic!("{report:?} is backed by nothing") };
    let completed = (judge.completed)(data);
    assert!(report.status != Status::Completed || completed, "{report:?} did not end well");
    if judge.has_word {
        assert_eq!(
            text(data, "status").as_ref(),
            Some(&report.provider_status),
            "the provider's word"
        );
        assert_eq!(report.status == Status::Completed, completed, "{report:?}");
    }
    let names = (judge.names)(id, data);
    let is_about = |name: &String| name.eq_ignore_ascii_case(subject(id));
    assert!(names.iter().all(is_about), "{report:?} is about {names:?}, not {id}");
}

/// Whether somewhere in an answer there is what a report is backed by.
pub fn holds(answer: &Value, report: &Report) -> bool {
    fn within(answer: &Value, data: &Value) -> bool {
        answer == data
            || match answer {
                Value::Array(items) => items.iter().any(|item| within(item, data)),
                Value::Object(fields) => fields.values().any(|field| within(field, data)),
                _ => false,
            }
    }
    report.data.as_ref().is_some_and(|data| within(answer, data))
}

/// The name of the channel that an id is followed on.
pub(super) fn channel(id: &Id) -> String {
    match id.as_str().strip_prefix("partner/") {
        Some(reference) => format!("{ANY_TEXT}_{reference}"),
        None => id.to_string(),
    }
}

/// What a transaction is called in the provider's JSON.
fn subject(id: &Id) -> &str {
    id.as_str().strip_prefix("partner/").unwrap_or(id.as_str())
}

/// The hashes in what a node says: of a transaction in an answer, or of what an event is about.
fn hashes(data: &Value) -> Vec<String> {
    let text =
        |value: Option<&Value>, place: &str| Some(value?.pointer(place)?.as_str()?.to_owned());
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
    one(places.into_iter().find_map(|place| text(event, place)))
}

/// Whether every execution that a node tells of was a success.
fn is_executed(data: &Value) -> bool {
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

fn one(name: Option<String>) -> Vec<String> {
    name.into_iter().collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
