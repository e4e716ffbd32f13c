//! OpenAI's function tools with `strict: true`, for models that are not fine-tuned.

use super::{Check, MALFORMED, Rule, TOO_DEEP, TOO_LARGE, UNRESOLVED};
use crate::schema::dialect::limits::over;
use crate::schema::dialect::project::openai::{FORMATS, KEYWORDS, REFUSED};
use crate::schema::dialect::{checks, names};

const GUIDE: &str = "https://developers.openai.com/api/docs/guides/structured-outputs";
const PROFILE: &str = "https://jsonschemaprofiles.unitvectorylabs.com/schemas/openai";
const SMALLER: &str = "make the type smaller, or split the tool into several";
const PROJECT: &str = "hand out what `dialect::openai_strict` makes of it";

pub(super) const RULES: &[Rule] = &[
    Rule::error("tool-name", Check::Name(|name| names::outside(name, names::hyphenated, 64))).says(
        "and the request is refused",
        "name it with 1 to 64 of `A-Z a-z 0-9 _ -`: `#[tool(\"name\")]`",
        "https://github.com/openai/openai-python, types/shared/function_definition.py",
    ),
    MALFORMED,
    UNRESOLVED,
    TOO_DEEP,
    TOO_LARGE,
    Rule::error("root-not-object", Check::Node(checks::root_no_object)).says(
        "and strict mode refuses it",
        "take the arguments as parameters, or as a struct with named fields",
        GUIDE,
    ),
    Rule::error("root-composition", Check::Node(checks::root_composed)).says(
        "and strict mode refuses it",
        "put the enum into a field of a struct",
        GUIDE,
    ),
    Rule::error("one-of", Check::Node(|node| checks::keyword(node, &["oneOf"]))).mended().says(
        "and strict mode knows `anyOf` alone",
        PROJECT,
        PROFILE,
    ),
    Rule::error("keyword", Check::Node(|node| checks::keyword(node, REFUSED))).says(
        "which strict mode refuses",
        "say it in the type: an enum in a field for alternatives, a `Vec` of a struct for free names",
        PROFILE,
    ),
    Rule::error("all-of", Check::Node(|node| checks::keyword(node, &["allOf"]))).says(
        "which strict mode refuses",
        "replace `#[serde(flatten)]` by a field of its own",
        PROFILE,
    ),
    Rule::error("composed-object", Check::Node(checks::composed_object)).says(
        "and with every object closed nothing fits both",
        "replace `#[serde(flatten)]` of an enum by a field of its own",
        GUIDE,
    ),
    Rule::error("open-object", Check::Node(checks::open_object)).mended().says(
        "and strict mode takes no other",
        "derive with `#[serde(deny_unknown_fields)]`, or hand out what `dialect::openai_strict` makes of it",
        GUIDE,
    ),
    Rule::error("map", Check::Node(checks::map)).says(
        "and strict mode asks for every name",
        "use a `Vec` of a struct with a field for the key and one for the value",
        GUIDE,
    ),
    Rule::error("optional-property", Check::Node(checks::optional_property)).mended().says(
        "and strict mode asks for all, with `null` for what may be left out",
        PROJECT,
        GUIDE,
    ),
    Rule::error("ref-siblings", Check::Node(checks::reference_siblings)).mended().says(
        "and strict mode takes a `$ref` alone",
        PROJECT,
        "https://github.com/openai/openai-python, lib/_pydantic.py",
    ),
    Rule::error("format", Check::Node(|node| checks::format_but(node, FORMATS))).mended().says(
        "which strict mode refuses",
        PROJECT,
        PROFILE,
    ),
    Rule::error("tuple", Check::Node(checks::tuple)).says(
        "and strict mode knows `items` alone",
        "use `Vec<T>`, or a struct with named fields, instead of a tuple",
        GUIDE,
    ),
    Rule::error("prefix-items", Check::Node(checks::uniform_tuple)).mended().says(
        "and strict mode knows `items` alone",
        "use `Vec<T>` or an array instead of a tuple, or hand out what `dialect::openai_strict` makes of it",
        GUIDE,
    ),
    Rule::error("list-of-unknown", Check::Node(checks::list_of_unknown)).says(
        "and strict mode asks for them",
        "use `Vec<T>`",
        GUIDE,
    ),
    Rule::error(
        "boolean-schema",
        Check::Node(|node| checks::boolean_property(node).or_else(|| checks::boolean_schema(node))),
    )
    .says(
        "and strict mode asks for a `type`",
        "take a type that says more than `serde_json::Value`",
        GUIDE,
    ),
    Rule::error("untyped", Check::Node(checks::untyped)).says(
        "and strict mode asks for a `type`",
        "take a type that says more than `serde_json::Value`, or a `String` that holds JSON",
        GUIDE,
    ),
    Rule::error("untyped-values", Check::Node(checks::untyped_values)).mended().says(
        "and strict mode asks for one",
        PROJECT,
        GUIDE,
    ),
    Rule::error("empty-enum", Check::Node(checks::no_values)).says(
        "and strict mode refuses it",
        "give the enum a variant",
        GUIDE,
    ),
    Rule::error(
        "enum-value",
        Check::Node(|node| checks::value_but(node, |value| !value.is_array() && !value.is_object())),
    )
    .says("and strict mode takes plain values alone", "use an enum of unit variants", GUIDE),
    Rule::error("too-many-properties", Check::Totals(|totals| over("properties", totals.properties, 5_000)))
        .says("and strict mode refuses it", SMALLER, PROFILE),
    Rule::error("too-many-levels", Check::Totals(|totals| over("levels of objects", totals.levels, 10)))
        .says("and strict mode refuses it", "make the type flatter", PROFILE),
    Rule::error(
        "too-many-values",
        Check::Totals(|totals| over("values in enums", totals.enum_values, 1_000)),
    )
    .says("and strict mode refuses it", "take a `String` and check it in the handler", PROFILE),
    Rule::error(
        "too-large-enum",
        Check::Totals(|totals| over("characters in one enum", totals.large_enum, 15_000)),
    )
    .says("and strict mode refuses it", "take a `String` and check it in the handler", PROFILE),
    Rule::error(
        "too-many-characters",
        Check::Totals(|totals| over("characters in names and enums", totals.characters, 120_000)),
    )
    .says("and strict mode refuses it", SMALLER, PROFILE),
    Rule::warning("unknown-keyword", Check::Node(|node| checks::keyword_but(node, KEYWORDS))).mended().says(
        "which strict mode does not promise to take",
        PROJECT,
        "https://github.com/pydantic/pydantic-ai/pull/4490",
    ),
];
