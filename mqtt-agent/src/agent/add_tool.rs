//! Adding and removing tools while an agent runs.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::Running;
use super::adding::Adding;
use super::check::{dynamic_tool, size};
use crate::error::{Error, Problem};
use crate::mcp::DynamicTool;
use crate::shown::debug_as_display;

/// Why a tool was not added.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum AddToolError {
    /// The agent was started without tools, so its Will is not a server card.
    #[error("the agent was started without tools; write `.open_to_tools()` where it is made")]
    NoTools,
    /// The tool cannot be served: another tool has its name, a client would not accept it, or a card would be too
    /// large.
    #[error("the tool cannot be served: {}", texts(.0))]
    Invalid(Vec<Problem>),
    /// The broker denied a subscription or a card.
    #[error(transparent)]
    Broker(Error),
}

debug_as_display!(AddToolError);

fn texts(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<Error> for AddToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(problems) => Self::Invalid(problems),
            other => Self::Broker(other),
        }
    }
}

impl Running {
    /// Serves one more tool. When this returns, the tool can be called and its card is published. A reconnect does not
    /// change that.
    ///
    /// If the future is dropped, the tool may already be served, and its card may be published only with the next
    /// connection; [`remove_tool`](Self::remove_tool) removes the tool.
    ///
    /// ```no_run
    /// use mqtt_agent::DynamicTool;
    /// use mqtt_agent::prelude::*;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let agent = Agent::new("plugins").tools(tools![]).open_to_tools().start("mqtt://localhost").await?;
    /// let echo = DynamicTool::new("echo", "Says the same.", json!({"type": "object"}), |arguments, _| async {
    ///     Ok::<_, String>(arguments)
    /// })?;
    /// agent.add_tool(echo).await?;
    /// agent.remove_tool("echo").await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AddToolError`]; then nothing has changed.
    pub async fn add_tool(&self, tool: DynamicTool) -> Result<(), AddToolError> {
        self.add_tools([tool]).await
    }

    /// Serves several more tools, all of them or none. The server's card, which names all tools, is published once.
    ///
    /// # Errors
    ///
    /// [`AddToolError`]; then nothing has changed.
    pub async fn add_tools(&self, tools: impl IntoIterator<Item = DynamicTool>) -> Result<(), AddToolError> {
        let tools: Vec<_> = tools.into_iter().collect();
        // Boxed, so that not each program compiles it again.
        Box::pin(self.add(tools)).await
    }

    async fn add(&self, tools: Vec<DynamicTool>) -> Result<(), AddToolError> {
        let Some(server) = &self.server else { return Err(AddToolError::NoTools) };
        let Adding { dialects, replicas, max_packet_size } = &self.adding;
        let limit = usize::try_from(*max_packet_size).unwrap_or(usize::MAX);
        let client = self.client();
        let (namespace, id) = (client.session().namespace(), client.session().id());
        let (mut problems, mut cards, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for tool in &tools {
            dynamic_tool(tool, dialects, &mut problems);
            if !names.insert(tool.name()) {
                problems.push(Problem::at(
                    tool.location(),
                    format!("tool `{}` is there twice; remove one", tool.name()),
                ));
            }
            let mut card = tool.card(namespace, id.as_str());
            card.max_message_bytes = Some(u64::from(*max_packet_size));
            card.replicas = (!replicas).then_some(false);
            size::tool_card(tool.served(), &namespace.tool_card(&card.tool), &card, limit, &mut problems);
            cards.push(card);
        }
        size::server_card(&server.card_with(&cards), limit, &mut problems);
        if !problems.is_empty() {
            return Err(AddToolError::Invalid(problems));
        }
        let ready: Vec<_> = tools.iter().map(|tool| tool.ready(&self.layers)).collect();
        let layers: Vec<_> = ready.iter().map(|ready| ready.layers.clone()).collect();
        let added = server.add(ready.into_iter().zip(cards).collect()).await;
        if added.is_err() {
            join_all(layers.iter().map(|layers| self.layers.forget(layers))).await;
        }
        Ok(added?)
    }

    /// Stops serving a tool, however it was added. No new calls are accepted, and its card goes offline unless another
    /// server has the tool (`MCP-12`); without a connection, that happens with the next connection. Running calls are
    /// answered, and can be cancelled; when they have ended, the layers that no other handler has are stopped. Returns
    /// `false` if there is no such tool.
    ///
    /// If the future is dropped, the tool is no longer served, but its card may go offline only after the next
    /// connection.
    pub async fn remove_tool(&self, name: &str) -> bool {
        self.remove_tools([name]).await == 1
    }

    /// Stops serving several tools, as [`remove_tool`](Self::remove_tool) does. The server's card, which names all
    /// tools, is published once. Returns how many of the tools were served.
    pub async fn remove_tools(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        // Boxed, so that not each program compiles it again.
        Box::pin(self.remove(names)).await
    }

    async fn remove(&self, names: Vec<String>) -> usize {
        let Some(server) = &self.server else { return 0 };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let removed = server.remove(&names).await;
        let count = removed.len();
        let forgotten = removed.into_iter().map(|(layers, running)| async move {
            if running.is_empty() {
                return self.layers.forget(&layers).await;
            }
            let all = self.layers.clone();
            server.track(async move {
                running.wait().await;
                all.forget(&layers).await;
            });
        });
        join_all(forgotten).await;
        count
    }
}
