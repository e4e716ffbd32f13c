//! The reply address of a call (`MCP-5`).

use super::Namespace;

/// The reply address of a call: its Response Topic, else `response_topic` in the payload, else the response topic of
/// the client that the call names. `None` if the first of these that is present is not a client's response topic.
#[must_use]
pub fn reply_address(
    namespace: &Namespace,
    response_topic: Option<&str>,
    payload_topic: Option<&str>,
    client: Option<&str>,
) -> Option<String> {
    let topic = match (response_topic.or(payload_topic), client) {
        (Some(topic), _) => topic.to_owned(),
        (None, Some(client)) => namespace.responses(client),
        (None, None) => return None,
    };
    namespace.is_safe_reply(&topic).then_some(topic)
}
