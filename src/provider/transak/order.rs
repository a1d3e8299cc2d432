//! Reading Transak's orders: the same object in REST, in events and in webhooks.
//!
//! Facts from docs.transak.com (features/websockets, guides/track-order-status,
//! guides/how-to-use-orders-api, guides/how-to-decrypt-webhook-payload, api/public/get-order-by-order-id).

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::provider::{Amount, Attempt, Kind, Passed, Report, Status, Transaction, Unit, json};

/// An order as Transak writes it.
pub(super) struct Order(Map<String, Value>);

impl Order {
    /// Finds the order in what was published: bare, or wrapped as in a webhook (`webhookData`) or as in
    /// the documentation's sample of an event (`data`).
    pub(super) fn of(payload: Value) -> Result<Self, String> {
        let Value::Object(mut object) = payload else {
            return Err(format!("it is {}, not an order", json::kind(&payload)));
        };
        for wrapper in ["webhookData", "data"] {
            if let (None, Some(Value::Object(_))) = (object.get("status"), object.get(wrapper))
                && let Some(Value::Object(inner)) = object.remove(wrapper)
            {
                return Ok(Order(inner));
            }
        }
        Ok(Order(object))
    }

    /// Its id: `_id` in REST, `id` in events.
    pub(super) fn id(&self) -> Option<String> {
        self.text("id").or_else(|| self.text("_id"))
    }

    /// The partner's own reference.
    pub(super) fn reference(&self) -> Option<String> {
        self.text("partnerOrderId")
    }

    /// When it was created.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.time("createdAt")
    }

    fn text(&self, key: &str) -> Option<String> {
        json::text(&self.0, key)
    }

    fn time(&self, key: &str) -> Option<Timestamp> {
        self.text(key)?.parse().ok()
    }

    /// What it reports. The status is the order's own; any other field may be missing or new.
    pub(super) fn report(self) -> Result<Report, String> {
        let word = match self.0.get("status") {
            Some(Value::String(word)) if !word.is_empty() => word.clone(),
            Some(Value::String(_)) => return Err("its status is empty".to_owned()),
            Some(other) => return Err(format!("its status is {}, not a word", json::kind(other))),
            None => return Err("it has no status".to_owned()),
        };
        let kind = match self.text("isBuyOrSell").as_deref() {
            Some("BUY") => Some(Kind::Buy),
            Some("SELL") => Some(Kind::Sell),
            _ => None,
        };
        Ok(Report {
            status: status(&word),
            detail: meaning(&word, kind).map(str::to_owned),
            word,
            occurred_at: self.time("updatedAt").max(self.time("completedAt")),
            attempt: None,
            history: self.history(),
            transaction: Transaction {
                kind,
                fiat_amount: self.text("fiatAmount"),
                fiat_currency: self.text("fiatCurrency"),
                crypto_amount: self.text("cryptoAmount"),
                crypto_currency: self.text("cryptoCurrency"),
                network: self.text("network"),
                cost: self.text("totalFeeInFiat").map(|fee| Amount::new(fee, Unit::Fiat)),
                hash: self.text("transactionHash"),
                created_at: self.text("createdAt"),
                updated_at: self.text("updatedAt"),
                ..Transaction::default()
            },
            data: Some(Value::Object(self.0)),
        })
    }

    /// The same, where the order is one of those with a partner's reference.
    pub(super) fn report_of_attempt(self) -> Result<Report, String> {
        let began = self.created();
        let attempt = self.id().map(|id| Attempt { id, began });
        Ok(Report { attempt, ..self.report()? })
    }

    /// What it went through, as far as the order says.
    fn history(&self) -> Vec<Passed> {
        let entries = self.0.get("statusHistories").and_then(Value::as_array);
        let passed = |entry: &Value| {
            let entry = entry.as_object()?;
            Some(Passed {
                status: status(&json::text(entry, "status")?),
                at: json::text(entry, "createdAt")?.parse().ok()?,
            })
        };
        entries.into_iter().flatten().filter_map(passed).collect()
    }
}

/// The documented words of buy and sell orders.
pub(super) fn status(word: &str) -> Status {
    match word {
        "AWAITING_PAYMENT_FROM_USER" | "PAYMENT_DONE_MARKED_BY_USER" => Status::Pending,
        "PROCESSING" | "PENDING_DELIVERY_FROM_TRANSAK" => Status::Processing,
        "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK" => Status::OnHold,
        "COMPLETED" => Status::Completed,
        "FAILED" => Status::Failed,
        "CANCELLED" => Status::Cancelled,
        "EXPIRED" => Status::Expired,
        "REFUNDED" => Status::Refunded,
        _ => Status::Unknown,
    }
}

/// The same word means different things to who buys and who sells.
fn meaning(word: &str, kind: Option<Kind>) -> Option<&'static str> {
    let sells = kind == Some(Kind::Sell);
    Some(match word {
        "AWAITING_PAYMENT_FROM_USER" => "waiting for the user's payment",
        "PAYMENT_DONE_MARKED_BY_USER" => "the user says it is paid; not received yet",
        "PROCESSING" => "the payment was checked",
        "PENDING_DELIVERY_FROM_TRANSAK" if sells => "paid, the fiat transfer has begun",
        "PENDING_DELIVERY_FROM_TRANSAK" => "paid, being exchanged and delivered",
        "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK" if sells => "paid, but the fiat cannot be sent yet",
        "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK" => "paid, but held before delivery",
        "COMPLETED" if sells => "the fiat was sent",
        "COMPLETED" => "the crypto was sent",
        "FAILED" => "the payment was declined or a third party failed",
        "CANCELLED" => "cancelled by the user",
        "EXPIRED" => "not paid in time",
        "REFUNDED" => "paid back",
        _ => return None,
    })
}
