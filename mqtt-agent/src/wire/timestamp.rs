//! Points in time as the wire has them.

/// The current time in RFC 3339, in UTC, with milliseconds.
#[must_use]
pub fn now_rfc3339() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
