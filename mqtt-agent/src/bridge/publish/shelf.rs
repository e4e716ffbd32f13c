//! [`Shelf`]: the served tools, which follow the server's list of tools.

use std::collections::{BTreeMap, BTreeSet};

use rmcp::model::Tool;
use tokio::sync::{broadcast, watch};

use super::tool::Calls;
use super::{How, PublishEvent, extras, tool};
use crate::agent::{AddToolError, Running};
use crate::error::Error;
use crate::link::{ConnectionState, PublishError, SubscribeError};
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
    /// What was left out of the last list, and why.
    dropped: BTreeMap<String, String>,
    /// For what the broker had no answer, and how often when it was asked for that alone.
    unanswered: BTreeMap<String, usize>,
}

/// A tool that is not served yet.
type Ready = (String, Option<Tool>, DynamicTool);

/// What came of a list.
#[must_use = "a list that was served partly has to be served again"]
pub(super) enum Filled {
    /// All of it is served, except what cannot be.
    Whole,
    /// The rest has to be tried again: the broker did not answer.
    Partly(Error),
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
        let (served, dropped, unanswered) = Default::default();
        Self { running, server, how, calls, events, told, served, dropped, unanswered }
    }

    /// Serves what the server has now, and nothing else of it.
    pub(super) async fn fill(&mut self, listed: Vec<Tool>) -> Filled {
        let mut wanted = BTreeMap::new();
        for tool in listed {
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
        let before = std::mem::take(&mut self.dropped);
        let mut ready = Vec::new();
        for (name, tool) in wanted {
            match tool::of(&tool, &name, &self.server, &self.calls) {
                Ok(made) => ready.push((name, Some(tool), made.timeout(self.how.timeout))),
                Err(error) => self.drop_tool(&before, &tool.name, &error.to_string()),
            }
        }
        let id = self.running.client().id().to_owned();
        for made in extras::of(&self.how, &id, &self.calls) {
            match made {
                Ok(made) if self.served.contains_key(made.name()) => {}
                Ok(made) => ready.push((made.name().to_owned(), None, made.timeout(self.how.timeout))),
                Err(error) => self.drop_tool(&before, "resources or prompts", &error.to_string()),
            }
        }
        let count = self.served.len();
        let filled = self.add(ready, &before).await;
        if matches!(filled, Filled::Partly(_)) {
            // What was not tried again.
            let now = std::mem::replace(&mut self.dropped, before);
            self.dropped.extend(now);
        }
        changed |= self.served.len() > count;
        if !changed {
            return filled;
        }
        let tools = self.names();
        self.told.send_replace(tools.clone());
        if tools.is_empty() && matches!(filled, Filled::Partly(_)) {
            return filled;
        }
        crate::log::info!(tools = tools.len(), "published the tools of a server");
        self.tell(PublishEvent::Online { tools });
        filled
    }

    /// Serves nothing, for the server is gone.
    pub(super) async fn clear(&mut self, reason: String) {
        crate::log::warn!(reason = %shown(&reason), "failed to keep a server running; it is started again");
        self.remove(self.served.keys().cloned().collect()).await;
        self.dropped.clear();
        self.unanswered.clear();
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

    /// Leaves a tool out, and tells it once.
    fn drop_tool(&mut self, before: &BTreeMap<String, String>, tool: &str, reason: &str) {
        if before.get(tool).is_none_or(|told| told != reason) {
            crate::log::warn!(tool = %shown(tool), reason = %shown(reason), "dropped a tool that cannot be published");
            self.tell(PublishEvent::Dropped { tool: tool.to_owned(), reason: reason.to_owned() });
        }
        self.dropped.insert(tool.to_owned(), reason.to_owned());
    }

    /// All at once; where one of them cannot be served, one by one. What had no answer is alone from then on, and what
    /// could not be served before is last, so neither holds up the others.
    async fn add(&mut self, ready: Vec<Ready>, before: &BTreeMap<String, String>) -> Filled {
        let tries = |shelf: &Self, ready: &Ready| match before.contains_key(own(ready)) {
            true => Some(usize::MAX),
            false => shelf.unanswered.get(&ready.0).copied(),
        };
        let (together, mut alone): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|ready| tries(self, ready).is_none());
        alone.sort_by_key(|ready| tries(self, ready));
        if !together.is_empty() {
            match self.running.add_tools(together.iter().map(|(_, _, made)| made.clone())).await {
                Ok(()) => self.served.extend(together.into_iter().map(|(name, tool, _)| (name, tool))),
                Err(AddToolError::Broker(error)) if !is_refusal(&error) => {
                    self.unanswered.extend(together.into_iter().map(|(name, ..)| (name, 0)));
                    return Filled::Partly(error);
                }
                Err(_) => drop(alone.splice(..0, together)),
            }
        }
        for ready in alone {
            match self.running.add_tool(ready.2.clone()).await {
                Ok(()) => {
                    self.unanswered.remove(&ready.0);
                    self.served.insert(ready.0, ready.1);
                }
                Err(AddToolError::Broker(error)) if !is_refusal(&error) => {
                    *self.unanswered.entry(ready.0).or_default() += 1;
                    return Filled::Partly(error);
                }
                Err(error) => {
                    self.unanswered.remove(&ready.0);
                    self.drop_tool(before, own(&ready), &error.to_string());
                }
            }
        }
        // What is gone from the list meanwhile.
        self.unanswered.clear();
        Filled::Whole
    }

    /// Waits until there is a connection to the broker. Cancel safe.
    pub(super) async fn connected(&self) {
        let mut connection = self.running.client().connection();
        // Where there will be none any more, the agent was stopped.
        drop(connection.wait_for(ConnectionState::is_connected).await);
    }

    async fn remove(&mut self, names: BTreeSet<String>) {
        self.served.retain(|name, _| !names.contains(name));
        self.running.remove_tools(names).await;
    }
}

/// Its name at the server.
fn own((name, tool, _): &Ready) -> &str {
    tool.as_ref().map_or(name, |tool| &tool.name)
}

/// Whether the broker refuses this tool, and not only now: it also says so by ending each connection that asks for it.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::Publish(
            PublishError::Denied { .. }
                | PublishError::TooLarge { .. }
                | PublishError::Invalid { .. }
                | PublishError::Unsupported { .. }
                | PublishError::Rejected { .. }
                | PublishError::Interrupted
        ) | Error::Subscribe(
            SubscribeError::Denied { .. }
                | SubscribeError::Invalid { .. }
                | SubscribeError::Unsupported { .. }
                | SubscribeError::Rejected { .. }
                | SubscribeError::Interrupted { .. }
        )
    )
}
