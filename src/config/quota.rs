//! The quota of a profile: `REQUESTS/PERIOD`, as `100/1m`.

use std::str::FromStr;
use std::time::Duration;

use super::values::Span;
use crate::provider::Quota;

/// The key of a profile.
pub(super) const KEY: &str = "quota";

const EXAMPLE: &str = "write requests per period, as 100/1m or 1200/1d";

/// Reads quotas, of which each holds.
///
/// # Errors
/// What is wrong with one of them.
pub(super) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Quota>, String> {
    let mut quotas: Vec<Quota> = Vec::new();
    for text in texts {
        let text = text.trim();
        let quota = one(text).map_err(|problem| format!("'{text}': {problem}"))?;
        if quotas.iter().any(|other| other.within == quota.within) {
            return Err(format!("'{text}': there is another number for the same period"));
        }
        quotas.push(quota);
    }
    if quotas.is_empty() { Err(format!("it is empty; {EXAMPLE}")) } else { Ok(quotas) }
}

fn one(text: &str) -> Result<Quota, String> {
    let (requests, within) =
        text.split_once('/').ok_or_else(|| format!("it has no slash; {EXAMPLE}"))?;
    let requests = requests.trim();
    if requests.is_empty() || !requests.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("before the slash is a whole number of requests; {EXAMPLE}"));
    }
    let requests = requests
        .parse()
        .map_err(|_| format!("{requests} requests are more than can be counted"))?;
    if requests == 0 {
        return Err("a quota of no requests would never let one through".to_owned());
    }
    let Span(within) = Span::from_str(within)?;
    if within == Duration::ZERO {
        return Err(format!("the period is zero; {EXAMPLE}"));
    }
    Ok(Quota { requests, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<Vec<(u32, u64)>, String> {
        let quotas = parse(texts.iter().copied())?;
        Ok(quotas.iter().map(|quota| (quota.requests, quota.within.as_secs())).collect())
    }

    #[test]
    fn quotas_are_requests_per_period() {
        assert_eq!(read(&["100/1m", "1200/1d"]), Ok(vec![(100, 60), (1_200, 86_400)]));
        assert_eq!(read(&[" 5 / 1h 30m "]), Ok(vec![(5, 5_400)]));
        assert_eq!(read(&["4294967295/1s"]), Ok(vec![(u32::MAX, 1)]));
    }

    #[test]
    fn what_is_no_quota_is_refused_with_the_reason() {
        for (texts, needle) in [
            (&[][..], "it is empty"),
            (&[""], "no slash"),
            (&["100"], "no slash"),
            (&["100 per minute"], "no slash"),
            (&["0/1m"], "no requests"),
            (&["-1/1m"], "whole number"),
            (&["1.5/1m"], "whole number"),
            (&["/1m"], "whole number"),
            (&["ten/1m"], "whole number"),
            (&["4294967296/1m"], "more than can be counted"),
            (&["100/"], "is empty"),
            (&["100/60"], "no unit"),
            (&["100/0s"], "the period is zero"),
            (&["100/1M"], "months"),
            (&["100/soon"], "write a duration"),
            (&["100/1m/2"], "write a duration"),
            (&["100/2y"], "that long"),
            (&["100/1m", "200/60s"], "the same period"),
            (&["100/1m", "100/1m"], "the same period"),
            (&["100/1m", "1200"], "'1200': it has no slash"),
        ] {
            let problem = read(texts).unwrap_err();
            assert!(problem.contains(needle), "{texts:?}: {problem}");
        }
    }
}
