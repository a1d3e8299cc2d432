//! Ids at Transak: an order's own, or a partner's reference.

use crate::protocol::pusher::check_channel;
use crate::provider::Id;

/// What goes before a partner's own reference in an id.
pub(super) const PARTNER: &str = "partner/";

/// An id is the name of a channel, or the end of one.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let name = id.strip_prefix(PARTNER).unwrap_or(id);
    check_channel(name)?;
    if name.chars().all(|c| c == '.') {
        return Err("it is a path, not an id".to_owned());
    }
    Ok(())
}

/// The partner's own reference in an id, if it is one.
pub(super) fn reference(id: &Id) -> Option<&str> {
    id.as_str().strip_prefix(PARTNER)
}
