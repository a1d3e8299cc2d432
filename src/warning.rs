//! Warnings and their codes. The codes are stable, and are listed in the published JSON Schema.

use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $word:literal,)+) => {
        /// The code of a warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum WarningCode {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl WarningCode {
            /// All codes, in alphabetical order of their names in the output.
            pub const ALL: &'static [WarningCode] = &[$(WarningCode::$name),+];

            /// The name in the output.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(WarningCode::$name => $word,)+
                }
            }
        }
    };
}

codes! {
    /// A response cannot be understood, and the request is repeated.
    MalformedResponse => "bad_answer",
    /// A pushed message cannot be understood, and was ignored.
    MalformedMessage => "bad_frame",
    /// The number of messages of a profile that were ignored, if not all of them were quoted.
    MalformedMessages => "bad_frames",
    /// A pushed message was signed with another token.
    BadSignature => "bad_signature",
    /// The configuration file may not be read, and was passed over.
    ConfigNotRead => "config_not_read",
    /// The file of a token can be read by other users of this machine.
    Credential => "credential",
    /// The same transaction was given twice.
    DuplicateTarget => "duplicate_target",
    /// The first record of a transaction has no field that an expectation is about.
    ExpectedFieldMissing => "expected_field_missing",
    /// A transaction may have expired, but the provider cannot prove it, so that it counts as pending.
    ExpiryNotProven => "expiry_not_proven",
    /// A server did not apply a filter of a list, so that an order may be hidden.
    FilterNotApplied => "filter_not_applied",
    /// The push connection was down, and its targets cannot be polled: a change meanwhile was missed.
    Gap => "gap",
    /// `--grace` delays a final status.
    Held => "held",
    /// The orders of an account that changed while the push connection was down may not all have been listed.
    ListIncomplete => "list_incomplete",
    /// A target is accepted as it is, but looks like a mistyped id or like the name of a file.
    MistypedTarget => "mistyped_target",
    /// The provider does not know a transaction that it knew before.
    NotFound => "not_found",
    /// The token could not be renewed; the current one is still used.
    NotRenewed => "not_renewed",
    /// The provider does not know the id yet.
    NotSeenYet => "not_seen_yet",
    /// There is no report yet about an id, and it cannot be polled.
    NothingHeard => "nothing_heard",
    /// The limit of open files does not allow all push connections.
    OpenFiles => "open_files",
    /// A target without a profile was given the only profile that fits.
    ProfileChosen => "profile_chosen",
    /// The push connection is down, and its targets cannot be polled.
    PushLost => "push_lost",
    /// Without an access token there is only push.
    PushOnly => "push_only",
    /// Push is not available, so the targets are polled.
    PushUnavailable => "push_unavailable",
    /// A Pusher server reported an error that does not end the connection.
    PusherError => "pusher_error",
    /// The sandbox is used: no money moves.
    Sandbox => "sandbox",
    /// A setting that the provider wants for lookups is missing; the requests are made without it.
    SetupIncomplete => "setup_incomplete",
    /// Several orders have the same partnerOrderId; the message says which one counts.
    SeveralOrders => "several_orders",
    /// A quota makes requests less frequent than `--interval`.
    SlowedDown => "slowed_down",
    /// A response has a final status that is older than the last accepted one.
    StaleAnswer => "stale_answer",
    /// A push has a final status that is older than the last accepted one.
    StalePush => "stale_push",
    /// The token that was given has expired, and an issued one is used in its place.
    TokenExpired => "token_expired",
    /// An issued token cannot be kept, or the one that was kept cannot be used.
    TokenNotKept => "token_not_kept",
    /// More orders of an account are open than can be followed.
    TooManyOrders => "too_many_orders",
    /// A push that anybody could have sent is believed although no response confirmed it.
    Unconfirmed => "unconfirmed",
    /// This version does not know the provider's status.
    UnknownStatus => "unknown_status",
    /// An environment variable has a name like those of txwatch, and is none of them.
    UnknownVariable => "unknown_variable",
    /// `--profile` was given, and every target names its profile.
    UnusedProfile => "unused_profile",
}

/// A problem that does not end the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its code.
    pub code: WarningCode,
    /// A sentence for people.
    pub message: String,
}

impl Warning {
    /// A warning with this message.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Warning { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_serialized_as_their_names() {
        let words: Vec<_> = WarningCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(words.is_sorted_by(|a, b| a < b), "{words:?}");
        for code in WarningCode::ALL {
            let written = serde_json::to_string(code).unwrap();
            assert_eq!(written, format!("\"{}\"", code.as_str()));
        }
    }
}
