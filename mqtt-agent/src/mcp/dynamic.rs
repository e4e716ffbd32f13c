//! [`DynamicTool`]: a tool whose name, schema and handler are known only when the program runs.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde::Serialize;
use serde_json::{Map, Value};

use super::serve::{ReadyTool, SDK, ServedTool};
use crate::handler::context::Context;
use crate::handler::layer::{AgentLayers, Layer, SharedLayer, layer};
use crate::handler::param::with_integers;
use crate::handler::registry::Location;
use crate::handler::reply::{ToolError, written};
#[cfg(feature = "mcp-publish")]
use crate::handler::run::DynamicHandler;
use crate::handler::run::{Job, Run};
use crate::schema::{Arguments, SchemaError};
use crate::shown::{debug_as_display, shown};
#[cfg(feature = "mcp-publish")]
use crate::wire::content_kinds;
use crate::wire::{
    Identifier, IdentifierError, Namespace, Status, ToolAnnotations, ToolCard, ToolVersion, now_rfc3339,
};

/// How many names of tools a process may use, those that are served no more included.
const NAMES: usize = 1 << 20;

/// Why a tool cannot be made.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicToolError {
    /// The name is not valid.
    #[error("the tool's name: {0}")]
    Name(IdentifierError),
    /// The description is missing; models choose tools by it.
    #[error("tool `{name}` has no description: models choose tools by it; say what it does", name = shown(.name))]
    Description {
        /// The tool.
        name: String,
    },
    /// Arguments cannot be checked against the schema.
    #[error("tool `{name}`: {error}", name = shown(.name))]
    Schema {
        /// The tool.
        name: String,
        /// What is wrong with it.
        error: SchemaError,
    },
    /// The process has used too many names; names are kept until the process ends.
    #[error("this process has used {NAMES} names of tools; use some of them again")]
    TooManyNames,
}

debug_as_display!(DynamicToolError);

/// A tool whose name, schema and handler are known only when the program runs: from a plugin, a configuration, another
/// protocol.
///
/// It is served like an annotated tool: its card is on the broker, its arguments are checked against its schema, and
/// limits, layers, cancellation and statistics are the same. The card of a tool that is added later is not watched
/// (`SUB-16`). Give it to [`Agent::tool`](crate::Agent::tool), or to [`Running::add_tool`](crate::Running::add_tool)
/// while the agent runs.
///
/// ```
/// use mqtt_agent::DynamicTool;
/// use mqtt_agent::prelude::*;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 0, "default": 1}},
///     "required": ["city"],
///     "additionalProperties": false
/// });
/// let weather = DynamicTool::new("weather", "Weather for a city.", schema, |arguments, _cx| async move {
///     Ok::<_, String>(json!({"city": arguments["city"], "days": arguments["days"], "sky": "clear"}))
/// })?;
/// let agent = Agent::new("weather").tool(weather.read_only(true)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "it is given to an agent"]
pub struct DynamicTool {
    tool: ServedTool,
    description: String,
    input: Value,
    output: Option<Value>,
    arguments: Arc<Arguments>,
    title: Option<String>,
    version: Option<String>,
    tags: Vec<String>,
    annotations: ToolAnnotations,
    layers: Vec<SharedLayer>,
    /// The kinds of content that may come, and whether partial results do.
    content: &'static [&'static str],
    streams: bool,
}

impl DynamicTool {
    /// Makes a tool from a name, a description for models, the JSON Schema of its arguments, and a handler.
    ///
    /// The name has 1 to 128 characters of `A-Z a-z 0-9 _ . -` (`SUB-4`). The schema's root must have
    /// `"type": "object"`. It can use all of JSON Schema 2020-12 except references to other documents, `$dynamicRef`
    /// and patterns that take more than linear time. A `default` of a property is filled in, and a number without a
    /// fraction is an integer (`30.0` is `30`). Unknown arguments are accepted unless the schema forbids them
    /// (`"additionalProperties": false`).
    ///
    /// Names are kept until the process ends: about 100 bytes each, at most 1,048,576 names.
    ///
    /// # Errors
    ///
    /// When the name, the description or the schema is invalid. Problems that only the agent can know, such as another
    /// tool with the same name, are found when the tool is given to the agent.
    #[track_caller]
    pub fn new<F, Fut, T, E>(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: Value,
        handler: F,
    ) -> Result<Self, DynamicToolError>
    where
        F: Fn(Map<String, Value>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: ToolError,
    {
        let place = std::panic::Location::caller();
        let location = Location::new(place.file(), place.line());
        let handler = move |arguments, context| {
            let running = handler(whole(arguments), context);
            // As the reply of an annotated function.
            async move {
                match running.await {
                    Ok(value) => written(value),
                    Err(error) => Err(error.into_failure()),
                }
            }
            .boxed()
        };
        Self::with(name.into(), description.into(), schema, location, Run::Dynamic(Arc::new(handler)))
    }

    fn with(
        name: String,
        description: String,
        input: Value,
        location: Location,
        handler: Run,
    ) -> Result<Self, DynamicToolError> {
        Identifier::portable(&name).map_err(DynamicToolError::Name)?;
        if description.trim().is_empty() {
            return Err(DynamicToolError::Description { name });
        }
        let arguments = Arguments::of_schema(&input);
        let arguments = arguments.map_err(|error| DynamicToolError::Schema { name: name.clone(), error })?;
        let name = kept(name)?;
        Ok(Self {
            tool: ServedTool {
                name,
                timeout: None,
                concurrency: None,
                allow: None,
                job: Job { name, handler, location },
            },
            description,
            input,
            output: None,
            arguments: Arc::new(arguments),
            title: None,
            version: None,
            tags: Vec::new(),
            annotations: ToolAnnotations::default(),
            layers: Vec::new(),
            content: &[],
            streams: false,
        })
    }

    /// One whose handler gives whole answers: content of every kind, failures with code and data, partial results
    /// before them.
    #[cfg(feature = "mcp-publish")]
    #[track_caller]
    pub(crate) fn answering(
        name: String,
        description: String,
        schema: Value,
        handler: Arc<DynamicHandler>,
    ) -> Result<Self, DynamicToolError> {
        let place = std::panic::Location::caller();
        let location = Location::new(place.file(), place.line());
        let made = Self::with(name, description, schema, location, Run::Dynamic(handler))?;
        Ok(Self { content: content_kinds::ALL, streams: true, ..made })
    }

    /// With what is known of its effects.
    #[cfg(feature = "mcp-publish")]
    pub(crate) fn annotated(mut self, annotations: ToolAnnotations) -> Self {
        self.annotations = annotations;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.tool.name
    }

    /// The JSON Schema of its result, for the card. Results are not checked against it.
    pub fn output(mut self, schema: Value) -> Self {
        self.output = Some(schema);
        self
    }

    /// A title for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Its version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets keywords for searching.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the annotation: it does not modify anything.
    pub fn read_only(mut self, yes: bool) -> Self {
        self.annotations.read_only_hint = Some(yes);
        self
    }

    /// Sets the annotation: it may be destructive.
    pub fn destructive(mut self, yes: bool) -> Self {
        self.annotations.destructive_hint = Some(yes);
        self
    }

    /// Sets the annotation: a second call with the same arguments has no further effect.
    pub fn idempotent(mut self, yes: bool) -> Self {
        self.annotations.idempotent_hint = Some(yes);
        self
    }

    /// Sets the annotation: it interacts with external systems.
    pub fn open_world(mut self, yes: bool) -> Self {
        self.annotations.open_world_hint = Some(yes);
        self
    }

    /// How long a call may run. Default: [`Limits::timeout`](crate::Limits::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.tool.timeout = Some(timeout);
        self
    }

    /// How many calls run at once; 0 counts as 1. Default: as many as the agent runs.
    pub fn concurrency(mut self, calls: u32) -> Self {
        self.tool.concurrency = Some(calls);
        self
    }

    /// Sets the allowed callers, by their claimed ids (`MCP-18`). The broker's access rules come first.
    pub fn allow(mut self, callers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tool.allow = Some(callers.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a layer around its handler, inside the layers that were added before.
    pub fn layer(mut self, around: impl Layer) -> Self {
        self.layers.push(layer(around));
        self
    }

    pub(crate) fn served(&self) -> &ServedTool {
        &self.tool
    }

    pub(crate) fn location(&self) -> Location {
        self.tool.location()
    }

    pub(crate) fn input(&self) -> &Value {
        &self.input
    }

    pub(crate) fn result(&self) -> Option<&Value> {
        self.output.as_ref()
    }

    /// With the layers of the agent that serves it.
    pub(crate) fn ready(&self, layers: &AgentLayers) -> ReadyTool {
        let (tool, arguments) = (self.tool.clone(), Arc::clone(&self.arguments));
        ReadyTool { tool, arguments, layers: layers.with(&self.layers) }
    }

    /// Its card (`MCP-1`).
    pub(crate) fn card(&self, namespace: &Namespace, server_id: &str) -> ToolCard {
        let annotations = &self.annotations;
        ToolCard {
            version: "1".to_owned(),
            tool: self.tool.name.to_owned(),
            server: server_id.to_owned(),
            namespace: namespace.as_str().to_owned(),
            description: self.description.clone(),
            input_schema: (&self.input).into(),
            output_schema: self.output.as_ref().map(Into::into),
            // Partial results have no type here, and any tool may send some.
            supports_streaming: self.streams,
            requires_auth: self.tool.allow.is_some(),
            allowed_callers: self.tool.allow.clone(),
            version_info: ToolVersion { sdk: Some(SDK.to_owned()), tool: self.version.clone() },
            status: Status::Online,
            last_seen: now_rfc3339(),
            title: self.title.clone(),
            annotations: (*annotations != ToolAnnotations::default()).then(|| annotations.clone()),
            replicas: None,
            max_message_bytes: None,
            tags: self.tags.clone(),
            content: self.content.iter().map(|kind| (*kind).to_owned()).collect(),
        }
    }
}

impl fmt::Debug for DynamicTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicTool")
            .field("name", &self.tool.name)
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}

/// `30.0` as the integer that it is, as the parameters of annotated functions have it (`MCP-8`).
fn whole(arguments: Map<String, Value>) -> Map<String, Value> {
    let arguments = Value::Object(arguments);
    match with_integers(&arguments).unwrap_or(arguments) {
        Value::Object(arguments) => arguments,
        _ => Map::new(),
    }
}

/// The name as what lives as long as the process: logs, statistics and calls hold it, and it is the same when the tool comes
/// again.
fn kept(name: String) -> Result<&'static str, DynamicToolError> {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return Ok(known);
    }
    if names.len() >= NAMES {
        return Err(DynamicToolError::TooManyNames);
    }
    let name: &'static str = name.leak();
    names.insert(name);
    Ok(name)
}
