//! [`Progress`]: the partial results of a call as progress that a host asked for.

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest message, in characters.
const LONGEST: usize = 2000;

/// Where progress is told, of one call.
pub(super) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    steps: u32,
}

impl Progress {
    pub(super) fn new(peer: Peer<RoleServer>, token: ProgressToken) -> Self {
        Self { peer, token, steps: 0 }
    }

    /// Tells of the next partial result, and waits until the host's connection has taken it: before the answer.
    pub(super) async fn tell(&mut self, partial: &Value) {
        self.steps = self.steps.saturating_add(1);
        let step = match Step::read(partial) {
            Some(Step { progress, total, message }) => {
                let mut step = ProgressNotificationParam::new(self.token.clone(), progress);
                step.total = total;
                step.message = message.as_deref().map(cut);
                step
            }
            None => ProgressNotificationParam::new(self.token.clone(), f64::from(self.steps))
                .with_message(message(partial)),
        };
        // A host that is gone ends the call by itself.
        drop(self.peer.notify_progress(step).await);
    }
}

/// What an MCP server tells of its progress, as a partial result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) progress: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl Step {
    /// `None` for any other partial result.
    fn read(partial: &Value) -> Option<Self> {
        partial.is_object().then(|| Self::deserialize(partial).ok()).flatten()
    }
}

fn message(partial: &Value) -> String {
    match partial {
        Value::String(text) => cut(text),
        other => cut(&other.to_string()),
    }
}

/// A message, no longer than hosts are told.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_mcp_server_told_is_that_again() {
        let step = Step::read(&serde_json::json!({"progress": 1, "total": 4, "message": "a"})).unwrap();
        assert_eq!((step.progress, step.total, step.message.as_deref()), (1.0, Some(4.0), Some("a")));
        for other in [serde_json::json!({"progress": 1, "more": 2}), serde_json::json!([1]), Value::from(1)] {
            assert_eq!(Step::read(&other), None, "{other}");
        }
    }

    #[test]
    fn a_message_is_the_text_or_the_json_and_is_cut() {
        assert_eq!(message(&Value::from("half way")), "half way");
        assert_eq!(message(&serde_json::json!({"done": 1})), r#"{"done":1}"#);
        assert_eq!(message(&Value::from("ü".repeat(3000))), format!("{}…", "ü".repeat(2000)));
    }
}
