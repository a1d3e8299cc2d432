//! Phrases that several output forms share.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{clean, zone};
use crate::error::Hint;
use crate::event::{Event, Held, LinkView};
use crate::provider::{Amount, Kind, Status, Transaction, Unit};
use crate::warning::WarningCode;

/// A duration in whole seconds: `3m 45s`.
pub fn duration_text(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

/// The status as the provider writes it, if it differs from ours: ` (PROCESSING)`.
pub(super) fn provider_status_suffix(status: Status, provider_status: &str) -> String {
    if provider_status.eq_ignore_ascii_case(status.name()) {
        String::new()
    } else {
        format!(" ({})", clean(provider_status))
    }
}

/// `100.00 EUR → 99.50 USDT`, without what is not known.
pub(super) fn exchange(record: &Transaction) -> String {
    let (from, to) = sides(record);
    [from, to].into_iter().flatten().collect::<Vec<_>>().join(" → ")
}

/// `buy 100.00 EUR`: what was paid for an exchange that did not happen.
pub(super) fn paid(record: &Transaction) -> String {
    match (sides(record).0, record.kind) {
        (Some(from), Some(kind)) => format!("{} {from}", kind.name()),
        (from, _) => from.unwrap_or_default(),
    }
}

fn sides(record: &Transaction) -> (Option<String>, Option<String>) {
    let side = |amount: &Option<String>, currency: &Option<String>| {
        let parts: Vec<_> =
            [amount, currency].into_iter().flatten().map(|part| clean(part)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let fiat = side(&record.fiat_amount, &record.fiat_currency);
    let crypto = side(&record.crypto_amount, &record.crypto_currency);
    match record.kind {
        Some(Kind::Sell) => (crypto, fiat),
        _ => (fiat, crypto),
    }
}

/// The cost with its name: of an exchange the fee in fiat currency, on a chain the cost in its coin.
pub(super) fn cost(record: &Transaction) -> Option<(&'static str, String)> {
    let Amount { digits, unit } = record.cost.as_ref()?;
    let digits = clean(digits);
    Some(match (unit, record.kind, &record.fiat_currency) {
        (Unit::Smallest(coin), ..) => {
            let text = match coin.whole(&digits) {
                Some(whole) => format!("{whole} {} ({digits} {})", coin.symbol, coin.smallest),
                None => digits.into_owned(),
            };
            ("cost", text)
        }
        (Unit::Fiat, Some(Kind::Buy | Kind::Sell), Some(currency)) => {
            ("fee", format!("{digits} {}", clean(currency)))
        }
        (Unit::Fiat, ..) => ("cost", digits.into_owned()),
    })
}

/// The target, the code and the message of a warning, if the event is one.
pub(super) fn warning(event: &Event) -> Option<(Option<&str>, WarningCode, Cow<'_, str>)> {
    match event {
        Event::Warning { target, warning } => {
            Some((target.as_deref(), warning.code, Cow::Borrowed(&warning.message)))
        }
        Event::Held(Held { target, status, remaining }) => {
            let remaining = humantime::format_duration(*remaining);
            let message = format!(
                "{status}, but --grace waits {remaining} for a change before that is believed"
            );
            Some((Some(target), WarningCode::Held, Cow::Owned(message)))
        }
        _ => None,
    }
}

/// A hint as a sentence.
pub(super) fn hint(hint: &Hint) -> Cow<'_, str> {
    match hint {
        Hint::Text(text) => Cow::Borrowed(text),
        Hint::PollInstead => "txwatch poll, or --transport poll, does without push".into(),
        Hint::PushIsOptional => "without --transport push, polling would carry the watch".into(),
        Hint::MayAppearLater => {
            "check the id and the profile; one just created may need a longer --appear-timeout"
                .into()
        }
        Hint::CheckToken(profile) => format!(
            "has the token just been rotated? check it with  txwatch config check -p {profile}"
        )
        .into(),
        Hint::CheckAddress(provider) => format!(
            "is this the address of {provider}? see where it comes from with  txwatch config show"
        )
        .into(),
    }
}

/// Text padded with spaces to a width in cells of the terminal.
pub(super) fn padded(text: &str, width: usize) -> String {
    console::pad_str(text, width, console::Alignment::Left, None).into_owned()
}

/// How changes of a target reach the command.
pub(super) fn link(link: &LinkView) -> String {
    match link {
        LinkView::Connecting => "connecting".to_owned(),
        LinkView::Live { transport, last_received } => {
            format!("live ({transport}) · last heard {} ago", duration_text(*last_received))
        }
        LinkView::Down { retry_in, polling: Some(interval), .. } => {
            format!(
                "{}, polling every {} meanwhile",
                reconnecting(*retry_in),
                interval_text(*interval)
            )
        }
        LinkView::Down { reason, retry_in, polling: None } => {
            format!("{} ({})", reconnecting(*retry_in), clean(reason))
        }
        LinkView::Polling(interval) => format!("polling every {}", interval_text(*interval)),
        LinkView::LookedUpOnce => "looked up once".to_owned(),
    }
}

/// The same in fewer words.
pub(super) fn short_link(view: &LinkView) -> String {
    match view {
        LinkView::Connecting => "connecting".to_owned(),
        LinkView::Live { transport, .. } => format!("live ({transport})"),
        LinkView::Down { retry_in, polling: Some(_), .. } => {
            format!("polling (push lost, {})", retry(*retry_in))
        }
        LinkView::Down { retry_in, polling: None, .. } => format!("lost, {}", retry(*retry_in)),
        LinkView::Polling(_) | LinkView::LookedUpOnce => link(view),
    }
}

fn reconnecting(retry_in: Duration) -> String {
    match retry_in.as_secs() {
        0 => "reconnecting now".to_owned(),
        _ => format!("reconnecting in {}", duration_text(retry_in)),
    }
}

pub(super) fn retry(retry_in: Duration) -> String {
    match retry_in.as_secs() {
        0 => "retrying now".to_owned(),
        _ => format!("retry in {}", duration_text(retry_in)),
    }
}

/// An interval, which may be shorter than a second.
fn interval_text(duration: Duration) -> String {
    match duration.as_secs() {
        0 => humantime::format_duration(duration).to_string(),
        _ => duration_text(duration),
    }
}

/// A time, in local time or UTC; with its date unless that is today's.
pub(super) fn time_of_day(time: Timestamp, now: Timestamp, local: bool) -> String {
    let zone = if local { zone::local() } else { TimeZone::UTC };
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone));
    let format = if time.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(format).to_string()
}

/// A time in a log: UTC, in seconds.
pub(super) fn plain_time(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// A target, shortened to fit into a line: `proof:550e8400…0000`.
pub(super) fn short_target(target: &str) -> String {
    let (profile, id) = target.split_once(':').unwrap_or(("", target));
    let length = id.chars().count();
    if length <= 16 {
        return target.to_owned();
    }
    let head: String = id.chars().take(8).collect();
    let tail: String = id.chars().skip(length - 4).collect();
    format!("{profile}:{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Coin;

    const MOTES: Unit = Unit::Smallest(&Coin { symbol: "CSPR", smallest: "motes", decimals: 9 });

    #[test]
    fn motes_are_shown_as_cspr_digit_for_digit() {
        // 2^512 - 1
        let largest = "13407807929942597099574024998205846127479365820592393377723561443721764030073546\
                       976801874298166903427690031858186486050853753882811946569946433649006084095";
        let shown = "13407807929942597099574024998205846127479365820592393377723561443721764030073546\
                     97680187429816690342769003185818648605085375388281194656994643364\
                     9.006084095 CSPR";
        for (motes, cspr) in [
            ("0", "0 CSPR"),
            ("1", "0.000000001 CSPR"),
            ("100000000", "0.1 CSPR"),
            ("999999999", "0.999999999 CSPR"),
            ("1000000000", "1 CSPR"),
            ("1234567891", "1.234567891 CSPR"),
            ("0001000000000", "1 CSPR"),
            (largest, shown),
            // No whole numbers stay as they are.
            ("1.5", "1.5"),
            ("-1", "-1"),
            ("1e9", "1e9"),
        ] {
            let record = |unit| Transaction {
                cost: Some(Amount::new(motes, unit)),
                ..Transaction::default()
            };
            let shown = if cspr.ends_with("CSPR") {
                format!("{cspr} ({motes} motes)")
            } else {
                cspr.to_owned()
            };
            assert_eq!(cost(&record(MOTES)), Some(("cost", shown)));
            assert_eq!(cost(&record(Unit::Fiat)), Some(("cost", motes.to_owned())));
        }
        assert_eq!(cost(&Transaction::default()), None);
    }
}
