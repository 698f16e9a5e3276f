//! When an event happened: the skew rule of the Segment specification (AN 1.5), and its limits.
//!
//! `at = received − (sent − original)`: the sender's clock may be wrong, the span between its own two times is not.

use super::reason::{Doubt, Rejection};
use kernel::time::{DAY, MINUTE, SECOND, Timestamp};

/// Further from the receipt than this, the sender's clock is called wrong.
const SKEW_MAX: i64 = DAY;
/// A little after the receipt is the jitter of two clocks.
const JITTER_MAX: i64 = MINUTE;
/// 2000-01-01T00:00:00Z: older times are a mistake of units, not history.
const EARLIEST: i64 = 946_684_800 * SECOND;

/// The times a message carries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times<'a> {
    pub(super) original: &'a str,
    pub(super) timestamp: &'a str,
    /// The message's own `sentAt`, else the batch's.
    pub(super) sent: &'a str,
}

/// When it happened, and what is doubtful about that.
pub(super) fn stamp(times: &Times<'_>, received_at: Timestamp) -> Result<(Timestamp, Option<Doubt>), Rejection> {
    let original = match read("originalTimestamp", times.original)? {
        Some(moment) => Some(moment),
        None => read("timestamp", times.timestamp)?,
    };
    let Some(original) = original else { return Ok((received_at, None)) };
    let sent = read("sentAt", times.sent)?;
    let at = sent.map_or(original, |sent| received_at.plus(-sent.since(original)));
    let doubt = sent.map(|sent| sent.since(received_at)).filter(|off| off.saturating_abs() > SKEW_MAX);
    let late = at.since(received_at);
    if at.micros() < EARLIEST || original.micros() < EARLIEST {
        return Ok((received_at, Some(Doubt::Ancient(original.to_string()))));
    }
    if late > JITTER_MAX {
        return Ok((received_at, Some(Doubt::Future(late / SECOND))));
    }
    Ok((at.min(received_at), doubt.map(|off| Doubt::Clock(off / SECOND))))
}

/// RFC 3339 as SDKs write it, without a zone (UTC is meant), or seconds or milliseconds since 1970.
fn read(field: &'static str, text: &str) -> Result<Option<Timestamp>, Rejection> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Some(moment));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some(number) = number {
        // Seconds until the year 5138, milliseconds from 1973 on.
        let micros = if number.abs() < 1e11 { number * 1e6 } else { number * 1e3 };
        if let Some(micros) = whole(micros) {
            return Ok(Some(Timestamp::from_micros(micros)));
        }
    }
    let civil = text.parse::<jiff::civil::DateTime>();
    if let Some(moment) = civil.ok().and_then(|civil| civil.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()) {
        return Ok(Some(Timestamp::from_micros(moment.timestamp().as_microsecond())));
    }
    Err(Rejection::Timestamp { field, found: text.chars().take(64).collect() })
}

/// A number of microseconds within what can be shown.
fn whole(micros: f64) -> Option<i64> {
    if micros.abs() > 9e18 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked; parts of a microsecond are cut")]
    Some(micros as i64)
}
