//! The results of projections for the rules that they fix.

use super::*;

#[test]
fn openai_strict_lets_null_stand_for_what_may_be_left_out() {
    let card = json!({
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "A.", "default": "x"},
            "b": {"type": "string", "enum": ["p", "q"]},
            "c": {"type": "object", "properties": {"d": {"type": "integer"}}, "description": "C."},
            "e": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "f": {"type": ["string", "null"]},
            "g": {"type": "string", "const": "k"},
            "h": {"type": "array", "items": {"type": "string"}},
        },
        "required": [],
    });
    let strict = openai_strict(&card).unwrap();
    let property = |name: &str| strict["properties"][name].clone();
    assert_eq!(strict["required"], json!(["a", "b", "c", "e", "f", "g", "h"]));
    assert_eq!(property("a"), json!({"type": ["string", "null"], "description": "A. (default: x)"}));
    assert_eq!(property("b"), json!({"type": ["string", "null"], "enum": ["p", "q", null]}));
    let inner = json!({
        "type": "object",
        "properties": {"d": {"type": ["integer", "null"]}},
        "required": ["d"],
        "additionalProperties": false,
    });
    assert_eq!(property("c"), json!({"anyOf": [inner, {"type": "null"}], "description": "C."}));
    assert_eq!(property("e"), json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}));
    assert_eq!(property("f"), json!({"type": ["string", "null"]}));
    assert_eq!(property("g"), json!({"type": ["string", "null"], "enum": ["k", null]}));
    let list = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!(property("h"), json!({"anyOf": [list, {"type": "null"}]}));
}

#[test]
fn openai_strict_says_the_rest_in_other_words() {
    let one = |property: Value| openai_strict(&with(property)).unwrap()["properties"]["x"].clone();
    assert_eq!(
        one(json!({"type": "string", "format": "uri", "maxLength": 9, "description": "A link."})),
        json!({"type": "string", "description": "A link. (format: uri) (maxLength: 9)"})
    );
    assert_eq!(
        one(json!({"oneOf": [{"type": "string"}, {"type": "null"}]})),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]})
    );
    assert_eq!(
        one(json!({"$ref": "#", "description": "Y."})),
        json!({"anyOf": [{"$ref": "#"}], "description": "Y."})
    );
    assert_eq!(
        one(json!({"enum": ["a", 1, null]})),
        json!({"type": ["string", "integer", "null"], "enum": ["a", 1, null]})
    );
    let number = json!({"type": "number"});
    assert_eq!(
        one(json!({"type": "array", "prefixItems": [number, number], "minItems": 2, "maxItems": 2})),
        json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
    );
    assert_eq!(
        one(json!({"type": "array", "prefixItems": [{"type": "null"}], "items": false})),
        json!({"type": "array", "items": {"type": "null"}, "maxItems": 1})
    );
    assert_eq!(
        openai_strict(&json!({"type": "object", "$schema": "x"})).unwrap(),
        json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false})
    );
}

#[test]
fn what_cannot_be_expressed_is_named() {
    let refused = |property: Value| {
        let findings = openai_strict(&with(property)).unwrap_err();
        (findings[0].rule(), findings[0].pointer().to_owned(), findings.len())
    };
    let at = |rule: &'static str| (rule, "/properties/x".to_owned(), 1);
    let text = json!({"type": "string"});
    assert_eq!(refused(json!({"type": "object", "additionalProperties": text})), at("map"));
    assert_eq!(refused(json!({"type": "array", "prefixItems": [text, {"type": "null"}]})), at("tuple"));
    assert_eq!(refused(json!({})), at("untyped"));
    // Beside another `anyOf`, a reference cannot stand alone.
    assert_eq!(refused(json!({"$ref": "#", "anyOf": [text]})), at("ref-siblings"));
}

#[test]
fn anthropic_closes_objects_but_not_beside_others() {
    let projected = anthropic(&with(json!({
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}},
        "oneOf": [{"type": "object", "properties": {"c": {"type": "string"}}}],
    })))
    .unwrap();
    let x = &projected["properties"]["x"];
    assert!(x.get("additionalProperties").is_none() && x["anyOf"][0].get("additionalProperties").is_none());
    assert_eq!(x["properties"]["a"]["additionalProperties"], false);
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    assert_eq!(anthropic(&with(map.clone())).unwrap()["properties"]["x"], map);
}

#[test]
fn gemini_inlines_and_splits() {
    let card = json!({
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A", "description": "Mine."},
            "b": {"type": ["string", "null"], "enum": ["x", null], "description": "B."},
            "c": {"type": ["integer", "string"], "minimum": 0},
        },
        "$defs": {"A": {"type": "object", "properties": {"t": {"const": "a"}}, "description": "A."}},
        "additionalProperties": false,
    });
    let t = json!({"type": "string", "enum": ["a"]});
    assert_eq!(
        gemini(&card).unwrap(),
        json!({
            "type": "object",
            "properties": {
                "a": {"type": "object", "properties": {"t": t}, "description": "Mine."},
                "b": {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}], "description": "B."},
                "c": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]},
            },
        })
    );
}

#[test]
fn gemini_keeps_the_references_of_a_type_that_holds_itself() {
    let children = json!({"type": "array", "items": {"$ref": "#/$defs/T"}});
    let tree = json!({
        "type": "object",
        "properties": {"t": {"$ref": "#/$defs/T"}},
        "$defs": {"T": {"type": "object", "properties": {"c": children}}},
    });
    assert_eq!(gemini(&tree).unwrap(), tree);
    // Twenty levels of two references each: a million schemas, if they were inlined.
    let mut bomb = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": {}});
    for level in 0..20 {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        bomb["$defs"][format!("d{level}")] = json!({"type": "object", "properties": {"a": next, "b": next}});
    }
    bomb["$defs"]["d20"] = json!({"type": "null"});
    assert_eq!(gemini(&bomb).unwrap(), bomb);
}

#[test]
fn nulls_of_a_model_are_dropped_where_they_say_nothing() {
    let card = json!({
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": ["string", "null"]},
            "c": {"anyOf": [
                {"type": "object", "properties": {"kind": {"enum": ["p"]}, "n": {"type": ["integer", "null"]}}},
                {"type": "object", "properties": {"kind": {"enum": ["q"]}, "n": {"type": "integer"}}},
            ]},
            "d": {"type": "array", "items": {"$ref": "#"}},
            "e": {},
            "f": {"type": "string", "enum": ["null"]},
        },
        "required": ["a"],
    });
    let mut arguments = json!({
        "a": null, "b": null, "c": {"kind": "q", "n": null}, "d": [{"a": "x", "d": null}], "e": null, "f": null,
        "g": null,
    });
    drop_nulls(&card, &mut arguments);
    assert_eq!(
        arguments,
        json!({"a": null, "b": null, "c": {"kind": "q"}, "d": [{"a": "x"}], "e": null, "g": null})
    );
    let mut first = json!({"c": {"kind": "p", "n": null}});
    drop_nulls(&card, &mut first);
    assert_eq!(first, json!({"c": {"kind": "p", "n": null}}));
}
