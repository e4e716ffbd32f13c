//! Totals that are counted over a whole schema.

use serde_json::Value;

use super::walk::Node;

/// Sums over a schema.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) properties: usize,
    /// Properties that are not required.
    pub(super) optional: usize,
    /// Schemas of several types or alternatives.
    pub(super) unions: usize,
    /// The most objects within objects.
    pub(super) levels: usize,
    pub(super) enum_values: usize,
    /// Characters of the names of properties and definitions, of the values of enums and of constants.
    pub(super) characters: usize,
    /// The most characters in the strings of one enum of more than 250 values.
    pub(super) large_enum: usize,
}

impl Totals {
    pub(super) fn add(&mut self, node: &Node<'_>) {
        self.levels = self.levels.max(node.levels);
        for keyword in ["properties", "$defs", "definitions"] {
            if let Some(Value::Object(named)) = node.get(keyword) {
                self.characters += named.keys().map(|name| name.chars().count()).sum::<usize>();
                self.properties += if keyword == "properties" { named.len() } else { 0 };
            }
        }
        self.optional += super::checks::optional(node).count();
        let several = |keyword: &str| node.get(keyword).is_some_and(Value::is_array);
        self.unions += usize::from(several("type") || several("anyOf") || several("oneOf"));
        self.characters += node.get("const").map_or(0, length);
        if let Some(Value::Array(values)) = node.get("enum") {
            let characters = values.iter().map(length).sum();
            self.characters += characters;
            self.enum_values += values.len();
            if values.len() > 250 {
                self.large_enum = self.large_enum.max(characters);
            }
        }
    }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// A sum that is over its limit.
pub(super) fn over(what: &str, count: usize, most: usize) -> Option<String> {
    (count > most).then(|| format!("it has {count} {what}, over {most}"))
}
