//! The statuses of Casper transactions at CSPR.cloud, CSPR.click and nodes.
//!
//! Facts from docs.cspr.cloud (rest-api/deploy, streaming-api/deploy), from the types of
//! @make-software/csprclick-core-types, and from casper-sidecar's JSON-RPC schema.

use crate::provider::{Coin, Status, Unit};

/// The unit of Casper's amounts.
pub(in crate::provider) const MOTES: Unit =
    Unit::Smallest(&Coin { symbol: "CSPR", smallest: "motes", decimals: 9 });

/// Maps a provider's status. What was processed succeeded only if there is no error message.
pub(in crate::provider) fn from_provider(provider_status: &str, error: Option<&str>) -> Status {
    match provider_status {
        // CSPR.click's `timeout` means that its listener gave up; the transaction is undecided.
        "pending" | "sent" | "accepted" | "timeout" => Status::Pending,
        "included" => Status::Processing,
        "processed" => match error {
            None => Status::Completed,
            Some(_) => Status::Failed,
        },
        "error" => Status::Failed,
        "cancelled" => Status::Cancelled,
        "expired" => Status::Expired,
        _ => Status::Unknown,
    }
}

/// A phrase that explains a provider's status.
pub(in crate::provider) fn description(
    provider_status: &str,
    error: Option<&str>,
) -> Option<String> {
    let text = match (provider_status, error) {
        ("processed", Some(error)) => return Some(format!("executed with an error: {error}")),
        ("error", Some(error)) => return Some(error.to_owned()),
        ("pending", _) => "known to the network, not executed yet",
        ("sent" | "accepted", _) => "accepted by the network",
        ("timeout", _) => "a listener gave up; the transaction itself is undecided",
        ("included", _) => "in a block, not executed yet",
        ("processed", None) => "executed",
        ("cancelled", _) => "not signed by the user",
        ("expired", _) => "its time to live ran out before it was executed",
        _ => return None,
    };
    Some(text.to_owned())
}
