//! What must hold whatever arrives: the properties of the tests, for the targets.

#[path = "../../tests/properties/mod.rs"]
pub mod properties;
