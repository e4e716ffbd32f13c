//! Sends a result that is larger than a message in chunks, on the call's stream topic (`MCP-22`).
//!
//! Only a few chunks are in flight to the broker at a time, so that other answers wait behind those few at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};

use super::asked::Asked;
use crate::handler::reply::Answered;
use crate::json;
use crate::link::{Link, Message, Outcome, PublishError, Published};
use crate::serve::ReplyTo;
use crate::wire::{BYTES, Chunk, Chunks, ContentBlock, ErrorBody, ErrorKind, JSON, Sha256, codes};

/// The bytes of one chunk. Larger ones hold up small answers for longer; of smaller ones a result of 100 MB has more
/// than a broker's queue for a slow caller takes, which is 1,000 on Mosquitto.
const CHUNK: usize = 128 << 10;

/// How many chunks of one result are on their way to the broker at least.
const FEWEST: usize = 2;

/// And at most, where the broker's acknowledgements take long to come.
const MOST: usize = 16;

/// Of all results together.
const AT_ONCE: usize = 16;

/// How long an acknowledgement takes for each chunk that is on its way beyond the fewest.
const FAR: Duration = Duration::from_millis(5);

/// How many bytes of results may wait to be sent in chunks. One is taken however large it is.
const HELD: usize = 256 << 20;

/// The fewest bytes of a chunk that is not the last. With fewer, a result would go in more messages than it is worth.
const SMALLEST: usize = 128;

/// What a response takes beside its result, its content and its topic.
const MARGIN: usize = 2048;

/// What a content block takes beside its bytes and what else it holds.
const BLOCK: usize = 512;

/// The results that are being sent in chunks.
#[derive(Debug)]
pub(super) struct Transfers {
    places: Arc<Semaphore>,
    held: AtomicUsize,
}

impl Transfers {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), held: AtomicUsize::new(0) }
    }

    fn hold(&self, bytes: usize) -> Option<Held<'_>> {
        let hold = |held: usize| (held == 0 || held.saturating_add(bytes) <= HELD).then_some(held + bytes);
        self.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, hold).ok()?;
        Some(Held { transfers: self, bytes })
    }
}

/// The bytes of one result; given back when it is dropped.
struct Held<'t> {
    transfers: &'t Transfers,
    bytes: usize,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.transfers.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// A result that goes in chunks.
#[derive(Debug)]
pub(super) struct Large {
    body: Bytes,
    media_type: String,
    /// Whether they are a content block's.
    is_block: bool,
    /// What goes into the response all the same.
    content: Option<Box<[ContentBlock]>>,
}

/// What a response holds in place of the result.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) chunks: Chunks,
    pub(super) content: Option<Box<[ContentBlock]>>,
}

/// What becomes of a result.
#[derive(Debug)]
pub(super) enum Plan {
    /// One message holds it, or nobody takes it in chunks.
    Whole(Answered),
    /// It goes in chunks.
    Large(Box<Large>),
}

/// Decides it. The result's own JSON goes in chunks, or the bytes of a content block that is all that there is.
pub(super) fn plan(call: &Asked, answered: Answered, limit: usize) -> Result<Plan, ErrorBody> {
    let Answered { value, content, has_value } = answered;
    let content = content.filter(|_| call.content);
    let of_content = content.iter().flatten().map(weight).sum::<usize>();
    let room = limit.saturating_sub(MARGIN);
    let fits = value.get().len().saturating_add(of_content) <= room;
    if fits || !call.chunks || Sha256::new().is_none() {
        return Ok(Plan::Whole(Answered { value, content, has_value }));
    }
    if of_content <= room {
        let body = Bytes::from(String::from(Box::<str>::from(value)));
        let media_type = JSON.to_owned();
        return Ok(Plan::Large(Box::new(Large { body, media_type, is_block: false, content })));
    }
    let mut blocks = content.unwrap_or_default();
    match (&mut *blocks, has_value) {
        ([block], false) if block.as_bytes().is_some() => {
            let media_type = block.media_type().unwrap_or(BYTES).to_owned();
            let body = block.take_bytes();
            Ok(Plan::Large(Box::new(Large { body, media_type, is_block: true, content: Some(blocks) })))
        }
        // The estimate is a high one, and nothing but a try is left.
        _ if value.get().len().saturating_add(of_content) <= limit => {
            Ok(Plan::Whole(Answered { value, content: Some(blocks), has_value }))
        }
        _ => {
            let text = format!(
                "the content takes about {of_content} bytes and {room} is the most; only the bytes of one block without a \
                 value go in chunks: answer with that alone, or with less"
            );
            Err(ErrorBody::new(ErrorKind::ToolError, text).with_code(codes::TOO_LARGE))
        }
    }
}

/// How many bytes a block takes in a response, without making them.
fn weight(block: &ContentBlock) -> usize {
    match block.as_bytes() {
        Some(data) => data.len().div_ceil(3) * 4 + BLOCK + own_size(&(&block.annotations, &block.meta)),
        None => own_size(block),
    }
}

fn own_size(value: &impl serde::Serialize) -> usize {
    json::size(value).unwrap_or_else(|size| size)
}

impl Large {
    /// Sends the chunks, until the deadline. The broker has all of them when it returns.
    pub(super) async fn send(
        self: Box<Self>,
        link: &Link,
        transfers: &Transfers,
        call: &Asked,
        topic: String,
        reply_to: &ReplyTo,
        deadline: Instant,
    ) -> Result<Sent, ErrorBody> {
        let Self { body, media_type, is_block, content } = *self;
        let _held = transfers.hold(body.len()).ok_or_else(too_many)?;
        let topic: Arc<str> = topic.into();
        let message = |seq, data, left| {
            let chunk = Chunk { call_id: call.call_id.clone(), seq, data };
            let message = Message::json(Arc::clone(&topic), chunk.to_bytes()).with_expiry(left);
            message.with_trace(reply_to.trace()).for_receiver(reply_to.limit())
        };
        let room = link.left_of(&message(u64::MAX, Bytes::new(), Duration::MAX));
        let part = (room / 4 * 3).min(CHUNK);
        if part < SMALLEST.min(body.len()) {
            return Err(no_room(link.largest(reply_to.limit())));
        }
        let mut digest = Sha256::new().ok_or_else(too_many)?;
        let mut way = Way::default();
        let mut count = 0;
        for data in parts(&body, part) {
            way.is_free().await?;
            let place = Arc::clone(&transfers.places).acquire_owned().await;
            let room = link.room().await.map_err(|error| lost(&error.to_string()))?;
            digest.update(&data);
            let message = message(count, data, deadline.saturating_duration_since(Instant::now()));
            count += 1;
            let (told, sent) = (way.told.clone(), Instant::now());
            way.count += 1;
            link.enqueue_telling(room, message, move |outcome| {
                drop(place);
                // Nobody listens any more where the call has ended.
                let _ = told.send((sent.elapsed(), outcome));
            });
        }
        while way.count > 0 {
            way.step().await?;
        }
        // Said only where the media type does not tell.
        let block = is_block && media_type == JSON;
        let chunks = Chunks { count, bytes: body.len() as u64, sha256: digest.hex(), media_type, block };
        Ok(Sent { chunks, content })
    }
}

/// The bytes in parts, which share their memory.
fn parts(body: &Bytes, size: usize) -> impl Iterator<Item = Bytes> {
    let starts = (0..body.len()).step_by(size);
    starts.map(move |start| body.slice(start..body.len().min(start.saturating_add(size))))
}

type Told = (Duration, Outcome);

/// The chunks of one result that are on their way to the broker.
struct Way {
    count: usize,
    most: usize,
    quickest: Duration,
    told: mpsc::UnboundedSender<Told>,
    outcomes: mpsc::UnboundedReceiver<Told>,
}

impl Default for Way {
    fn default() -> Self {
        let (told, outcomes) = mpsc::unbounded_channel();
        Self { count: 0, most: FEWEST, quickest: Duration::MAX, told, outcomes }
    }
}

impl Way {
    /// Waits until one more may go.
    async fn is_free(&mut self) -> Result<(), ErrorBody> {
        while self.count >= self.most {
            self.step().await?;
        }
        Ok(())
    }

    /// Waits for the broker's word of one.
    async fn step(&mut self) -> Result<(), ErrorBody> {
        let Some((took, outcome)) = self.outcomes.recv().await else { return Ok(()) };
        self.count -= 1;
        match outcome {
            Ok(Published { no_subscribers: false }) => {
                // The quickest one waited behind nothing: that is how far away the broker is.
                self.quickest = self.quickest.min(took);
                self.most = most_of(self.quickest);
                Ok(())
            }
            Ok(Published { no_subscribers: true }) => {
                Err(lost("nobody receives them; subscribe the call's stream topic before the call"))
            }
            Err(error @ PublishError::Denied { .. }) => {
                Err(lost(&format!("{error}; allow the server to publish to its stream topics")))
            }
            Err(error) => Err(lost(&error.to_string())),
        }
    }
}

/// How many may be on their way to a broker whose acknowledgement takes so long.
fn most_of(took: Duration) -> usize {
    let far = took.as_micros() / FAR.as_micros();
    usize::try_from(far).unwrap_or(MOST).clamp(FEWEST, MOST)
}

/// The tool has run: a retry of what was not run is not for it.
fn too_many() -> ErrorBody {
    lost("the agent holds as many large results as it sends at once; call again later")
}

/// Messages are so small that none holds a part worth sending.
fn no_room(limit: usize) -> ErrorBody {
    let text = format!(
        "the result is larger than a message, and {limit} bytes are too few for a chunk of it; raise `max_packet_size`, or \
         ask for less"
    );
    ErrorBody::new(ErrorKind::ToolError, text).with_code(codes::TOO_LARGE)
}

fn lost(why: &str) -> ErrorBody {
    let text = format!("the result goes in chunks, and they did not get through: {why}");
    ErrorBody::new(ErrorKind::ToolError, text).with_code(codes::CHUNKS_LOST)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::handler::content::Content;
    use crate::handler::reply::Reply;
    use crate::wire::CallRequest;

    const LIMIT: usize = 10_000;

    fn planned(answered: Answered, accepts: &[&str]) -> Result<Plan, ErrorBody> {
        let accepts: Vec<_> = accepts.iter().map(|&word| word.to_owned()).collect();
        let call = serde_json::json!({"call_id": "c", "accepts": accepts});
        plan(&Asked::of(&CallRequest::read(call.to_string().as_bytes()).unwrap()), answered, LIMIT)
    }

    fn large(plan: Plan) -> Large {
        match plan {
            Plan::Large(large) => *large,
            Plan::Whole(_) => panic!("it goes as a whole"),
        }
    }

    const BOTH: &[&str] = &["chunks", "content"];

    #[test]
    fn mcp_22_what_one_message_holds_goes_as_a_whole() {
        for (length, accepts) in [(LIMIT - MARGIN - 2, BOTH), (LIMIT, &["content"]), (LIMIT, &[])] {
            let plan = planned("x".repeat(length).into_answer().unwrap(), accepts).unwrap();
            assert!(matches!(plan, Plan::Whole(_)), "{length} {accepts:?}");
        }
    }

    #[test]
    #[cfg(feature = "chunks")]
    fn mcp_22_a_results_json_goes_in_chunks_or_the_bytes_of_the_only_block() {
        let text = "x".repeat(LIMIT);
        let sent = large(planned(text.clone().into_answer().unwrap(), BOTH).unwrap());
        assert_eq!((sent.body, &*sent.media_type), (format!("\"{text}\"").into(), JSON));
        let content = Content::of(text).with_image(vec![1], "image/png").into_answer().unwrap();
        let sent = large(planned(content, BOTH).unwrap());
        assert_eq!((sent.body.len(), sent.content.unwrap().len()), (LIMIT + 2, 1));
        let image = || Content::new().with_image(vec![7; LIMIT], "image/png");
        let sent = large(planned(image().into_answer().unwrap(), BOTH).unwrap());
        assert_eq!((sent.body, &*sent.media_type), (vec![7; LIMIT].into(), "image/png"));
        assert_eq!(sent.content.unwrap()[0].as_bytes().unwrap().len(), 0);
        // Who reads no content gets the text for that.
        assert!(matches!(planned(image().into_answer().unwrap(), &["chunks"]).unwrap(), Plan::Whole(_)));
        for content in [
            image().with_text("x").into_answer().unwrap(),
            Content::of(7).with_image(vec![7; LIMIT], "image/png").into_answer().unwrap(),
        ] {
            let error = planned(content, BOTH).unwrap_err();
            assert_eq!(error.code.as_deref(), Some("too_large"));
        }
    }

    #[test]
    fn mcp_22_few_results_are_held_at_a_time_and_one_of_any_size() {
        let transfers = Transfers::new();
        let first = transfers.hold(2 * HELD).unwrap();
        assert!(transfers.hold(1).is_none());
        drop(first);
        let _half = transfers.hold(HELD / 2).unwrap();
        assert!(transfers.hold(HELD).is_none());
        assert!(transfers.hold(HELD / 2).is_some());
    }

    #[test]
    fn mcp_22_what_has_run_is_not_called_busy() {
        let error = too_many();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::ToolError, Some("chunks_lost")));
    }

    #[test]
    fn mcp_22_a_broker_far_away_has_more_chunks_on_their_way() {
        let most = |ms| most_of(Duration::from_millis(ms));
        assert_eq!((most(0), most(3), most(25), most(9999)), (FEWEST, FEWEST, 5, MOST));
    }

    #[test]
    fn mcp_22_parts_make_the_whole() {
        let body = Bytes::from_static(b"abcdefg");
        let all: Vec<_> = parts(&body, 3).collect();
        assert_eq!(all, ["abc", "def", "g"]);
    }
}
