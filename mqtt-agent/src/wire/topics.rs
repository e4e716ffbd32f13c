//! The topics of the MCP profile: made and taken apart. Those of the A2A profile are in `agent_topics`.

use super::Namespace;
use super::ident::is_sendable;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic<'t> {
    /// `{ns}/mcp/servers/{server}/card`
    ServerCard(&'t str),
    /// `{ns}/mcp/tools/{tool}/card`
    ToolCard(&'t str),
    /// `{ns}/mcp/tools/{tool}/call`
    ToolCall(&'t str),
    /// `{ns}/mcp/tools/{tool}/cancel` (an extension of ours, `MCP-17`)
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
    /// Where a server's card is retained.
    #[must_use]
    pub fn server_card(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/card")
    }

    /// Where a server is asked for its statistics (`MCP-20`, an extension of ours).
    #[must_use]
    pub fn server_stats(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/stats")
    }

    /// Where a server is asked whether it is there (`MCP-20`, an extension of ours).
    #[must_use]
    pub fn server_ping(&self, server: &str) -> String {
        format!("{self}/mcp/servers/{server}/ping")
    }

    /// The filter of all server cards.
    #[must_use]
    pub fn server_cards(&self) -> String {
        self.server_card("+")
    }

    /// Where a tool's card is retained.
    #[must_use]
    pub fn tool_card(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/card")
    }

    /// The filter of all tool cards.
    #[must_use]
    pub fn tool_cards(&self) -> String {
        self.tool_card("+")
    }

    /// Where a tool is called.
    #[must_use]
    pub fn tool_call(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/call")
    }

    /// The filter by which the servers of a tool share its calls. The group's name is part of the protocol
    /// (`MCP-12`): another group would run each call twice.
    #[must_use]
    pub fn shared_tool_call(&self, tool: &str) -> String {
        format!("$share/mcp-tool-{tool}/{self}/mcp/tools/{tool}/call")
    }

    /// Where a running call is cancelled (`MCP-17`).
    #[must_use]
    pub fn cancel(&self, tool: &str) -> String {
        format!("{self}/mcp/tools/{tool}/cancel")
    }

    /// Where a call's partial results go (`MCP-10`).
    #[must_use]
    pub fn stream(&self, tool: &str, call_id: &str) -> String {
        format!("{self}/mcp/tools/{tool}/stream/{call_id}")
    }

    /// Where a client receives answers.
    #[must_use]
    pub fn responses(&self, client: &str) -> String {
        format!("{self}/mcp/clients/{client}/responses")
    }

    /// Whether answers may be sent there (`MCP-5`): only a client's own response topic of this namespace, so that a
    /// caller cannot make a server publish anywhere else.
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

    /// Takes a topic apart; `None` for one that is no topic of the MCP profile in this namespace.
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
