//! Random JSON: neither lints nor projections panic or hang, and their guarantees hold.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// JSON of any form, with the words of schemas among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        "object|array|string|null|#|#/\\$defs/A|#/properties/a|%|.{0,3}".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        let key = "type|properties|items|anyOf|oneOf|allOf|\\$ref|\\$defs|required|enum|const|prefixItems|not|\
                   additionalProperties|format|description|minItems|a|A|~/";
        let fields = proptest::collection::btree_map(key, inner.clone(), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A schema of one of the forms that projections change or refuse.
fn any_schema() -> impl Strategy<Value = Value> {
    let text = json!({"type": "string"});
    let leaf = proptest::sample::select(vec![
        text.clone(),
        json!({"type": "integer", "minimum": 0, "exclusiveMaximum": 9, "default": 3, "description": "N."}),
        json!({"type": ["string", "null"], "format": "uri", "minLength": 1}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": ["integer", "string"], "minimum": 1, "enum": [1, "a"]}),
        json!({"const": "a", "description": "A."}),
        json!({"enum": ["a", null, 1.5]}),
        json!({"type": "string", "enum": ["a", "b"], "examples": ["a"]}),
        json!({"$ref": "#/$defs/A"}),
        json!({"$ref": "#/$defs/A", "description": "An A.", "default": {"a": 1}}),
        json!({"$ref": "#/$defs/T", "description": "A T."}),
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/A", "anyOf": [{"type": "object"}]}),
        json!({"type": "array", "prefixItems": [text, text], "minItems": 2, "maxItems": 2}),
        json!({"type": "array", "prefixItems": [text], "items": false}),
        json!({"type": "array", "prefixItems": [text, {"type": "null"}]}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"type": "object", "additionalProperties": false}),
        json!({"type": "string", "not": {"const": "b"}}),
        json!({}),
    ]);
    leaf.prop_recursive(4, 40, 4, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            object(inner.clone()),
            several.clone().prop_map(|all| json!({"anyOf": all})),
            several.clone().prop_map(|all| json!({"oneOf": all, "description": "One."})),
            (object(inner.clone()), several).prop_map(|(mut object, all)| {
                object["oneOf"] = json!(all);
                object
            }),
            inner
                .prop_map(|item| json!({"type": "array", "items": item, "minItems": 2, "uniqueItems": true})),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let properties = proptest::collection::btree_map("[abc]", (inner, any::<bool>()), 0..3);
    (properties, any::<bool>()).prop_map(|(properties, closed)| {
        let required = properties.iter().filter(|(_, (_, required))| *required).map(|(name, _)| name.clone());
        let required: Vec<_> = required.collect();
        let properties: Map<_, _> =
            properties.into_iter().map(|(name, (schema, _))| (name, schema)).collect();
        let mut object = json!({"type": "object", "properties": properties, "required": required});
        if closed {
            object["additionalProperties"] = json!(false);
        }
        object
    })
}

fn any_root() -> impl Strategy<Value = Value> {
    object(any_schema()).prop_map(|mut root| {
        let t = json!({"t": {"$ref": "#/$defs/T"}, "a": {"$ref": "#/$defs/A"}});
        root["$defs"] = json!({
            "A": {"type": "object", "properties": {"a": {"type": "integer", "format": "int32"}}, "title": "A"},
            "T": {"type": "object", "properties": t},
        });
        root
    })
}

fn everything(schema: &Value) {
    for dialect in Dialect::ALL {
        for finding in lint(schema, *dialect).into_iter().chain(lint_output(schema, *dialect)) {
            assert!(!finding.to_string().contains('\n'));
            assert!(schema.pointer(finding.pointer()).is_some(), "{finding}");
        }
    }
    for dialect in PROVIDERS {
        let mendable = !lint(schema, dialect).iter().any(Finding::is_refusal);
        let projected = match projection(dialect)(schema) {
            Ok(projected) => projected,
            Err(findings) if mendable => {
                // A reference beside `anyOf`, or into what was rewritten, is all that only the outcome shows.
                let late = ["ref-siblings", "one-of", "unresolved-ref"];
                let expected = findings.iter().all(|finding| late.contains(&finding.rule()));
                assert!(expected, "{dialect}: {schema} {findings:?}");
                continue;
            }
            Err(_) => continue,
        };
        assert_eq!(errors(&projected, dialect), [""; 0], "{dialect}: {schema} -> {projected}");
        assert_eq!(projection(dialect)(&projected).as_ref(), Ok(&projected), "{dialect}: {schema}");
    }
    let mut arguments = schema.clone();
    drop_nulls(schema, &mut arguments);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_gives_findings(schema in any_json(), name in ".{0,200}") {
        everything(&schema);
        for dialect in Dialect::ALL {
            let _ = lint_tool_name(&name, *dialect);
        }
    }

    #[test]
    fn what_a_projection_gives_has_no_errors_and_stays(schema in any_root()) {
        everything(&schema);
    }

    #[test]
    fn what_a_projection_gives_is_json_schema(schema in any_root()) {
        for dialect in PROVIDERS {
            if let Ok(projected) = projection(dialect)(&schema) {
                prop_assert!(jsonschema::validator_for(&projected).is_ok(), "{dialect}: {projected}");
            }
        }
    }
}

#[test]
fn deep_schemas_are_findings() {
    // By hand, for `json!` copies what it is given, recursively.
    let mut deep = json!({"type": "null"});
    for _ in 0..300 {
        let properties = Map::from_iter([("x".to_owned(), deep)]);
        let object =
            [("type".to_owned(), json!("object")), ("properties".to_owned(), Value::Object(properties))];
        deep = Value::Object(Map::from_iter(object));
    }
    for dialect in Dialect::ALL {
        assert_eq!(errors(&deep, *dialect), ["too-deep"]);
    }
    for dialect in PROVIDERS {
        assert_eq!(projection(dialect)(&deep).unwrap_err()[0].rule(), "too-deep");
    }
    drop_nulls(&deep, &mut json!({"x": {"x": null}}));
}

#[test]
fn large_and_knotted_schemas_take_little_time() {
    let started = Instant::now();
    // Each definition refers to all others, and nulls go around in circles.
    let to = |i: usize| json!({"$ref": format!("#/$defs/d{i}")});
    let all: Vec<_> = (0..50).map(to).collect();
    let properties: Map<_, _> = (0..20).map(|i| (format!("p{i}"), to(i))).collect();
    let knot = json!({"type": "object", "properties": properties, "anyOf": all});
    let definitions: Map<_, _> = (0..50).map(|i| (format!("d{i}"), knot.clone())).collect();
    let knotted = json!({"type": "object", "properties": {"p0": to(0)}, "$defs": definitions});
    everything(&knotted);
    let mut arguments = (0..60).fold(json!({"p0": null}), |inner, _| json!({"p0": inner, "p1": null}));
    drop_nulls(&knotted, &mut arguments);

    let many: Map<_, _> = (0..20_000).map(|i| (format!("p{i}"), json!({"$ref": "#"}))).collect();
    let large = json!({"type": "object", "properties": many});
    assert!(errors(&large, Dialect::Mcp).contains(&"too-large"));
    everything(&large);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
