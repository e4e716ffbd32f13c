//! Runs one handler until it answers or panics, its deadline passes, or it is cancelled.
//!
//! Many handlers may wait at a time, so what each takes is kept small: an `async fn` has room for its arguments twice, as
//! arguments and as variables, and for all that it hands on once more.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use serde_json::{Map, Value};
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFuture;

use crate::handler::context::Context;
use crate::handler::param::Call;
use crate::handler::refusal::{self, canceled, invalid_arguments, timed_out};
use crate::handler::registry::{Handler, Location, Refused};
use crate::handler::reply::{Answer, Answered, FailureParts as Parts, ToolFuture};
use crate::shown::{quoting, shown};
use crate::wire::{ErrorBody, ErrorKind};

/// What goes into the response.
pub(crate) type Outcome = Result<Answered, ErrorBody>;

/// A user's function, and what to call it in the log.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) handler: Run,
    pub(crate) location: Location,
}

/// A handler that is known when the program runs.
pub(crate) type DynamicHandler =
    dyn Fn(Map<String, Value>, Context) -> BoxFuture<'static, Answer> + Send + Sync;

/// How a handler is called.
#[derive(Clone)]
pub(crate) enum Run {
    /// That of an annotated function.
    Annotated(Handler),
    /// A closure.
    Dynamic(Arc<DynamicHandler>),
}

impl From<Handler> for Run {
    fn from(handler: Handler) -> Self {
        Self::Annotated(handler)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Annotated(handler) => handler.fmt(f),
            Self::Dynamic(_) => f.write_str("Dynamic"),
        }
    }
}

/// Runs a handler; a panic of its, in whatever it does or drops, is an answer as well. The turn is given back when the
/// handler has ended, which for a blocking one may be after its deadline. `own_limit` is how long it may take at most, where
/// that ends before the deadline of who asked.
pub(crate) fn run(
    job: &Job,
    own_limit: Option<Duration>,
    arguments: Map<String, Value>,
    context: &Context,
    turn: impl Send + 'static,
) -> impl Future<Output = Outcome> {
    let running = UntilItsEnd {
        handler: Some(handled(job, arguments, context, turn)),
        cancelled: context.cancellation().cancelled(),
        late: sleep_until(context.deadline().into()),
        name: job.name,
        own_limit,
    };
    let outcome = AssertUnwindSafe(running).catch_unwind();
    outcome.map(|outcome| outcome.unwrap_or_else(|panic| Err(panicked(job, panic.as_ref()))))
}

pin_project! {
    /// A handler, until it ends, is cancelled or is late.
    struct UntilItsEnd<'c, F> {
        // Dropped within the poll that ends it, for that may panic as well.
        #[pin]
        handler: Option<F>,
        #[pin]
        cancelled: WaitForCancellationFuture<'c>,
        #[pin]
        late: Sleep,
        name: &'static str,
        own_limit: Option<Duration>,
    }
}

impl<F: Future<Output = Outcome>> Future for UntilItsEnd<'_, F> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        let handler = this.handler.as_mut().as_pin_mut();
        let outcome = if let Some(Poll::Ready(outcome)) = handler.map(|handler| handler.poll(cx)) {
            outcome
        } else if this.cancelled.poll(cx).is_ready() {
            Err(canceled())
        } else if this.late.poll(cx).is_ready() {
            Err(timed_out(this.name, *this.own_limit))
        } else {
            return Poll::Pending;
        };
        this.handler.set(None);
        Poll::Ready(outcome)
    }
}

#[allow(clippy::manual_async_fn, reason = "an `async fn` has room for its arguments twice")]
fn handled(
    job: &Job,
    arguments: Map<String, Value>,
    context: &Context,
    turn: impl Send + 'static,
) -> impl Future<Output = Outcome> {
    async move {
        match &job.handler {
            Run::Dynamic(handler) => told(handler(arguments, context.clone()).await, job, context),
            Run::Annotated(Handler::Async(handler)) => {
                let future = begun(*handler, arguments, context)?;
                told(future.await, job, context)
            }
            Run::Annotated(Handler::Inline(handler)) => run_now(*handler, arguments, job, context),
            Run::Annotated(Handler::Blocking(handler)) => {
                let (handler, job, context) = (*handler, job.clone(), context.clone());
                // What it logs and calls belongs to its call there as well.
                let span = tracing::Span::current();
                let blocking = tokio::task::spawn_blocking(move || {
                    let (_turn, _entered) = (turn, span.entered());
                    // It may have waited in the pool until nobody wants it any more.
                    if context.is_cancelled() || context.deadline() <= Instant::now() {
                        return Err(canceled());
                    }
                    run_now(handler, arguments, &job, &context)
                });
                match blocking.await {
                    Ok(outcome) => outcome,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => Err(canceled()),
                    },
                }
            }
        }
    }
}

/// The handler's future. It holds what it took of the arguments; what is left of them is dropped.
fn begun<'a>(
    handler: for<'c> fn(&mut Call<'c>) -> Result<ToolFuture<'c>, Refused>,
    arguments: Map<String, Value>,
    context: &'a Context,
) -> Result<ToolFuture<'a>, ErrorBody> {
    let mut call = Call::new(arguments, context);
    handler(&mut call).map_err(|Refused| invalid_arguments(&call.into_errors()))
}

fn run_now(
    handler: for<'a> fn(&mut Call<'a>) -> Result<Answer, Refused>,
    arguments: Map<String, Value>,
    job: &Job,
    context: &Context,
) -> Outcome {
    let mut call = Call::new(arguments, context);
    match handler(&mut call) {
        Ok(answer) => told(answer, job, context),
        Err(Refused) => Err(invalid_arguments(&call.into_errors())),
    }
}

fn told(answer: Answer, job: &Job, context: &Context) -> Outcome {
    answer.map_err(|failure| {
        let Parts { mut message, code, data, retry_after, hidden } = failure.into_parts();
        if let Some(error) = hidden {
            // The caller has the reference, and the agent's operator finds by it what was kept from the caller.
            let reference = format!("{:08x}", fastrand::u32(..));
            let (at, call_id) = (job.location, context.call_id());
            crate::log::error!(handler = job.name, %at, call_id = %shown(call_id), reference, error = %quoting(&error), "a handler failed inside");
            message.push_str(&format!(" (ref {reference})"));
        }
        let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        ErrorBody { kind: ErrorKind::ToolError, message, code, data, retry_after_ms }
    })
}

/// The caller learns that the tool failed; only the log says why.
fn panicked(job: &Job, panic: &(dyn Any + Send)) -> ErrorBody {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let at = job.location;
    crate::log::error!(handler = job.name, %at, panic = %quoting(&text.unwrap_or("no message")), "a handler panicked");
    refusal::panicked()
}
