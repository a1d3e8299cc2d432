//! The contents of the configuration file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::provider::Spec;

/// The profile of the embedded sandbox. It has no section in the file.
pub const SANDBOX: &str = "sandbox";

/// The checked contents of a file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The profile of targets without one.
    pub default_profile: Option<Entry>,
    /// `[defaults]`.
    pub defaults: BTreeMap<String, Entry>,
    /// `[profiles.NAME]`.
    pub profiles: BTreeMap<String, Section>,
}

/// `[profiles.NAME]`.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The provider that the key `provider` names.
    pub provider: Option<Arc<Spec>>,
    /// The other keys.
    pub entries: BTreeMap<String, Entry>,
}

/// A value with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The strings of a list, or a single value as text.
    pub value: Vec<String>,
    /// Whether it is a list.
    pub is_list: bool,
    /// The line, counted from 1.
    pub line: usize,
}

impl Entry {
    /// The single value.
    ///
    /// # Errors
    /// It is a list.
    pub fn text(&self) -> Result<&str, String> {
        let single = self.value.first().filter(|_| !self.is_list);
        single.map(String::as_str).ok_or_else(|| "it is a list, not a text".to_owned())
    }

    /// `FILE:LINE`.
    pub fn place(&self, path: &Path) -> String {
        format!("{}:{}", path.display(), self.line)
    }
}
