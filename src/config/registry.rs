//! The providers of this build.

use std::sync::Arc;

use crate::provider::{Definition, casper, cspr, proof, transak};
#[cfg(feature = "sandbox")]
use crate::sandbox::{self, Double};

/// The providers that profiles may have, in the order in which they are listed.
#[derive(Clone)]
pub struct Registry(Vec<Row>);

/// One provider.
#[derive(Clone)]
pub struct Row {
    /// What is fixed about it.
    pub definition: Arc<dyn Definition>,
    /// How the sandbox plays it, if it does. Its name is the definition's.
    #[cfg(feature = "sandbox")]
    pub double: Option<Arc<dyn Double>>,
}

impl Registry {
    /// The providers that are built in.
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

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, row: Row) -> Self {
        self.0.push(row);
        self
    }

    /// The provider of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Definition>> {
        self.iter().find(|definition| *definition.spec().name == *name)
    }

    /// The providers in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Definition>> {
        self.0.iter().map(|row| &row.definition)
    }

    /// The doubles of those that the sandbox plays.
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
