//! What is known about a transaction, in one shape for every provider.

use serde::{Serialize, Serializer};

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Fiat money becomes crypto.
    Buy,
    /// Crypto becomes fiat money.
    Sell,
    /// Value moves on a chain.
    Transfer,
    /// A contract is called on a chain.
    Call,
}

impl Kind {
    /// The word that users see.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Buy => "buy",
            Kind::Sell => "sell",
            Kind::Transfer => "transfer",
            Kind::Call => "call",
        }
    }
}

/// An amount as the provider wrote it, with what it is counted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Decimal text, digit for digit.
    pub digits: String,
    /// What it is counted in.
    pub unit: Unit,
}

/// What an amount is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The fiat currency of the transaction.
    Fiat,
    /// The smallest unit of a chain's coin.
    Smallest(&'static Coin),
}

/// The coin of a chain.
#[derive(Debug, PartialEq, Eq)]
pub struct Coin {
    /// Its symbol.
    pub symbol: &'static str,
    /// The name of its smallest unit, in the plural.
    pub smallest: &'static str,
    /// How many decimal places a coin has in its smallest unit.
    pub decimals: usize,
}

impl Amount {
    /// An amount in this unit.
    pub fn new(digits: impl Into<String>, unit: Unit) -> Self {
        Amount { digits: digits.into(), unit }
    }
}

impl Coin {
    /// A whole number of the smallest unit as coins, digit for digit: `1.234567891` for 1234567891 motes. Nothing
    /// if it is no whole number.
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

/// Only the digits: the unit is the provider's, and known.
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
    /// Takes over every field that the newer record has; what only the older one knew stays.
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
