//! [`Shelf`]: the served tools, which follow the server's list of tools.

use std::collections::{BTreeMap, BTreeSet};

use rmcp::model::Tool;
use tokio::sync::{broadcast, watch};

use super::connection::Connection;
use super::error::ServerError;
use super::tool::Calls;
use super::{How, PublishEvent, extras, tool};
use crate::agent::{AddToolError, Running};
use crate::mcp::DynamicTool;
use crate::shown::shown;

/// The tools of one server on MQTT.
pub(super) struct Shelf {
    running: Running,
    server: String,
    how: How,
    pub(super) calls: Calls,
    events: broadcast::Sender<PublishEvent>,
    told: watch::Sender<Vec<String>>,
    /// What is served, by its name on MQTT, as the server described it; `None` for one of ours.
    served: BTreeMap<String, Option<Tool>>,
}

impl Shelf {
    pub(super) fn new(
        running: Running,
        server: String,
        how: How,
        calls: Calls,
        events: broadcast::Sender<PublishEvent>,
        told: watch::Sender<Vec<String>>,
    ) -> Self {
        Self { running, server, how, calls, events, told, served: BTreeMap::new() }
    }

    /// Serves what the server has now, and nothing else of it.
    pub(super) async fn fill(&mut self, connection: &Connection) -> Result<(), ServerError> {
        let mut wanted = BTreeMap::new();
        for tool in connection.line().tools().await? {
            let name = format!("{}{}", self.how.prefix, tool.name);
            if wanted.insert(name, tool).is_some() {
                crate::log::warn!("dropped a tool of a server that lists two of one name");
            }
        }
        let gone =
            self.served.iter().filter(|(name, tool)| tool.is_some() && wanted.get(*name) != tool.as_ref());
        let gone: BTreeSet<_> = gone.map(|(name, _)| name.clone()).collect();
        let mut changed = self.served.is_empty() || !gone.is_empty();
        self.remove(gone).await;
        wanted.retain(|name, _| !self.served.contains_key(name));
        let mut ready = Vec::new();
        for (name, tool) in wanted {
            match tool::of(&tool, &name, &self.server, &self.calls) {
                Ok(made) => ready.push((name, Some(tool), made.timeout(self.how.timeout))),
                Err(error) => self.drop_tool(&tool.name, &error.to_string()),
            }
        }
        let id = self.running.client().id().to_owned();
        for made in extras::of(&self.how, &id, &self.calls) {
            match made {
                Ok(made) if self.served.contains_key(made.name()) => {}
                Ok(made) => ready.push((made.name().to_owned(), None, made.timeout(self.how.timeout))),
                Err(error) => self.drop_tool("resources or prompts", &error.to_string()),
            }
        }
        changed |= !ready.is_empty();
        self.add(ready).await;
        if !changed {
            return Ok(());
        }
        let tools = self.names();
        crate::log::info!(tools = tools.len(), "published the tools of a server");
        self.told.send_replace(tools.clone());
        self.tell(PublishEvent::Online { tools });
        Ok(())
    }

    /// Serves nothing, for the server is gone.
    pub(super) async fn clear(&mut self, reason: String) {
        crate::log::warn!(reason = %shown(&reason), "failed to keep a server running; it is started again");
        self.remove(self.served.keys().cloned().collect()).await;
        self.told.send_replace(Vec::new());
        self.tell(PublishEvent::Offline { reason });
    }

    /// Stops the agent.
    pub(super) async fn stop(self) {
        self.running.stop().await;
        self.calls.tasks.close();
    }

    fn names(&self) -> Vec<String> {
        self.served.keys().cloned().collect()
    }

    /// Who listens, if anybody does.
    fn tell(&self, event: PublishEvent) {
        drop(self.events.send(event));
    }

    fn drop_tool(&self, tool: &str, reason: &str) {
        crate::log::warn!(tool = %shown(tool), reason = %shown(reason), "dropped a tool that MQTT cannot have");
        self.tell(PublishEvent::Dropped { tool: tool.to_owned(), reason: reason.to_owned() });
    }

    /// All at once; where one of them cannot be served, one by one.
    async fn add(&mut self, ready: Vec<(String, Option<Tool>, DynamicTool)>) {
        if ready.is_empty() {
            return;
        }
        match self.running.add_tools(ready.iter().map(|(_, _, made)| made.clone())).await {
            Ok(()) => self.served.extend(ready.into_iter().map(|(name, tool, _)| (name, tool))),
            Err(AddToolError::Invalid(_)) => {
                for (name, tool, made) in ready {
                    match self.running.add_tool(made).await {
                        Ok(()) => drop(self.served.insert(name, tool)),
                        Err(error) => self.drop_tool(&name, &error.to_string()),
                    }
                }
            }
            // The broker denies it, or is away for too long: the list is looked at again when it changes.
            Err(error) => {
                for (name, _, _) in ready {
                    self.drop_tool(&name, &error.to_string());
                }
            }
        }
    }

    async fn remove(&mut self, names: BTreeSet<String>) {
        self.served.retain(|name, _| !names.contains(name));
        self.running.remove_tools(names).await;
    }
}
