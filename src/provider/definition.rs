//! Providers as the registry lists them.

use std::sync::Arc;

use super::id::Id;
use super::service::Provider;
use super::settings::Settings;
use super::spec::Spec;

/// A web site that shows transactions of a provider, or an address of its API.
#[derive(Clone, Copy, Debug)]
pub struct Explorer {
    /// Its host.
    pub host: &'static str,
    /// The network of its transactions, as the provider's setting `network` names it.
    pub network: &'static str,
}

/// A provider before it is configured: a row of the registry.
pub trait Definition: Send + Sync {
    /// Its fixed properties.
    fn spec(&self) -> Arc<Spec>;

    /// Checks an id as a user wrote it, and normalises it to the provider's form.
    ///
    /// # Errors
    /// One sentence on why it cannot be an id of this provider.
    fn parse_id(&self, text: &str) -> Result<Id, String>;

    /// The sites whose links have an id of this provider in them.
    fn explorers(&self) -> &'static [Explorer] {
        &[]
    }

    /// Configures the provider with the settings of a profile.
    ///
    /// # Errors
    /// One sentence on the setting that is missing or wrong.
    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String>;

    /// The same for the sandbox's double of it, which may report statuses that the real provider does not have.
    ///
    /// # Errors
    /// One sentence on the setting that is missing or wrong.
    fn build_for_sandbox(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        self.build(settings)
    }
}
