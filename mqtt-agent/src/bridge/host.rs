//! [`Host`]: one host's side of the bridge, in both eras of MCP. All work is in [`Shared`].

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, GetTaskParams, GetTaskResult,
    Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use tokio_util::task::AbortOnDropHandle;

use super::caller::Caller;
use super::conversation::{self, Conversation};
use super::expose::{self, MetaTool};
use super::forms::Forms;
use super::handle_call::{self, Ask};
use super::outcome::Failure;
use super::progress::Progress;
use super::question::Answerer;
use super::reader::{Era, Reader};
use super::shared::{Changes, Shared};
use super::{handle, skill, tasks};
use crate::shown::shown;
use crate::spawn;
use crate::wire::TraceContext;

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    /// Tells a legacy host of changes, for as long as this lives.
    telling: Mutex<Option<AbortOnDropHandle<()>>>,
    /// The open questions of tasks, of a legacy host.
    forms: Forms,
}

impl Host {
    pub(super) fn new(shared: Arc<Shared>, caller: Arc<Caller>) -> Self {
        Self { shared, caller, telling: Mutex::new(None), forms: Forms::default() }
    }

    fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.shared), Arc::clone(&self.caller))
    }

    /// Does something until its host cancels it, or the bridge stops.
    async fn unless_cancelled<T>(
        &self,
        context: &RequestContext<RoleServer>,
        work: impl Future<Output = T>,
    ) -> Result<T, ErrorData> {
        tokio::select! {
            done = work => Ok(done),
            () = context.ct.cancelled() => Err(cancelled()),
            () = self.shared.stopped.cancelled() => Err(cancelled()),
        }
    }

    /// Tells a legacy host of each change from now on. Hosts of 2026-07-28 ask for that themselves.
    fn tell(&self, peer: Peer<RoleServer>) {
        let mut changes = self.changes();
        let telling = spawn::owned(async move {
            while changes.next().await {
                if peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
        *self.telling.lock().unwrap_or_else(PoisonError::into_inner) = Some(telling);
    }
}

fn era(context: &RequestContext<RoleServer>) -> Era {
    let modern = ProtocolVersion::V_2026_07_28;
    match context.protocol_version() {
        // Dates, so the later one is the larger text.
        Some(version) if version.as_str() >= modern.as_str() => Era::Modern,
        _ => Era::Legacy,
    }
}

fn takes_tasks(context: &RequestContext<RoleServer>) -> bool {
    context.client_capabilities().is_some_and(|all| all.supports_tasks())
}

fn reader(context: &RequestContext<RoleServer>) -> Reader {
    Reader { era: era(context), takes_tasks: takes_tasks(context) }
}

impl ServerHandler for Host {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed();
        let capabilities = match self.shared.has_agents {
            true => capabilities.enable_tasks().build(),
            false => capabilities.build(),
        };
        let implementation =
            Implementation::new("mqtt-agent", env!("CARGO_PKG_VERSION")).with_title("Tools on MQTT");
        ServerConfig::new(capabilities).with_server_info(implementation)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.tell(context.peer);
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.shared.list(reader(&context), &self.caller).await))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // A bridge that stops waits for it, so that the tool hears of it where the call is cancelled.
        let _running = self.shared.tasks.token();
        let era = era(&context);
        let (mut name, mut arguments) = (request.name.into_owned(), request.arguments.unwrap_or_default());
        let meta_tool = self.shared.meta_tool(&name, &self.caller);
        match meta_tool {
            Some(MetaTool::Call) => match expose::invocation(arguments) {
                Ok(invocation) => (name, arguments) = (invocation.name, invocation.arguments),
                Err(failure) => return Ok(CallToolResult::from(failure).into()),
            },
            Some(tool) => {
                return Ok(self.shared.look_up(tool, arguments, reader(&context), &self.caller).await.into());
            }
            None => {}
        }
        let meta = &context.meta;
        let trace =
            meta.get_traceparent().and_then(|parent| TraceContext::new(parent, meta.get_tracestate()));
        let progress = meta.get_progress_token().map(|token| Progress::new(context.peer.clone(), token));
        let answerer = || Answerer::of(era, &context.peer, meta.client_capabilities().as_ref());
        if name == handle::NAME && self.shared.has_agents {
            let (answerer, state) = (answerer(), request.request_state);
            let (caller, responses) = (&self.caller, request.input_responses);
            let forms = &self.forms;
            let ask = Ask { caller, forms, arguments, era, progress, answerer, state, responses };
            return self.unless_cancelled(&context, handle_call::answer(&self.shared, ask)).await?;
        }
        let listed = match self.shared.tool(&name, &self.caller).await {
            Some(listed) => listed,
            // A model has made it up, and can search for another.
            None if meta_tool.is_some() => {
                let message =
                    format!("there is no tool `{}`; `search_tools` finds those that there are", shown(&name));
                return Ok(CallToolResult::from(Failure::new("invalid_arguments", message)).into());
            }
            None => {
                let message =
                    format!("there is no tool `{}`; `tools/list` has those that there are", shown(&name));
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        if skill::of(&listed.card.tool).is_some() {
            let (answerer, takes_tasks) = (answerer(), takes_tasks(&context));
            let conversation = Conversation {
                caller: &self.caller,
                listed: &listed,
                arguments,
                era,
                trace,
                progress,
                answerer,
                forms: &self.forms,
                takes_tasks,
                state: request.request_state,
                responses: request.input_responses,
            };
            return self.unless_cancelled(&context, conversation::hold(&self.shared, conversation)).await?;
        }
        let call = self.shared.call(&self.caller, &listed, &arguments, era, trace, progress);
        Ok(self.unless_cancelled(&context, call).await?.into())
    }

    // That hosts declare the extension is checked before.
    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        tasks::get(&self.shared, self.caller.identity(), &request.task_id)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::update(&self.shared, self.caller.identity(), &request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::cancel(&self.shared, self.caller.identity(), &request.task_id)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.now(name, &self.caller).map(|listed| listed.offer.modern.clone())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = SubscriptionFilter::new();
        accepted.tools_list_changed = requested.tools_list_changed;
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes();
        let is_told = context.accepted().tools_list_changed == Some(true);
        loop {
            let changed = tokio::select! {
                // The stream of a host that asked for nothing that there is stays open, without a word.
                changed = changes.next(), if is_told => changed,
                () = context.cancelled() => false,
                () = self.shared.stopped.cancelled() => false,
            };
            // A sink that is closed belongs to a host that is gone.
            if !changed || context.sink().notify_tool_list_changed().await.is_err() {
                return Ok(());
            }
        }
    }
}

fn cancelled() -> ErrorData {
    ErrorData::internal_error("the call was cancelled", None)
}
