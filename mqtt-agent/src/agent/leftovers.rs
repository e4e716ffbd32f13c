//! Ends subscriptions of an earlier process that this process does not want (`SUB-8b`).
//!
//! A session keeps its subscriptions when its process ends, so a program that restarts with fewer tools still gets
//! calls of the removed ones. Such a call is answered with an error if it has a reply address, its filter is
//! unsubscribed, and the cards of removed tools are set offline. The old subscriptions become known from messages that
//! arrive for them, and from the agent's own retained server card.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::handler::refusal::unavailable;
use crate::link::{Filter, Inbound, Link, Message, MessageHandler};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::{
    Identifier, Intent, Namespace, Response, ServerCard, Status, TaskError, TaskNotification, TaskResult,
    TaskState, ToolCard, Topic, codes, now_rfc3339, reply_address,
};

/// How long to wait for the agent's own retained card.
const CARD: Duration = Duration::from_millis(250);

/// The message expiry of an answer.
const KEPT: Duration = Duration::from_secs(60);

/// The maximum number of filters that are remembered as unsubscribed.
const MOST: usize = 1024;

/// Ends leftover subscriptions.
pub(super) struct Leftovers {
    link: Link,
    namespace: Namespace,
    id: Identifier,
    /// The filters whose unsubscription was requested.
    ended: Mutex<HashSet<String>>,
}

impl Leftovers {
    pub(super) fn new(link: &Link, namespace: &Namespace, id: &Identifier) -> Arc<Self> {
        Arc::new(Self {
            link: link.clone(),
            namespace: namespace.clone(),
            id: id.clone(),
            ended: Mutex::default(),
        })
    }

    /// Handles messages that match no subscription of this process.
    pub(super) fn handler(self: Arc<Self>) -> MessageHandler {
        MessageHandler::in_memory(move |inbound| self.take(&inbound))
    }

    fn take(&self, inbound: &Inbound) {
        let topic = inbound.topic();
        let namespace = &self.namespace;
        crate::log::debug!(topic = %shown(topic), "refused a message for a subscription of an earlier process");
        match namespace.parse_topic(topic) {
            Some(Topic::ToolCall(tool)) => {
                self.end_tool(tool);
                self.answer_call(inbound, tool);
            }
            Some(Topic::Cancel(tool)) => self.end_tool(tool),
            Some(Topic::ServerCard(_)) => self.end([namespace.server_cards(), topic.to_owned()]),
            Some(Topic::ToolCard(_)) => self.end([namespace.tool_cards(), topic.to_owned()]),
            Some(_) => self.end([topic.to_owned()]),
            None if topic == namespace.inbox(self.id.as_str()) || topic.ends_with("/inbox") => {
                let agent = topic.rsplit('/').nth(1).unwrap_or_default();
                self.end([namespace.inbox(agent), namespace.shared_inbox(agent), topic.to_owned()]);
                self.answer_task(inbound);
            }
            None if topic.ends_with("/status") || topic.ends_with("/card") => {
                self.end([namespace.agent_statuses(), namespace.agent_cards(), topic.to_owned()]);
            }
            // A user's own topic: the filter may have been this or one with wildcards.
            None => self.end([topic.to_owned()]),
        }
    }

    /// Ends the subscriptions of a tool.
    fn end_tool(&self, tool: &str) {
        let namespace = &self.namespace;
        self.end([namespace.shared_tool_call(tool), namespace.tool_call(tool), namespace.cancel(tool)]);
    }

    fn end<const N: usize>(&self, filters: [String; N]) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        for filter in filters {
            if ended.len() < MOST && ended.insert(filter.clone()) {
                self.link.end_filter(filter);
            }
        }
    }

    fn answer_call(&self, inbound: &Inbound, tool: &str) {
        let properties = &inbound.properties;
        let correlation = properties.correlation_data.as_ref();
        let id = correlation.and_then(|data| std::str::from_utf8(data).ok());
        let Some(call_id) = id.and_then(|id| Identifier::parse(id).ok()) else { return };
        let Some(topic) = reply_address(&self.namespace, properties.response_topic.as_deref(), None, None)
        else {
            return;
        };
        let error =
            unavailable(&format!("`{tool}` is not served here any more; call again"), codes::NOT_SERVED);
        let response = Response::refused(call_id, error).to_bytes();
        let message = Message::json(topic, response).with_expiry(KEPT);
        self.send(match correlation {
            Some(correlation) => message.with_correlation(correlation.clone()),
            None => message,
        });
    }

    fn answer_task(&self, inbound: &Inbound) {
        let Ok(task) = TaskNotification::read(&inbound.payload) else { return };
        if task.intent != Intent::Task {
            return;
        }
        let from = task.from.as_deref().filter(|from| Identifier::parse(from).is_ok());
        let topic = match (&inbound.properties.response_topic, from) {
            (Some(topic), _) => topic.clone(),
            (None, Some(from)) => self.namespace.results(from),
            (None, None) => return,
        };
        if !self.namespace.is_safe_result(&topic) {
            return;
        }
        let mut task = task.into_task();
        task.status = TaskState::Failed;
        let error = TaskError::new("unavailable", "the agent serves no skills any more; ask another one");
        task.error = Some(error.with_code(codes::NOT_SERVED));
        let result = TaskResult::of(&task, self.id.as_str());
        let message = Message::json(topic, result.to_bytes());
        self.send(match &inbound.properties.correlation_data {
            Some(correlation) => message.with_correlation(correlation.clone()),
            None => message,
        });
    }

    fn send(&self, message: Message) {
        let topic = message.topic.clone();
        if let Err(error) = self.link.try_enqueue(message) {
            limited!(warn, "failed to answer what an earlier process was asked", topic = %shown(&*topic), %error);
        }
    }

    /// Ends the tools that the agent's retained server card lists and this process doesn't serve. Best effort, because
    /// the right to read the own card is optional.
    pub(super) async fn end_unserved(&self, served: &BTreeSet<&str>) {
        let namespace = &self.namespace;
        let Some(card) = self.retained(namespace.server_card(self.id.as_str())).await else { return };
        let Ok(Some(card)) = ServerCard::read(self.id.as_str(), &card) else { return };
        let gone = card
            .tools
            .iter()
            .filter(|tool| !served.contains(tool.as_str()) && Identifier::parse(tool).is_ok());
        for tool in gone.take(MOST) {
            crate::log::info!(tool = %shown(tool), "ended a tool that an earlier process served");
            self.end_tool(tool);
            let topic = namespace.tool_card(tool);
            let Some(card) = self.retained(topic.clone()).await else { continue };
            if let Ok(Some(card)) = ToolCard::read(tool, &card)
                && card.server == self.id.as_str()
                && card.status == Status::Online
            {
                let card = ToolCard { status: Status::Offline, last_seen: now_rfc3339(), ..card };
                self.send(Message::json(topic, card.to_bytes()).retained());
            }
        }
    }

    async fn retained(&self, topic: String) -> Option<bytes::Bytes> {
        let (sender, mut cards) = mpsc::unbounded_channel();
        let handler = MessageHandler::in_memory(move |inbound| drop(sender.send(inbound.payload)));
        let began = Instant::now();
        let subscribed = timeout(CARD, self.link.subscribe_one(Filter::new(topic), handler)).await;
        let _subscription = subscribed.ok()?.ok()?;
        timeout(CARD.saturating_sub(began.elapsed()), cards.recv()).await.ok()?
    }
}
