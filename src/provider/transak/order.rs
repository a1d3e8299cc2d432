//! Transak's order, which is the same object in REST, events and webhooks.
//!
//! Facts from docs.transak.com (features/websockets, guides/track-order-status,
//! guides/how-to-use-orders-api, guides/how-to-decrypt-webhook-payload, api/public/get-order-by-order-id).

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::time::read_time;
use crate::provider::{Amount, Attempt, Kind, PastStatus, Report, Status, Transaction, Unit, json};

/// The keys on which an ending depends: none of them may be in the same object twice.
pub(super) const DECIDING: &[&str] = &[
    "data",
    "webhookData",
    "error",
    "status",
    "id",
    "_id",
    "orderId",
    "partnerOrderId",
    "createdAt",
    "updatedAt",
    "completedAt",
];

/// An order as Transak writes it.
pub(super) struct Order(Map<String, Value>);

impl Order {
    /// Finds the order in a payload: at the top, under `webhookData` as in webhooks, or under `data` as in the
    /// documentation's sample of an event.
    ///
    /// # Errors
    /// It is no order, or there are several that differ.
    pub(super) fn of(payload: Value) -> Result<Self, String> {
        let Value::Object(mut object) = payload else {
            return Err(format!("it is {}, not an order", json::type_name(&payload)));
        };
        let mut orders = Vec::new();
        for wrapper in ["webhookData", "data"] {
            let is_order = object.get(wrapper).is_some_and(|inner| inner.get("status").is_some());
            let is_only = !object.contains_key("status") && orders.is_empty();
            if let Some(Value::Object(_)) = object.get(wrapper)
                && (is_order || is_only)
                && let Some(Value::Object(inner)) = object.remove(wrapper)
            {
                orders.push(inner);
            }
        }
        if orders.is_empty() || object.contains_key("status") {
            orders.push(object);
        }
        let order = orders.swap_remove(0);
        for other in &orders {
            for key in ["status", "id", "_id", "partnerOrderId"] {
                let is_missing =
                    key != "status" && !(order.contains_key(key) && other.contains_key(key));
                if !is_missing && order.get(key) != other.get(key) {
                    return Err(format!("it has two orders, whose {key} differs"));
                }
            }
        }
        let order = Order(order);
        if let (Some(one), Some(other)) = (order.text("id"), order.text("_id"))
            && one != other
        {
            return Err("its id and its _id differ".to_owned());
        }
        Ok(order)
    }

    /// The order's id: `_id` in REST, `id` in events.
    pub(super) fn id(&self) -> Option<String> {
        self.text("id").or_else(|| self.text("_id"))
    }

    /// The partner's reference.
    pub(super) fn reference(&self) -> Option<String> {
        self.text("partnerOrderId")
    }

    /// The status in Transak's word, if there is one.
    pub(super) fn word(&self) -> Option<&str> {
        self.0.get("status")?.as_str()
    }

    /// Whether it is a buy or a sell order, in Transak's word.
    pub(super) fn product(&self) -> Option<String> {
        self.text("isBuyOrSell")
    }

    /// When the order was created.
    pub(super) fn created_at(&self) -> Option<Timestamp> {
        self.time("createdAt")
    }

    /// When the order was completed.
    pub(super) fn completed_at(&self) -> Option<Timestamp> {
        self.time("completedAt")
    }

    fn text(&self, key: &str) -> Option<String> {
        json::text(&self.0, key)
    }

    fn time(&self, key: &str) -> Option<Timestamp> {
        read_time(self.0.get(key)?)
    }

    /// The report about the order. Any field except the status may be missing or unknown.
    ///
    /// # Errors
    /// One sentence on what is wrong with the status.
    pub(super) fn report(self) -> Result<Report, String> {
        let provider_status = json::required_text(&self.0, "status")?;
        let kind = match self.product().as_deref() {
            Some("BUY") => Some(Kind::Buy),
            Some("SELL") => Some(Kind::Sell),
            _ => None,
        };
        Ok(Report {
            status: map_status(&provider_status),
            detail: description(&provider_status, kind).map(str::to_owned),
            provider_status,
            occurred_at: self.time("updatedAt").max(self.time("completedAt")),
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
            ..Report::new(Status::Unknown, "")
        })
    }

    /// The same report, as one of the attempts under a partner's reference.
    ///
    /// # Errors
    /// One sentence on what is wrong with the status or the id.
    pub(super) fn report_attempt(self) -> Result<Report, String> {
        let id = self.id().ok_or("its order has no id")?;
        let attempt = Attempt { id, created_at: self.created_at(), others: Vec::new() };
        Ok(Report { attempt: Some(attempt), ..self.report()? })
    }

    fn history(&self) -> Vec<PastStatus> {
        let entries = self.0.get("statusHistories").and_then(Value::as_array);
        let passed = |entry: &Value| {
            let entry = entry.as_object()?;
            Some(PastStatus {
                status: map_status(&json::text(entry, "status")?),
                at: read_time(entry.get("createdAt")?)?,
            })
        };
        entries.into_iter().flatten().filter_map(passed).collect()
    }
}

/// The documented statuses.
pub(super) const STATUSES: &[&str] = &[
    "AWAITING_PAYMENT_FROM_USER",
    "PAYMENT_DONE_MARKED_BY_USER",
    "PROCESSING",
    "PENDING_DELIVERY_FROM_TRANSAK",
    "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "EXPIRED",
    "REFUNDED",
];

/// Maps the documented statuses of buy and sell orders.
pub(super) fn map_status(provider_status: &str) -> Status {
    match provider_status {
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

/// A phrase that explains a status, which differs between buy and sell orders.
fn description(provider_status: &str, kind: Option<Kind>) -> Option<&'static str> {
    let sells = kind == Some(Kind::Sell);
    Some(match provider_status {
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
