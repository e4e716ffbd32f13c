//! [`Retry`]: the retry policy of a call.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::time::{sleep, timeout_at};

use super::CallError;
use super::asks::Asks;
use super::exchange::Exchange;
use crate::deadline;
use crate::link::PublishError;
use crate::mcp::discover::find;
use crate::session::SessionHandle;
use crate::wire::{ToolCard, codes};

/// The longest automatic wait between two attempts.
const LONGEST: Duration = Duration::from_secs(5);

/// How long the tool's card is waited for, which says whether the tool may run twice.
const LOOK: Duration = Duration::from_secs(10);

/// The retry policy of a call; see [`ToolCall::retry`](crate::ToolCall::retry).
///
/// ```no_run
/// use std::time::Duration;
///
/// use mqtt_agent::Retry;
/// use mqtt_agent::prelude::*;
///
/// # async fn example(client: Client) -> Result<(), mqtt_agent::CallError> {
/// let retry = Retry::new().attempts(5).attempt_timeout(Duration::from_secs(2));
/// let forecast = client.call("forecast", json!({"city": "Oslo"})).retry(retry).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it is given to a call"]
pub struct Retry {
    attempts: u32,
    wait: Duration,
    attempt_timeout: Option<Duration>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, wait: Duration::from_millis(100), attempt_timeout: None }
    }
}

impl Retry {
    /// Three attempts, 100 ms and 200 ms apart, each pause shorter by up to a quarter at random.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of attempts, including the first. Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the wait before the second attempt. Each further wait is twice as long, up to 5 s, with a random reduction
    /// of up to 25 % to spread callers. Default: 100 ms.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Limits each attempt. Without it an attempt may take as long as the whole call, so an unanswered call is not
    /// retried.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// The wait after an attempt.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.wait.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let wait = doubled.min(LONGEST.max(self.wait));
        wait - (wait / 4).mul_f64(fastrand::f64())
    }
}

/// Retries a call until it succeeds, fails permanently, or reaches its deadline.
pub(super) async fn retried<R>(
    handle: &SessionHandle,
    tool: &str,
    arguments: Box<RawValue>,
    asks: Asks,
    until: Instant,
    retry: Retry,
    run: impl Fn(Box<Exchange>) -> BoxFuture<'static, Result<R, CallError>>,
) -> Result<R, CallError> {
    let mut attempt = 1;
    loop {
        let ends = retry.attempt_timeout.map_or(until, |timeout| deadline::within(timeout).min(until));
        let error = match run(Exchange::new(handle, tool, arguments.clone(), asks, ends)?).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let wait = match &error {
            _ if attempt >= retry.attempts => None,
            CallError::Tool { retry_after: Some(wait), .. }
            | CallError::Unavailable { retry_after: Some(wait), .. } => Some(*wait),
            // Nothing was run.
            CallError::Unavailable { code, .. }
                if matches!(
                    code.as_deref(),
                    None | Some(codes::BUSY | codes::STOPPING | codes::AUDIT_FULL)
                ) =>
            {
                Some(retry.pause(attempt))
            }
            CallError::Publish(PublishError::Expired | PublishError::QueueFull) => Some(retry.pause(attempt)),
            // It may have been run.
            CallError::Timeout { .. }
            | CallError::TimedOutByServer { .. }
            | CallError::Publish(PublishError::Interrupted)
                if Instant::now() < until && may_run_twice(handle, tool, until).await =>
            {
                Some(retry.pause(attempt))
            }
            _ => None,
        };
        // There is no use in a wait that lasts as long as the call may.
        let Some(wait) = wait.filter(|wait| *wait < until.saturating_duration_since(Instant::now())) else {
            return Err(error);
        };
        tokio::select! {
            biased;
            () = handle.scope().cancelled() => return Err(CallError::Canceled),
            () = sleep(wait) => {}
        }
        attempt += 1;
    }
}

/// Whether the tool's card says that it is safe to run twice. A broker that lost its retained messages has no card until
/// the tool's server is back. Where there is no connection, or the handler is cancelled that makes the call, nothing is known.
async fn may_run_twice(handle: &SessionHandle, tool: &str, until: Instant) -> bool {
    let until = tokio::time::Instant::from_std(until.min(deadline::within(LOOK)));
    let find = find::<ToolCard>(handle.session(), tool, until);
    let card = tokio::select! {
        biased;
        () = handle.scope().cancelled() => return false,
        // Its subscription too: the search itself would wait for that longer.
        card = timeout_at(until, find) => card.ok().and_then(Result::ok).flatten(),
    };
    let hints = card.and_then(|card| card.annotations).unwrap_or_default();
    hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let retry = Retry::new();
        for (attempt, longest) in [(1, 100), (2, 200), (3, 400), (10, 5000), (u32::MAX, 5000)] {
            let (pause, longest) = (retry.pause(attempt), Duration::from_millis(longest));
            assert!(pause <= longest && pause >= longest.mul_f64(0.74), "{attempt}: {pause:?}");
        }
    }
}
