//! [`Progress`]: the partial results of a call as progress that a host asked for.

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
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
        let step = ProgressNotificationParam::new(self.token.clone(), f64::from(self.steps));
        // A host that is gone ends the call by itself.
        drop(self.peer.notify_progress(step.with_message(message(partial))).await);
    }
}

fn message(partial: &Value) -> String {
    let text = match partial {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_text_or_the_json_and_is_cut() {
        assert_eq!(message(&Value::from("half way")), "half way");
        assert_eq!(message(&serde_json::json!({"done": 1})), r#"{"done":1}"#);
        assert_eq!(message(&Value::from("ü".repeat(3000))), format!("{}…", "ü".repeat(2000)));
    }
}
