//! From targets as they were typed to a [`Plan`](crate::engine::plan::Plan): each becomes a
//! [`ResolvedTarget`], and [`PlanBuilder`] makes the plan of them and of the options.

mod builder;
mod profiles;
mod targets;

pub(super) use builder::{PlanBuilder, Prepared};
