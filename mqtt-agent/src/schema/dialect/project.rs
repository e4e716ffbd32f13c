//! Projections: a schema as a provider takes it.

pub(super) mod anthropic;
pub(super) mod gemini;
mod inline;
mod nulls;
pub(super) mod openai;
pub(in crate::schema) mod steps;

pub use nulls::drop_nulls;

use serde_json::Value;

use super::{Dialect, Finding, Severity, lint};

/// The schema as OpenAI takes it with `strict: true`: every property required, with `null` for what may be left out,
/// every object closed, `anyOf` for `oneOf`; what strict mode does not know is told in the description.
///
/// The model then sends `null` for what it leaves out; [`drop_nulls`] takes those away before the call.
///
/// # Errors
///
/// Everything that strict mode cannot express, such as a map or a tuple, and what to change in the type.
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

/// The schema as Anthropic takes it: as its SDK writes schemas for `strict`, with objects closed, and bounds, patterns
/// and unknown formats told in the description. What `strict` alone refuses, such as a map or a type that holds itself,
/// stays as it is: [`lint`](super::lint) on the result has no warning where it can be sent with `strict: true`.
///
/// # Errors
///
/// What is refused in any case, and what to change in the type.
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

/// The schema as Gemini takes it in `parametersJsonSchema`, and in the older `parameters` as far as it goes: references
/// inlined, `enum` for `const`, `anyOf` for lists of types; what Gemini does not know is told in the description. What
/// `parameters` alone refuses stays as it is, and [`lint`](super::lint) on the result warns of it.
///
/// # Errors
///
/// What is refused in any case, and what to change in the type.
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
