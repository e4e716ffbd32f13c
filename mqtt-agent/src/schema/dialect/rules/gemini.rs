//! Gemini's function declarations. Errors are refused in `parametersJsonSchema`; warnings in the older `parameters`,
//! which many wrappers still use.

use super::{Check, MALFORMED, Rule, TOO_DEEP, TOO_LARGE, UNRESOLVED};
use crate::schema::dialect::project::gemini::{FORMATS, KEYWORDS, REFUSED};
use crate::schema::dialect::{checks, names, reference};

const SDK: &str = "https://github.com/googleapis/python-genai, types.py: FunctionDeclaration and the keywords of \
                   response_json_schema";
const PROFILE: &str = "jsonschemaprofiles, docs/GEMINI.md";
const PROJECT: &str = "hand out what `dialect::gemini` makes of it";

pub(super) const RULES: &[Rule] = &[
    Rule::error("tool-name", Check::Name(|name| names::no_identifier(name, names::scoped, 128))).says(
        "and the request is refused",
        "start it with a letter or `_`, and take `A-Z a-z 0-9 _ . : -`, 128 at most: `#[tool(\"name\")]`",
        SDK,
    ),
    Rule::warning(
        "long-tool-name",
        Check::Name(|name| names::outside(name, |_| true, 64).filter(|_| !name.is_empty())),
    )
    .says(
        "and older endpoints refuse it",
        "name it with at most 64 characters: `#[tool(\"name\")]`",
        SDK,
    ),
    MALFORMED,
    UNRESOLVED,
    TOO_DEEP,
    TOO_LARGE,
    Rule::error("root-not-object", Check::Node(checks::root_no_object)).says(
        "and the request is refused",
        "take the arguments as parameters, or as a struct with named fields",
        SDK,
    ),
    Rule::error("root-composition", Check::Node(checks::root_composed)).says(
        "and the request is refused",
        "put the enum into a field of a struct",
        SDK,
    ),
    Rule::error(
        "parameter-name",
        Check::Node(|node| names::no_identifier(node.property()?, names::word, 64)),
    )
    .says(
        "and the request is refused",
        "rename it with `#[arg(rename = \"..\")]` or `#[serde(rename = \"..\")]`, to letters, digits and `_`",
        SDK,
    ),
    Rule::error("keyword", Check::Node(|node| checks::keyword(node, REFUSED))).says(
        "which Gemini does not know",
        "say it in the type: an enum in a field for alternatives, a `Vec` of a struct for free names",
        PROFILE,
    ),
    Rule::error("all-of", Check::Node(|node| checks::keyword(node, &["allOf"]))).says(
        "which Gemini does not know",
        "replace `#[serde(flatten)]` by a field of its own",
        PROFILE,
    ),
    Rule::error("constant", Check::Node(|node| checks::keyword(node, &["const"]))).mended().says(
        "which several endpoints refuse",
        PROJECT,
        SDK,
    ),
    Rule::error(
        "enum-value",
        Check::Node(|node| {
            checks::value_but(node, |value| value.is_string() || value.is_number() || value.is_null())
        }),
    )
    .says("and Gemini takes strings and numbers", "use an enum of unit variants", PROFILE),
    Rule::error("empty-enum", Check::Node(checks::no_values)).says(
        "and the request is refused",
        "give the enum a variant",
        PROFILE,
    ),
    Rule::error("format", Check::Node(|node| checks::format_but(node, FORMATS))).mended().says(
        "which Gemini does not know",
        PROJECT,
        PROFILE,
    ),
    Rule::error("list-of-unknown", Check::Node(checks::list_of_unknown)).says(
        "and the request is refused",
        "use `Vec<T>`",
        SDK,
    ),
    Rule::error("ref-siblings", Check::Node(checks::reference_siblings)).mended().says(
        "and Gemini takes a `$ref` alone",
        PROJECT,
        PROFILE,
    ),
    Rule::warning("tuple", Check::Node(checks::tuple)).says(
        "which the older `parameters` refuses",
        "use `Vec<T>`, or a struct with named fields, instead of a tuple",
        SDK,
    ),
    Rule::warning("prefix-items", Check::Node(checks::uniform_tuple)).mended().says(
        "which the older `parameters` refuses",
        PROJECT,
        SDK,
    ),
    Rule::warning("one-of", Check::Node(|node| checks::keyword(node, &["oneOf"]))).mended().says(
        "which is read as `anyOf`",
        PROJECT,
        PROFILE,
    ),
    Rule::warning("reference", Check::Node(|node| checks::keyword(node, &["$ref"]))).mended().says(
        "which the older `parameters` refuses",
        "hand out what `dialect::gemini` makes of it; a type that holds itself keeps its `$ref`",
        SDK,
    ),
    Rule::warning(
        "recursion",
        Check::Whole(|schema| {
            let endless = reference::endless(schema);
            let first = endless.iter().min()?;
            Some(format!("`#{}` refers to itself", names::shown(first)))
        }),
    )
    .says(
        "which is taken in properties that are not required, and not in the older `parameters`",
        "bound the depth with a type for each level",
        PROFILE,
    ),
    Rule::warning("several-types", Check::Node(checks::several_types)).mended().says(
        "which the older `parameters` refuses",
        PROJECT,
        SDK,
    ),
    Rule::warning("closed-object", Check::Node(checks::closed_object)).mended().says(
        "which the older `parameters` refuses",
        PROJECT,
        SDK,
    ),
    Rule::warning(
        "boolean-schema",
        Check::Node(|node| checks::boolean_property(node).or_else(|| checks::boolean_schema(node))),
    )
    .mended()
    .says("which the older `parameters` refuses", PROJECT, SDK),
    Rule::warning("map", Check::Node(checks::map)).says(
        "which the older `parameters` refuses",
        "use a `Vec` of a struct with a field for the key and one for the value",
        SDK,
    ),
    Rule::warning("untyped", Check::Node(checks::untyped)).says(
        "and the older `parameters` asks for a `type`",
        "take a type that says more than `serde_json::Value`",
        SDK,
    ),
    Rule::warning("composed-object", Check::Node(checks::composed_object)).says(
        "which the older `parameters` reads as one of the two",
        "replace `#[serde(flatten)]` of an enum by a field of its own",
        SDK,
    ),
    Rule::warning("unknown-keyword", Check::Node(|node| checks::keyword_but(node, KEYWORDS))).mended().says(
        "which Gemini refuses or passes over",
        PROJECT,
        PROFILE,
    ),
];
