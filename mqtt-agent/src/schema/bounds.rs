//! Adds the bounds of Rust's number types. schemars adds bounds only for types of 8 and 16 bits, and for the others a
//! `format`, which is removed. With bounds on the card, the check finds values out of range, and one answer has all
//! errors.

use serde_json::{Map, Number, Value};

/// Adds what the format of a number says of its least and its greatest value. What is there already is a narrower bound of
/// the user's, or the same.
pub(super) fn bound(schema: &mut Map<String, Value>) {
    let Some((least, greatest)) = schema.get("format").and_then(Value::as_str).and_then(bounds) else {
        return;
    };
    for (keyword, other, limit) in
        [("minimum", "exclusiveMinimum", least), ("maximum", "exclusiveMaximum", greatest)]
    {
        if !schema.contains_key(keyword) && !schema.contains_key(other) {
            schema.insert(keyword.to_owned(), limit.into());
        }
    }
}

/// Of `i128` and `u128` what 64 bits hold: more is no number that JSON is read with.
fn bounds(format: &str) -> Option<(Number, Number)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        // Whatever the platform: a contract is the same everywhere.
        "int64" | "int" => (i64::MIN.into(), i64::MAX.into()),
        "int128" => (i64::MIN.into(), u64::MAX.into()),
        "uint8" => (0.into(), u8::MAX.into()),
        "uint16" => (0.into(), u16::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "uint64" | "uint" | "uint128" => (0.into(), u64::MAX.into()),
        _ => return None,
    })
}
