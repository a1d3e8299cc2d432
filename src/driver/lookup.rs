//! Carrying a lookup out: question after question, until it is done.

use jiff::Timestamp;

use crate::provider::{Id, Provider, Reading, Step};
use crate::transport::{Error, Network};
use crate::wire::Token;

/// Looks these ids up; what is found for each, in their order. `now` is the wall clock when the lookup began.
///
/// # Errors
/// A request failed.
pub(super) async fn look_up(
    provider: &dyn Provider,
    network: &impl Network,
    token: &Token,
    ids: &[Id],
    now: Timestamp,
) -> Result<Vec<Reading>, Error> {
    let mut lookup = provider.lookup(ids);
    while let Some(request) = lookup.next(now) {
        let response = network.fetch(&request, token).await?;
        if let Step::Done(readings) = lookup.received(&response) {
            return Ok(readings);
        }
    }
    let nothing = || Reading::Malformed("its answers led to nothing".to_owned());
    Ok(ids.iter().map(|_| nothing()).collect())
}
