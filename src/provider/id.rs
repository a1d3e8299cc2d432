//! Transaction ids.

use std::fmt;
use std::sync::Arc;

/// The id of a transaction in the provider's form. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

impl Id {
    /// An id that [`Definition::parse_id`](super::Definition::parse_id) has accepted.
    pub fn new(text: &str) -> Self {
        Id(text.into())
    }

    /// The text of the id, shared.
    pub fn text(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
