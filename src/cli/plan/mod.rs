//! From arguments to a [`Plan`](crate::engine::plan::Plan): each target is resolved to a `ResolvedTarget`, and
//! [`PlanBuilder`] builds the plan from them and the options.

mod builder;
mod links;
mod mistyped;
mod profiles;
mod shapes;
mod targets;

pub(super) use builder::{PlanBuilder, Prepared};

#[cfg(test)]
mod tests;
