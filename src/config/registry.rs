//! The providers of this build.

use std::sync::Arc;

use crate::provider::{Definition, casper, cspr, proof, transak};

/// The providers that profiles may have, in the order in which they are listed.
#[derive(Clone)]
pub struct Registry(Vec<Arc<dyn Definition>>);

impl Registry {
    /// The providers that are built in: one row for each.
    pub fn built_in() -> Self {
        Registry(vec![
            Arc::new(proof::Proof),
            Arc::new(transak::Transak),
            Arc::new(cspr::CsprCloud),
            Arc::new(casper::Casper),
        ])
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, definition: Arc<dyn Definition>) -> Self {
        self.0.push(definition);
        self
    }

    /// The provider of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Definition>> {
        self.iter().find(|definition| *definition.spec().name == *name)
    }

    /// The providers in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Definition>> {
        self.0.iter()
    }
}
