//! What is known about a transaction, in one shape for every provider.

use serde::Serialize;

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
    pub cost: Option<String>,
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
        for (mine, theirs) in self.texts_mut().into_iter().zip(newer.clone().texts_mut()) {
            if theirs.is_some() {
                *mine = theirs.take();
            }
        }
    }

    fn texts_mut(&mut self) -> [&mut Option<String>; 11] {
        [
            &mut self.fiat_amount,
            &mut self.fiat_currency,
            &mut self.crypto_amount,
            &mut self.crypto_currency,
            &mut self.network,
            &mut self.cost,
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
