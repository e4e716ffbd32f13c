//! The retained cards of a server: made once, published with the current time at each connect, and marked offline when
//! the server stops.

use std::sync::{Arc, PoisonError, RwLock};

use crate::handler::registry::ToolDef;
use crate::link::Message;
use crate::schema::ToolSchemas;
use crate::serve::Retained;
use crate::wire::{
    Identifier, Namespace, ServerCard, ServerPing, ServerVersion, Status, ToolAnnotations, ToolCard,
    ToolVersion, now_rfc3339,
};

/// What `version_info.sdk` says.
pub(crate) const SDK: &str = concat!("mqtt-agent/", env!("CARGO_PKG_VERSION"));

/// The cards of a server whose tools come and go.
pub(super) type SharedCards = Arc<RwLock<Cards>>;

/// The cards as they are now. Short: never across an await.
pub(super) fn read(cards: &SharedCards) -> std::sync::RwLockReadGuard<'_, Cards> {
    cards.read().unwrap_or_else(PoisonError::into_inner)
}

/// The cards, to be changed. Short: never across an await.
pub(super) fn write(cards: &SharedCards) -> std::sync::RwLockWriteGuard<'_, Cards> {
    cards.write().unwrap_or_else(PoisonError::into_inner)
}

/// The cards of one server.
#[derive(Debug, Clone)]
pub(crate) struct Cards {
    namespace: Namespace,
    server: ServerCard,
    tools: Vec<ToolCard>,
}

impl Cards {
    pub(crate) fn new(
        namespace: Namespace,
        server_id: &Identifier,
        tools: Vec<ToolCard>,
        is_agent: bool,
    ) -> Self {
        let server = ServerCard {
            version: "1".to_owned(),
            server: server_id.as_str().to_owned(),
            namespace: namespace.as_str().to_owned(),
            tools: tools.iter().map(|card| card.tool.clone()).collect(),
            version_info: ServerVersion { sdk: Some(SDK.to_owned()) },
            status: Status::Online,
            last_seen: now_rfc3339(),
            // Whose status decides (MCP-19).
            agent_id: is_agent.then(|| server_id.as_str().to_owned()),
        };
        Self { namespace, server, tools }
    }

    pub(crate) fn tools(&self) -> &[ToolCard] {
        &self.tools
    }

    /// Who answers for the server (`MCP-20`).
    pub(crate) fn ping(&self, instance: Option<String>) -> ServerPing {
        ServerPing {
            server: self.server.server.clone(),
            instance,
            version_info: self.server.version_info.clone(),
        }
    }

    pub(crate) fn server_id(&self) -> &str {
        &self.server.server
    }

    /// Everything online: the tools' cards, then the server's.
    pub(super) fn online(&self) -> Vec<Message> {
        let mut messages: Vec<_> =
            self.tools.iter().map(|card| self.tool_message(card, Status::Online)).collect();
        messages.push(self.server_online());
        messages
    }

    /// What is to be at the broker while the server serves: its own card, then those of the tools (`SUB-16`).
    pub(super) fn retained(this: &SharedCards) -> Vec<Retained> {
        let server = Arc::clone(this);
        let cards = read(this);
        let topic = cards.namespace.server_card(cards.server_id());
        let tools = cards.tools.iter().map(|card| {
            let (cards, name, topic) = (Arc::clone(this), card.tool.clone(), cards.tool_topic(card));
            let online = move || {
                let cards = read(&cards);
                // None when it is served no more.
                Some(cards.tool_message(cards.tool(&name)?, Status::Online))
            };
            Retained::new(topic, online).shared()
        });
        let server = Retained::new(topic, move || Some(read(&server).server_online()));
        std::iter::once(server).chain(tools).collect()
    }

    /// Whether a tool is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tool(name).is_some()
    }

    fn tool(&self, name: &str) -> Option<&ToolCard> {
        self.tools.iter().find(|card| card.tool == name)
    }

    /// The cards with one tool more.
    pub(super) fn add(&mut self, card: ToolCard) {
        self.server.tools.push(card.tool.clone());
        self.tools.push(card);
    }

    /// The cards with one tool less, and that tool's.
    pub(super) fn remove(&mut self, name: &str) -> Option<ToolCard> {
        let at = self.tools.iter().position(|card| card.tool == name)?;
        self.server.tools.retain(|tool| tool != name);
        Some(self.tools.remove(at))
    }

    /// One tool's card online.
    pub(super) fn tool_online(&self, card: &ToolCard) -> Message {
        self.tool_message(card, Status::Online)
    }

    /// Says on the tools' cards that there are no replicas (`MCP-12`).
    pub(crate) fn without_replicas(&mut self) {
        self.tools.iter_mut().for_each(|card| card.replicas = Some(false));
    }

    /// Says how large a message may be (`SUB-14`).
    pub(crate) fn accept(&mut self, max_message_bytes: u32) {
        let limit = Some(u64::from(max_message_bytes));
        self.tools.iter_mut().for_each(|card| card.max_message_bytes = limit);
    }

    /// The Will: the server's card marked offline, without what grows with the tools, for a Will holds 65,535 bytes
    /// (`MCP-19`).
    pub(crate) fn will(&self) -> Message {
        let card = ServerCard {
            version: self.server.version.clone(),
            server: self.server.server.clone(),
            namespace: self.server.namespace.clone(),
            tools: Vec::new(),
            version_info: ServerVersion::default(),
            status: Status::Offline,
            last_seen: now_rfc3339(),
            agent_id: None,
        };
        retained(self.namespace.server_card(&card.server), card.to_bytes())
    }

    /// The last word of a clean stop: the whole card marked offline. It fits where the online card did, and unlike a Will
    /// it tells people and the next process of this id which tools were served.
    pub(super) fn server_offline(&self) -> Message {
        self.server_message(Status::Offline)
    }

    /// The server's card online, as it is first published.
    pub(crate) fn server_online(&self) -> Message {
        self.server_message(Status::Online)
    }

    /// The topic of one tool's card.
    pub(crate) fn tool_topic(&self, card: &ToolCard) -> String {
        self.namespace.tool_card(&card.tool)
    }

    /// One tool's card marked offline.
    pub(super) fn tool_offline(&self, card: &ToolCard) -> Message {
        self.tool_message(card, Status::Offline)
    }

    fn server_message(&self, status: Status) -> Message {
        let card = ServerCard { status, last_seen: now_rfc3339(), ..self.server.clone() };
        retained(self.namespace.server_card(&card.server), card.to_bytes())
    }

    fn tool_message(&self, card: &ToolCard, status: Status) -> Message {
        let card = ToolCard { status, last_seen: now_rfc3339(), ..card.clone() };
        retained(self.namespace.tool_card(&card.tool), card.to_bytes())
    }
}

fn retained(topic: String, payload: Vec<u8>) -> Message {
    Message::json(topic, payload).retained()
}

/// The card of one tool (`MCP-1`).
pub(crate) fn tool_card(
    tool: &ToolDef,
    schemas: &ToolSchemas,
    namespace: &Namespace,
    server_id: &Identifier,
) -> ToolCard {
    let hints = tool.hints;
    let annotations = ToolAnnotations {
        title: None,
        read_only_hint: hints.read_only,
        destructive_hint: hints.destructive,
        idempotent_hint: hints.idempotent,
        open_world_hint: hints.open_world,
    };
    ToolCard {
        version: "1".to_owned(),
        tool: tool.name.to_owned(),
        server: server_id.as_str().to_owned(),
        namespace: namespace.as_str().to_owned(),
        description: tool.description.to_owned(),
        input_schema: (&schemas.input).into(),
        output_schema: schemas.output.as_ref().map(Into::into),
        supports_streaming: schemas.partial.is_some(),
        requires_auth: tool.allow.is_some(),
        allowed_callers: tool.allow.map(|callers| callers.iter().map(|&caller| caller.to_owned()).collect()),
        version_info: ToolVersion { sdk: Some(SDK.to_owned()), tool: tool.version.map(str::to_owned) },
        status: Status::Online,
        last_seen: now_rfc3339(),
        title: tool.title.map(str::to_owned),
        annotations: (annotations != ToolAnnotations::default()).then_some(annotations),
        replicas: None,
        max_message_bytes: None,
        content: tool.content.iter().map(|&kind| kind.to_owned()).collect(),
        tags: tool.tags.iter().map(|&tag| tag.to_owned()).collect(),
    }
}
