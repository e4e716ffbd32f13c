//! Projections: convert a schema to a form that a provider accepts.

pub(super) mod anthropic;
pub(super) mod gemini;
mod inline;
mod nulls;
pub(super) mod openai;
pub(in crate::schema) mod steps;

pub use nulls::drop_nulls;

use serde_json::Value;

use super::{Dialect, Finding, Severity, lint};

/// Converts a schema for OpenAI with `strict: true`: every property is required, with `null` for optional ones, every
/// object is closed, and `oneOf` becomes `anyOf`. Keywords that strict mode does not support are moved into the
/// description.
///
/// The model then sends `null` for properties that it leaves out; remove them with [`drop_nulls`] before the call.
///
/// # Errors
///
/// Everything that strict mode cannot express, such as a map or a tuple, with what to change in the type.
///
/// ```
/// use mqtt_agent::schema::dialect;
/// use serde_json::json;
///
/// let card = json!({
///     "type": "object",
///     "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
///     "required": ["city"],
/// });
/// let strict = dialect::openai_strict(&card)?;
/// assert_eq!(strict["required"], json!(["city", "days"]));
/// assert_eq!(strict["properties"]["days"], json!({"type": ["integer", "null"]}));
/// assert_eq!(strict["additionalProperties"], false);
/// # Ok::<(), Vec<dialect::Finding>>(())
/// ```
pub fn openai_strict(schema: &Value) -> Result<Value, Vec<Finding>> {
    project(schema, Dialect::OpenAiStrict, openai::rewrite)
}

/// Converts a schema for Anthropic, as its SDK does for `strict`: objects are closed, and bounds, patterns and unknown
/// formats are moved into the description. Parts that only `strict` refuses, such as a map or a recursive type, stay
/// unchanged: if [`lint`](super::lint) on the result has no warning, the schema can be sent with `strict: true`.
///
/// # Errors
///
/// Everything that is refused in any case, with what to change in the type.
///
/// ```
/// use mqtt_agent::schema::dialect;
/// use serde_json::json;
///
/// let card = json!({"type": "object", "properties": {"days": {"type": "integer", "minimum": 0}}});
/// let projected = dialect::anthropic(&card)?;
/// assert_eq!(projected["properties"]["days"], json!({"type": "integer", "description": "(minimum: 0)"}));
/// # Ok::<(), Vec<dialect::Finding>>(())
/// ```
pub fn anthropic(schema: &Value) -> Result<Value, Vec<Finding>> {
    project(schema, Dialect::Anthropic, anthropic::rewrite)
}

/// Converts a schema for Gemini's `parametersJsonSchema`, and for the older `parameters` as far as possible: references
/// are inlined, `const` becomes `enum`, and lists of types become `anyOf`. Keywords that Gemini does not support are
/// moved into the description. Parts that only `parameters` refuses stay unchanged, and [`lint`](super::lint) on the
/// result warns about them.
///
/// # Errors
///
/// Everything that is refused in any case, with what to change in the type.
///
/// ```
/// use mqtt_agent::schema::dialect;
/// use serde_json::json;
///
/// let card = json!({"type": "object", "properties": {"unit": {"const": "celsius"}}});
/// let projected = dialect::gemini(&card)?;
/// assert_eq!(projected["properties"]["unit"], json!({"type": "string", "enum": ["celsius"]}));
/// # Ok::<(), Vec<dialect::Finding>>(())
/// ```
pub fn gemini(schema: &Value) -> Result<Value, Vec<Finding>> {
    project(schema, Dialect::Gemini, gemini::rewrite)
}

fn project(schema: &Value, dialect: Dialect, rewrite: fn(&mut Value)) -> Result<Value, Vec<Finding>> {
    let refused = super::refused(schema, dialect);
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut projected = schema.clone();
    rewrite(&mut projected);
    // What a rewrite could not mend after all, or made too large.
    let mut left = lint(&projected, dialect);
    left.retain(|finding| finding.severity() == Severity::Error);
    if left.is_empty() { Ok(projected) } else { Err(left) }
}
