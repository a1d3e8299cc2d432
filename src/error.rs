//! Failures that are reported to the user: a message, a chain of causes, and hints.

use std::fmt;

/// The kind of a failure, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A flag or a target is invalid.
    Usage,
    /// The provider does not know the id.
    NotFound,
    /// A bug in txwatch.
    Internal,
    /// Output or a file could not be written.
    Io,
    /// The provider did not respond for `--max-outage`, or accepts no more connections.
    Unreachable,
    /// The peer's response cannot be understood or trusted.
    Untrusted,
    /// The provider refused the credential, the upgrade or the subscription.
    Denied,
    /// A setting or a credential is missing or invalid.
    Config,
    /// An expectation does not hold, or the transaction completed although another status was the goal.
    Mismatch,
    /// `--timeout` passed.
    TimedOut,
    /// A signal ended the command.
    Interrupted(Signal),
    /// The reader of stdout closed it.
    OutputClosed,
}

/// The signals that end a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGHUP.
    HangUp,
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// A failure of a command: a kind, a chain of causes, and hints.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    /// Where it was found, before the message.
    place: Option<String>,
    source: anyhow::Error,
    hints: Vec<Hint>,
}

/// What the user can do about a failure. Hints with a flag or a command in them are phrased by `render`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A sentence.
    Text(String),
    /// Poll, which needs no push connection.
    PollInstead,
    /// Leave out `--transport push`, for the target can be polled.
    PushIsOptional,
    /// Allow more time for the transaction to appear.
    MayAppearLater,
    /// Check the token of this profile.
    CheckToken(String),
    /// Check whether the URL is that of this provider.
    CheckAddress(String),
}

impl Hint {
    /// The sentence of a [`Hint::Text`].
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
    /// A failure with this message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure::from_error(kind, anyhow::Error::msg(message.into()))
    }

    /// A failure from an error and its chain of causes.
    pub fn from_error(kind: FailureKind, error: impl Into<anyhow::Error>) -> Self {
        Failure { kind, place: None, source: error.into(), hints: Vec::new() }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Puts the place where it was found before the message.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Failure { place: Some(place.into()), ..self }
    }

    /// The kind of failure.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The hints, the most helpful first.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The chain of causes below the message, the immediate cause first.
    pub fn causes(&self) -> impl Iterator<Item = String> + '_ {
        self.source.chain().skip(1).map(ToString::to_string)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.source),
            None => self.source.fmt(f),
        }
    }
}

/// A [`FailureKind::Usage`] with this message.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Usage, message)
}

/// A [`FailureKind::Config`] with this message.
pub fn config(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, message)
}

/// The known name that is most similar to a mistyped one, if one is similar enough (Jaro-Winkler above 0.75).
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
