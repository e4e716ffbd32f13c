//! [`CardSchema`]: a schema on a card, parsed lazily.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The JSON Schema of a card. It is stored as text and parsed on first use: a tree takes many times as much memory, and
/// a program that lists a thousand tools uses a few.
///
/// It dereferences to a [`Value`]. If the text cannot be parsed (for example, a number out of range, or more than 127
/// levels), it counts as `{"type": "object"}`.
///
/// ```
/// use mqtt_agent::wire::ToolCard;
///
/// let card = r#"{"status": "online", "input_schema": {"type": "object", "required": ["city"]}}"#;
/// let card = ToolCard::read("weather", card.as_bytes()).unwrap().unwrap();
/// assert_eq!(card.input_schema["required"][0], "city");
/// ```
#[derive(Clone)]
pub struct CardSchema {
    text: Box<RawValue>,
    tree: OnceLock<Value>,
}

impl CardSchema {
    /// The JSON text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        self.text.get()
    }
}

impl Default for CardSchema {
    /// `{"type": "object"}`.
    fn default() -> Self {
        any_object().into()
    }
}

impl From<&Value> for CardSchema {
    /// Keeps only the text.
    fn from(tree: &Value) -> Self {
        // A tree of JSON is always written.
        let text = serde_json::value::to_raw_value(tree).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { text, tree: OnceLock::new() }
    }
}

impl From<Value> for CardSchema {
    fn from(tree: Value) -> Self {
        Self { text: Self::from(&tree).text, tree: OnceLock::from(tree) }
    }
}

impl Deref for CardSchema {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.tree.get_or_init(|| serde_json::from_str(self.text.get()).unwrap_or_else(|_| any_object()))
    }
}

impl PartialEq for CardSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get() || **self == **other
    }
}

impl PartialEq<Value> for CardSchema {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

impl fmt::Debug for CardSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CardSchema").field(&self.text.get()).finish()
    }
}

impl fmt::Display for CardSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.get())
    }
}

impl Serialize for CardSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CardSchema {
    /// Accepts an object or a boolean; `null` means absent.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match text.get() {
            "null" => Ok(Self::default()),
            "true" | "false" => Ok(Self { text, tree: OnceLock::new() }),
            object if object.starts_with('{') => Ok(Self { text, tree: OnceLock::new() }),
            _ => Err(de::Error::custom("no JSON Schema, which is an object or a boolean")),
        }
    }
}

fn any_object() -> Value {
    json!({"type": "object"})
}
