//! Numbers: compared exactly, and divided decimally.
//!
//! With serde_json's feature `arbitrary_precision`, which any crate of a program may turn on, a number is its text,
//! with any number of digits and any exponent. Without the feature, it is an integer or a float, which is converted to
//! text.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use serde_json::Number;

use super::decimal::Decimal;

/// Whether numbers keep their text.
static KEEPS_TEXT: LazyLock<bool> =
    LazyLock::new(|| serde_json::from_str::<Number>("1.50").is_ok_and(|number| number.to_string() == "1.50"));

/// The order of two numbers.
pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return a.cmp(&b);
    }
    // The nearest floats of two numbers have their order, or are the same one.
    let floats = match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.partial_cmp(&b).filter(|order| order.is_ne()),
        _ => None,
    };
    floats.unwrap_or_else(|| exact(a).cmp(&exact(b)))
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// A float without a fraction; above this no float is near an integer.
fn whole_float(number: &Number) -> Option<i128> {
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e30)?;
    Some(float as i128)
}

/// What a number is, to its last digit.
fn exact(number: &Number) -> Decimal {
    let whole = if *KEEPS_TEXT { None } else { whole(number).or_else(|| whole_float(number)) };
    Decimal::read(&whole.map_or_else(|| number.to_string(), |whole| whole.to_string()))
}

/// Whether a number has no fraction: `30.0` has none.
pub(super) fn is_whole(number: &Number) -> bool {
    if whole(number).is_some() {
        return true;
    }
    if *KEEPS_TEXT { exact(number).is_whole() } else { float(number).fract() == 0.0 }
}

/// Whether a number is a multiple of another one as people count: 4.02 is one of 0.01.
pub(super) fn is_multiple(number: &Number, of: &Number) -> bool {
    let decimal = Decimal::read(&number.to_string()).is_multiple(&Decimal::read(&of.to_string()));
    decimal.unwrap_or_else(|| (float(number) / float(of)).fract() == 0.0)
}

/// Those that are equal have one hash. Whole numbers have their own each: as floats, thousands of large ones would be one.
pub(super) fn hash<H: Hasher>(number: &Number, state: &mut H) {
    if *KEEPS_TEXT {
        return exact(number).hash(state);
    }
    match whole(number).or_else(|| whole_float(number)) {
        Some(whole) => whole.hash(state),
        None => float(number).to_bits().hash(state),
    }
}

/// The bytes of a number's text, where it has any length.
pub(super) fn length(number: &Number) -> usize {
    if *KEEPS_TEXT { number.to_string().len() } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn multiples_are_counted_decimally() {
        for (text, of) in
            [("4.02", "0.01"), ("0.3", "0.1"), ("1e3", "10"), ("-7", "3.5"), ("0", "5"), ("1e300", "1")]
        {
            assert!(is_multiple(&number(text), &number(of)), "{text} {of}");
        }
        for (text, of) in [("4.025", "0.01"), ("7", "2"), ("0.35", "0.1"), ("1", "1e3"), ("1e-5", "1e-4")] {
            assert!(!is_multiple(&number(text), &number(of)), "{text} {of}");
        }
    }

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let ordered = [
            "-1e40",
            "-9223372036854775808",
            "-2.5",
            "-2",
            "0",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e20",
            "1e40",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(&number(a), &number(b)), i.cmp(&j), "{a} {b}");
            }
        }
    }
}
