//! The types of JSON, as a set.

use serde_json::Value;

use super::number::is_whole;

/// A set of JSON's types. Numbers with and without a fraction are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ANY: Self = Self(0x7f);
    pub(in crate::schema) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    const FRACTION: Self = Self(8);
    pub(super) const NUMBER: Self = Self(4 | 8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);

    /// The names, in the order in which people read them.
    const NAMES: [(&'static str, Self); 7] = [
        ("string", Self::STRING),
        ("number", Self::NUMBER),
        ("integer", Self::INTEGER),
        ("boolean", Self::BOOLEAN),
        ("array", Self::ARRAY),
        ("object", Self::OBJECT),
        ("null", Self::NULL),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, types)| *types)
    }

    /// What the keyword `type` names: one, or a list. `None` where a name is none.
    pub(super) fn read(keyword: &Value) -> Option<Self> {
        let named = |name: &Value| name.as_str().and_then(Self::named);
        match keyword {
            Value::Array(names) => {
                names.iter().try_fold(Self::NONE, |types, name| named(name).map(|one| types.with(one)))
            }
            name => named(name),
        }
    }

    /// The type of a value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if is_whole(number) => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The names of the types in it.
    pub(in crate::schema) fn names(self) -> impl Iterator<Item = &'static str> {
        let whole = self.0 & Self::NUMBER.0;
        let in_it = move |types: Self| match types {
            Self::INTEGER => whole == Self::INTEGER.0,
            types => self.0 & types.0 == types.0,
        };
        Self::NAMES.into_iter().filter(move |(_, types)| in_it(*types)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        for whole in [json!(1), json!(-1), json!(u64::MAX), json!(30.0), json!(1e300)] {
            assert_eq!(Types::of(&whole), Types::INTEGER, "{whole}");
        }
        assert!(!Types::of(&json!(1.5)).meet(Types::INTEGER));
        assert!(Types::of(&json!(1.5)).meet(Types::NUMBER));
    }

    #[test]
    fn a_set_has_the_names_that_it_was_made_of() {
        let names = |types: Types| types.names().collect::<Vec<_>>();
        assert_eq!(names(Types::NUMBER), ["number"]);
        assert_eq!(names(Types::INTEGER.with(Types::NULL)), ["integer", "null"]);
        assert_eq!(names(Types::STRING.with(Types::OBJECT)), ["string", "object"]);
    }
}
