//! The registry of providers.

use std::sync::Arc;

use crate::provider::{Definition, casper, cspr, proof, transak};
#[cfg(feature = "sandbox")]
use crate::sandbox::{self, Double};

/// The providers, in the order in which they are listed.
#[derive(Clone)]
pub struct Registry(Vec<Row>);

/// A provider of the registry.
#[derive(Clone)]
pub struct Row {
    /// The provider before configuration.
    pub definition: Arc<dyn Definition>,
    /// The sandbox's double of it, if there is one; it has the same name.
    #[cfg(feature = "sandbox")]
    pub double: Option<Arc<dyn Double>>,
}

impl Registry {
    /// The built-in providers.
    pub fn built_in() -> Self {
        Registry(vec![
            Row {
                definition: Arc::new(proof::Proof),
                #[cfg(feature = "sandbox")]
                double: Some(Arc::new(sandbox::proof::ProofDouble)),
            },
            Row {
                definition: Arc::new(transak::Transak),
                #[cfg(feature = "sandbox")]
                double: Some(Arc::new(sandbox::transak::TransakDouble)),
            },
            Row {
                definition: Arc::new(cspr::CsprCloud),
                #[cfg(feature = "sandbox")]
                double: Some(Arc::new(sandbox::cspr::CsprDouble)),
            },
            Row {
                definition: Arc::new(casper::Casper),
                #[cfg(feature = "sandbox")]
                double: Some(Arc::new(sandbox::casper::CasperDouble)),
            },
        ])
    }

    /// The same registry with one more provider.
    #[must_use]
    pub fn with(mut self, row: Row) -> Self {
        self.0.push(row);
        self
    }

    /// The provider with this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Definition>> {
        self.iter().find(|definition| *definition.spec().name == *name)
    }

    /// The providers in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Definition>> {
        self.0.iter().map(|row| &row.definition)
    }

    /// The doubles of the providers that have one.
    #[cfg(feature = "sandbox")]
    pub fn doubles(&self) -> Vec<Arc<dyn Double>> {
        self.0.iter().filter_map(|row| row.double.clone()).collect()
    }
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_one_name() {
        for Row { definition, double } in Registry::built_in().0 {
            assert_eq!(*definition.spec().name, *double.unwrap().name());
        }
    }
}
