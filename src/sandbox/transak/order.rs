//! Transak's orders on their way through their stories.

use std::time::Duration;

use serde_json::Value;

use super::format::{Order, Passed};
use crate::sandbox::clocks::Start;
use crate::sandbox::scenario::{Script, Stage};

const PAID: &str = "30";

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

/// The order at a step of its story, written for REST or for an event.
pub(super) fn order(
    id: &str,
    play: &Script,
    index: usize,
    start: Start,
    write: fn(&Order<'_>) -> Value,
) -> Value {
    let passed = &play.story[..=index];
    let stage = play.story[index].stage;
    let is_paid = !matches!(stage, Stage::Pending | Stage::Cancelled | Stage::Expired);
    let times: Vec<_> = passed.iter().map(|step| start.written(step.at())).collect();
    let history: Vec<_> = passed
        .iter()
        .zip(&times)
        .map(|(step, at)| Passed { status: word(step.stage), at, event: event(step.stage) })
        .collect();
    write(&Order {
        id,
        // The sandbox's partner calls each order what Transak calls it.
        reference: Some(id),
        status: word(stage),
        fiat_amount: PAID,
        amount_paid: if is_paid { PAID } else { "0" },
        created_at: &start.written(Duration::ZERO),
        updated_at: &times[index],
        delivery: (stage == Stage::Completed).then_some("0xREHEARSAL-HASH"),
        history: &history,
        ..Order::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clocks::Clocks;
    use crate::sandbox::player::Double;
    use crate::sandbox::transak::format;

    fn at(id: &str, index: usize) -> Value {
        let start = Clocks::default().touch(id, |_| {});
        order(id, &Script::of(Double::Transak, id).unwrap(), index, start, format::order)
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
