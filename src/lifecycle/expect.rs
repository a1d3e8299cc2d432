//! Conditions on the record of a transaction that reached the goal (`--expect 'PATH OP VALUE'`).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use serde_json::Value;

use crate::provider::{Report, Transaction};

/// The longest number and the largest exponent that is compared as a decimal, so that the arithmetic stays cheap
/// whatever a provider sends.
const MAX_DIGITS: usize = 1_000;

/// A condition, e.g. `crypto_amount>=99`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    path: String,
    operator: Operator,
    value: String,
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

impl Expectation {
    /// Checks the condition. The path is looked up in the record first, then in the provider's JSON of the report
    /// (`a.b.0` descends).
    ///
    /// # Errors
    /// A sentence on what was found instead.
    pub fn check(&self, record: &Transaction, report: &Report) -> Result<(), String> {
        let Some(found) = self.look_up(record, report) else {
            return Err(format!("expected {self}, but there is no {}", self.path));
        };
        if self.compare(&found) {
            Ok(())
        } else {
            Err(format!("expected {self}, but {} is {found}", self.path))
        }
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

fn decimal(text: &str) -> Option<BigDecimal> {
    let text = text.trim();
    let exponent = match text.split_once(['e', 'E']) {
        Some((_, exponent)) => exponent.parse::<i64>().ok()?.unsigned_abs(),
        None => 0,
    };
    if text.len() > MAX_DIGITS || exponent > MAX_DIGITS as u64 {
        return None;
    }
    text.parse().ok()
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
        if path.is_empty() || value.is_empty() {
            return Err(format!("a side of it is empty; {form}"));
        }
        let ordered = !matches!(operator, Operator::Equals | Operator::Differs);
        if ordered && decimal(value).is_none() {
            return Err(format!(
                "{symbol} compares numbers, and '{}' is none",
                value.escape_debug()
            ));
        }
        Ok(Expectation { path: path.to_owned(), operator: *operator, value: value.to_owned() })
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
mod tests {
    use super::*;
    use crate::provider::Status;

    fn holds(expectation: &str, amount: &str) -> bool {
        let record = Transaction { crypto_amount: Some(amount.into()), ..Transaction::default() };
        let report = Report::new(Status::Completed, "completed");
        expectation.parse::<Expectation>().unwrap().check(&record, &report).is_ok()
    }

    #[test]
    fn decimals_are_compared_as_decimals() {
        assert!(holds("crypto_amount>=99", "99.00"));
        assert!(holds("crypto_amount == 99.5", "99.50"));
        assert!(!holds("crypto_amount<9", "10"));
        // As f64 these two are equal.
        assert!(holds("crypto_amount>0.30000000000000000001", "0.30000000000000000002"));
        assert!(!holds("crypto_amount=9007199254740993", "9007199254740992"));
    }

    #[test]
    fn a_monstrous_exponent_is_text_not_arithmetic() {
        assert!(!holds("crypto_amount>=99", "1e999999999"));
        assert!("crypto_amount>=1e999999999".parse::<Expectation>().is_err());
    }

    #[test]
    fn an_absent_or_empty_field_does_not_hold() {
        assert!(!holds("network=TRC20", "1"));
        assert!(!holds("crypto_amount!=5", "5.0"));
        assert!(!holds("crypto_amount>=0", ""));
    }

    #[test]
    fn a_path_reaches_into_the_providers_json() {
        let mut report = Report::new(Status::Completed, "completed");
        report.data = Some(serde_json::json!({"legs": [{"fee": 0.1}], "payment_method": "card"}));
        let check = |text: &str| {
            text.parse::<Expectation>().unwrap().check(&Transaction::default(), &report)
        };
        assert_eq!(check("legs.0.fee<=0.10"), Ok(()));
        assert_eq!(check("data.payment_method=card"), Ok(()));
        assert_eq!(check("status=completed"), Ok(()));
        let found = check("payment_method=sepa").unwrap_err();
        assert_eq!(found, "expected payment_method=sepa, but payment_method is card");
    }

    #[test]
    fn bad_forms_say_what_is_wrong() {
        for (text, needle) in [
            ("crypto_amount", "no operator"),
            (">=3", "empty"),
            ("a>=", "empty"),
            ("a>=many", "compares numbers"),
            ("a!3", "operators are"),
        ] {
            let error = text.parse::<Expectation>().unwrap_err();
            assert!(error.contains(needle), "{text}: {error}");
        }
    }
}
