//! Integers that are written with a zero fraction: `30.0` is an integer in JSON Schema, but serde refuses it.

use serde_json::{Number, Value};

/// The value with such numbers converted to integers; `None` if there are none.
pub(crate) fn with_integers(value: &Value) -> Option<Value> {
    has_one(value).then(|| written(value))
}

fn has_one(value: &Value) -> bool {
    match value {
        Value::Number(number) => integer(number).is_some(),
        Value::Array(items) => items.iter().any(has_one),
        Value::Object(members) => members.values().any(has_one),
        _ => false,
    }
}

fn written(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(integer(number).unwrap_or_else(|| number.clone())),
        Value::Array(items) => items.iter().map(written).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), written(member))).collect())
        }
        other => other.clone(),
    }
}

/// A number with a zero fraction as an integer, if it fits into 64 bits.
fn integer(number: &Number) -> Option<Number> {
    const ABOVE_I64: f64 = 9_223_372_036_854_775_808.0;
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    if (-ABOVE_I64..ABOVE_I64).contains(&float) {
        Some((float as i64).into())
    } else if (0.0..2.0 * ABOVE_I64).contains(&float) {
        Some((float as u64).into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_without_a_fraction_become_integers_wherever_they_are() {
        let value = json!({"a": [30.0, -1.0, 1.5, "2.0"], "b": {"c": 1e3}, "d": 18446744073709550000.0});
        let expected = json!({"a": [30, -1, 1.5, "2.0"], "b": {"c": 1000}, "d": 18446744073709549568_u64});
        assert_eq!(with_integers(&value).unwrap(), expected);
    }

    #[test]
    fn nothing_is_copied_where_there_are_none() {
        assert_eq!(with_integers(&json!({"a": [1, 1.5, 1e300, null, "x"]})), None);
    }
}
