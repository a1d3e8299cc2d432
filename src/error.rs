//! A failure as the user meets it: what is wrong, what caused it, what to do.

use std::fmt;

use crate::exit::Code;

/// Why the watcher could not do its work: a kind (the exit code), a chain of causes, and hints.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    source: anyhow::Error,
    hints: Vec<String>,
}

impl Failure {
    /// A failure of this kind with one sentence on what is wrong.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Failure { code, source: anyhow::Error::msg(message.into()), hints: Vec::new() }
    }

    /// A failure of this kind from an error and its chain of causes.
    pub fn from_error(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Failure { code, source: error.into(), hints: Vec::new() }
    }

    /// Adds a sentence on what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code that this failure ends with.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What to do about it, best first.
    pub fn hints(&self) -> &[String] {
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
    Failure::new(Code::Usage, message)
}

/// A missing or invalid setting or credential.
pub fn config(message: impl Into<String>) -> Failure {
    Failure::new(Code::Config, message)
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
        let failure = Failure::from_error(Code::Io, error);
        assert_eq!(failure.to_string(), "outer");
        assert_eq!(failure.causes().collect::<Vec<_>>(), ["middle", "inner"]);
    }
}
