//! [`Wire`]: packets in both directions over one stream.
//!
//! All state is in the struct, and each poll does all it can without waiting, so it is cancel safe.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use super::codec::{self, Malformed, Packet};
use super::packets;
use super::stream::Stream;

/// How much is read at once: grows while reads fill it.
const SMALLEST_READ: usize = 4 * 1024;
const LARGEST_READ: usize = 64 * 1024;

/// A write buffer that grew over this for a large packet is given back afterwards.
const KEPT: usize = 256 * 1024;

/// So many bytes of a packet that isn't complete are a sign of life, too: a large one may take long.
const PROGRESS: usize = 16 * 1024;

/// One connection's stream and buffers.
pub(super) struct Wire {
    stream: Stream,
    /// Read by the stream.
    writes_soon: Arc<AtomicBool>,
    read: BytesMut,
    /// Encoded and not written yet.
    pub(super) unsent: BytesMut,
    /// Whether what was written may still be in a buffer of the stream.
    unflushed: bool,
    chunk: usize,
    /// The largest packet that is accepted.
    most: usize,
    /// Bytes read since the last complete packet.
    partial: usize,
}

impl Wire {
    pub(super) fn new(stream: Stream, writes_soon: Arc<AtomicBool>, most: usize) -> Self {
        Self {
            stream,
            writes_soon,
            read: BytesMut::new(),
            unsent: BytesMut::new(),
            unflushed: false,
            chunk: SMALLEST_READ,
            most,
            partial: 0,
        }
    }

    /// The next packet that is there already.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Malformed> {
        let packet = codec::decode(&mut self.read, self.most)?;
        if let Some(packet) = &packet {
            packets::received(packet);
            self.partial = self.read.len();
        }
        Ok(packet)
    }

    /// Whether enough of an incomplete packet came in to be a sign of life; asks once for each part.
    pub(super) fn progressed(&mut self) -> bool {
        let progressed = self.partial >= PROGRESS;
        if progressed {
            self.partial = 0;
        }
        progressed
    }

    /// Reads what there is. Ready with the end of the stream as an error.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.read.capacity() - self.read.len() < SMALLEST_READ / 2 {
            self.read.reserve(self.chunk);
        }
        let space = self.read.capacity() - self.read.len();
        match poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.read) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(count)) => {
                self.partial += count;
                if count == space {
                    self.chunk = (self.chunk * 2).min(LARGEST_READ);
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Whether something will be written in a moment, which acknowledges what was read.
    pub(super) fn expect_write(&mut self, expected: bool) {
        self.writes_soon.store(expected, Ordering::Relaxed);
    }

    /// Throws away what was read.
    pub(super) fn forget_read(&mut self) {
        self.read.clear();
    }

    /// Whether there is something to write.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty() || self.unflushed
    }

    /// Writes what is encoded. Ready when all of it is out; also says how much went out now.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, written: &mut usize) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.unsent) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.unsent.advance(count);
                    self.unflushed = true;
                    *written += count;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            if self.unsent.capacity() > KEPT {
                self.unsent = BytesMut::new();
            } else {
                // Back to the beginning of the buffer.
                self.unsent.clear();
            }
        }
        Poll::Ready(Ok(()))
    }
}
