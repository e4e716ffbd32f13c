//! Each rule alone, and the whole table.

use super::*;
use crate::wire::{Status, ToolCard, ToolVersion};

#[test]
fn every_rule_says_what_breaks_what_to_change_and_where_it_is_from() {
    for dialect in Dialect::ALL {
        let mut ids: Vec<_> = rules::of(*dialect).iter().map(|rule| rule.id).collect();
        for rule in rules::of(*dialect) {
            for text in [rule.breaks, rule.change, rule.source, rule.checked] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{dialect} {}: {text}", rule.id);
            }
            let joins = ["and ", "which ", "so "].iter().any(|word| rule.breaks.starts_with(word));
            assert!(joins, "{dialect} {}: {}", rule.id, rule.breaks);
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
        }
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{dialect} has a rule twice");
    }
}

#[test]
fn the_guides_table_is_the_rules() {
    let guide = include_str!("../../../../docs/schemas.md");
    let mut rows = 0;
    for line in guide.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let id = cells[0].trim_matches('`');
        for (dialect, cell) in Dialect::ALL.iter().zip(&cells[2..]) {
            let expected = rules::of(*dialect).iter().find(|rule| rule.id == id).map_or("", |rule| {
                match (rule.severity, rule.mended) {
                    (Severity::Error, false) => "E",
                    (Severity::Error, true) => "E*",
                    (Severity::Warning, false) => "W",
                    (Severity::Warning, true) => "W*",
                }
            });
            assert_eq!(*cell, expected, "{dialect} {id}");
        }
        rows += 1;
    }
    let mut ids: Vec<_> =
        Dialect::ALL.iter().flat_map(|dialect| rules::of(*dialect)).map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(rows, ids.len());
}

#[test]
fn a_finding_is_one_line_that_ends_with_what_to_do() {
    let findings = lint(&with(json!({"type": "string", "format": "a\nb"})), Dialect::OpenAiStrict);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0].to_string(),
        "`/properties/x`: `format` is `a\\nb`, which strict mode refuses (OpenAI strict, `format`); \
         hand out what `dialect::openai_strict` makes of it"
    );
    assert!(findings[0].is_mended());
    assert_eq!(findings[0].checked(), "2026-11");
}

#[test]
fn mcp_refuses_what_breaks_real_clients() {
    let header = |name: &str| json!({"type": "string", "x-mcp-header": name});
    let twice = json!({"type": "object", "properties": {"a": header("X-A"), "b": header("x-a")}});
    for (schema, rule) in [
        (with(json!(true)), "boolean-property"),
        (with(json!({"type": "object", "properties": {"y": false}})), "boolean-property"),
        (json!({"type": "null"}), "root-not-object"),
        (json!({"oneOf": [{"type": "object"}]}), "root-not-object"),
        (json!(true), "root-not-object"),
        (json!({"type": "object", "anyOf": [{"required": ["a"]}]}), "root-composition"),
        (with(json!(5)), "malformed"),
        (with(json!({"type": "int"})), "malformed"),
        (json!({"type": "object", "properties": []}), "malformed"),
        (with(json!({"$ref": "https://example.com/x.json"})), "unresolved-ref"),
        (with(json!({"$ref": "#/$defs/none"})), "unresolved-ref"),
        (with(json!({"type": "number", "x-mcp-header": "X-N"})), "mcp-header"),
        (with(json!({"type": "string", "x-mcp-header": "a b"})), "mcp-header"),
        (with(json!({"type": "array", "items": {"type": "string", "x-mcp-header": "A"}})), "mcp-header"),
        (twice, "repeated-mcp-header"),
    ] {
        assert!(errors(&schema, Dialect::Mcp).contains(&rule), "{schema} {rule}");
    }
    let spaced = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A%20b"}}, "$defs": {"A b": {"type": "null"}}});
    for fine in [
        with(json!({})),
        with(json!({"type": "object", "additionalProperties": true})),
        with(json!({"type": "string", "format": "uint8"})),
        with(json!({"type": "string", "x-mcp-header": "X-Region"})),
        with(json!({"$ref": "#"})),
        json!({"type": "object", "additionalProperties": false}),
        spaced,
    ] {
        assert_eq!(errors(&fine, Dialect::Mcp), [""; 0], "{fine}");
    }
}

#[test]
fn mcp_warns_of_what_breaks_some() {
    let warnings = |schema: &Value| found(schema, Dialect::Mcp, Severity::Warning);
    let described = |schema: Value| {
        let mut schema = with(schema);
        schema["properties"]["x"]["description"] = json!("X.");
        warnings(&schema)
    };
    assert_eq!(described(json!({"type": "string", "format": "uint8"})), ["format"]);
    assert_eq!(described(json!({"type": "array"})), ["list-of-unknown"]);
    assert_eq!(described(json!({"type": "array", "items": true})), ["boolean-schema"]);
    assert_eq!(described(json!({})), ["untyped"]);
    assert_eq!(described(json!({"enum": []})), ["empty-enum"]);
    assert_eq!(warnings(&with(json!({"type": "string"}))), ["parameter-description"]);
    let named = json!({"type": "object", "properties": {"$top": {"type": "string", "description": "X."}}});
    assert_eq!(warnings(&named), ["parameter-name"]);
}

#[test]
fn openai_strict_refuses_by_its_table() {
    let text = json!({"type": "string"});
    let open = json!({"type": "object", "properties": {"y": text}, "additionalProperties": false});
    let closed = json!({"type": "object", "enum": [{}], "properties": {}, "additionalProperties": false});
    let composed = json!({"type": "object", "properties": {"a": text}, "anyOf": [{"type": "object"}]});
    for (property, rule) in [
        (json!({"oneOf": [text]}), "one-of"),
        (json!({"allOf": [text]}), "all-of"),
        (json!({"type": "string", "not": {"enum": ["a"]}}), "keyword"),
        (json!({"type": "object", "properties": {}}), "open-object"),
        (json!({"type": "object", "additionalProperties": text}), "map"),
        (json!({"type": "object"}), "map"),
        (open, "optional-property"),
        (json!({"$ref": "#", "description": "Y."}), "ref-siblings"),
        (json!({"type": "string", "format": "uri"}), "format"),
        (json!({"type": "array", "prefixItems": [text, {"type": "null"}]}), "tuple"),
        (json!({"type": "array", "prefixItems": [text, text], "maxItems": 2}), "prefix-items"),
        (json!({"type": "array"}), "list-of-unknown"),
        (json!({}), "untyped"),
        (json!(true), "boolean-schema"),
        (json!({"enum": ["a"]}), "untyped-values"),
        (json!({"type": "string", "enum": []}), "empty-enum"),
        (closed, "enum-value"),
        (composed, "composed-object"),
    ] {
        let schema = with(property);
        assert!(errors(&schema, Dialect::OpenAiStrict).contains(&rule), "{schema} {rule}");
    }
    let warning = with(json!({"type": "string", "minLength": 1}));
    assert_eq!(found(&warning, Dialect::OpenAiStrict, Severity::Warning), ["unknown-keyword"]);
    let fine =
        with(json!({"anyOf": [{"type": "string", "pattern": "a", "format": "uuid"}, {"type": "null"}]}));
    assert_eq!(lint(&fine, Dialect::OpenAiStrict), []);
}

#[test]
fn openai_strict_has_totals() {
    let refused = |schema: Value| errors(&schema, Dialect::OpenAiStrict);
    let names = |count: usize| {
        let properties = (0..count).map(|i| (format!("p{i}"), json!({"type": "null"})));
        let properties: serde_json::Map<_, _> = properties.collect();
        let required: Vec<_> = properties.keys().cloned().collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    let values = |count: usize, length: usize| {
        let values: Vec<_> = (0..count).map(|i| format!("{i:0>length$}")).collect();
        with(json!({"type": "string", "enum": values}))
    };
    let nested = |levels: usize| (1..levels).fold(with(json!({"type": "null"})), |inner, _| with(inner));
    assert_eq!(refused(names(5_000)), [""; 0]);
    assert_eq!(refused(names(5_001)), ["too-many-properties"]);
    assert_eq!(refused(values(1_000, 3)), [""; 0]);
    assert_eq!(refused(values(1_001, 4)), ["too-many-values"]);
    assert_eq!(refused(values(250, 61)), [""; 0]);
    assert_eq!(refused(values(251, 60)), ["too-large-enum"]);
    assert_eq!(refused(values(200, 601)), ["too-many-characters"]);
    assert_eq!(refused(nested(10)), [""; 0]);
    assert_eq!(refused(nested(11)), ["too-many-levels"]);
}

#[test]
fn anthropic_refuses_little_and_warns_of_strict() {
    let named = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}});
    assert_eq!(errors(&named("$top"), Dialect::Anthropic), ["parameter-name"]);
    assert_eq!(errors(&named(&"a".repeat(65)), Dialect::Anthropic), ["parameter-name"]);
    assert_eq!(errors(&named("a.b-c"), Dialect::Anthropic), [""; 0]);
    assert_eq!(errors(&with(named("@id")), Dialect::Anthropic), [""; 0], "only the arguments themselves");
    assert_eq!(errors(&json!({"type": "object", "oneOf": [{}]}), Dialect::Anthropic), ["root-composition"]);
    let tree = json!({"type": "object", "properties": {"x": {"$ref": "#"}}, "additionalProperties": false});
    assert_eq!(found(&tree, Dialect::Anthropic, Severity::Warning), ["recursion"]);
    let bounds = with(json!({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2}));
    assert_eq!(found(&bounds, Dialect::Anthropic, Severity::Warning), ["min-items", "unknown-keyword"]);
}

#[test]
fn gemini_refuses_by_its_table() {
    for (property, rule) in [
        (json!({"const": "a"}), "constant"),
        (json!({"allOf": [{"type": "string"}]}), "all-of"),
        (json!({"type": "string", "not": {"enum": ["a"]}}), "keyword"),
        (json!({"type": "string", "format": "uuid"}), "format"),
        (json!({"type": "array"}), "list-of-unknown"),
        (json!({"$ref": "#", "description": "Y."}), "ref-siblings"),
        (json!({"type": "boolean", "enum": [true]}), "enum-value"),
        (json!({"type": "object", "properties": {"a b": {"type": "null"}}}), "parameter-name"),
    ] {
        let schema = with(property);
        assert!(errors(&schema, Dialect::Gemini).contains(&rule), "{schema} {rule}");
    }
}

#[test]
fn names() {
    let is_error = |finding: &Finding| finding.severity() == Severity::Error;
    for (name, refusing) in [
        ("add", &[][..]),
        ("weather.today", &[Dialect::OpenAiStrict, Dialect::Anthropic][..]),
        ("2add", &[Dialect::Gemini][..]),
        ("", Dialect::ALL),
        ("a b", Dialect::ALL),
        ("größe", Dialect::ALL),
    ] {
        let mut refused = Dialect::ALL.to_vec();
        refused.retain(|dialect| lint_tool_name(name, *dialect).iter().any(is_error));
        assert_eq!(refused, refusing, "{name}");
    }
    assert_eq!(lint_tool_name(&"a".repeat(65), Dialect::OpenAiStrict)[0].rule(), "tool-name");
    assert_eq!(lint_tool_name(&"a".repeat(65), Dialect::Gemini)[0].rule(), "long-tool-name");
    assert_eq!(lint_tool_name(&"a".repeat(129), Dialect::Mcp)[0].rule(), "tool-name");
}

#[test]
fn a_card_as_a_whole() {
    let card = ToolCard {
        version: "1".into(),
        tool: "a b".into(),
        server: "s".into(),
        namespace: "n".into(),
        description: String::new(),
        input_schema: with(json!(true)).into(),
        output_schema: Some(json!({"type": "array", "items": {"properties": {"y": true}}}).into()),
        supports_streaming: false,
        requires_auth: false,
        allowed_callers: None,
        version_info: ToolVersion::default(),
        status: Status::Online,
        last_seen: String::new(),
        title: None,
        annotations: None,
        replicas: None,
        max_message_bytes: None,
        content: Vec::new(),
        tags: Vec::new(),
    };
    let findings = lint_tool(&card, Dialect::Mcp);
    let mut pointers: Vec<_> = findings.iter().map(|finding| (finding.pointer(), finding.rule())).collect();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            ("/description", "tool-description"),
            ("/input_schema/properties/x", "boolean-property"),
            ("/input_schema/properties/x", "parameter-description"),
            ("/output_schema", "output-not-object"),
            ("/output_schema/items/properties/y", "boolean-property"),
            ("/tool", "tool-name"),
        ]
    );
}
