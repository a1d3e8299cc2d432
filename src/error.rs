//! A failure as the user meets it: what is wrong, what caused it, what to do.

use std::fmt;

/// What kind of failure it is. `exit` turns it into a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A bad flag or a bad target.
    Usage,
    /// The provider does not know the id.
    NotFound,
    /// A bug in txwatch.
    Internal,
    /// Output or a file could not be written.
    Io,
    /// Nothing was heard from the provider for too long, or it takes no more connections.
    Unreachable,
    /// The peer's answer cannot be understood or trusted.
    Untrusted,
    /// The provider refused us: the credential, the upgrade or the subscription.
    Denied,
    /// A setting or a credential is missing or invalid.
    Config,
    /// The goal was reached but an expectation does not hold, or the ending is not the one waited for.
    Mismatch,
    /// The time limit of the command passed.
    TimedOut,
    /// A signal ended the command.
    Interrupted(Signal),
    /// The reader of standard output closed it.
    OutputClosed,
}

/// The signals that end a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Why the watcher could not do its work: a kind, a chain of causes, and hints.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    source: anyhow::Error,
    hints: Vec<Hint>,
}

/// What to do about a failure. Where that is a flag or a command, `render` phrases it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A sentence.
    Text(String),
    /// Polling does without push.
    PollInstead,
    /// Push alone was asked for, and polling would carry the watch.
    PushIsOptional,
    /// A transaction that was just created may take longer to appear.
    MayAppearLater,
    /// The token of this profile can be checked.
    CheckToken(String),
    /// The address is perhaps not that of this provider.
    CheckAddress(String),
}

impl Hint {
    /// The sentence, where it is one already.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Hint::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Hint::Text(text.to_owned())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Hint::Text(text)
    }
}

impl Failure {
    /// A failure of this kind with one sentence on what is wrong.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure { kind, source: anyhow::Error::msg(message.into()), hints: Vec::new() }
    }

    /// A failure of this kind from an error and its chain of causes.
    pub fn from_error(kind: FailureKind, error: impl Into<anyhow::Error>) -> Self {
        Failure { kind, source: error.into(), hints: Vec::new() }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What to do about it, best first.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// What caused it, nearest first.
    pub fn causes(&self) -> impl Iterator<Item = String> + '_ {
        self.source.chain().skip(1).map(ToString::to_string)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// A bad flag, a bad target.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Usage, message)
}

/// A missing or invalid setting or credential.
pub fn config(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, message)
}

/// The known name nearest to a mistyped one, if any is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_nonsense_is_not() {
        assert_eq!(nearest("tokenfile", ["url", "token_file"]), Some("token_file"));
        assert_eq!(nearest("zzz", ["url", "token_file"]), None);
    }

    #[test]
    fn causes_come_nearest_first() {
        let error = anyhow::anyhow!("inner").context("middle").context("outer");
        let failure = Failure::from_error(FailureKind::Io, error);
        assert_eq!(failure.to_string(), "outer");
        assert_eq!(failure.causes().collect::<Vec<_>>(), ["middle", "inner"]);
    }
}
