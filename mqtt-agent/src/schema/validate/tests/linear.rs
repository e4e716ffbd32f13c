//! The number of steps of a check is proportional to the size of the value, for any value and any schema.

use serde_json::{Value, json};

use crate::schema::validate::run::Run;
use crate::schema::validate::{Plan, Wrongs, compile};

/// A name, a schema, and a value of so many levels.
type Case = (&'static str, Value, fn(u32) -> Value);

/// `enum Expr { Num(i64), Add { left: Box<Expr>, right: Box<Expr> } }` in serde's four ways to write it.
fn recursive() -> [Case; 4] {
    let expr = json!({"$ref": "#/$defs/Expr"});
    let schema =
        |alternatives: Value| json!({"$ref": "#/$defs/Expr", "$defs": {"Expr": {"oneOf": alternatives}}});
    let object = |properties: Value| {
        let required: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    let both = object(json!({"left": expr, "right": expr}));
    [
        (
            "internal tag",
            schema(json!([
                object(json!({"kind": {"const": "num"}, "value": {"type": "integer"}})),
                object(json!({"kind": {"const": "neg"}, "of": expr})),
                object(json!({"kind": {"const": "pos"}, "of": expr})),
            ])),
            |depth| {
                (0..depth).fold(json!({"kind": "num", "value": 1}), |of, _| json!({"kind": "neg", "of": of}))
            },
        ),
        (
            "variant as key",
            schema(json!([
                object(json!({"num": {"type": "integer"}})),
                object(json!({"neg": expr})),
                object(json!({"add": both})),
            ])),
            |depth| (0..depth).fold(json!({"num": 1}), |of, _| json!({"neg": of})),
        ),
        (
            "untagged",
            schema(json!([{"type": "integer"}, object(json!({"neg": expr})), {
                "type": "object", "properties": {"neg": expr, "twice": {"type": "boolean"}}, "required": ["neg", "twice"],
            }])),
            |depth| (0..depth).fold(json!(1), |of, _| json!({"neg": of})),
        ),
        (
            "lists of lists",
            schema(json!([
                {"type": "array", "items": expr},
                {"type": "array", "items": {"anyOf": [expr, {"type": "boolean"}]}, "minItems": 9},
                {"type": "integer"},
            ])),
            |depth| (0..depth).fold(json!(1), |of, _| json!([of])),
        ),
    ]
}

fn steps(plan: &Plan, value: &Value) -> u64 {
    let mut run = Run::new(plan, value);
    run.visit(Plan::ROOT, value);
    run.end().unwrap();
    run.steps()
}

/// The innermost value is of a wrong type.
fn spoilt(value: Value) -> Value {
    serde_json::from_str(&value.to_string().replace('1', "\"x\"")).unwrap()
}

#[test]
fn mcp_8a_recursive_enums_take_steps_in_proportion_to_the_depth() {
    for (name, schema, make) in recursive() {
        let plan = compile(&schema).unwrap();
        for spoil in [false, true] {
            let value = |depth| if spoil { spoilt(make(depth)) } else { make(depth) };
            assert_eq!(plan.wrongs(&value(4), 20).is_some(), spoil, "{name}");
            let (few, many) = (steps(&plan, &value(20)), steps(&plan, &value(120)));
            assert!(many <= few * 7, "{name}: {few} steps at 20 levels, {many} at 120, spoilt: {spoil}");
        }
    }
}

#[test]
fn mcp_8a_what_is_wrong_in_the_depth_is_told_or_found_too_complex_and_nothing_hangs() {
    for (name, schema, make) in recursive() {
        let plan = compile(&schema).unwrap();
        let began = std::time::Instant::now();
        let value = spoilt(make(120));
        assert!(plan.wrongs(&value, 20).is_some(), "{name}");
        // Exponential time would be years.
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{name}: {:?}", began.elapsed());
    }
}

#[test]
fn mcp_8a_a_check_over_its_steps_is_too_complex() {
    // Each level of the schema asks the next one twice, about the same value; nothing is shared.
    let mut schema = json!({"type": "integer"});
    for level in 0..16 {
        schema = json!({"anyOf": [{"allOf": [schema.clone(), {"minimum": 1}]}, {"not": schema}, {"const": level}]});
    }
    let plan = compile(&schema).unwrap();
    let value = json!(0);
    let wrongs = plan.wrongs(&value, 20);
    assert!(matches!(wrongs, Some(Wrongs::TooComplex)), "{wrongs:?}");
}

#[test]
fn mcp_8a_a_long_list_is_checked_to_its_end() {
    let plan = compile(&json!({"type": "array", "items": {"type": "integer"}})).unwrap();
    let mut list: Vec<Value> = (0..500_000).map(Value::from).collect();
    assert!(plan.wrongs(&json!(list), 20).is_none());
    list.push(json!("x"));
    let value = json!(list);
    let Some(Wrongs::Found(wrongs)) = plan.wrongs(&value, 20) else { panic!("one is wrong") };
    assert_eq!(wrongs[0].pointer, "/500000");
}

#[test]
fn mcp_8a_a_long_list_of_one_of_many_texts_or_forms_is_checked_to_its_end() {
    let names: Vec<String> = (0..250).map(|number| format!("C{number}")).collect();
    let plan = compile(&json!({"items": {"enum": names}})).unwrap();
    let list: Vec<&String> = (0..20_000).map(|number| &names[number % 250]).collect();
    assert!(plan.wrongs(&json!(list), 20).is_none());
    let form = |number: u32| {
        let name = format!("f{number}");
        json!({"type": "object", "properties": {&name: {"type": "string"}}, "required": [name, "x"]})
    };
    let plan = compile(&json!({"items": {"anyOf": (0..80).map(form).collect::<Vec<_>>()}})).unwrap();
    let list: Vec<Value> = (0..10_000).map(|_| json!({"f79": "a", "x": 1})).collect();
    assert!(plan.wrongs(&json!(list), 20).is_none());
}

#[test]
fn mcp_8a_items_that_must_differ_are_compared_in_linear_time() {
    let plan = compile(&json!({"uniqueItems": true})).unwrap();
    let list: Vec<Value> = (0..200_000).map(|i| json!([i, "x"])).collect();
    let began = std::time::Instant::now();
    assert!(plan.wrongs(&json!(list), 20).is_none());
    // Each with each would be twenty thousand million comparisons.
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn mcp_8a_numbers_of_any_exponent_are_checked() {
    // Only with serde_json's `arbitrary_precision`; no number is so large otherwise.
    let Ok(value) = serde_json::from_str::<Value>("1e1000000000") else { return };
    for (schema, fits) in [
        (json!({"multipleOf": 7}), false),
        (json!({"multipleOf": 5, "type": "integer", "minimum": 1, "uniqueItems": true}), true),
        (json!({"maximum": 9}), false),
    ] {
        assert_eq!(compile(&schema).unwrap().wrongs(&value, 20).is_none(), fits, "{schema}");
    }
}

/// Few and many of something: so many times more steps.
fn growth(plan: &Plan, few: &Value, many: &Value) -> u64 {
    steps(plan, many) / steps(plan, few)
}

#[test]
fn mcp_8a_what_is_in_items_that_must_differ_is_counted() {
    let plan = compile(&json!({"uniqueItems": true})).unwrap();
    let lists = |length: usize| json!([vec![0; length], vec![1; length]]);
    assert!(growth(&plan, &lists(1_000), &lists(10_000)) >= 9);
    let texts = |length: usize| json!(["a".repeat(length), "b".repeat(length)]);
    assert!(growth(&plan, &texts(10_000), &texts(100_000)) >= 9);
}

#[test]
fn mcp_8a_what_is_in_constants_is_counted() {
    for schema in [|value| json!({"const": value}), |value| json!({"enum": [value, 1]})] {
        let of = |length: usize| {
            let value = json!(vec![0; length]);
            steps(&compile(&schema(value.clone())).unwrap(), &value)
        };
        assert!(of(10_000) >= 9 * of(1_000));
    }
}

#[test]
fn mcp_8a_a_pattern_takes_steps_for_each_byte_and_each_state() {
    let text = json!("a".repeat(1_000));
    let of = |pattern: &str, text: &Value| steps(&compile(&json!({"pattern": pattern})).unwrap(), text);
    assert!(of("^a*$", &json!("a".repeat(10_000))) >= 9 * of("^a*$", &text));
    assert!(of("^(.{9}x|a*)$", &text) >= 9 * of("^a*$", &text));
    let names = |length: usize| json!({"a".repeat(length): 1});
    let plan = compile(&json!({"patternProperties": {"^a*$": true}})).unwrap();
    assert!(growth(&plan, &names(1_000), &names(10_000)) >= 9);
}

#[test]
fn mcp_8a_a_long_text_is_held_against_its_pattern() {
    let text = "a".repeat(8_000_000);
    let plan = compile(&json!({"pattern": "^a*$"})).unwrap();
    assert!(plan.wrongs(&json!(text), 20).is_none());
    let plan = compile(&json!({"patternProperties": {"^a*$": {"pattern": "^b*$"}}})).unwrap();
    let value = json!({"aaaa": text});
    assert!(matches!(plan.wrongs(&value, 20), Some(Wrongs::Found(_))));
}

#[test]
fn mcp_8a_a_pattern_that_is_asked_again_and_again_is_too_complex() {
    // Each level asks the next one twice, about the same text.
    let mut schema = json!({"pattern": "^(a|b)*a(a|b){12}c$"});
    for level in 0..10 {
        schema = json!({"anyOf": [{"allOf": [schema.clone(), {"minLength": 1}]}, {"not": {"not": schema}}, {"const": level}]});
    }
    let plan = compile(&schema).unwrap();
    let value = json!("ab".repeat(50_000));
    assert!(matches!(plan.wrongs(&value, 20), Some(Wrongs::TooComplex)));
}

#[test]
fn a_schema_that_only_refers_to_itself_is_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"anyOf": [{"$ref": "#/$defs/A"}]}}, "$ref": "#/$defs/A"}),
        json!({"not": {"$ref": "#"}}),
    ] {
        let broken = compile(&schema).unwrap_err();
        assert!(broken.reason.contains("refers to itself without an end"), "{broken:?}");
    }
    assert!(compile(&json!({"properties": {"a": {"$ref": "#"}}})).is_ok());
}
