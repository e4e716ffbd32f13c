//! [`HttpBody`]: the body of a response. A tokio task reads each event stream, so that a client that stops reading
//! delays nothing else: its stream ends, and the call with it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::log_rate::limited;
use crate::spawn;

/// How long an event waits for a client that reads nothing.
const STALL: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(60) };

/// The body of a response of an [`HttpService`](super::HttpService).
#[derive(Debug)]
pub struct HttpBody(Inner);

#[derive(Debug)]
enum Inner {
    Whole(BoxBody<Bytes, Infallible>),
    Events { frames: mpsc::Receiver<Frame<Bytes>>, _task: AbortOnDropHandle<()> },
}

impl HttpBody {
    /// One that is there.
    pub(super) fn of(bytes: Bytes) -> Self {
        Self::whole(Full::new(bytes).boxed())
    }

    pub(super) fn whole(body: BoxBody<Bytes, Infallible>) -> Self {
        Self(Inner::Whole(body))
    }

    /// A stream of events, until its caller may not come in any more. `place` is given back when it ends.
    pub(super) fn events(
        mut body: BoxBody<Bytes, Infallible>,
        ended: BoxFuture<'static, ()>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (sender, frames) = mpsc::channel(1);
        let reading = async move {
            let _place = place;
            loop {
                let Some(Ok(frame)) = body.frame().await else { return };
                match timeout(STALL, sender.send(frame)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => {
                        limited!(warn, "dropped a stream of events: its client has read nothing for 60 s");
                        return;
                    }
                }
            }
        };
        let task = spawn::owned(async move {
            tokio::select! {
                () = reading => {}
                () = ended => {}
            }
        });
        Self(Inner::Events { frames, _task: task })
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Inner::Whole(body) => Pin::new(body).poll_frame(cx),
            Inner::Events { frames, .. } => frames.poll_recv(cx).map(|frame| frame.map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole(body) => body.is_end_stream(),
            Inner::Events { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(body) => body.size_hint(),
            Inner::Events { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{FutureExt, StreamExt, stream};
    use http_body_util::StreamBody;
    use tokio::sync::Semaphore;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Endless events, and a place of one.
    fn endless(ended: &CancellationToken) -> (HttpBody, Arc<Semaphore>) {
        let places = Arc::new(Semaphore::new(1));
        let events = stream::repeat(Bytes::from_static(b"data:\n\n")).map(|data| Ok(Frame::data(data)));
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let ended = ended.clone().cancelled_owned().boxed();
        (HttpBody::events(BodyExt::boxed(StreamBody::new(events)), ended, place), places)
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_loses_its_stream() {
        let (_body, places) = endless(&CancellationToken::new());
        let began = tokio::time::Instant::now();
        assert!(places.acquire().await.is_ok());
        assert!(began.elapsed() >= STALL);
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_right_to_it() {
        let ended = CancellationToken::new();
        let (mut body, _) = endless(&ended);
        assert!(body.frame().await.is_some());
        ended.cancel();
        while body.frame().await.is_some() {}
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_client() {
        let (body, places) = endless(&CancellationToken::new());
        drop(body);
        assert!(places.acquire().await.is_ok());
    }
}
