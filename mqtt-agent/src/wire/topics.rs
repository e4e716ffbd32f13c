//! The topics of the MCP profile: formatting and parsing. Those of the A2A profile are in `agent_topics`.

use super::Namespace;
use super::ident::is_sendable;

/// A topic of the MCP profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic<'t> {
    /// `{ns}/mcp/servers/{server}/card`
    ServerCard(&'t str),
    /// `{ns}/mcp/tools/{tool}/card`
    ToolCard(&'t str),
    /// `{ns}/mcp/tools/{tool}/call`
    ToolCall(&'t str),
    /// `{ns}/mcp/tools/{tool}/cancel` (an extension of this library, `MCP-17`)
    Cancel(&'t str),
    /// `{ns}/mcp/tools/{tool}/stream/{call_id}`
    Stream {
        /// The tool.
        tool: &'t str,
        /// The call.
        call_id: &'t str,
    },
    /// `{ns}/mcp/clients/{client}/responses`
    Responses(&'t str),
}

impl Namespace {
    /// The topic of a server's card.
    #[must_use]
    pub fn server_card(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/card")
    }

    /// The topic for a server's statistics (`MCP-20`, an extension of this library).
    #[must_use]
    pub fn server_stats(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/stats")
    }

    /// The topic for a ping of a server (`MCP-20`, an extension of this library).
    #[must_use]
    pub fn server_ping(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/ping")
    }

    /// The filter for all server cards.
    #[must_use]
    pub fn server_cards(&self) -> String {
        self.server_card("+")
    }

    /// The topic of a tool's card.
    #[must_use]
    pub fn tool_card(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/card")
    }

    /// The filter for all tool cards.
    #[must_use]
    pub fn tool_cards(&self) -> String {
        self.tool_card("+")
    }

    /// The topic for calls of a tool.
    #[must_use]
    pub fn tool_call(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/call")
    }

    /// The shared filter for the calls of a tool. The group's name is part of the protocol (`MCP-12`): with another
    /// group each call would run twice.
    #[must_use]
    pub fn shared_tool_call(&self, tool: &str) -> String {
        format!("$share/mcp-tool-{tool}/{self}/mcp/tools/{tool}/call")
    }

    /// The topic for cancellations of a tool's calls (`MCP-17`).
    #[must_use]
    pub fn cancel(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/cancel")
    }

    /// The topic for a call's partial results (`MCP-10`).
    #[must_use]
    pub fn stream(&self, tool: &str, call_id: &str) -> String {
        format!("{self}/mcp/tools/{tool}/stream/{call_id}")
    }

    /// The topic where a client receives answers.
    #[must_use]
    pub fn responses(&self, client: &str) -> String {
        format!("{self}/mcp/clients/{client}/responses")
    }

    /// Whether an answer may be published to a topic (`MCP-5`): only a client's response topic in this namespace, so
    /// that a caller cannot make a server publish elsewhere.
    #[must_use]
    pub fn is_safe_reply(&self, topic: &str) -> bool {
        let client = match self.parse_topic(topic) {
            Some(Topic::Responses(client)) => client,
            _ => return false,
        };
        !client.contains(['+', '#'])
            && client.chars().all(is_sendable)
            && topic.len() <= usize::from(u16::MAX)
    }

    /// Parses a topic; `None` if it is not a topic of the MCP profile in this namespace.
    #[must_use]
    pub fn parse_topic<'t>(&self, topic: &'t str) -> Option<Topic<'t>> {
        let rest = topic.strip_prefix(self.as_str())?.strip_prefix("/mcp/")?;
        let levels: Vec<_> = rest.splitn(5, '/').collect();
        match levels.as_slice() {
            ["servers", server, "card"] if !server.is_empty() => Some(Topic::ServerCard(server)),
            ["tools", tool, "card"] if !tool.is_empty() => Some(Topic::ToolCard(tool)),
            ["tools", tool, "call"] if !tool.is_empty() => Some(Topic::ToolCall(tool)),
            ["tools", tool, "cancel"] if !tool.is_empty() => Some(Topic::Cancel(tool)),
            ["tools", tool, "stream", call_id] if !tool.is_empty() && !call_id.is_empty() => {
                Some(Topic::Stream { tool, call_id })
            }
            ["clients", client, "responses"] if !client.is_empty() => Some(Topic::Responses(client)),
            _ => None,
        }
    }
}
