//! [`Agent`]: configuring an agent. Its checks are in [`check`]; a served agent is [`Running`].

mod add_tool;
mod adding;
mod check;
mod guard;
mod health;
mod implementation;
mod leftovers;
mod own_card;
mod running;

pub use add_tool::AddToolError;
pub use health::Health;
pub use implementation::{
    AgentCard, AgentImpl, AgentPart, CardOf, ListsPart, NoCard, OnlyOneAgentBlockIsWithoutPart, Shareable,
    check_id, id_of,
};
pub use running::Running;

use std::sync::Arc;

use crate::a2a::{Presence, Retention, TaskStore};
use crate::client::ConnectOptions;
use crate::error::{Error, Result};
use crate::handler::context::{Instance, States};
use crate::handler::layer::{AgentLayers, Layer, SharedLayer, layer};
use crate::handler::registry::{
    CardDef, Collected, HandlerDef, HandlerList, Location, SkillDef, SkillList, ToolDef, ToolList,
};
use crate::mcp::DynamicTool;
use crate::schema::dialect::Dialect;
use crate::serve::Limits;
use crate::store::Guarded;
use crate::wire::{AgentCard as WireCard, ToolCard};
use check::{Checked, Given};

/// An agent: it serves tools, skills and topic handlers over one connection, and calls other agents over the same one.
///
/// [`Agent::new`] serves every `#[tool]`, `#[skill]`, `#[on]` and `#[request]` function that is linked into the program;
/// [`tools`](Self::tools) and [`handlers`](Self::handlers) list them explicitly. [`Agent::of`] serves the methods of a
/// value. Everything is checked before it connects, and all problems are reported at once, each with the function's
/// `file:line`.
///
/// ```no_run
/// use mqtt_agent::prelude::*;
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(a: f64, b: f64) -> f64 {
///     a + b
/// }
///
/// #[tokio::main]
/// async fn main() -> mqtt_agent::Result<()> {
///     Agent::new("calculator").serve("mqtt://localhost").await
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an agent does nothing until it is served or started"]
pub struct Agent {
    id: String,
    /// Where the program gives the id.
    id_at: Location,
    instance: Option<String>,
    namespace: Option<String>,
    tools: Listed<ToolDef>,
    dynamic: Vec<DynamicTool>,
    /// Whether tools may be added later though there is none.
    open_to_tools: bool,
    handlers: Listed<HandlerDef>,
    skills: Listed<SkillDef>,
    cards: Vec<&'static CardDef>,
    store: Option<Arc<dyn TaskStore>>,
    retention: Retention,
    /// How many values with methods were given; their methods are in the lists.
    instances: usize,
    /// The only package whose functions are collected.
    own_crate: Option<&'static str>,
    expected: Option<usize>,
    /// The packages that must contribute at least one function.
    expected_crates: Vec<&'static str>,
    dialects: Vec<Dialect>,
    states: States,
    limits: Limits,
    /// Filters of the response topics that requests may name.
    reply_topics: Vec<String>,
    /// Whether calls are shared with other processes of the agent.
    replicas: bool,
    /// What stands around all handlers, the outermost first.
    layers: Vec<SharedLayer>,
}

/// What is served; `None` until a list is given.
#[derive(Debug)]
struct Listed<D: 'static>(Option<Vec<&'static D>>);

impl<D> Clone for Listed<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D> Listed<D> {
    fn add(&mut self, more: impl IntoIterator<Item = &'static D>) {
        self.0.get_or_insert_default().extend(more);
    }

    fn replace(&mut self, all: impl IntoIterator<Item = &'static D>) {
        self.0 = Some(all.into_iter().collect());
    }
}

impl Agent {
    /// Makes an agent with this id, which is also its MQTT client id and its server id: 1 to 128 letters, digits, `_`,
    /// `.` and `-` (`SUB-4`). Only one connection at a time may use it; give each replica its own
    /// [`instance`](Self::instance).
    #[track_caller]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            id_at: Location::of_caller(),
            instance: None,
            namespace: None,
            tools: Listed(None),
            dynamic: Vec::new(),
            open_to_tools: false,
            handlers: Listed(None),
            skills: Listed(None),
            cards: Vec::new(),
            store: None,
            retention: Retention::default(),
            instances: 0,
            own_crate: None,
            expected: None,
            expected_crates: Vec::new(),
            dialects: vec![Dialect::Mcp],
            states: States::default(),
            limits: Limits::default(),
            reply_topics: Vec::new(),
            replicas: true,
            layers: Vec::new(),
        }
    }

    /// Makes an agent from a value. It serves the value's methods with `#[tool]`, `#[skill]`, `#[on]` and `#[request]`,
    /// from all `#[agent]` blocks of its type, and nothing else.
    ///
    /// Its id is the card's id if the type derives [`AgentCard`], else the id in `#[agent("..")]`, else the type's name
    /// in kebab case; [`id`](Self::id) overrides it. [`with`](Self::with) adds a second value, [`tools`](Self::tools)
    /// and [`handlers`](Self::handlers) add functions.
    ///
    /// ```no_run
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use mqtt_agent::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Counter(AtomicU64);
    ///
    /// #[agent]
    /// impl Counter {
    ///     /// Counts on, and tells the number.
    ///     #[tool]
    ///     fn next(&self) -> u64 {
    ///         self.0.fetch_add(1, Ordering::Relaxed)
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> mqtt_agent::Result<()> {
    ///     Agent::of(Counter::default()).serve("mqtt://localhost").await
    /// }
    /// ```
    #[track_caller]
    pub fn of<T: AgentImpl + Send + Sync>(value: T) -> Self {
        Self::new(T::DEF.card.map_or(T::ID, CardDef::id)).with(value)
    }

    /// Also serves the methods of another value. There can be one value of each type; a second one replaces the first.
    pub fn with<T: AgentImpl + Send + Sync>(mut self, value: T) -> Self {
        const { T::DEF.assert_new_parts() };
        self.instances += 1;
        self.tools.add(T::DEF.tools());
        self.handlers.add(T::DEF.handlers());
        self.skills.add(T::DEF.skills());
        self.cards.extend(T::DEF.card);
        self.states.insert(Instance(value));
        self
    }

    /// Sets the id; see [`Agent::new`].
    #[track_caller]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self.id_at = Location::of_caller();
        self
    }

    /// Names this replica: several processes with one agent id and different instances share the calls (`MCP-12`). The
    /// client id and the server id become `{id}-{instance}`. In a namespace other than the default, the MQTT client id
    /// begins with the namespace (`SUB-8`).
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Serves the tools with plain instead of shared subscriptions (`MCP-12`), for brokers without shared
    /// subscriptions. No other process may serve the same tools, because each call would then run twice. The tools'
    /// cards say so (`replicas: false`). Default: calls are shared by `$share/mcp-tool-{tool}/..`.
    pub fn without_replicas(mut self) -> Self {
        self.replicas = false;
        self
    }

    /// Sets the prefix of all topics (`SUB-2`); several levels are allowed. Default: `a2a/v1`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Serves only these tools: `.tools(tools![add, count])`. Without any list, every `#[tool]`, `#[skill]`, `#[on]`
    /// and `#[request]` that is linked into the program is served; giving tools, [`handlers`](Self::handlers),
    /// [`skills`](Self::skills) or a value with methods ([`of`](Self::of), [`with`](Self::with)) turns that off for all
    /// of them. `tools![]` serves no tools.
    pub fn tools(mut self, tools: impl ToolList) -> Self {
        if self.instances == 0 {
            self.tools.replace(tools)
        } else {
            self.tools.add(tools)
        }
        self
    }

    /// Serves a tool that is made at run time, in addition to the annotated tools (those of a list, or all that are
    /// linked into the program). [`Running::add_tool`] adds a tool later.
    pub fn tool(mut self, tool: DynamicTool) -> Self {
        self.dynamic.push(tool);
        self
    }

    /// Starts as a server of tools even without any tool, so that [`Running::add_tool`] can add the first one. The
    /// server card is published with an empty list, and the Will is that card (`MCP-19`). Without this option, an agent
    /// that starts without tools cannot add any later.
    pub fn open_to_tools(mut self) -> Self {
        self.open_to_tools = true;
        self
    }

    /// Serves only these topic handlers: `.handlers(handlers![reading, status])`. As with [`tools`](Self::tools),
    /// functions that are not listed are not served.
    pub fn handlers(mut self, handlers: impl HandlerList) -> Self {
        if self.instances == 0 {
            self.handlers.replace(handlers)
        } else {
            self.handlers.add(handlers)
        }
        self
    }

    /// Allows further response topics for `#[request]` handlers, as filters such as `answers/+`. `#[request(.., reply =
    /// "..")]` does the same for one handler.
    ///
    /// By default only `{namespace}/mcp/clients/{id}/responses` is allowed, which clients of this library use. The
    /// requester names the topic, and the agent publishes there with its own rights: do not allow topics on which a
    /// message has an effect. Other topics in the namespace, and topics that the agent itself handles, are refused even
    /// if a filter matches them.
    pub fn reply_topics(mut self, filters: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.reply_topics.extend(filters.into_iter().map(Into::into));
        self
    }

    /// Serves only these skills: `.skills(skills![translate, summarize])`. As with [`tools`](Self::tools), functions
    /// that are not listed are not served.
    pub fn skills(mut self, skills: impl SkillList) -> Self {
        if self.instances == 0 {
            self.skills.replace(skills)
        } else {
            self.skills.add(skills)
        }
        self
    }

    /// Takes name, description and other fields of the agent's card from a type that derives [`AgentCard`]. A value
    /// given with [`of`](Self::of) or [`with`](Self::with) has its own card. The id does not change:
    /// `Agent::new(Planner::CARD.id()).card::<Planner>()`.
    pub fn card<T: AgentCard>(mut self) -> Self {
        self.cards = vec![T::CARD];
        self
    }

    /// Sets the store for the tasks that the agent works on and those that it delegates. Default: memory, so a crash
    /// loses them. A store belongs to one agent.
    pub fn store(mut self, store: impl TaskStore) -> Self {
        self.store = Some(Guarded::around(store));
        self
    }

    /// Limits how long and how many ended tasks the store keeps. Default: 7 days, and 10,000 on each side (executor,
    /// delegator).
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Serves only functions of the crate with this name, and none of its dependencies:
    /// `.own_crate_only(env!("CARGO_PKG_NAME"))`.
    ///
    /// An agent without any list serves each annotated function that is linked into the program. A dependency may
    /// contain functions that nobody reviewed, and an update may add more; they run with the agent's rights. This
    /// option has no effect on lists ([`tools`](Self::tools), [`handlers`](Self::handlers), [`skills`](Self::skills))
    /// and on values with methods ([`of`](Self::of), [`with`](Self::with)). Without it, the log says at start what each
    /// crate contributes (`collected`).
    ///
    /// "Crate" means a cargo package: the library, binaries, tests and examples of a package count as one. A function
    /// that is generated by a macro of another crate belongs to the crate that invokes the macro.
    ///
    /// ```
    /// use mqtt_agent::prelude::*;
    ///
    /// /// Adds two numbers.
    /// #[tool]
    /// fn add(a: f64, b: f64) -> f64 {
    ///     a + b
    /// }
    ///
    /// let own = Agent::new("calculator").own_crate_only(env!("CARGO_PKG_NAME")).build()?;
    /// assert_eq!(own.tool_cards().len(), 1);
    /// let others = Agent::new("calculator").own_crate_only("another-crate").build()?;
    /// assert_eq!(others.tool_cards().len(), 0);
    /// # Ok::<(), mqtt_agent::Error>(())
    /// ```
    pub fn own_crate_only(mut self, package: &'static str) -> Self {
        self.own_crate = Some(package);
        self
    }

    /// Refuses to start if the number of tools differs. Use it if the program relies on tools of other crates: the
    /// linker leaves out a crate that nothing refers to, including its tools. [`expect_crate`](Self::expect_crate)
    /// names the crate that is missing.
    pub fn expect_tools(mut self, count: usize) -> Self {
        self.expected = Some(count);
        self
    }

    /// Refuses to start if the crate contributes no tool, skill or topic handler. The name is the package's name in
    /// `Cargo.toml`. May be called several times. It has no effect on an agent with a list, because the paths in a list
    /// keep their crates linked.
    ///
    /// The linker leaves out a crate that nothing refers to, and leaves no trace of it in the program: only this name,
    /// the number in [`expect_tools`](Self::expect_tools) or a [`contract!`](macro@crate::contract) can reveal that
    /// something is missing.
    ///
    /// ```
    /// use mqtt_agent::prelude::*;
    ///
    /// let error = Agent::new("weather").expect_crate("weather-tools").build().unwrap_err();
    /// assert!(error.to_string().contains("nothing of the crate `weather-tools` is in this program"), "{error}");
    /// ```
    pub fn expect_crate(mut self, package: &'static str) -> Self {
        self.expected_crates.push(package);
        self
    }

    /// Refuses to start with a tool that this provider does not accept: one with an error in the [`dialect`] that the
    /// projection does not fix. (For example, the projection fixes optional arguments for [`Dialect::OpenAiStrict`].)
    /// May be called for several providers; [`Dialect::Mcp`] is always checked. Warnings do not stop the agent:
    /// [`dialect::lint_tool`] returns them for each of [`BuiltAgent::tool_cards`].
    ///
    /// [`dialect`]: crate::schema::dialect
    /// [`dialect::lint_tool`]: crate::schema::dialect::lint_tool
    ///
    /// ```
    /// use mqtt_agent::prelude::*;
    /// use mqtt_agent::schema::dialect::Dialect;
    ///
    /// /// Adds numbers.
    /// #[tool("add.all")]
    /// fn add_all(numbers: Vec<f64>) -> f64 {
    ///     numbers.iter().sum()
    /// }
    ///
    /// let agent = Agent::new("calculator").tools(tools![add_all]);
    /// assert!(agent.clone().build().is_ok());
    /// let error = agent.lint(Dialect::Anthropic).build().unwrap_err();
    /// assert!(error.to_string().contains("the name `add.all` has the character '.'"), "{error}");
    /// ```
    pub fn lint(mut self, dialect: Dialect) -> Self {
        if !self.dialects.contains(&dialect) {
            self.dialects.push(dialect);
        }
        self
    }

    /// Adds a value that handlers take as `State<T>`. There can be one value of each type; a second one replaces the
    /// first.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Adds a layer around all tools, skills and `#[request]` handlers: a shared check, a limit, a log. May be called
    /// several times; the first layer sees each call first. The page [`layer`](crate::layer) describes layers.
    /// `#[tool(layer = ..)]` adds a layer to a single handler, inside these.
    ///
    /// ```
    /// use mqtt_agent::layer::{self, Refusal};
    /// use mqtt_agent::prelude::*;
    ///
    /// let known = layer::check(|request| match request.client() {
    ///     "intruder" => Err(Refusal::unauthorized("ask the agent's owner for leave to call it")),
    ///     _ => Ok(()),
    /// });
    /// let agent = Agent::new("calculator").layer(known);
    /// ```
    pub fn layer(mut self, around: impl Layer) -> Self {
        self.layers.push(layer(around));
        self
    }

    /// Limits concurrent calls and tasks, queues and times. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks everything without connecting: names, schemas, states, duplicates.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every problem; a problem of a function, or of the id that is given here, has its
    /// `file:line`.
    pub fn build(self) -> Result<BuiltAgent> {
        self.build_for(&ConnectOptions::new(""))
    }

    fn build_for(self, connect: &ConnectOptions) -> Result<BuiltAgent> {
        let checked = self.check(connect)?;
        Ok(BuiltAgent { agent: self, checked })
    }

    fn check(&self, connect: &ConnectOptions) -> Result<Checked> {
        let collects = self.tools.0.is_none() && self.handlers.0.is_none() && self.skills.0.is_none();
        let Collected { tools, handlers, skills, packages } =
            match (&self.tools.0, &self.handlers.0, &self.skills.0) {
                (None, None, None) => Collected::of(self.own_crate),
                (tools, handlers, skills) => Collected {
                    tools: tools.clone().unwrap_or_default(),
                    handlers: handlers.clone().unwrap_or_default(),
                    skills: skills.clone().unwrap_or_default(),
                    packages: Vec::new(),
                },
            };
        let given = Given {
            id: connect.id.as_deref().unwrap_or(&self.id),
            id_at: (connect.id.is_none() && connect.instance.is_none()).then_some(self.id_at),
            instance: connect.instance.as_deref().or(self.instance.as_deref()),
            namespace: connect.namespace.as_deref().or(self.namespace.as_deref()),
            tools,
            dynamic: &self.dynamic,
            open_to_tools: self.open_to_tools,
            handlers,
            skills,
            packages,
            cards: &self.cards,
            states: &self.states,
            reply_topics: &self.reply_topics,
            dialects: &self.dialects,
            layers: AgentLayers::new(self.layers.clone()),
        };
        let durable = self.store.as_ref().is_some_and(TaskStore::is_durable);
        let mut unfit = check::settings(&given, self.expected, self.replicas, durable, connect);
        if collects {
            unfit.extend(check::left_out(&given.packages, &self.expected_crates));
        }
        let checked = Checked::new(given).and_then(|mut checked| {
            checked.publish(self.replicas, durable, connect)?;
            Ok(checked)
        });
        match checked {
            Ok(checked) if unfit.is_empty() => Ok(checked),
            Ok(_) => Err(Error::Invalid(unfit)),
            Err(mut problems) => {
                problems.extend(unfit);
                Err(Error::Invalid(problems))
            }
        }
    }

    /// Checks the agent, connects to a broker (a URL or [`ConnectOptions`]), serves, and returns when the agent can be
    /// called.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] before connecting; [`Error::Connect`] when the broker refuses or can't be reached within
    /// [`connect_timeout`](ConnectOptions::connect_timeout); [`Error::Subscribe`] and [`Error::Publish`] when the
    /// broker denies a subscription or a card.
    pub async fn start(self, to: impl Into<ConnectOptions>) -> Result<Running> {
        let connect = to.into();
        Running::start(self.build_for(&connect)?, connect).await
    }

    /// Like [`start`](Self::start), and serves until SIGINT (Ctrl-C) or SIGTERM, then stops cleanly. A second signal
    /// ends the stop at once.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start), and [`Error::Signal`](crate::Error::Signal) when signals cannot be received.
    pub async fn serve(self, to: impl Into<ConnectOptions>) -> Result<()> {
        let connect = to.into();
        Running::serve(self.build_for(&connect)?, connect).await
    }

    /// Like [`serve`](Self::serve), but serves until a future completes instead of until a signal. If the future
    /// completes before there is a connection, no connection is made.
    ///
    /// ```no_run
    /// # use mqtt_agent::prelude::*;
    /// # async fn example(stop: tokio_util::sync::CancellationToken) -> mqtt_agent::Result<()> {
    /// // `stop` is a `tokio_util::sync::CancellationToken`.
    /// Agent::new("calculator").serve_until("mqtt://localhost", stop.cancelled_owned()).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn serve_until(
        self,
        to: impl Into<ConnectOptions>,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let connect = to.into();
        Running::serve_until(self.build_for(&connect)?, connect, Box::pin(until)).await
    }
}

/// A checked agent, ready to connect; made by [`Agent::build`].
#[derive(Debug)]
pub struct BuiltAgent {
    agent: Agent,
    checked: Checked,
}

impl BuiltAgent {
    /// The agent's own card, as it will be published; `None` for an agent without skills.
    #[must_use]
    pub fn agent_card(&self) -> Option<&WireCard> {
        self.checked.presence.as_ref().map(Presence::card)
    }

    /// The cards of the tools, as they will be published, sorted by name.
    #[must_use]
    pub fn tool_cards(&self) -> &[ToolCard] {
        self.checked.cards.tools()
    }

    /// Connects and serves; see [`Agent::start`]. If the options change what is published (id, namespace, maximum
    /// packet size), the agent is checked again first.
    ///
    /// # Errors
    ///
    /// Those of [`Agent::start`].
    pub async fn start(self, to: impl Into<ConnectOptions>) -> Result<Running> {
        let connect = to.into();
        Running::start(self.checked_with(&connect)?, connect).await
    }

    /// Connects and serves until a signal; see [`Agent::serve`].
    ///
    /// # Errors
    ///
    /// Those of [`Agent::serve`].
    pub async fn serve(self, to: impl Into<ConnectOptions>) -> Result<()> {
        let connect = to.into();
        Running::serve(self.checked_with(&connect)?, connect).await
    }

    fn checked_with(self, connect: &ConnectOptions) -> Result<Self> {
        if connect.shapes_the_agent() { self.agent.build_for(connect) } else { Ok(self) }
    }
}
