//! Numbers as people write them: compared exactly, and divided decimally.

use std::cmp::Ordering;

use serde_json::Number;

/// The order of two numbers; of whole ones exactly.
pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_whole(a, float(b)),
        (None, Some(b)) => compare_whole(b, float(a)).reverse(),
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

fn compare_whole(whole: i128, float: f64) -> Ordering {
    // Beyond what a 64-bit number has, the sign decides.
    if float.abs() >= 1e30 {
        return 0.0_f64.partial_cmp(&float).unwrap_or(Ordering::Equal);
    }
    let floor = float.floor();
    match whole.cmp(&(floor as i128)) {
        Ordering::Equal if float > floor => Ordering::Less,
        order => order,
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// A number by its decimal digits: `digits` times ten to the power of `exponent`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// What the shortest text of a number says; `None` for more digits than fit.
    fn of(number: &Number) -> Option<Self> {
        let text = number.to_string();
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits.to_owned(), exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (digits, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (format!("{whole}{fraction}"), i32::try_from(fraction.len()).ok()?),
            None => (digits, 0),
        };
        let digits = digits.parse::<i128>().ok()?;
        Some(Self { digits, exponent: exponent.checked_sub(fraction)? })
    }
}

/// Whether a number is a multiple of another one as people count: 4.02 is one of 0.01.
pub(super) fn is_multiple(number: &Number, of: &Number) -> bool {
    match (Decimal::of(number), Decimal::of(of)) {
        (Some(number), Some(of)) => is_decimal_multiple(number, of),
        // With more digits than there are, what is left is all rounding.
        _ => (float(number) / float(of)).fract() == 0.0,
    }
}

fn is_decimal_multiple(number: Decimal, of: Decimal) -> bool {
    let shift = number.exponent.abs_diff(of.exponent);
    if number.exponent >= of.exponent {
        // Step by step, for the digits of 1e300 fit nowhere.
        let mut rest = number.digits.checked_rem(of.digits);
        for _ in 0..shift {
            match rest {
                Some(0) | None => break,
                Some(digits) => {
                    rest = digits.checked_mul(10).and_then(|digits| digits.checked_rem(of.digits))
                }
            }
        }
        rest == Some(0)
    } else {
        let of = 10_i128.checked_pow(shift).and_then(|power| of.digits.checked_mul(power));
        of.and_then(|of| number.digits.checked_rem(of)).map_or(number.digits == 0, |rest| rest == 0)
    }
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
