//! Who is played, and what an id of a scenario is for each.

use Double::{Casper, Cspr, Proof, Transak};

use super::hash;

/// A provider that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Double {
    /// Proof.
    Proof,
    /// Transak.
    Transak,
    /// CSPR.cloud.
    Cspr,
    /// A Casper node.
    Casper,
}

impl Double {
    /// Every player.
    pub const ALL: [Double; 4] = [Proof, Transak, Cspr, Casper];

    /// The player of that name.
    pub fn named(name: &str) -> Option<Self> {
        Double::ALL.into_iter().find(|player| player.name() == name)
    }

    /// The provider's name.
    pub fn name(self) -> &'static str {
        match self {
            Proof => "proof",
            Transak => "transak",
            Cspr => "cspr",
            Casper => "casper",
        }
    }

    /// How a scenario is asked for behind `sandbox:`.
    pub fn path(self, name: &str) -> String {
        match self {
            Proof => name.to_owned(),
            _ => format!("{}/{name}", self.name()),
        }
    }

    /// The id on the provider's wire of `NAME[@CLOCK]`, unless it is too long to be one.
    pub fn wire_id(self, id: &str) -> Option<String> {
        match self {
            Proof | Transak => Some(id.to_owned()),
            Cspr | Casper => hash::of(id),
        }
    }

    /// Where it is served: the paths behind the sandbox's address for requests and for push.
    pub(super) fn paths(self) -> (&'static str, &'static str) {
        match self {
            Proof | Transak => ("", ""),
            Cspr => ("/cspr", "/cspr/stream"),
            Casper => ("/casper/rpc", "/casper/events"),
        }
    }
}
