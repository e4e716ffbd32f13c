//! The body of a request, with limits for its size, for the time that it takes, and for the memory of all bodies
//! together.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::refusal::Refusal;

/// How long a body may take.
const LONGEST: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(30) };

/// How much all bodies take together that are being read, in KiB.
const ALL: usize = 64 << 10;

/// The room for bodies that are being read.
#[derive(Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }
}

impl Room {
    /// Reads a body of at most so many bytes.
    pub(super) async fn read<B: Body>(&self, body: B, most: usize) -> Result<Bytes, Refusal> {
        // What says that it is too large need not be read.
        if body.size_hint().lower() > most as u64 {
            return Err(Refusal::TooLarge);
        }
        timeout(LONGEST, self.collect(body, most)).await.unwrap_or(Err(Refusal::Slow))
    }

    async fn collect<B: Body>(&self, body: B, most: usize) -> Result<Bytes, Refusal> {
        let mut body = pin!(body);
        let mut bytes = BytesMut::new();
        let mut room: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Err(Refusal::Broken) };
            let Ok(mut data) = frame.into_data() else { continue };
            if data.remaining() > most.saturating_sub(bytes.len()) {
                return Err(Refusal::TooLarge);
            }
            let needed = (bytes.len() + data.remaining()).div_ceil(1024);
            let more = needed.saturating_sub(room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
            let more = u32::try_from(more).map_err(|_| Refusal::TooLarge)?;
            let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| Refusal::Busy)?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                let length = chunk.len();
                bytes.extend_from_slice(chunk);
                data.advance(length);
            }
        }
        Ok(bytes.freeze())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn chunks(count: usize, size: usize) -> impl Body<Data = Bytes> {
        let chunk = move |_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; size])));
        StreamBody::new(stream::iter(0..count).map(chunk))
    }

    #[tokio::test]
    async fn a_body_is_put_together() {
        let room = Room::default();
        assert_eq!(room.read(chunks(3, 1000), 3000).await.unwrap().len(), 3000);
        assert_eq!(room.0.available_permits(), ALL);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_whether_or_not_it_says_its_size() {
        let room = Room::default();
        assert_eq!(room.read(chunks(1_000_000, 1000), 3000).await, Err(Refusal::TooLarge));
        assert_eq!(room.read(Full::new(Bytes::from_static(b"four")), 3).await, Err(Refusal::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let never = StreamBody::new(chunked_forever());
        assert_eq!(Room::default().read(never, 3000).await, Err(Refusal::Slow));
    }

    fn chunked_forever() -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> {
        stream::iter([Ok(Frame::data(Bytes::from_static(b"{")))]).chain(stream::pending())
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_limit_too() {
        let room = Arc::new(Room::default());
        let large = || {
            let first = Frame::data(Bytes::from(vec![b'x'; 32 << 20]));
            StreamBody::new(stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending()))
        };
        let mut two: Vec<_> = (0..2).map(|_| Box::pin(room.read(large(), 64 << 20))).collect();
        for reading in &mut two {
            assert!(futures_util::poll!(reading).is_pending());
        }
        assert_eq!(room.read(chunks(1, 2), 2).await, Err(Refusal::Busy));
        drop(two);
        assert!(room.read(chunks(1, 2), 2).await.is_ok());
    }
}
