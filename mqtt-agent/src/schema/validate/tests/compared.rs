//! A comparison with another validator, on random schemas and values.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::schema::validate::compile;

/// Few names, so that schemas and values meet.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("kind"), Just("x/y~z")].prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4_i64..8).prop_map(Value::from),
        (-8_i32..16).prop_map(|halves| json!(f64::from(halves) / 2.0)),
        prop_oneof![Just(""), Just("a"), Just("b"), Just("abc"), Just("é1")].prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name(), inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn kind() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just("string"),
        Just("number"),
        Just("integer"),
        Just("boolean"),
        Just("array"),
        Just("object"),
        Just("null")
    ];
    let several = proptest::sample::subsequence(vec!["string", "integer", "array", "object", "null"], 1..4);
    prop_oneof![one.prop_map(Value::from), several.prop_map(|names| json!(names))]
}

/// A keyword that holds no schema.
fn plain() -> impl Strategy<Value = (String, Value)> {
    let count = || (0_u64..4).prop_map(Value::from);
    let number = || prop_oneof![(-3_i64..6).prop_map(Value::from), Just(json!(0.5)), Just(json!(2.0))];
    let names = || {
        vec(name(), 0..3).prop_map(|names| {
            let unique: std::collections::BTreeSet<_> = names.into_iter().collect();
            json!(unique)
        })
    };
    let pattern = prop_oneof![Just("^a"), Just("b$"), Just(r"^\w+$"), Just(r"\d")];
    let named = |name: &'static str| move |value: Value| (name.to_owned(), value);
    prop_oneof![
        4 => kind().prop_map(named("type")),
        1 => vec(value(), 1..3).prop_map(|values| ("enum".to_owned(), Value::from(values))),
        2 => value().prop_map(named("const")),
        1 => prop_oneof![Just(json!(2)), Just(json!(0.5)), Just(json!(1.0))].prop_map(named("multipleOf")),
        1 => number().prop_map(named("minimum")),
        1 => number().prop_map(named("exclusiveMinimum")),
        1 => number().prop_map(named("maximum")),
        1 => number().prop_map(named("exclusiveMaximum")),
        1 => count().prop_map(named("minLength")),
        1 => count().prop_map(named("maxLength")),
        1 => pattern.prop_map(|text| ("pattern".to_owned(), json!(text))),
        1 => count().prop_map(named("minItems")),
        1 => count().prop_map(named("maxItems")),
        1 => any::<bool>().prop_map(|unique| ("uniqueItems".to_owned(), json!(unique))),
        1 => count().prop_map(named("minProperties")),
        1 => count().prop_map(named("maxProperties")),
        2 => names().prop_map(named("required")),
        1 => btree_map(name(), names(), 1..3).prop_map(|all| ("dependentRequired".to_owned(), json!(all))),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Value::from),
        8 => vec(plain(), 0..3).prop_map(object),
        1 => Just(json!({"$ref": "#/$defs/plain"})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let list = || vec(inner.clone(), 1..4).prop_map(Value::from);
        let named = || btree_map(name(), inner.clone(), 1..4).prop_map(|all| json!(all));
        let holding = prop_oneof![
            list().prop_map(|all| vec![("allOf".to_owned(), all)]),
            list().prop_map(|all| vec![("anyOf".to_owned(), all)]),
            list().prop_map(|all| vec![("oneOf".to_owned(), all)]),
            inner.clone().prop_map(|one| vec![("not".to_owned(), one)]),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(condition, then, otherwise)| {
                vec![("if".to_owned(), condition), ("then".to_owned(), then), ("else".to_owned(), otherwise)]
            }),
            named().prop_map(|all| vec![("dependentSchemas".to_owned(), all)]),
            list().prop_map(|all| vec![("prefixItems".to_owned(), all)]),
            inner.clone().prop_map(|one| vec![("items".to_owned(), one)]),
            (inner.clone(), 0_u64..3, 0_u64..3).prop_map(|(one, least, most)| {
                vec![
                    ("contains".to_owned(), one),
                    ("minContains".to_owned(), json!(least)),
                    ("maxContains".to_owned(), json!(most)),
                ]
            }),
            named().prop_map(|all| vec![("properties".to_owned(), all)]),
            (named(), inner.clone()).prop_map(|(all, more)| vec![
                ("properties".to_owned(), all),
                ("additionalProperties".to_owned(), more)
            ]),
            inner.clone().prop_map(|one| vec![("patternProperties".to_owned(), json!({"^[ax]": one}))]),
            inner.clone().prop_map(|one| vec![("propertyNames".to_owned(), one)]),
            inner.clone().prop_map(|one| vec![("unevaluatedProperties".to_owned(), one)]),
            inner.clone().prop_map(|one| vec![("unevaluatedItems".to_owned(), one)]),
            variants(inner.clone()),
        ];
        (vec(holding, 1..3), vec(plain(), 0..2))
            .prop_map(|(holding, plain)| object(holding.into_iter().flatten().chain(plain).collect()))
    })
}

/// Alternatives as serde's enums have them, told apart by a tag or by their only member.
fn variants(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<(String, Value)>> {
    (vec(inner, 2..4), any::<bool>(), any::<bool>()).prop_map(|(inner, tagged, any_of)| {
        let names = ["a", "b", "abc"];
        let variant = |(name, inner): (&str, Value)| match tagged {
            true => json!({"properties": {"kind": {"const": name}, "x/y~z": inner}, "required": ["kind"]}),
            false => json!({
                "type": "object", "properties": {name: inner}, "required": [name], "additionalProperties": false,
            }),
        };
        let mut all: Vec<Value> = names.into_iter().zip(inner).map(variant).collect();
        all.push(json!({"type": "string"}));
        vec![(if any_of { "anyOf" } else { "oneOf" }.to_owned(), json!(all))]
    })
}

fn object(keywords: Vec<(String, Value)>) -> Value {
    Value::Object(keywords.into_iter().collect::<Map<_, _>>())
}

/// More of them by `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn mcp_8_the_check_says_what_another_validator_says(schema in schema(), values in vec(value(), 1..12)) {
        let mut schema = schema;
        if let Some(keywords) = schema.as_object_mut() {
            keywords.insert("$defs".to_owned(), json!({"plain": {"type": ["string", "integer"], "minimum": 1}}));
        }
        let plan = compile(&schema).unwrap();
        let other = jsonschema::draft202012::new(&schema).unwrap();
        for value in values {
            let wrongs = plan.wrongs(&value, 20);
            prop_assert_eq!(wrongs.is_none(), other.is_valid(&value), "{} against {}: {:?}", value, schema, wrongs);
        }
    }
}
