//! Transak's orders on their way through their stories.

use std::time::Duration;

use serde_json::Value;

use super::format::{Order, Passed};
use crate::sandbox::scenario::Stage;
use crate::sandbox::schedule::Run;

const PAID: &str = "30";
/// The scenario whose reference has several orders.
pub(super) const ATTEMPTS: &str = "attempts";

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

/// The order at a step of its story, under this id, written for REST or for an event. `ahead` is how far the clock of
/// who writes is ahead.
pub(super) fn order(
    run: &Run,
    id: &str,
    step: usize,
    ahead: Duration,
    write: fn(&Order<'_>) -> Value,
) -> Value {
    let passed = &run.script.story[..=step];
    let stage = run.script.story[step].stage;
    let is_paid = !matches!(stage, Stage::Pending | Stage::Cancelled | Stage::Expired);
    let times: Vec<_> = passed.iter().map(|step| run.written(step.at() + ahead)).collect();
    let history = passed.iter().zip(&times).map(|(step, at)| Passed {
        status: word(step.stage),
        at,
        event: event(step.stage),
    });
    write(&Order {
        id,
        // The sandbox's partner calls each order what Transak calls it.
        reference: Some(id),
        status: word(stage),
        fiat_amount: PAID,
        amount_paid: if is_paid { PAID } else { "0" },
        created_at: &run.written(Duration::ZERO),
        updated_at: &times[step],
        delivery: (stage == Stage::Completed).then_some("0xREHEARSAL-HASH"),
        history: &Vec::from_iter(history),
        ..Order::default()
    })
}

/// In the scenario `attempts`: another order with the same reference, which is newer, is never paid, and has expired
/// while the first one is paid. None in all others.
pub(super) fn other_attempt(
    run: &Run,
    step: usize,
    write: fn(&Order<'_>) -> Value,
) -> Option<Value> {
    const BEGINS: Duration = Duration::from_millis(500);
    if run.id.split('@').next() != Some(ATTEMPTS) {
        return None;
    }
    let (stage, at) = match step {
        0 => (Stage::Pending, BEGINS),
        _ => (Stage::Expired, run.script.story[1].at()),
    };
    Some(write(&Order {
        id: &format!("{}-again", run.id),
        reference: Some(&run.id),
        status: word(stage),
        created_at: &run.written(BEGINS),
        updated_at: &run.written(at),
        ..Order::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::transak::{TransakDouble, format};

    fn at(id: &str, step: usize) -> Value {
        order(&Run::of(TransakDouble, id), id, step, Duration::ZERO, format::order)
    }

    #[test]
    fn the_history_grows_with_the_story() {
        for (step, words) in [
            (0, &["AWAITING_PAYMENT_FROM_USER"][..]),
            (1, &["AWAITING_PAYMENT_FROM_USER", "FAILED"]),
            (2, &["AWAITING_PAYMENT_FROM_USER", "FAILED", "REFUNDED"]),
        ] {
            let order = at("revived", step);
            let entries = order["statusHistories"].as_array().unwrap();
            let passed: Vec<_> = entries.iter().map(|entry| &entry["status"]).collect();
            assert_eq!(passed, words);
            assert_eq!(&order["status"], passed[step]);
            assert_eq!(order["updatedAt"], entries[step]["createdAt"]);
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
