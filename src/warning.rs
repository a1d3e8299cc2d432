//! The codes of warnings: stable words that scripts compare, listed in the published JSON Schema.

use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $word:literal,)+) => {
        /// What a warning is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum WarningCode {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl WarningCode {
            /// Every code, in alphabetical order of the words.
            pub const ALL: &'static [WarningCode] = &[$(WarningCode::$name),+];

            /// The word in the output.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(WarningCode::$name => $word,)+
                }
            }
        }
    };
}

codes! {
    /// An answer could not be understood, and is requested again.
    MalformedResponse => "bad_answer",
    /// A pushed message could not be understood, and was ignored.
    MalformedMessage => "bad_frame",
    /// How many messages of a profile were ignored, where not all were quoted.
    MalformedMessages => "bad_frames",
    /// A pushed message was signed with another token than ours.
    BadSignature => "bad_signature",
    /// A credential's file can be read by everybody on this machine.
    Credential => "credential",
    /// The same transaction was named twice.
    DuplicateTarget => "duplicate_target",
    /// The connection was down where nothing can be polled: a change in between was missed.
    Gap => "gap",
    /// `--grace` holds an ending.
    Held => "held",
    /// The provider does not know a transaction that it knew before.
    NotFound => "not_found",
    /// A token could not be renewed; the present one is used on.
    NotRenewed => "not_renewed",
    /// The provider does not know the id yet.
    NotSeenYet => "not_seen_yet",
    /// Nothing was pushed yet for an id whose existence cannot be checked.
    NothingHeard => "nothing_heard",
    /// The limit of open files does not allow every push connection.
    OpenFiles => "open_files",
    /// The profile of a bare id was chosen because no other fits.
    ProfileChosen => "profile_chosen",
    /// The push connection is down, and nothing can be polled meanwhile.
    PushLost => "push_lost",
    /// Without an access token push alone carries the watch.
    PushOnly => "push_only",
    /// Push is not to be had; polling carries the watch.
    PushUnavailable => "push_unavailable",
    /// A Pusher server reported an error that does not end the connection.
    PusherError => "pusher_error",
    /// The sandbox is used: no money moves.
    Sandbox => "sandbox",
    /// A quota makes requests rarer than `--interval`.
    SlowedDown => "slowed_down",
    /// An answer tells an ending that is older than what is known already.
    StaleAnswer => "stale_answer",
    /// A push tells an ending that is older than what is known already.
    StalePush => "stale_push",
    /// More orders are open than are followed at once.
    TooManyOrders => "too_many_orders",
    /// The provider's word is none that this version knows.
    UnknownStatus => "unknown_status",
}

/// Something odd that does not end the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub code: WarningCode,
    /// A sentence for people.
    pub message: String,
}

impl Warning {
    /// A warning of this code with one sentence.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Warning { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_written_as_the_output_has_them() {
        let words: Vec<_> = WarningCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(words.is_sorted_by(|a, b| a < b), "{words:?}");
        for code in WarningCode::ALL {
            let written = serde_json::to_string(code).unwrap();
            assert_eq!(written, format!("\"{}\"", code.as_str()));
        }
    }
}
