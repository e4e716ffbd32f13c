//! One call: its time limits, and its progress.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::outcome::Failure;
use super::progress::Progress;
use crate::client::Client;
use crate::deadline::{self, Lasting};
use crate::handler::content::Content;
use crate::mcp::{CallError, ToolStream};
use crate::wire::ToolCard;

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Without an answer or a partial result.
    pub(super) quiet: Duration,
    /// In all.
    pub(super) longest: Duration,
    /// The call of a skill, before it is answered as a task to hosts that take that.
    pub(super) task_after: Duration,
    /// The same, before it is answered with a handle to the others; and so long a handle is waited for.
    pub(super) handle_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (quiet, longest) = (Duration::from_secs(300), Duration::from_secs(3600));
        let (task_after, handle_after) = (Duration::from_secs(10), Duration::from_secs(45));
        Self { quiet, longest, task_after, handle_after }
    }
}

/// When a call ends that says nothing more.
pub(super) struct Clock {
    quiet: Duration,
    end: Instant,
    heard: Instant,
}

impl Clock {
    pub(super) fn new(limits: Limits) -> Self {
        let end = deadline::within(limits.longest).into();
        Self { quiet: limits.quiet, end, heard: Instant::now() }
    }

    /// When it ends, if nothing more is heard.
    pub(super) fn until(&self) -> Instant {
        self.heard.checked_add(self.quiet).map_or(self.end, |quiet| quiet.min(self.end))
    }

    /// Something was heard.
    pub(super) fn hear(&mut self) {
        self.heard = Instant::now();
    }

    /// When it ends in any case.
    pub(super) fn end(&self) -> Instant {
        self.end
    }

    /// How long that is from now.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// What is told when it has ended.
    pub(super) fn over(&self, tool: &str) -> Failure {
        let message = if self.until() >= self.end {
            format!(
                "`{tool}` was cancelled, for it did not end in the longest time that calls may take; ask for less"
            )
        } else {
            let quiet = Lasting(self.quiet);
            format!(
                "`{tool}` was cancelled, for it said nothing for {quiet}; ask for less, or give the bridge a longer timeout"
            )
        };
        Failure::new("timeout", message)
    }
}

/// Makes the call. Dropping it cancels it at its server (`MCP-17`).
pub(super) async fn call(
    client: &Client,
    card: &ToolCard,
    arguments: &Map<String, Value>,
    limits: Limits,
    progress: Option<Progress>,
) -> Result<Content<Value>, Failure> {
    let mut clock = Clock::new(limits);
    let tool = card.tool.as_str();
    if card.supports_streaming {
        // On the wire it has the longest time: each partial result gives it more.
        let call = client.call(tool, arguments).timeout(limits.longest).returning();
        match timeout_at(clock.until(), call.stream()).await {
            Ok(Ok(stream)) => return follow(stream, tool, &mut clock, progress).await,
            // The partial results may be what is denied: then the result alone is asked for.
            Ok(Err(CallError::Unauthorized { .. })) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(clock.over(tool)),
        }
    }
    let call = client.call(tool, arguments).timeout(limits.quiet.min(limits.longest)).returning();
    Ok(call.await?)
}

async fn follow(
    mut stream: ToolStream<Content<Value>>,
    tool: &str,
    clock: &mut Clock,
    mut progress: Option<Progress>,
) -> Result<Content<Value>, Failure> {
    loop {
        let partial = tokio::select! {
            partial = stream.next() => partial,
            () = sleep_until(clock.until()) => return Err(clock.over(tool)),
        };
        let Some(partial) = partial else { break };
        clock.hear();
        if let Some(progress) = &mut progress {
            // A host that reads slowly has its partial results kept, up to a bound, and its time goes on.
            timeout_at(clock.end, progress.tell(&partial)).await.map_err(|_| clock.over(tool))?;
        }
    }
    match timeout_at(clock.until(), stream.finish()).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(clock.over(tool)),
    }
}
