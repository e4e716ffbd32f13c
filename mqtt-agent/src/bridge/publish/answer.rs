//! One call of an MCP server's tool, and its answer on MQTT.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, CancelledNotification,
    CancelledNotificationParam, ClientRequest, RequestId, RequestMetaObject, ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::connection::Line;
use super::lanes::Lanes;
use super::refusal::{Presence, Refusal};
use crate::bridge::blocks::IS_ERROR;
use crate::handler::content::Content;
use crate::handler::context::Context;
use crate::handler::partials::Partials;
use crate::handler::reply::{Answer, Failure, Reply};
use crate::shown::quoting;
use crate::spawn;
use crate::wire::ContentBlock;

/// How long a server may read nothing. More would wait for it with each call, without a bound.
const STUCK: Duration = Duration::from_secs(10);

/// The code of a call whose server ended.
const LOST: &str = "server_lost";

/// The code of a call that the server's host refused.
const REFUSED: &str = "http_refused";

/// Calls a tool. Dropping it cancels the call at the server.
pub(super) async fn call(
    line: Option<Line>,
    name: String,
    arguments: Map<String, Value>,
    context: Context,
    tasks: TaskTracker,
) -> Answer {
    let Some(Line { peer, lanes }) = line else { return Err(lost()) };
    let mut params = CallToolRequestParams::new(name).with_arguments(arguments);
    if let Some(trace) = context.trace() {
        let mut meta = RequestMetaObject::default();
        meta.set_traceparent(trace.traceparent());
        if let Some(state) = trace.tracestate() {
            meta.set_tracestate(state);
        }
        params.meta = Some(meta);
    }
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    let sent = peer.send_request_with_option(request, PeerRequestOptions::no_options()).await;
    let handle = sent.map_err(|error| failed(&error))?;
    let mut cancel = Cancel { peer: Some((peer, handle.id.clone())), lanes: Arc::clone(&lanes), tasks };
    let steps = lanes.open(handle.progress_token.clone());
    let partials = Partials::new(context.partials());
    let mut answer = std::pin::pin!(handle.await_response());
    // Progress that nobody takes does not hold up the answer.
    let mut is_wanted = true;
    let answer = loop {
        tokio::select! {
            biased;
            step = steps.next(), if is_wanted => is_wanted = partials.send(&step).await.is_ok(),
            answer = &mut answer => break answer,
        }
    };
    cancel.peer = None;
    while let Some(step) = steps.take().filter(|_| is_wanted) {
        is_wanted = partials.send(&step).await.is_ok();
    }
    match answer {
        Ok(ServerResult::CallToolResult(result)) => answered(result),
        Ok(_) => {
            Err(Failure::new("the MCP server answered what is no result of a tool; report it to its maker")
                .with_code("mcp_error"))
        }
        Err(error) => {
            // An answer, whatever it says, is no reason to look at once whether the server is there.
            let is_answer = |refusal: Refusal| refusal.presence() != Presence::Over;
            if matches!(error, ServiceError::TransportSend(_)) && !Refusal::of(&error).is_some_and(is_answer)
            {
                lanes.doubted.notify_one();
            }
            Err(failed(&error))
        }
    }
}

/// Tells the server that a call is not wanted any more, where it is dropped before its answer.
struct Cancel {
    peer: Option<(Peer<RoleClient>, RequestId)>,
    lanes: Arc<Lanes>,
    tasks: TaskTracker,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let Some((peer, id)) = self.peer.take() else { return };
        let lanes = Arc::clone(&self.lanes);
        spawn::tracked(&self.tasks, async move {
            let reason = "the caller does not want it any more".to_owned();
            let params = CancelledNotificationParam::new(Some(id), Some(reason));
            let told = peer.send_notification(CancelledNotification::new(params).into());
            // One that is gone has nothing to cancel.
            if timeout(STUCK, told).await.is_err() {
                lanes.late();
            }
        });
    }
}

/// A result: content, and its structured value where there is one (`MCP-21`).
fn answered(result: CallToolResult) -> Answer {
    let CallToolResult { content, structured_content, is_error, .. } = result;
    let unreadable = |error: String| {
        Failure::new(format!(
            "the MCP server's content cannot be read: {}; report it to its maker",
            quoting(&error)
        ))
        .with_code("mcp_error")
    };
    let raw = to_raw_value(&content).map_err(|error| unreadable(error.to_string()))?;
    let blocks = ContentBlock::read_all(&raw).map_err(unreadable)?;
    if is_error == Some(true) {
        let texts: Vec<_> = blocks.iter().filter_map(ContentBlock::as_text).collect();
        let message = if texts.is_empty() {
            "the tool failed, and says nothing of it".to_owned()
        } else {
            texts.join("\n")
        };
        // By its text, in which priorities are what they were: as trees their numbers would have more digits.
        let mut data = json!({"content": serde_json::from_str::<Value>(raw.get()).unwrap_or_default()});
        if let (Some(data), Some(structured)) = (data.as_object_mut(), structured_content) {
            data.insert("structuredContent".to_owned(), structured);
        }
        let failure = Failure::new(message).with_code(IS_ERROR);
        return Err(match to_raw_value(&data) {
            Ok(data) => failure.with_data(data),
            Err(_) => failure,
        });
    }
    blocks.into_iter().fold(Content::of(structured_content.unwrap_or_default()), Content::with).into_answer()
}

fn lost() -> Failure {
    Failure::new("the MCP server ended; it is started again, and may have done what was asked")
        .with_code(LOST)
}

/// Whether there was no answer, for the server is gone.
pub(super) fn is_lost(failure: &Failure) -> bool {
    *failure == lost()
}

fn failed(error: &ServiceError) -> Failure {
    if let Some(refusal) = Refusal::of(error) {
        let code = if refusal.status.is_some() { REFUSED } else { "mcp_error" };
        let (said, advice) = (quoting(&refusal.text).to_string(), refusal.advice());
        return Failure::new(format!(
            "the MCP server's host answered `{}`; {advice}",
            said.trim_end_matches([':', ' '])
        ))
        .with_code(code);
    }
    match error {
        ServiceError::McpError(error) => {
            let code = if error.code.0 == -32602 { "invalid_params" } else { "mcp_error" };
            let failure = Failure::new(error.message.to_string()).with_code(code);
            match to_raw_value(&json!({"code": error.code.0, "data": error.data})) {
                Ok(data) => failure.with_data(data),
                Err(_) => failure,
            }
        }
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => lost(),
        other => Failure::new(other.to_string()).with_code("mcp_error"),
    }
}
