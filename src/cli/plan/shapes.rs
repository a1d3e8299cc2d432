//! Which providers an id fits by its form.

use std::sync::Arc;

use crate::config::Registry;
use crate::provider::{Definition, Spec, is_uuid};

/// The providers that an id in a known form may be of: those whose ids all have this form, or for a UUID, which nobody's
/// ids have to be, all that accept it. None for an id in another form.
pub(super) fn providers_for(id: &str, registry: &Registry) -> Vec<Arc<Spec>> {
    let fits: Vec<_> =
        registry.iter().filter(|definition| definition.parse_id(id).is_ok()).collect();
    let is_strict = |definition: &&&Arc<dyn Definition>| has_fixed_form(definition.as_ref(), id);
    let strict: Vec<_> = fits.iter().filter(is_strict).copied().collect();
    let found = if strict.is_empty() && is_uuid(id) { fits } else { strict };
    found.iter().map(|definition| definition.spec()).collect()
}

/// Whether an id is none any more with a character less or more.
fn has_fixed_form(definition: &dyn Definition, id: &str) -> bool {
    let shorter = id.char_indices().next_back().map_or("", |(last, _)| &id[..last]);
    [shorter, &format!("{id}0")].iter().all(|other| definition.parse_id(other).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_fits_free_ids_and_a_hash_fits_hashes() {
        let names = |id: &str| -> Vec<_> {
            let found = providers_for(id, &Registry::built_in());
            found.iter().map(|spec| spec.name.to_string()).collect()
        };
        assert_eq!(names("550e8400-e29b-41d4-a716-446655440000"), ["proof", "transak"]);
        assert_eq!(names(&"8".repeat(64)), ["cspr", "casper"]);
        assert!(names("order-1").is_empty() && names("x").is_empty() && names("").is_empty());
    }
}
