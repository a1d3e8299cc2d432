//! Conditions on the record of a transaction that reached the goal (`--expect 'PATH OP VALUE'`).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use serde_json::Value;

use crate::error::nearest;
use crate::provider::{Report, Status, Transaction};

/// The longest number and the largest exponent that is compared as a decimal, so that the arithmetic stays cheap
/// whatever a provider sends.
const MAX_DIGITS: usize = 1_000;

/// The fields of the record that are amounts.
const AMOUNTS: [&str; 3] = ["fiat_amount", "crypto_amount", "cost"];

/// A condition, e.g. `crypto_amount>=99`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    path: String,
    operator: Operator,
    value: String,
}

/// The fields beside those of the record that a condition may be on.
const STATUSES: [&str; 2] = ["status", "provider_status"];

/// The field of a condition that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// The path of the condition.
    pub path: String,
    /// The path of a field that there is, with nearly the same name.
    pub nearest: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    AtLeast,
    AtMost,
    Differs,
    Equals,
    Above,
    Below,
}

/// Longest first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 7] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::Differs),
    ("==", Operator::Equals),
    ("=", Operator::Equals),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// Operators of other languages, and what is meant.
const MISTYPED: [(&str, &str); 6] =
    [("=>", ">="), ("=<", "<="), ("<>", "!="), ("===", "="), ("!==", "!="), ("==>", ">=")];

/// Whether a condition goes on with this operator. What follows `=>` and `=<` may be a text, such as `<none>`.
fn is_mistyped(rest: &str, operator: &str) -> bool {
    let Some(value) = rest.strip_prefix(operator) else {
        return false;
    };
    !operator.starts_with('=') || operator == "===" || decimal(value.trim()).is_some()
}

impl Expectation {
    /// Checks the condition. The path is looked up in the record first, then in the provider's JSON of the report
    /// (`a.b.0` descends).
    ///
    /// # Errors
    /// A sentence on what was found instead.
    pub fn check(&self, record: &Transaction, report: &Report) -> Result<(), String> {
        let Some(found) = self.look_up(record, report) else {
            let suggestion = match self.unknown_field(report) {
                Some(UnknownField { nearest: Some(near), .. }) => format!("; did you mean {near}?"),
                _ => String::new(),
            };
            return Err(format!("expected {self}, but there is no {}{suggestion}", self.path));
        };
        let problem = format!("expected {self}, but {} is {found}", self.path);
        if self.needs_number() && decimal(&found).is_none() {
            Err(format!("{problem}, which is no number that can be compared"))
        } else if self.compare(&found) {
            Ok(())
        } else {
            Err(problem)
        }
    }

    /// The field that the condition is on, if neither the record has such a field by its form, nor the provider's JSON
    /// at present. It may still come. None, too, if there is no JSON to see it by.
    pub fn unknown_field(&self, report: &Report) -> Option<UnknownField> {
        let of_record = || STATUSES.iter().chain(&Transaction::FIELDS).copied();
        if of_record().any(|field| field == self.path) {
            return None;
        }
        let data = report.data.as_ref()?;
        let path = self.path.strip_prefix("data.").unwrap_or(&self.path);
        let before = &self.path[..self.path.len() - path.len()];
        let Gap { at, place } = gap(data, path)?;
        let step = path[at..].split('.').next().unwrap_or_default();
        let fields = place.as_object().into_iter().flat_map(|fields| fields.keys());
        let fields = fields.map(|field| format!("{before}{}{field}", &path[..at]));
        let of_record = of_record().filter(|_| at == 0).map(str::to_owned);
        let known: Vec<_> = fields.chain(of_record).collect();
        let names = known.iter().map(|known| known.rsplit('.').next().unwrap_or(known));
        let near = nearest(step, names);
        let path_of =
            |near: &str| known.iter().find(|known| known.rsplit('.').next() == Some(near));
        Some(UnknownField { path: self.path.clone(), nearest: near.and_then(path_of).cloned() })
    }

    /// Whether there is a value at the condition's path.
    pub fn finds(&self, record: &Transaction, report: &Report) -> bool {
        self.look_up(record, report).is_some()
    }

    fn look_up(&self, record: &Transaction, report: &Report) -> Option<String> {
        match self.path.as_str() {
            "status" => return Some(report.status.name().to_owned()),
            "provider_status" => return Some(report.provider_status.clone()),
            _ => {}
        }
        let record = serde_json::to_value(record).ok()?;
        descend(&record, &self.path).or_else(|| {
            let path = self.path.strip_prefix("data.").unwrap_or(&self.path);
            descend(report.data.as_ref()?, path)
        })
    }

    /// Whether only numbers can be compared: in their order, or as an amount.
    fn needs_number(&self) -> bool {
        let is_ordered = !matches!(self.operator, Operator::Equals | Operator::Differs);
        is_ordered || AMOUNTS.contains(&self.path.as_str())
    }

    fn compare(&self, found: &str) -> bool {
        let order = match (decimal(found), decimal(&self.value)) {
            (Some(found), Some(value)) => Some(found.cmp(&value)),
            _ if found == self.value => Some(Ordering::Equal),
            _ => None,
        };
        match self.operator {
            Operator::Equals => order == Some(Ordering::Equal),
            Operator::Differs => order != Some(Ordering::Equal),
            Operator::AtLeast => order.is_some_and(Ordering::is_ge),
            Operator::AtMost => order.is_some_and(Ordering::is_le),
            Operator::Above => order == Some(Ordering::Greater),
            Operator::Below => order == Some(Ordering::Less),
        }
    }
}

/// Where a path leads to nothing.
struct Gap<'a> {
    /// The index in the path at which the step begins that there is not.
    at: usize,
    /// What has no such step.
    place: &'a Value,
}

/// The gap in a path. None if the path leads to a value, or may do so once a null is filled in or a list is longer.
fn gap<'a>(root: &'a Value, path: &str) -> Option<Gap<'a>> {
    let (mut at, mut place) = (0, root);
    for step in path.split('.') {
        let next = match (place, step.parse::<usize>()) {
            (Value::Null, _) => return None,
            (Value::Array(items), Ok(index)) => Some(items.get(index)?),
            (place, _) => place.get(step),
        };
        match next {
            Some(next) => (at, place) = (at + step.len() + 1, next),
            None => return Some(Gap { at, place }),
        }
    }
    None
}

fn descend(root: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(root, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        value => value.get(step),
    })?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// A number as JSON writes it; leading zeros are accepted. The libraries accept more, such as `1_000` or `.5`.
fn decimal(text: &str) -> Option<BigDecimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let digits_of_exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if text.len() > MAX_DIGITS || ![whole, fraction, digits_of_exponent].into_iter().all(is_number)
    {
        return None;
    }
    let exponent = exponent.parse::<i64>().ok()?.unsigned_abs();
    if exponent > MAX_DIGITS as u64 { None } else { text.parse().ok() }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write PATH OP VALUE, e.g. 'crypto_amount>=99'";
        let at = text
            .find(['<', '>', '=', '!'])
            .ok_or_else(|| format!("there is no operator in it; {form}"))?;
        let (path, rest) = text.split_at(at);
        let (symbol, operator) = OPERATORS
            .iter()
            .find(|(symbol, _)| rest.starts_with(symbol))
            .ok_or_else(|| format!("the operators are >= <= != = > <; {form}"))?;
        let (path, value) = (path.trim(), rest[symbol.len()..].trim());
        if let Some((mistyped, meant)) =
            MISTYPED.iter().find(|(mistyped, _)| is_mistyped(rest, mistyped))
        {
            return Err(format!(
                "{mistyped} is none of the operators; did you mean {meant}? {form}"
            ));
        }
        if path.is_empty() || value.is_empty() {
            return Err(format!("a side of it is empty; {form}"));
        }
        let expectation =
            Expectation { path: path.to_owned(), operator: *operator, value: value.to_owned() };
        if path == "status" && matches!(operator, Operator::Equals | Operator::Differs) {
            value.parse::<Status>()?;
        }
        if expectation.needs_number() && decimal(value).is_none() {
            let value = value.escape_debug();
            return Err(format!(
                "{path}{symbol} compares numbers, and '{value}' is none; write digits, as in 1000.50"
            ));
        }
        Ok(expectation)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = OPERATORS
            .iter()
            .rfind(|(_, operator)| *operator == self.operator)
            .map_or("=", |(symbol, _)| symbol);
        write!(f, "{}{symbol}{}", self.path, self.value)
    }
}

#[cfg(test)]
#[path = "expect_tests.rs"]
mod tests;
