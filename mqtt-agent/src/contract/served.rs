//! [`ServedContract`]: the tools and skills on a broker by their cards, in the form of the document.

use serde_json::{Map, Value, json};

use super::diff::{ContractChange, diff};
use crate::client::Client;
use crate::discover::DiscoverError;
use crate::wire::{AgentCard, AgentSkill, ToolCard};

/// The version of the document's format.
const FORM: &str = "1";

/// What a card says of a tool. A program's own contract says more, such as errors.
const OF_TOOL: [&str; 13] = [
    "description",
    "title",
    "version",
    "tags",
    "allowed_callers",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "input_schema",
    "output_schema",
    "content",
    "call",
];

/// What a card says of a skill.
const OF_SKILL: [&str; 6] = ["description", "name", "tags", "examples", "input_modes", "output_modes"];

/// The tools and skills on a broker, by the cards of the tools and agents that are online; to write to a file, or to
/// compare with one.
///
/// The document has the form of [`contract!`](macro@crate::contract), with the parts that cards have: `tools` and
/// `skills`, by name. So it can be compared with a program's contract file, or with a file of its own.
///
/// ```no_run
/// use mqtt_agent::ServedContract;
///
/// # async fn example(client: mqtt_agent::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let served = ServedContract::of(&client).await?;
/// let published = serde_json::from_str(&std::fs::read_to_string("contract.json")?)?;
/// for change in served.compare(&published, false) {
///     println!("{change}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ServedContract {
    document: Value,
}

impl ServedContract {
    /// Reads what is served now.
    ///
    /// # Errors
    ///
    /// [`DiscoverError`] if a listing is denied or not complete.
    pub async fn of(client: &Client) -> Result<Self, DiscoverError> {
        let (tools, agents) = tokio::join!(client.tools(), client.agents());
        Ok(Self::from_cards(&tools?, &agents?))
    }

    /// Makes the document from these cards. If two agents have a skill with the same id, the first agent's is used.
    #[must_use]
    pub fn from_cards(tools: &[ToolCard], agents: &[AgentCard]) -> Self {
        let tools: Map<_, _> = tools.iter().map(|card| (card.tool.clone(), tool(card))).collect();
        let mut skills = Map::new();
        for found in agents.iter().flat_map(|agent| &agent.skills) {
            skills.entry(found.id.clone()).or_insert_with(|| skill(found));
        }
        Self { document: json!({"contract": FORM, "tools": tools, "skills": skills}) }
    }

    /// Keeps only these tools, and no skills.
    #[must_use]
    pub fn only_tools<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        if let Some(document) = self.document.as_object_mut() {
            document.insert("skills".to_owned(), json!({}));
            if let Some(tools) = document.get_mut("tools").and_then(Value::as_object_mut) {
                tools.retain(|name, _| names.contains(&name.as_str()));
            }
        }
        self
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Returns which parts of a published document are served differently or not at all; with `exact`, also what is
    /// served but not in the document. Only parts that cards have are compared.
    #[must_use]
    pub fn compare(&self, published: &Value, exact: bool) -> Vec<ContractChange> {
        let mut changes = Vec::new();
        for (part, known) in [("tools", &OF_TOOL[..]), ("skills", &OF_SKILL[..])] {
            let of = |document: &Value| document.get(part).and_then(Value::as_object).cloned();
            let (published, mut served) =
                (of(published).unwrap_or_default(), of(&self.document).unwrap_or_default());
            let published: Map<_, _> =
                published.into_iter().map(|(name, entry)| (name, visible(entry, known))).collect();
            if !exact {
                served.retain(|name, _| published.contains_key(name));
            }
            let (mut old, mut new) = (Map::new(), Map::new());
            old.insert(part.to_owned(), published.into());
            new.insert(part.to_owned(), served.into());
            changes.extend(diff(&old.into(), &new.into()));
        }
        changes
    }
}

/// What of an entry a card says. The topic of calls depends on the namespace.
fn visible(entry: Value, known: &[&str]) -> Value {
    match entry {
        Value::Object(mut fields) => {
            fields.retain(|name, _| known.contains(&name.as_str()));
            fields.into()
        }
        other => other,
    }
}

fn tool(card: &ToolCard) -> Value {
    let mut entry = Map::new();
    let mut add = |name: &str, value: Value| {
        if !matches!(&value, Value::Null) && value.as_array().is_none_or(|list| !list.is_empty()) {
            entry.insert(name.to_owned(), value);
        }
    };
    let hints = card.annotations.clone().unwrap_or_default();
    add("description", json!(card.description));
    add("title", json!(card.title));
    add("version", json!(card.version_info.tool));
    add("tags", json!(card.tags));
    add("allowed_callers", json!(card.allowed_callers));
    add("read_only", json!(hints.read_only_hint));
    add("destructive", json!(hints.destructive_hint));
    add("idempotent", json!(hints.idempotent_hint));
    add("open_world", json!(hints.open_world_hint));
    add("input_schema", json!(card.input_schema));
    add("output_schema", json!(card.output_schema));
    add("content", json!(card.content));
    add("call", json!(format!("{{namespace}}/mcp/tools/{}/call", card.tool)));
    entry.into()
}

fn skill(skill: &AgentSkill) -> Value {
    let mut entry = Map::new();
    entry.insert("description".to_owned(), json!(skill.description));
    if !skill.name.is_empty() {
        entry.insert("name".to_owned(), json!(skill.name));
    }
    let lists = [
        ("tags", &skill.tags),
        ("examples", &skill.examples),
        ("input_modes", &skill.input_modes),
        ("output_modes", &skill.output_modes),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        entry.insert(name.to_owned(), json!(list));
    }
    entry.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn card(json: Value) -> ToolCard {
        let name = json["tool"].as_str().unwrap().to_owned();
        ToolCard::read(&name, json.to_string().as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn what_cards_cannot_say_is_not_compared() {
        let served = ServedContract::from_cards(
            &[card(json!({
                "tool": "add", "description": "Adds.", "input_schema": {"type": "object"},
                "annotations": {"readOnlyHint": true},
            }))],
            &[],
        );
        let published = json!({"contract": "1", "agents": {"x": {}}, "tools": {"add": {
            "description": "Adds.", "input_schema": {"type": "object"}, "read_only": true, "timeout_ms": 7,
            "errors": {"no": {}}, "call": "{namespace}/mcp/tools/add/call",
        }}});
        assert_eq!(served.compare(&published, true), []);
    }

    #[test]
    fn what_is_served_beside_the_file_counts_only_where_it_has_to_be_exact() {
        let (add, more) = (json!({"tool": "add", "description": "Adds."}), json!({"tool": "more"}));
        let published = ServedContract::from_cards(&[card(add.clone())], &[]);
        let served = ServedContract::from_cards(&[card(add), card(more)], &[]);
        assert_eq!(served.compare(published.document(), false), []);
        let changes = served.compare(published.document(), true);
        assert_eq!(changes.iter().map(|change| change.pointer.as_str()).collect::<Vec<_>>(), ["/tools/more"]);
        let gone = published.compare(served.document(), false);
        assert!(gone.first().unwrap().to_string().starts_with("- /tools/more: {"), "{gone:?}");
    }
}
