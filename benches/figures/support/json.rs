//! JSON as the measurements need it.

use serde_json::{Map, Value};

/// An object with only these of its fields: those that a figure was taken with first, so that it can be
/// compared with what it was.
pub(crate) fn only(object: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), object[*key].clone())).collect::<Map<_, _>>().into()
}
