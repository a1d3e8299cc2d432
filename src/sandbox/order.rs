//! Transak's orders and their events, as its documentation shows them. Whose they are is made up.

use std::time::Duration;

use serde_json::{Value, json};

use super::clocks::Start;
use super::scenario::{Script, Stage, Step};

const PAID: &str = "30";
/// JSON numbers whose digits a client has to keep.
const CRYPTO_AMOUNT: &str = "0.01759347";
const PRICE: &str = "0.0006130127560164107";

/// The word for a stage.
pub(super) fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "AWAITING_PAYMENT_FROM_USER",
        Stage::Verified => "PROCESSING",
        Stage::Processing => "PENDING_DELIVERY_FROM_TRANSAK",
        Stage::OnHold => "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
        Stage::Completed => "COMPLETED",
        Stage::Failed => "FAILED",
        Stage::Cancelled => "CANCELLED",
        Stage::Expired => "EXPIRED",
        Stage::Refunded => "REFUNDED",
    }
}

/// The event that tells of a stage.
pub(super) fn event(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "ORDER_CREATED",
        Stage::Verified | Stage::Processing | Stage::OnHold => "ORDER_PROCESSING",
        Stage::Completed => "ORDER_COMPLETED",
        Stage::Failed | Stage::Cancelled | Stage::Expired => "ORDER_FAILED",
        Stage::Refunded => "ORDER_REFUNDED",
    }
}

/// The order at a step of its story. `key` is what its id is called: `_id` in REST, `id` in events.
pub(super) fn order(key: &str, id: &str, play: &Script, index: usize, start: Start) -> Value {
    let step = &play.story[index];
    let is_paid = !matches!(step.stage, Stage::Pending | Stage::Cancelled | Stage::Expired);
    let mut order = json!({
        (key): id,
        "walletAddress": "0xREHEARSAL-WALLET",
        "createdAt": start.written(Duration::ZERO),
        "status": word(step.stage),
        "fiatCurrency": "EUR",
        "userId": "rehearsal-user",
        "cryptoCurrency": "ETH",
        "isBuyOrSell": "BUY",
        "fiatAmount": number(PAID),
        "ipAddress": "192.0.2.1",
        "amountPaid": number(if is_paid { PAID } else { "0" }),
        "paymentOptionId": "sepa_bank_transfer",
        "walletLink": "https://explorer.invalid/address/0xREHEARSAL-WALLET",
        "quoteId": "rehearsal-quote",
        "orderProcessingType": "NORMAL",
        "addressAdditionalData": false,
        "network": "ethereum",
        "conversionPrice": number(PRICE),
        "cryptoAmount": number(CRYPTO_AMOUNT),
        "totalFeeInFiat": number("1.3"),
        "fiatAmountInUsd": number("33.05"),
        "countryCode": "XX",
        // The sandbox's partner calls each order what Transak calls it.
        "partnerOrderId": id,
        "stateCode": "Rehearsal",
        "orderChannelType": "WIDGET",
        "userKycType": "STANDARD",
        "updatedAt": start.written(step.at()),
        "cardPaymentData": {},
        "conversionPriceData": {},
        "partnerFeeInLocalCurrency": number("0.3"),
        "statusHistories": play.story[..=index].iter().map(|step| passed(step, start)).collect::<Vec<_>>(),
    });
    if step.stage == Stage::Completed {
        order["completedAt"] = start.written(step.at()).into();
        order["transactionHash"] = "0xREHEARSAL-HASH".into();
    }
    order
}

/// An entry of the order's history.
fn passed(step: &Step, start: Start) -> Value {
    json!({
        "status": word(step.stage),
        "createdAt": start.written(step.at()),
        "message": "told to the rehearsing user",
        "isEmailSentToUser": false,
        "partnerEventId": event(step.stage),
    })
}

/// A number with just these digits.
fn number(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clocks::Clocks;
    use crate::sandbox::player::Double;

    fn at(id: &str, index: usize) -> Value {
        let start = Clocks::default().touch(id, |_| {});
        order("id", id, &Script::of(Double::Transak, id).unwrap(), index, start)
    }

    #[test]
    fn numbers_keep_their_digits() {
        let text = at("happy", 2).to_string();
        assert!(text.contains("\"conversionPrice\":0.0006130127560164107,"), "{text}");
        assert!(text.contains("\"cryptoAmount\":0.01759347,"), "{text}");
    }

    #[test]
    fn the_history_grows_with_the_story() {
        for (index, words) in [
            (0, &["AWAITING_PAYMENT_FROM_USER"][..]),
            (1, &["AWAITING_PAYMENT_FROM_USER", "FAILED"]),
            (2, &["AWAITING_PAYMENT_FROM_USER", "FAILED", "REFUNDED"]),
        ] {
            let order = at("revived", index);
            let entries = order["statusHistories"].as_array().unwrap();
            let passed: Vec<_> = entries.iter().map(|entry| &entry["status"]).collect();
            assert_eq!(passed, words);
            assert_eq!(&order["status"], passed[index]);
            assert_eq!(order["updatedAt"], entries[index]["createdAt"]);
        }
    }

    #[test]
    fn only_what_was_paid_for_is_delivered() {
        assert_eq!(at("happy", 0)["amountPaid"].to_string(), "0");
        assert_eq!(at("happy", 1).get("transactionHash"), None);
        let completed = at("happy", 2);
        assert_eq!(completed["amountPaid"].to_string(), "30");
        assert_eq!(completed["completedAt"], completed["updatedAt"]);
        assert!(completed["transactionHash"].is_string());
    }
}
