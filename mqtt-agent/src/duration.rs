//! Durations as text, instead of the two numbers to which serde serializes a `std::time::Duration`.
//!
//! | module | `90.5 s` is | accepts |
//! |---|---|---|
//! | [`text`] | `"1m30s500ms"` | `h`, `m`, `s`, `ms` in this order, each at most once; seconds may have a fraction: `"1.5s"` |
//! | [`iso8601`] | `"PT1M30.5S"` | `P1DT2H3M4.5S`: days to seconds, each at most once; no years, months or weeks |
//!
//! Each number has at most nine digits. For an argument, write `#[arg(duration = "text")]` or
//! `#[arg(duration = "iso8601")]` before the parameter. For a field of a struct:
//!
//! ```
//! use std::time::Duration;
//!
//! use mqtt_agent::prelude::*;
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Pause {
//!     /// How long.
//!     #[serde(with = "mqtt_agent::duration::text")]
//!     #[schemars(schema_with = "mqtt_agent::duration::text::json_schema")]
//!     length: Duration,
//!     /// After how long it is repeated; never when left out.
//!     #[serde(with = "mqtt_agent::duration::iso8601", default)]
//!     #[schemars(schema_with = "mqtt_agent::duration::iso8601::json_schema")]
//!     every: Option<Duration>,
//! }
//!
//! let pause: Pause = serde_json::from_value(json!({"length": "1m30s"}))?;
//! assert_eq!((pause.length, pause.every), (Duration::from_secs(90), None));
//! let pause = Pause { every: Some(Duration::from_millis(2500)), ..pause };
//! assert_eq!(serde_json::to_value(pause)?, json!({"length": "1m30s", "every": "PT2.5S"}));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt::Write;
use std::time::Duration;

use schemars::{Schema, json_schema};

/// The digits that a number may have.
const DIGITS: usize = 9;

/// A way to write a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Iso8601,
}

impl Format {
    /// The value of a text; its error says what is expected.
    pub(crate) fn read(self, text: &str) -> Result<Duration, String> {
        let found = match self {
            Self::Text => units(text, &[("h", 3600), ("m", 60), ("s", 1), ("ms", 0)]),
            Self::Iso8601 => iso8601_of(text),
        };
        let example = match self {
            Self::Text => "`1m30s`",
            Self::Iso8601 => "`PT1M30S`, of ISO 8601",
        };
        found.ok_or_else(|| format!("expected a duration, as in {example}"))
    }

    pub(crate) fn write(self, duration: Duration) -> String {
        match self {
            Self::Text => text_of(duration),
            Self::Iso8601 => written_iso8601(duration),
        }
    }

    /// What [`read`](Self::read) accepts, and no more.
    pub(crate) fn schema(self) -> Schema {
        match self {
            Self::Text => json_schema!({
                "type": "string",
                "description": "A duration, as in `1m30s`.",
                "minLength": 2,
                "pattern": "^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}(\\.[0-9]{1,9})?s)?([0-9]{1,9}ms)?$",
            }),
            Self::Iso8601 => json_schema!({
                "type": "string",
                "description": "A duration of ISO 8601, as in `PT1M30S`.",
                "format": "duration",
                "minLength": 3,
                "pattern": "^P([0-9]{1,9}D)?(T([0-9]{1,9}H([0-9]{1,9}M)?([0-9]{1,9}(\\.[0-9]{1,9})?S)?|[0-9]{1,9}M([0-9]{1,9}(\\.[0-9]{1,9})?S)?|[0-9]{1,9}(\\.[0-9]{1,9})?S))?$",
            }),
        }
    }
}

/// Numbers with these units, in their order, each at most once, and one at least. The unit of so many seconds; `0` is for
/// thousandths. Only seconds have a fraction.
fn units(text: &str, units: &[(&str, u64)]) -> Option<Duration> {
    let (mut rest, mut left, mut sum) = (text, units, Duration::ZERO);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (whole, after) = digits(rest)?;
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after).map(|(fraction, after)| (Some(fraction), after))?,
            None => (None, after),
        };
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let at = left.iter().position(|(name, _)| *name == unit)?;
        let (_, seconds) = *left.get(at)?;
        left = left.get(at + 1..)?;
        let number: u64 = whole.parse().ok()?;
        sum += match (seconds, fraction) {
            (0, None) => Duration::from_millis(number),
            (1, Some(fraction)) => Duration::new(number, format!("{fraction:0<9}").parse().ok()?),
            (_, Some(_)) => return None,
            (seconds, None) => Duration::from_secs(number * seconds),
        };
        rest = after;
    }
    Some(sum)
}

/// The digits at the beginning, as many as there may be, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (1..=DIGITS).contains(&end).then(|| text.split_at_checked(end)).flatten()
}

fn iso8601_of(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (text, None),
    };
    if days.is_empty() && time.is_none() {
        return None;
    }
    let days = if days.is_empty() { Duration::ZERO } else { units(days, &[("D", 86_400)])? };
    let time = time.map_or(Some(Duration::ZERO), |time| units(time, &[("H", 3600), ("M", 60), ("S", 1)]))?;
    Some(days + time)
}

fn text_of(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let mut text = String::new();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    for (number, unit) in [(hours, 'h'), (minutes, 'm')] {
        if number > 0 {
            let _ = write!(text, "{number}{unit}");
        }
    }
    if nanos % 1_000_000 > 0 {
        let _ = write!(text, "{seconds}{}s", fraction(nanos));
        return text;
    }
    if seconds > 0 || (text.is_empty() && nanos == 0) {
        let _ = write!(text, "{seconds}s");
    }
    if nanos > 0 {
        let _ = write!(text, "{}ms", nanos / 1_000_000);
    }
    text
}

fn written_iso8601(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let mut text = "PT".to_owned();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    for (number, unit) in [(hours, 'H'), (minutes, 'M')] {
        if number > 0 {
            let _ = write!(text, "{number}{unit}");
        }
    }
    if seconds > 0 || nanos > 0 || text.len() == 2 {
        let _ = write!(text, "{seconds}{}S", fraction(nanos));
    }
    text
}

/// `.5` for half a second, nothing for none.
fn fraction(nanos: u32) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

/// A type that can be such a field: a `Duration`, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no duration",
    label = "not `std::time::Duration`, nor an `Option` of it",
    note = "take a `std::time::Duration`; for a duration of another crate add the feature of that crate's name, as `jiff`"
)]
pub trait DurationField: Sized {
    /// Its duration, if it has one.
    #[doc(hidden)]
    fn get(&self) -> Option<Duration>;

    /// Makes it from an optional duration; `None` if it needs a duration and there is none.
    #[doc(hidden)]
    fn of(value: Option<Duration>) -> Option<Self>;
}

impl DurationField for Duration {
    fn get(&self) -> Option<Duration> {
        Some(*self)
    }

    fn of(value: Option<Duration>) -> Option<Self> {
        value
    }
}

impl DurationField for Option<Duration> {
    fn get(&self) -> Option<Duration> {
        *self
    }

    fn of(value: Option<Duration>) -> Option<Self> {
        Some(value)
    }
}

macro_rules! format {
    ($(#[$doc:meta])* $module:ident, $format:ident) => {
        $(#[$doc])*
        pub mod $module {
            use schemars::{Schema, SchemaGenerator};
            use serde::de::Error;
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            use super::{DurationField, Format};

            /// Writes a duration, for `#[serde(with = "..")]` and `#[serde(serialize_with = "..")]`.
            ///
            /// # Errors
            ///
            /// Those of the serializer.
            pub fn serialize<T: DurationField, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
                value.get().map(|duration| Format::$format.write(duration)).serialize(serializer)
            }

            /// Reads a duration, for `#[serde(with = "..")]` and `#[serde(deserialize_with = "..")]`.
            ///
            /// # Errors
            ///
            /// When the value is not a text, or not such a duration.
            pub fn deserialize<'de, T: DurationField, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
                let text = Option::<String>::deserialize(deserializer)?;
                let value = text.map(|text| Format::$format.read(&text)).transpose().map_err(Error::custom)?;
                T::of(value).ok_or_else(|| Error::custom("missing; give a duration"))
            }

            /// The schema, for `#[schemars(schema_with = "..")]`.
            #[must_use]
            pub fn json_schema(_: &mut SchemaGenerator) -> Schema {
                Format::$format.schema()
            }
        }
    };
}

format! {
    /// A duration as `"1m30s"`.
    text, Text
}

format! {
    /// A duration of ISO 8601, as `"PT1M30S"`.
    iso8601, Iso8601
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn pattern(format: Format) -> (Regex, usize) {
        let schema = format.schema().to_value();
        let least = schema.get("minLength").and_then(serde_json::Value::as_u64).unwrap();
        (Regex::new(schema.get("pattern").unwrap().as_str().unwrap()).unwrap(), least as usize)
    }

    #[test]
    fn durations_are_read_by_their_units() {
        let text = |text| Format::Text.read(text).ok();
        let iso8601 = |text| Format::Iso8601.read(text).ok();
        assert_eq!(text("5s"), Some(Duration::from_secs(5)));
        assert_eq!(text("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(text("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(text("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(iso8601("PT5S"), Some(Duration::from_secs(5)));
        assert_eq!(iso8601("P1DT2H"), Some(Duration::from_secs(26 * 3600)));
        assert_eq!(iso8601("P2D"), Some(Duration::from_secs(2 * 86_400)));
        assert_eq!(iso8601("PT0.000000001S"), Some(Duration::from_nanos(1)));
        for wrong in
            ["", "5", "s", "5 s", "5m1h", "5s5s", "1.5h", "-5s", "5d", "1234567890s", "5s\n", "٣s", "5é"]
        {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        for wrong in ["", "P", "PT", "P1DT", "5s", "P1Y", "PT1S1M", "PT1.5M", "P1H", "PT5s", "p1d", "P1W"] {
            assert_eq!(iso8601(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_shortest_text_is_written() {
        let milliseconds = [(0, "0s", "PT0S"), (5000, "5s", "PT5S"), (90_500, "1m30s500ms", "PT1M30.5S")];
        for (millis, text, iso8601) in
            milliseconds.into_iter().chain([(3_600_000, "1h", "PT1H"), (20, "20ms", "PT0.02S")])
        {
            let duration = Duration::from_millis(millis);
            assert_eq!(
                (Format::Text.write(duration).as_str(), Format::Iso8601.write(duration).as_str()),
                (text, iso8601)
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_fits_the_schema(seconds in 0..3_000_000_000_000_u64, nanos in 0..1_000_000_000_u32) {
            for format in [Format::Text, Format::Iso8601] {
                for nanos in [nanos, 0, nanos / 1_000_000 * 1_000_000] {
                    let duration = Duration::new(seconds, nanos);
                    let text = format.write(duration);
                    let (pattern, least) = pattern(format);
                    prop_assert!(pattern.is_match(&text) && text.len() >= least, "{}", text);
                    prop_assert_eq!(format.read(&text), Ok(duration), "{}", text);
                }
            }
        }

        #[test]
        fn mcp_8_what_the_schema_allows_is_read_and_nothing_else(text in "P?([0-9]{1,10}D)?T?([0-9]{1,3}[hH])?([0-9]{1,3}[mM])?([0-9]{1,2}(\\.[0-9]{1,10})?[sS])?([0-9]{1,2}ms)?") {
            for format in [Format::Text, Format::Iso8601] {
                let (pattern, least) = pattern(format);
                let allowed = pattern.is_match(&text) && text.chars().count() >= least;
                prop_assert_eq!(format.read(&text).is_ok(), allowed, "{}", text);
            }
        }
    }
}
