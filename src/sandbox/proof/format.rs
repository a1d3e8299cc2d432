//! Proof's wire format: the records of its REST API, the updates of its WebSocket, and its errors.

use serde_json::{Value, json};

/// A transaction as Proof tells of it. Times are RFC 3339, amounts decimals.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// The merchant's id.
    pub id: &'a str,
    /// The status in Proof's own word.
    pub status: &'a str,
    /// Who pays: personal data.
    pub user_id: &'a str,
    /// What is paid, in EUR.
    pub fiat_amount: &'a str,
    /// What is delivered, in USDT. The documentation leaves it empty until the crypto is on its way.
    pub crypto_amount: &'a str,
    /// When the transaction was made.
    pub created_at: &'a str,
    /// When it got its status. Proof may leave that out.
    pub changed_at: Option<&'a str>,
}

impl Default for Transaction<'_> {
    fn default() -> Self {
        Transaction {
            id: "550e8400-e29b-41d4-a716-446655440000",
            status: "pending",
            user_id: "rehearsal-user",
            fiat_amount: "100.00",
            crypto_amount: "99.50",
            created_at: "2026-04-01T10:00:00Z",
            changed_at: None,
        }
    }
}

/// The body of a REST response.
pub fn record(transaction: &Transaction<'_>) -> Value {
    let mut record = json!({
        "merchant_transaction_id": transaction.id,
        "partner_user_id": transaction.user_id,
        "type": "buy",
        "status": transaction.status,
        "currency": "USDT",
        "network": "TRC20",
        "crypto_amount": transaction.crypto_amount,
        "fiat_currency": "EUR",
        "fiat_amount": transaction.fiat_amount,
        "created_at": transaction.created_at,
    });
    if let Some(time) = transaction.changed_at {
        record["updated_at"] = time.into();
    }
    record
}

/// The message of a WebSocket about a new status.
pub fn update(transaction: &Transaction<'_>) -> Value {
    let mut update = json!({
        "event": "tx.update",
        "merchant_transaction_id": transaction.id,
        "type": "buy",
        "status": transaction.status,
        "payment_method": "card",
        "currency": "USDT",
        "fiat_currency": "EUR",
        "fiat_amount": transaction.fiat_amount,
        "crypto_amount": transaction.crypto_amount,
    });
    if let Some(time) = transaction.changed_at {
        update["occurred_at"] = time.into();
    }
    update
}

/// The body of an error, in the form of the current generation.
pub fn error(slug: &str, code: &str, message: &str) -> Value {
    json!({ "error": slug, "code": code, "message": message })
}
