//! The close codes of Pusher Channels, and whether to reconnect after each.

use std::time::Duration;

use crate::protocol::{Reconnect, RefusalKind};

/// A row of the table.
pub(super) struct CloseCode {
    pub(super) reconnect: Reconnect,
    /// What the code means, for people.
    pub(super) meaning: Option<&'static str>,
}

/// The table of close codes. Codes below 4000 are WebSocket's own. On 4300 and above pusher-js does not
/// reconnect; but those codes are about single messages, so we do.
pub(super) fn close_code(code: u16) -> CloseCode {
    let never =
        |kind, meaning| CloseCode { reconnect: Reconnect::Never(kind), meaning: Some(meaning) };
    let backoff = |floor, meaning| CloseCode { reconnect: Reconnect::Backoff(floor), meaning };
    let immediately =
        |meaning| CloseCode { reconnect: Reconnect::Immediately, meaning: Some(meaning) };
    let second = Duration::from_secs(1);
    match code {
        4000 => never(RefusalKind::Denied, "it wants TLS: use wss:// in the push_url"),
        4001 => {
            never(RefusalKind::Denied, "there is no such application; is the pusher_key right?")
        }
        4003 => never(RefusalKind::Denied, "the application is disabled"),
        4004 => {
            never(RefusalKind::OverCapacity, "the application is over its quota of connections")
        }
        4005 => never(RefusalKind::Denied, "there is no such path; is the push_url right?"),
        4006..=4008 => never(RefusalKind::Denied, "it does not speak version 7 of the protocol"),
        4009 => never(RefusalKind::Denied, "the connection is not authorised"),
        4010..=4099 => never(RefusalKind::Denied, "the application does not let us in"),
        4100..=4199 => backoff(second, Some("the server is over its capacity")),
        4201 => immediately("it missed our pong"),
        4202 => immediately("it was inactive for a day"),
        4200..=4299 => immediately("it asks to come back"),
        4300.. => backoff(second, None),
        _ => backoff(Duration::ZERO, None),
    }
}
