//! The close codes of Pusher Channels, and what follows from each.

use std::time::Duration;

use crate::protocol::{RefusalKind, Reopen};

/// What a code means.
pub(super) struct Meaning {
    pub(super) reopen: Reopen,
    pub(super) what: Option<&'static str>,
}

/// The table of close codes. Codes below 4000 are WebSocket's own; from 4300 on pusher-js does not
/// come back, but they are about single messages, so we do.
pub(super) fn meaning(code: u16) -> Meaning {
    let never = |kind, what| Meaning { reopen: Reopen::Never(kind), what: Some(what) };
    let later = |floor, what| Meaning { reopen: Reopen::Backoff(floor), what };
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
        4100..=4199 => later(second, Some("the server is over its capacity")),
        4201 => Meaning { reopen: Reopen::AtOnce, what: Some("it missed our pong") },
        4202 => Meaning { reopen: Reopen::AtOnce, what: Some("it was inactive for a day") },
        4200..=4299 => Meaning { reopen: Reopen::AtOnce, what: Some("it asks to come back") },
        4300.. => later(second, None),
        _ => later(Duration::ZERO, None),
    }
}
