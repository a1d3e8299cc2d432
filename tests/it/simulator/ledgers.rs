//! What the simulation keeps of targets, providers and connections, to hold the command against.

use super::time::Millis;
use txwatch::exit::Code;

/// What is kept of a target. Steps are those of its history.
pub struct TargetLedger {
    /// By step: since when the command knows of it.
    pub reported: Vec<Option<Millis>>,
    /// By step: since when it may have inferred the step from something else.
    pub inferable: Vec<Option<Millis>>,
    /// By step: for when that counts; of an answer it is the beginning of the lookup.
    pub counts_from: Vec<Millis>,
    /// By step: whether only messages that anybody could have sent reported it, and it would end the target.
    pub unsigned: Vec<bool>,
    /// The step that was shown last.
    pub shown: Option<usize>,
    /// By when it has to be settled, for its end was pushed.
    pub due: Option<Millis>,
    pub result: Option<(Millis, Code)>,
    /// Since when its changes are pushed.
    pub subscribed: Option<Millis>,
    /// Whether a message that anybody could have sent would end it, so that it is looked up until that is confirmed.
    pub is_unconfirmed: bool,
    /// Whether a request is on its way.
    pub is_requested: bool,
    pub lookup: LookupLedger,
}

/// What is kept of the lookups of a target, each of which may take several requests.
#[derive(Default)]
pub struct LookupLedger {
    pub is_running: bool,
    /// When the last one began.
    pub began: Millis,
    /// The step that the running one has found, though it is not over.
    pub found: Option<usize>,
    /// How many requests the running one has made since it found something.
    pub proofs: u32,
    /// Whether the backend that lags answers the next request.
    pub lags: bool,
    /// When the last answer came, and from when on there may be another lookup without a reason.
    pub answered: Option<(Millis, Millis)>,
    /// What that answer was.
    pub last_answer: AnswerKind,
    /// Since when there is a reason for a lookup before it is time.
    pub reason: Option<Millis>,
    /// Since when there has to be one.
    pub required: Option<Millis>,
}

/// What an answer says of the transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerKind {
    #[default]
    Status,
    NotFound,
    Failed,
    /// It says nothing about the transaction, or different things can be read in it.
    Puzzling,
}

impl AnswerKind {
    /// Whether the provider itself answered the question.
    pub fn is_understood(self) -> bool {
        matches!(self, AnswerKind::Status | AnswerKind::NotFound)
    }
}

/// What is kept of a provider.
#[derive(Default)]
pub struct ProviderLedger {
    /// When it was last heard.
    pub heard: Millis,
    pub has_denied: bool,
    /// Whether it ever answered a lookup so that the answer was understood.
    pub was_understood: bool,
    /// Answers that were not understood, and whether one of them was a page with status 403.
    pub puzzles: u32,
    pub has_forbidden: bool,
    /// When it last sent a Retry-After, and until when the longest of them lasts.
    pub busy_since: Millis,
    pub busy_until: Millis,
    /// How many requests are on their way.
    pub in_flight: usize,
    /// When each request was made.
    pub requests: Vec<Millis>,
    /// Whether any lookup ever failed, so that lookups are put off.
    pub has_failed: bool,
}

/// What is kept of the place of a push connection.
#[derive(Default)]
pub struct ConnectionLedger {
    pub is_open: bool,
    /// Whether it was lost and is not back.
    pub is_down: bool,
    /// How long the last connection lasted.
    pub lasted: Millis,
    /// How long the peer asked to wait when it last refused.
    pub retry_after: Millis,
    /// From when on it may be opened again, and after how many attempts.
    pub not_before: Millis,
    pub attempt: u32,
}

impl TargetLedger {
    /// Of a target with so many steps.
    pub fn new(steps: usize) -> Self {
        TargetLedger {
            reported: vec![None; steps],
            inferable: vec![None; steps],
            unsigned: vec![false; steps],
            counts_from: vec![Millis::MAX; steps],
            shown: None,
            due: None,
            result: None,
            subscribed: None,
            is_unconfirmed: false,
            is_requested: false,
            lookup: LookupLedger::default(),
        }
    }
}
