//! Numbers that fit a schema, for examples.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// The numbers up to which those with a fraction are exact.
const EXACT: f64 = 9e15;

/// A number: whole ones are exact.
#[derive(Debug, Clone, Copy)]
enum Num {
    Whole(i128),
    Real(f64),
}

use Num::{Real, Whole};

impl Num {
    fn read(schema: &Value, key: &str) -> Option<Self> {
        let number = schema.get(key)?;
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map(Whole).or_else(|| number.as_f64().map(Self::real))
    }

    fn real(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < EXACT { Whole(number as i128) } else { Real(number) }
    }

    fn to_f64(self) -> f64 {
        match self {
            Whole(number) => number as f64,
            Real(number) => number,
        }
    }

    fn json(self) -> Option<Value> {
        match self {
            Whole(number) => match i64::try_from(number) {
                Ok(number) => Some(number.into()),
                Err(_) => u64::try_from(number).ok().map(Value::from),
            },
            Real(number) => Number::from_f64(number).map(Value::Number),
        }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Whole(one), Whole(other)) => Some(one.cmp(&other)),
            _ => self.to_f64().partial_cmp(&other.to_f64()),
        }
    }

    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Whole(one), Whole(other)) => Whole(one.saturating_add(other)),
            _ => Self::rounded(self.to_f64() + other.to_f64()),
        }
    }

    /// Without what calculating in binary adds: three times 0.1 is 0.3.
    fn rounded(number: f64) -> Self {
        Self::real(format!("{number:.12e}").parse().unwrap_or(number))
    }

    /// The first multiple that is no less.
    fn up_to(self, step: Self) -> Self {
        match (self, step) {
            (Whole(number), Whole(step)) => {
                let times = number.saturating_neg().checked_div_euclid(step).unwrap_or_default();
                Whole(times.saturating_neg().saturating_mul(step))
            }
            _ => Self::rounded((self.to_f64() / step.to_f64()).ceil() * step.to_f64()),
        }
    }

    /// The last multiple that is no more.
    fn down_to(self, step: Self) -> Self {
        self.negated().up_to(step).negated()
    }

    fn negated(self) -> Self {
        match self {
            Whole(number) => Whole(number.saturating_neg()),
            Real(number) => Real(-number),
        }
    }

    fn is_multiple(self, step: Self) -> bool {
        match (self, step) {
            (Whole(number), Whole(step)) => number.checked_rem(step).is_none_or(|rest| rest == 0),
            _ => {
                let times = self.to_f64() / step.to_f64();
                (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
            }
        }
    }
}

/// What a schema asks of a number.
struct Bounds {
    least: Option<Num>,
    above: Option<Num>,
    most: Option<Num>,
    below: Option<Num>,
    step: Option<Num>,
    is_whole: bool,
}

impl Bounds {
    fn of(schema: &Value) -> Self {
        let has = |name: &str| match schema.get("type") {
            Some(Value::Array(some)) => some.iter().take(8).any(|one| one == name),
            Some(one) => one == name,
            None => false,
        };
        let read = |key: &str| Num::read(schema, key);
        let step = read("multipleOf").filter(|step| step.to_f64() > 0.0);
        Self {
            least: read("minimum"),
            above: read("exclusiveMinimum"),
            most: read("maximum"),
            below: read("exclusiveMaximum"),
            step,
            is_whole: has("integer") && !has("number"),
        }
    }

    fn fits(&self, number: Num) -> bool {
        let is = |bound: Option<Num>, allowed: &[Ordering]| {
            bound.is_none_or(|bound| number.order(bound).is_some_and(|order| allowed.contains(&order)))
        };
        is(self.least, &[Ordering::Greater, Ordering::Equal])
            && is(self.above, &[Ordering::Greater])
            && is(self.most, &[Ordering::Less, Ordering::Equal])
            && is(self.below, &[Ordering::Less])
            && self.step.is_none_or(|step| number.is_multiple(step))
            && (!self.is_whole || matches!(number, Whole(_)))
    }

    /// Numbers that may fit, what is usual first.
    fn candidates(&self) -> Vec<Num> {
        let (one, back) = (Whole(1), Whole(-1));
        let low: Vec<Num> = self.least.into_iter().chain(self.above).collect();
        let high: Vec<Num> = self.most.into_iter().chain(self.below).collect();
        let mut all = Vec::new();
        if let Some(step) = self.step {
            all.extend(low.iter().flat_map(|low| [low.up_to(step), low.up_to(step).plus(step)]));
            all.push(step);
            all.extend(
                high.iter().flat_map(|high| [high.down_to(step), high.down_to(step).plus(step.negated())]),
            );
        }
        all.extend(self.least);
        all.extend(self.above.map(|above| above.plus(one)));
        all.push(one);
        all.extend(self.most);
        all.extend(self.below.map(|below| below.plus(back)));
        all.extend(low.iter().map(|low| low.up_to(one)));
        all.extend(high.iter().map(|high| high.down_to(one)));
        for low in &low {
            all.extend(high.iter().map(|high| Num::real(low.to_f64() / 2.0 + high.to_f64() / 2.0)));
        }
        all.push(Whole(0));
        all
    }
}

/// One where that is allowed, and otherwise what is next to a bound; `None` where nothing is known to fit.
pub(crate) fn of(schema: &Value) -> Option<Value> {
    let bounds = Bounds::of(schema);
    bounds.candidates().into_iter().find(|number| bounds.fits(*number))?.json()
}

/// A number that is none of those before.
pub(crate) fn unlike(schema: &Value, before: &[Value]) -> Option<Value> {
    let bounds = Bounds::of(schema);
    let first = bounds.candidates().into_iter().find(|number| bounds.fits(*number))?;
    let step = bounds.step.unwrap_or(Whole(1));
    [step, step.negated()].into_iter().find_map(|step| {
        let next = std::iter::successors(Some(first), |number| Some(number.plus(step)));
        let mut fitting =
            next.take(before.len() + 1).filter(|number| bounds.fits(*number)).filter_map(Num::json);
        fitting.find(|number| !before.contains(number))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sample_number_is_within_its_bounds() {
        for (schema, expected) in [
            (json!({}), json!(1)),
            (json!({"minimum": 3}), json!(3)),
            (json!({"exclusiveMinimum": 3}), json!(4)),
            (json!({"maximum": -2}), json!(-2)),
            (json!({"exclusiveMaximum": 1}), json!(0)),
            (json!({"maximum": 9}), json!(1)),
            (json!({"minimum": u64::MAX}), json!(u64::MAX)),
            (json!({"exclusiveMinimum": 0, "maximum": 0.5}), json!(0.5)),
            (json!({"exclusiveMinimum": 0, "exclusiveMaximum": 0.5}), json!(0.25)),
            (json!({"type": "integer", "minimum": 0.5}), json!(1)),
        ] {
            assert_eq!(of(&schema), Some(expected), "{schema}");
        }
    }

    #[test]
    fn a_sample_number_is_a_multiple_within_its_bounds() {
        for (schema, expected) in [
            (json!({"multipleOf": 5}), Some(json!(5))),
            (json!({"multipleOf": 5, "minimum": 5}), Some(json!(5))),
            (json!({"multipleOf": 5, "minimum": 10}), Some(json!(10))),
            (json!({"multipleOf": 5, "minimum": 11}), Some(json!(15))),
            (json!({"multipleOf": 5, "exclusiveMinimum": 10}), Some(json!(15))),
            (json!({"multipleOf": 5, "minimum": -7, "maximum": -1}), Some(json!(-5))),
            (json!({"multipleOf": 5, "maximum": 4}), Some(json!(0))),
            (json!({"multipleOf": 5, "minimum": 11, "maximum": 14}), None),
            (json!({"multipleOf": 0.1, "minimum": 0.25}), Some(json!(0.3))),
            (json!({"multipleOf": 0, "minimum": 2}), Some(json!(2))),
        ] {
            assert_eq!(of(&schema), expected, "{schema}");
        }
    }
}
