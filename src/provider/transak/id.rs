//! Ids at Transak: order ids, and partners' references.

use crate::protocol::pusher::check_channel;
use crate::provider::Id;

/// The prefix of an id that is a partner's reference (`partnerOrderId`).
pub(super) const PARTNER_PREFIX: &str = "partner/";

/// Checks an id, which is the name of a channel or the end of one.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let name = id.strip_prefix(PARTNER_PREFIX).unwrap_or(id);
    check_channel(name)?;
    if name.chars().all(|c| c == '.') {
        return Err("it is a path, not an id".to_owned());
    }
    Ok(())
}

/// The partner's reference in an id, if it is one.
pub(super) fn reference(id: &Id) -> Option<&str> {
    id.as_str().strip_prefix(PARTNER_PREFIX)
}
