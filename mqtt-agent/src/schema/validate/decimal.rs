//! Numbers of any size, by their decimal digits. Operations take time in proportion to the length of the text, whatever
//! the exponent.

use std::cmp::Ordering;

/// A number: `digits` times ten to the power of `exponent`. The digits begin and end in none that is 0; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    is_negative: bool,
    digits: String,
    /// Of numbers that nobody can mean, the nearest.
    exponent: i64,
}

impl Decimal {
    /// Reads a number of JSON.
    pub(super) fn read(text: &str) -> Self {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let farthest = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent.parse::<i64>().unwrap_or(farthest);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let zeros = length(&all).saturating_sub(length(digits));
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { is_negative: false, digits, exponent: 0 };
        }
        Self {
            is_negative,
            digits,
            exponent: exponent.saturating_sub(length(fraction)).saturating_add(zeros),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Whether it is a multiple of another one.
    pub(super) fn is_multiple(&self, of: &Self) -> Option<bool> {
        // More digits than this nobody writes into a schema.
        let divisor = of.digits.parse::<i128>().ok()?.unsigned_abs();
        if self.digits.is_empty() {
            return Some(true);
        }
        // Its own digits end in no 0, so that no power of ten divides them.
        let Ok(shift) = u64::try_from(i128::from(self.exponent) - i128::from(of.exponent)) else {
            return Some(false);
        };
        let digits = self.digits.chars().filter_map(|digit| digit.to_digit(10));
        let rest = digits.fold(0, |rest, digit| (product(rest, 10, divisor) + u128::from(digit)) % divisor);
        Some(product(rest, power_of_ten(shift, divisor), divisor) == 0)
    }

    /// The position of the first digit.
    fn magnitude(&self) -> i64 {
        if self.digits.is_empty() { i64::MIN } else { self.exponent.saturating_add(length(&self.digits)) }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let absolute =
            || self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits));
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => absolute(),
            (true, true) => absolute().reverse(),
        }
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// `a * b % divisor`, where all are below 2 to the power of 127.
fn product(a: u128, b: u128, divisor: u128) -> u128 {
    if let Some(product) = a.checked_mul(b) {
        return product % divisor;
    }
    let (mut sum, mut term, mut left) = (0, a % divisor, b);
    while left > 0 {
        if left & 1 == 1 {
            sum = (sum + term) % divisor;
        }
        term = (term + term) % divisor;
        left >>= 1;
    }
    sum
}

/// By squares: as many steps as the exponent has bits.
fn power_of_ten(exponent: u64, divisor: u128) -> u128 {
    let (mut power, mut square, mut left) = (1 % divisor, 10 % divisor, exponent);
    while left > 0 {
        if left & 1 == 1 {
            power = product(power, square, divisor);
        }
        square = product(square, square, divisor);
        left >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_multiple(number: &str, of: &str) -> Option<bool> {
        Decimal::read(number).is_multiple(&Decimal::read(of))
    }

    #[test]
    fn multiples_of_any_size_are_found_by_their_digits() {
        for (number, of) in [
            ("1e1000000000", "5"),
            ("1E+9223372036854775807", "1"),
            ("3e1000000000", "0.00006"),
            ("0e99", "7"),
            ("123456789123456789123456789123456789123456789123456789", "9"),
            ("85070591730234615865843651857942052864e9", "85070591730234615865843651857942052864"),
        ] {
            assert_eq!(is_multiple(number, of), Some(true), "{number} {of}");
        }
        for (number, of) in [
            ("1e1000000000", "3"),
            ("1e-1000000000", "1"),
            ("123456789123456789123456789123456789123456789123456788", "9"),
            ("85070591730234615865843651857942052865e9", "85070591730234615865843651857942052864"),
        ] {
            assert_eq!(is_multiple(number, of), Some(false), "{number} {of}");
        }
        assert_eq!(is_multiple("1", &"7".repeat(99)), None);
    }

    #[test]
    fn numbers_of_any_size_are_compared() {
        let ordered = [
            "-1e99999999999",
            "-1e-99999999999",
            "0",
            "1e-99999999999",
            "0.10000000000000000001",
            "0.1000000000000000001",
            "9007199254740993.5",
            "1e400",
            "1.1e400",
            "1e99999999999",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(Decimal::read(a).cmp(&Decimal::read(b)), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for same in ["1200", "1.2e3", "12E+2", "1200.00", "0.0012e6"] {
            assert_eq!(Decimal::read(same), Decimal::read("1200"), "{same}");
        }
        assert_eq!(Decimal::read("-0.00e7"), Decimal::read("0"));
        assert!(Decimal::read("1.50e1").is_whole() && Decimal::read("1e1000000000").is_whole());
        assert!(Decimal::read("0.0").is_whole() && !Decimal::read("9007199254740993.5").is_whole());
    }
}
