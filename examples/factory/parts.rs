//! What the programs talk about.

use std::fmt;

use mqtt_agent::prelude::*;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Gear,
    Bracket,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gear => "gear",
            Self::Bracket => "bracket",
        })
    }
}

/// A part that was pressed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Part {
    /// Its number in the order, from 1.
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    /// How thick it came out.
    pub(crate) millimetres: f64,
    /// The press that made it.
    pub(crate) pressed_by: String,
}

/// What the inspector found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Report {
    /// The numbers of the parts that can be used.
    pub(crate) good: Vec<u32>,
    /// The numbers of the others.
    pub(crate) scrap: Vec<u32>,
}

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Delivery {
    /// All parts, in the order of their numbers.
    pub(crate) parts: Vec<Part>,
    pub(crate) report: Report,
}
