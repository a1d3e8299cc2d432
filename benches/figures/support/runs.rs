//! Ours and theirs in turn.

use std::env::var;

use anyhow::Result;

use super::table::{Sample, Unit};

/// How often time is taken, unless `FIGURES_RUNS` says otherwise.
const RUNS: usize = 60;
/// Runs that are not counted.
pub(crate) const WARM_UP: usize = 3;

/// How often time is taken.
pub(crate) fn runs() -> Result<usize> {
    Ok(var("FIGURES_RUNS").map_or(Ok(RUNS), |text| text.parse())?)
}

/// What each of these gives, measured in turn.
pub(crate) fn in_turn<A, B>(
    runs: usize,
    mut ours: impl FnMut() -> Result<A>,
    mut theirs: impl FnMut() -> Result<B>,
) -> Result<(Vec<A>, Vec<B>)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for run in 0..runs + WARM_UP {
        let pair = (ours()?, theirs()?);
        if run >= WARM_UP {
            a.push(pair.0);
            b.push(pair.1);
        }
    }
    Ok((a, b))
}

/// The same as samples.
pub(crate) fn paired(
    runs: usize,
    unit: Unit,
    ours: impl FnMut() -> Result<f64>,
    theirs: impl FnMut() -> Result<f64>,
) -> Result<(Sample, Sample)> {
    let (a, b) = in_turn(runs, ours, theirs)?;
    Ok((Sample::new(a, unit), Sample::new(b, unit)))
}
