//! [`Retained`]: one retained message of an agent, as it should be at the broker (`SUB-16`).

use std::fmt;

use serde_json::{Map, Value};

use crate::link::Message;

/// The field that changes whenever it is published.
const TIME: &str = "last_seen";

/// A retained message that this agent publishes.
pub(crate) struct Retained {
    pub(crate) topic: String,
    /// Who else may publish there: other servers of the same tool.
    pub(crate) shared: bool,
    current: Box<dyn Fn() -> Option<Message> + Send + Sync>,
}

impl Retained {
    pub(crate) fn new(topic: String, current: impl Fn() -> Option<Message> + Send + Sync + 'static) -> Self {
        Self { topic, shared: false, current: Box::new(current) }
    }

    /// Other servers publish it as well.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// It, as it is published now.
    pub(crate) fn message(&self) -> Option<Message> {
        (self.current)()
    }

    /// Whether what is at the broker may stay there.
    pub(crate) fn allows(&self, payload: &[u8]) -> bool {
        let Some(ours) = self.message().and_then(|ours| content(&ours.payload)) else { return true };
        let Some(there) = content(payload) else { return false };
        let of = |card: &Map<String, Value>, name: &str| card.get(name).cloned();
        // A replica's card is as good, as long as it says that the tool is there.
        let is_another = self.shared && of(&there, "server") != of(&ours, "server");
        if is_another { of(&there, "status") == of(&ours, "status") } else { there == ours }
    }
}

impl fmt::Debug for Retained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retained").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// What a message says, without the time at which it does.
fn content(payload: &[u8]) -> Option<Map<String, Value>> {
    let mut said: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    said.remove(TIME);
    Some(said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card(server: &str, status: &str) -> Vec<u8> {
        json!({"server": server, "status": status, "last_seen": "2026-01-01T00:00:00Z"})
            .to_string()
            .into_bytes()
    }

    fn ours() -> Retained {
        Retained::new("cards/ours".to_owned(), || Some(Message::json("cards/ours", card("ours", "online"))))
    }

    #[test]
    fn sub_16_what_says_the_same_at_another_time_may_stay() {
        let same =
            json!({"status": "online", "server": "ours", "last_seen": "2030-01-01T00:00:00Z"}).to_string();
        assert!(ours().allows(same.as_bytes()));
        for other in [b"".to_vec(), b"[]".to_vec(), card("ours", "offline"), card("theirs", "online")] {
            assert!(!ours().allows(&other), "{}", String::from_utf8_lossy(&other));
        }
    }

    #[test]
    fn sub_16_a_replicas_tool_card_may_stay_while_it_says_that_the_tool_is_there() {
        assert!(ours().shared().allows(&card("theirs", "online")));
        assert!(!ours().shared().allows(&card("theirs", "offline")));
        assert!(!ours().shared().allows(&card("ours", "offline")));
    }
}
