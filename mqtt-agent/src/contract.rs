//! The contract of a program: a document with everything it publishes, and the test that compares it with a file.
//!
//! The document is generated from the definitions, so it needs no broker and no running agent. [`document`] generates
//! it, [`diff`] lists the changes; the macro `contract!` generates a `#[test]` that calls [`check`].

mod diff;
mod document;
mod served;

pub use diff::ContractChange;
pub use served::ServedContract;

use std::path::Path;

use serde_json::Value;

use crate::handler::registry::{AgentDef, RegisteredAgent, ToolDef};

/// The environment variable that makes the test write the file instead of failing, if it is `1`.
const UPDATE: &str = "UPDATE_CONTRACT";

/// Compares what this program publishes with a file, and panics with a readable difference. Called by the generated test.
#[doc(hidden)]
#[track_caller]
// The panic is the test's failure.
#[allow(clippy::panic)]
pub fn check(directory: &str, file: &str, agents: &[AgentDef]) {
    let path = Path::new(directory).join(file);
    let update = std::env::var(UPDATE).is_ok_and(|value| value == "1");
    if let Err(message) = compare(&path, agents, update) {
        panic!("{message}");
    }
}

/// Compares a tool's schemas with a published one, and panics with a readable difference. Called by a generated test.
#[doc(hidden)]
#[track_caller]
#[allow(clippy::panic)]
pub fn check_schema(tool: &ToolDef, file: &str, text: &str) {
    if let Err(message) = compare_schema(tool, file, text) {
        panic!("{message}");
    }
}

fn compare_schema(tool: &ToolDef, file: &str, text: &str) -> Result<(), String> {
    let published: Value = serde_json::from_str(text)
        .map_err(|error| format!("`{file}` is no JSON: {error}; write a JSON Schema"))?;
    let own = document::tool(tool)?;
    // A card, or the input schema alone.
    let pairs: Vec<_> = match published.get("input_schema") {
        Some(_) => ["input_schema", "output_schema"]
            .iter()
            .filter_map(|key| Some((*key, published.get(key)?, own.get(key).unwrap_or(&Value::Null))))
            .collect(),
        None => vec![("input_schema", &published, own.get("input_schema").unwrap_or(&Value::Null))],
    };
    let changes: Vec<_> = pairs
        .into_iter()
        .flat_map(|(key, theirs, ours)| {
            diff::diff(theirs, ours).into_iter().map(move |change| format!("  {key} {change}\n"))
        })
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let (name, at) = (tool.name(), tool.location());
    Err(format!("`{name}` ({at}) is not what `{file}` publishes:\n{}change one of them", changes.concat()))
}

/// The tool of this name among those of an agent. Used by generated tests.
#[doc(hidden)]
#[must_use]
pub fn tool_of(agent: AgentDef, name: &str) -> &'static ToolDef {
    agent.tools().find(|tool| tool.name() == name).unwrap_or(&ToolDef::BROKEN)
}

fn compare(path: &Path, agents: &[AgentDef], update: bool) -> Result<(), String> {
    let registered = inventory::iter::<RegisteredAgent>.into_iter().map(|agent| agent.0);
    let document = document::document(registered.chain(agents.iter().copied()))?;
    let shown = path.display();
    let accept = format!("to accept what is there now, run the test with `{UPDATE}=1`");
    let published = match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| format!("`{shown}` is no JSON: {error}; {accept}"))
            .map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{shown}` cannot be read: {error}; look at its owner and its mode")),
    };
    if update {
        let text = format!("{document:#}\n");
        // An unchanged file keeps its time, so that nothing is built again for it.
        if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        return std::fs::write(path, text).map_err(|error| {
            format!("`{shown}` cannot be written: {error}; look at its owner and its mode")
        });
    }
    match published? {
        None => Err(format!("there is no contract `{shown}` yet; {accept}")),
        Some(published) if published == document => Ok(()),
        Some(published) => Err(failure(&shown.to_string(), &published, &document, &accept)),
    }
}

fn failure(shown: &str, published: &Value, document: &Value, accept: &str) -> String {
    let mut text = format!("what is published has changed since `{shown}`:\n");
    for change in diff::diff(published, document) {
        text.push_str("  ");
        text.push_str(&change.to_string());
        text.push('\n');
    }
    text.push_str(accept);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::agent::AgentImpl as _;
    use crate::prelude::*;

    /// Plans trips.
    #[derive(AgentCard)]
    #[card(id = "desk", version = "1.2.0", provider("Rail", "https://rail.example"), tags("travel"))]
    struct TravelDesk;

    #[derive(Debug, ToolError)]
    enum PlanError {
        #[tool_error("no train goes to `{0}`")]
        NoTrain(String),
    }

    #[agent]
    impl TravelDesk {
        /// Plans a trip.
        #[skill("plan-trip", tags("travel"), output("text/plain"), timeout = "1h", attempts = 2)]
        async fn plan(&self, task: Task, #[arg(length = 1..)] to: String) -> Result<String, PlanError> {
            drop(task);
            Err(PlanError::NoTrain(to))
        }

        /// Books a trip.
        #[skill(on_crash = "fail")]
        fn book(&self) {}
    }

    #[test]
    fn skills_and_cards_are_in_the_contract() {
        let document = document::document([TravelDesk::DEF].into_iter()).unwrap();
        let agent = document.pointer("/agents/desk").unwrap();
        assert_eq!(agent["skills"], json!(["book", "plan-trip"]));
        assert_eq!(
            agent["card"],
            json!({
                "id": "desk",
                "name": "Travel Desk",
                "description": "Plans trips.",
                "version": "1.2.0",
                "tags": ["travel"],
                "provider": {"organization": "Rail", "url": "https://rail.example"},
            })
        );
        let book = json!({
            "description": "Books a trip.",
            "on_crash": "fail",
            "input_schema": {"type": "object", "properties": {}, "additionalProperties": false},
        });
        assert_eq!(document.pointer("/skills/book"), Some(&book));
        let plan = json!({
            "description": "Plans a trip.",
            "tags": ["travel"],
            "output_modes": ["text/plain"],
            "timeout_ms": 3_600_000,
            "on_crash": "retry",
            "attempts": 2,
            "input_schema": {
                "type": "object",
                "properties": {"to": {"type": "string", "minLength": 1}},
                "required": ["to"],
                "additionalProperties": false,
            },
            "output_schema": {"type": "string"},
            "errors": {"no_train": {"message": "no train goes to `{0}`"}},
        });
        assert_eq!(document.pointer("/skills/plan-trip"), Some(&plan));
    }

    struct Shop<T>(T);

    #[agent("shop", parts("orders", "till"))]
    impl<T: Send + Sync + 'static> Shop<T> {
        /// Whether it is open.
        #[tool("shop-open")]
        fn open(&self) -> bool {
            let _ = &self.0;
            true
        }

        #[request("shop/{id}/get")]
        fn get(&self, id: &str) -> String {
            id.to_owned()
        }
    }

    #[agent(part = "orders")]
    impl<T: Send + Sync + 'static> Shop<T> {
        /// Takes an order.
        #[skill("shop-order")]
        fn order(&self) {}

        /// An order was taken.
        #[event("shop/ordered")]
        fn ordered(&self, count: u32);
    }

    #[agent(part = "till")]
    impl<T: Send + Sync + 'static> Shop<T> {
        /// Takes money.
        #[tool("shop-pay")]
        fn pay(&self) {}

        #[on("shop/{name}/get")]
        fn heard(&self, name: &str) {
            let _ = (name, self.ordered(1));
        }
    }

    #[test]
    fn all_blocks_of_a_type_are_one_agent_of_the_contract() {
        let document = document::document([Shop::<u8>::DEF].into_iter()).unwrap();
        let agent = json!({
            "tools": ["shop-open", "shop-pay"],
            "skills": ["shop-order"],
            "handlers": ["shop/{id}/get", "shop/{name}/get"],
            "events": ["shop/ordered"],
        });
        assert_eq!(document.pointer("/agents/shop"), Some(&agent));
        assert_eq!(document.pointer("/tools/shop-pay/description"), Some(&json!("Takes money.")));
    }

    #[test]
    fn two_blocks_of_a_generic_type_that_give_one_topic_are_refused_with_both_places() {
        let refused = std::panic::catch_unwind(|| Shop::<u8>::DEF.assert_new_parts()).unwrap_err();
        let message = refused.downcast_ref::<String>().unwrap();
        let (before, after) = message.split_once(" and ").unwrap();
        assert!(before.starts_with("two handlers of the topic `shop/{name}/get`: "), "{message}");
        assert!(before.contains("contract.rs:") && after.contains("contract.rs:"), "{message}");
    }

    #[test]
    fn a_contract_is_written_compared_and_accepted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("contract.json");
        let missing = compare(&path, &[], false).unwrap_err();
        assert!(missing.contains("no contract") && missing.contains("UPDATE_CONTRACT=1"), "{missing}");
        compare(&path, &[], true).unwrap();
        compare(&path, &[], false).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        compare(&path, &[], true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first, "the document is the same each time");

        std::fs::write(&path, "{\"tools\": {\"gone\": {}}}").unwrap();
        let changed = compare(&path, &[], false).unwrap_err();
        assert!(changed.contains("- /tools/gone"), "{changed}");
        std::fs::write(&path, "no JSON").unwrap();
        assert!(compare(&path, &[], false).unwrap_err().contains("is no JSON"));
        compare(&path, &[], true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
    }
}
