//! A store of parts: arguments with parts of their own, and skills with arguments.

use mqtt_agent::prelude::*;
use mqtt_agent::{Running, skills};

/// In what state parts are.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Condition {
    Mended {
        /// The workshop.
        #[schemars(length(min = 2, max = 40))]
        by: String,
    },
    New,
}

/// Where parts lie.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shelf {
    #[schemars(regex(pattern = "^[B-F]-[0-9]{2}$"))]
    row: String,
    #[schemars(range(min = 2, max = 6))]
    level: u8,
}

/// A line of a delivery.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Line {
    part: String,
    #[schemars(range(min = 3, max = 500))]
    count: u32,
    condition: Condition,
    shelf: Shelf,
}

/// Books a delivery.
#[tool]
async fn book(
    /// What was delivered.
    #[arg(length = 1..=20)]
    lines: Vec<Line>,
    /// Who brought it.
    carrier: Option<String>,
) -> String {
    let parts: Vec<String> = lines.into_iter().map(|line| line.part).collect();
    format!("{} by {}", parts.join(" "), carrier.unwrap_or_default())
}

/// Takes a part out of the store.
#[tool]
async fn take_part(
    /// The part's number.
    part: String,
    /// How many.
    #[arg(default = 1)]
    count: u32,
) -> String {
    format!("{count} {part}")
}

/// Fails with much to say, of which no terminal must have all.
#[tool]
async fn complain(length: usize) -> Result<String, String> {
    Err(format!("begins\n\u{1b}[31m{}ends", "x".repeat(length)))
}

/// Counts the parts.
#[skill]
async fn stocktake(
    task: Task,
    /// Only parts whose number begins like this.
    prefix: Option<String>,
) -> String {
    format!("{prefix:?} {:?}", task.text())
}

/// Writes a label.
#[skill(examples("a label for bearings"))]
async fn label(
    /// What stands on it.
    words: String,
    /// How often.
    #[arg(range = 2..=9)]
    copies: u8,
) -> String {
    format!("{copies} {words}")
}

/// Repeats a request.
#[skill]
async fn repeat(task: Task) -> String {
    task.text().to_owned()
}

/// Serves all tools, and one skill, as `spares`.
pub(crate) async fn spares(url: &str) -> Running {
    let tools = tools![book, take_part, complain];
    Agent::new("spares").tools(tools).skills(skills![stocktake]).start(url).await.unwrap()
}

/// Serves two skills as `office`.
pub(crate) async fn office(url: &str) -> Running {
    Agent::new("office").skills(skills![label, repeat]).start(url).await.unwrap()
}

/// Serves one skill without arguments as `parrot`.
pub(crate) async fn parrot(url: &str) -> Running {
    Agent::new("parrot").skills(skills![repeat]).start(url).await.unwrap()
}
