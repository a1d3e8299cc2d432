//! The record of a transaction, in one form for all providers.

use serde::{Serialize, Serializer};

/// The kind of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Fiat currency is exchanged for crypto.
    Buy,
    /// Crypto is exchanged for fiat currency.
    Sell,
    /// A native transfer on a chain.
    Transfer,
    /// A contract call on a chain.
    Call,
}

impl Kind {
    /// The name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Buy => "buy",
            Kind::Sell => "sell",
            Kind::Transfer => "transfer",
            Kind::Call => "call",
        }
    }
}

/// An amount as the provider wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Decimal text, digit for digit.
    pub digits: String,
    /// The unit of the number.
    pub unit: Unit,
}

/// The unit of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The fiat currency of the transaction.
    Fiat,
    /// The smallest unit of a chain's coin.
    Smallest(&'static Coin),
}

/// The native coin of a chain.
#[derive(Debug, PartialEq, Eq)]
pub struct Coin {
    /// The symbol, such as `CSPR`.
    pub symbol: &'static str,
    /// The plural name of the smallest unit, such as `motes`.
    pub smallest: &'static str,
    /// How many decimal places of a coin the smallest unit is.
    pub decimals: usize,
}

impl Amount {
    /// An amount in this unit.
    pub fn new(digits: impl Into<String>, unit: Unit) -> Self {
        Amount { digits: digits.into(), unit }
    }
}

impl Coin {
    /// A decimal integer of the smallest unit in coins, digit for digit: `1.234567891` for `1234567891` motes. None
    /// if the text is not an integer.
    pub fn whole(&self, smallest: &str) -> Option<String> {
        if smallest.is_empty() || !smallest.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let width = self.decimals + 1;
        let digits = format!("{:0>width$}", smallest.trim_start_matches('0'));
        let (whole, fraction) = digits.split_at(digits.len() - self.decimals);
        Some(match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        })
    }
}

/// As the digits alone; the unit is documented for each provider.
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.digits)
    }
}

/// The record of a transaction. Amounts are decimal text, digit for digit as the provider wrote them;
/// times are the provider's text. A field that the provider did not give is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are the contract's own
pub struct Transaction {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fiat_amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fiat_currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crypto_amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crypto_currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Transaction {
    /// The names of its fields in the output.
    pub const FIELDS: [&str; 12] = [
        "kind",
        "fiat_amount",
        "fiat_currency",
        "crypto_amount",
        "crypto_currency",
        "network",
        "cost",
        "hash",
        "block",
        "created_at",
        "updated_at",
        "error",
    ];

    /// Overwrites the fields that a newer record has, and keeps the others.
    pub fn merge(&mut self, newer: &Transaction) {
        if newer.kind.is_some() {
            self.kind = newer.kind;
        }
        if newer.cost.is_some() {
            self.cost.clone_from(&newer.cost);
        }
        for (mine, theirs) in self.texts_mut().into_iter().zip(newer.clone().texts_mut()) {
            if theirs.is_some() {
                *mine = theirs.take();
            }
        }
    }

    fn texts_mut(&mut self) -> [&mut Option<String>; 10] {
        [
            &mut self.fiat_amount,
            &mut self.fiat_currency,
            &mut self.crypto_amount,
            &mut self.crypto_currency,
            &mut self.network,
            &mut self.hash,
            &mut self.block,
            &mut self.created_at,
            &mut self.updated_at,
            &mut self.error,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_fields_are_those_of_the_output() {
        let text = || Some("1".to_owned());
        let full = Transaction {
            kind: Some(Kind::Buy),
            fiat_amount: text(),
            fiat_currency: text(),
            crypto_amount: text(),
            crypto_currency: text(),
            network: text(),
            cost: Some(Amount::new("1", Unit::Fiat)),
            hash: text(),
            block: text(),
            created_at: text(),
            updated_at: text(),
            error: text(),
        };
        let written = serde_json::to_value(&full).unwrap();
        let mut names: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut fields = Transaction::FIELDS;
        fields.sort_unstable();
        assert_eq!(names, fields);
    }

    #[test]
    fn a_merge_keeps_what_only_the_older_record_knew() {
        let mut record = Transaction {
            network: Some("TRC20".into()),
            crypto_amount: Some("1".into()),
            ..Transaction::default()
        };
        record.merge(&Transaction {
            kind: Some(Kind::Buy),
            crypto_amount: Some("99.50".into()),
            ..Transaction::default()
        });
        assert_eq!(record.network.as_deref(), Some("TRC20"));
        assert_eq!(record.crypto_amount.as_deref(), Some("99.50"));
        assert_eq!(record.kind, Some(Kind::Buy));
    }
}
