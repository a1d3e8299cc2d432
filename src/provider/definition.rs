//! A provider before it is configured.

use std::sync::Arc;

use super::id::Id;
use super::service::Provider;
use super::settings::Settings;
use super::spec::Spec;

/// A provider before it is configured: a row of the registry.
pub trait Definition: Send + Sync {
    /// What is fixed about it.
    fn spec(&self) -> Arc<Spec>;

    /// The id that a user wrote, as the provider writes it.
    ///
    /// # Errors
    /// One sentence on why it cannot be an id of this provider.
    fn parse_id(&self, text: &str) -> Result<Id, String>;

    /// The provider with the settings of a profile.
    ///
    /// # Errors
    /// One sentence on the setting that is missing or wrong.
    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String>;

    /// The provider as the sandbox plays it, which may show endings that the real one does not have.
    ///
    /// # Errors
    /// One sentence on the setting that is missing or wrong.
    fn build_for_sandbox(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        self.build(settings)
    }
}
