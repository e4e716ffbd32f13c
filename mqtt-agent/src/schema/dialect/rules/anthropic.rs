//! Anthropic's tools. Errors are refused in any case; warnings are refused or ignored with `strict: true`.

use super::{Check, MALFORMED, Rule, TOO_DEEP, TOO_LARGE, UNRESOLVED};
use crate::schema::dialect::limits::over;
use crate::schema::dialect::project::anthropic::{FORMATS, KEPT, KEYWORDS};
use crate::schema::dialect::{checks, names, reference};

const SDK: &str = "https://github.com/anthropics/anthropic-sdk-python, lib/_parse/_transform.py";
const SECOND_HAND: &str = "second hand: comparisons of providers";
const PROJECT: &str = "hand out what `dialect::anthropic` makes of it";
const UNSTRICT: &str = "hand the tool out without `strict`, or make the type plainer";

pub(super) const RULES: &[Rule] = &[
    Rule::error("tool-name", Check::Name(|name| names::outside(name, names::hyphenated, 128))).says(
        "and the whole request is refused",
        "name it with 1 to 128 of `A-Z a-z 0-9 _ -`: `#[tool(\"name\")]`",
        "Home Assistant, issue 147760",
    ),
    MALFORMED,
    UNRESOLVED,
    TOO_DEEP,
    TOO_LARGE,
    Rule::error("root-not-object", Check::Node(checks::root_no_object)).says(
        "and the whole request is refused",
        "take the arguments as parameters, or as a struct with named fields",
        SDK,
    ),
    Rule::error("root-composition", Check::Node(checks::root_composed)).says(
        "and the whole request is refused",
        "put the enum into a field of a struct",
        "https://github.com/anthropics/claude-code/issues/5319",
    ),
    Rule::error(
        "parameter-name",
        Check::Node(|node| names::outside(node.property()?, names::dotted, 64).filter(|_| node.is_argument())),
    )
    .says(
        "and the whole request is refused",
        "rename it with `#[arg(rename = \"..\")]` or `#[serde(rename = \"..\")]`, to 1 to 64 of `A-Z a-z 0-9 _ . -`",
        "https://github.com/ComposioHQ/composio/pull/3067",
    ),
    Rule::warning("open-object", Check::Node(checks::open_object)).mended().says(
        "which `strict` asks for",
        "derive with `#[serde(deny_unknown_fields)]`, or hand out what `dialect::anthropic` makes of it",
        SDK,
    ),
    Rule::warning("map", Check::Node(checks::map)).says(
        "and `strict` asks for every name",
        "use a `Vec` of a struct with a field for the key and one for the value, or no `strict`",
        SDK,
    ),
    Rule::warning("one-of", Check::Node(|node| checks::keyword(node, &["oneOf"]))).mended().says(
        "and `strict` knows `anyOf`",
        PROJECT,
        SDK,
    ),
    Rule::warning("composed-object", Check::Node(checks::composed_object)).says(
        "and with every object closed nothing fits both",
        "replace `#[serde(flatten)]` of an enum by a field of its own",
        SDK,
    ),
    Rule::warning("keyword", Check::Node(|node| checks::keyword(node, KEPT))).says(
        "which `strict` refuses",
        UNSTRICT,
        SDK,
    ),
    Rule::warning("unknown-keyword", Check::Node(|node| checks::keyword_but(node, KEYWORDS))).mended().says(
        "which `strict` refuses or passes over",
        PROJECT,
        SDK,
    ),
    Rule::warning("format", Check::Node(|node| checks::format_but(node, FORMATS))).mended().says(
        "which `strict` refuses",
        PROJECT,
        SDK,
    ),
    Rule::warning("min-items", Check::Node(checks::least_items)).mended().says(
        "and `strict` takes 0 and 1",
        PROJECT,
        SDK,
    ),
    Rule::warning("ref-siblings", Check::Node(checks::reference_siblings)).mended().says(
        "which `strict` passes over",
        PROJECT,
        SDK,
    ),
    Rule::warning("enum-value", Check::Node(|node| checks::value_but(node, |value| !value.is_array() && !value.is_object())))
        .says("and `strict` takes plain values alone", "use an enum of unit variants", SECOND_HAND),
    Rule::warning("recursion", Check::Whole(|schema| {
        let endless = reference::endless(schema);
        let first = endless.iter().min()?;
        Some(format!("`#{}` refers to itself", names::shown(first)))
    }))
    .says("which `strict` refuses", "bound the depth with a type for each level, or take it without `strict`", SECOND_HAND),
    Rule::warning("too-many-optional", Check::Totals(|totals| over("optional properties", totals.optional, 24)))
        .says("which is what `strict` takes in a whole request", UNSTRICT, SECOND_HAND),
    Rule::warning("too-many-unions", Check::Totals(|totals| over("unions", totals.unions, 16)))
        .says("which is what `strict` takes in a whole request", UNSTRICT, SECOND_HAND),
];
