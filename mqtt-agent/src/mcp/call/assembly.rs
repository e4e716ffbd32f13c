//! Assembles a result that came in chunks, on the caller's side (`MCP-22`).
//!
//! The chunks arrive on the call's stream topic, before the response that says how many there are. Each call has its
//! own tokio task that reads them, so neither the connection nor the caller has to.

mod book;
mod error;
mod sink;

pub use error::ChunksError;
pub use sink::Saved;
pub(super) use sink::{Sink, Whole};

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::link::{Filter, Link, Mailbox, SubscribeError, Subscription};
use crate::log_rate::limited;
use crate::spawn;
use crate::wire::{Chunk, Chunks, Identifier};
use book::{Book, Next};

/// How long a chunk is waited for that the response has overtaken.
const LATE: Duration = Duration::from_secs(5);

/// The chunks of one call, as they come. Dropping it ends the subscription and the task.
#[derive(Debug)]
pub(super) struct Assembly {
    // Given back when the call ends.
    _subscription: Subscription,
    expected: Option<oneshot::Sender<Chunks>>,
    outcome: oneshot::Receiver<Result<Whole, ChunksError>>,
    _task: AbortOnDropHandle<()>,
}

impl Assembly {
    /// Subscribes the stream topic. No more than `limit` bytes are kept.
    pub(super) async fn open(
        link: &Link,
        topic: String,
        call_id: Identifier,
        limit: u64,
        sink: Sink,
    ) -> Result<Self, SubscribeError> {
        // What waits to be put together is bounded there.
        let (handler, mailbox) = link.mailbox("a chunk");
        let subscription = link.subscribe_one(Filter::new(topic), handler).await?;
        let ((expect, expected), (done, outcome)) = (oneshot::channel(), oneshot::channel());
        let task = spawn::owned(async move {
            let assembled = assemble(mailbox, &call_id, limit, sink, expected).await;
            // Nobody listens any more where the call has ended.
            drop(done.send(assembled));
        });
        Ok(Self { _subscription: subscription, expected: Some(expect), outcome, _task: task })
    }

    /// Ready when the chunks can't become a result any more.
    pub(super) fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<ChunksError> {
        Pin::new(&mut self.outcome).poll(cx).map(|outcome| match outcome {
            Ok(Err(error)) => error,
            // It is whole only after it was told what to expect.
            Ok(Ok(_)) | Err(_) => ChunksError::Ended,
        })
    }

    /// What the chunks make, once all are there.
    pub(super) async fn whole(mut self, chunks: Chunks) -> Result<Whole, ChunksError> {
        if let Some(expected) = self.expected.take() {
            // The task has ended where something went wrong, and the outcome says what.
            drop(expected.send(chunks));
        }
        self.outcome.await.unwrap_or(Err(ChunksError::Ended))
    }
}

/// Takes chunks until they are what the response says.
async fn assemble(
    mut mailbox: Mailbox,
    call_id: &Identifier,
    limit: u64,
    mut sink: Sink,
    expected: oneshot::Receiver<Chunks>,
) -> Result<Whole, ChunksError> {
    let mut book = Book::new(limit).ok_or(ChunksError::Ended)?;
    let mut expected = Some(expected);
    let mut until = None;
    while !book.is_whole()? {
        let said = async {
            match &mut expected {
                Some(expected) => expected.await,
                None => std::future::pending().await,
            }
        };
        let message = tokio::select! {
            // What came is looked at before the response that came after it.
            biased;
            message = mailbox.recv() => message,
            said = said => {
                expected = None;
                book.expect(said.map_err(|_| ChunksError::Ended)?)?;
                until = Some(Instant::now() + LATE);
                continue;
            }
            () = late(until) => return Err(book.missing()),
        };
        let Some(inbound) = message else { return Err(ChunksError::Ended) };
        let chunk = match Chunk::read(&inbound.payload) {
            Ok(Some(chunk)) if chunk.call_id == *call_id => chunk,
            // A partial result, which this caller didn't ask for.
            Ok(None) => continue,
            Ok(Some(_)) => {
                limited!(warn, "dropped a chunk of another call");
                continue;
            }
            Err(error) => return Err(ChunksError::Malformed { message: error.to_string() }),
        };
        drop(inbound);
        match book.take(chunk.seq, &chunk.data)? {
            Next::Keep => sink.write(&chunk.data).await?,
            Next::Again => {}
        }
        until = until.map(|_| Instant::now() + LATE);
    }
    sink.finish().await
}

async fn late(until: Option<Instant>) {
    match until {
        Some(until) => {
            let _ = timeout_at(until, std::future::pending::<()>()).await;
        }
        None => std::future::pending().await,
    }
}
