//! [`WebSocket`]: the bytes of the binary messages, whose boundaries have no meaning for MQTT.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;
use uuid::Uuid;

use super::frame::{self, Kind};
use crate::link::stream::Stream;

/// How much is read at once, and the largest frame that is written: what is written goes out as it is taken.
const CHUNK: usize = 64 * 1024;

/// How much of answers to pings may wait to be written.
const MOST_PONGS: usize = 4 * 1024;

/// A stream over WebSocket frames.
pub(super) struct WebSocket {
    stream: Stream,
    /// Read, and not looked at.
    read: BytesMut,
    /// How much of a binary message's frame is still to come.
    left: u64,
    /// Whether further frames of a message are to come.
    in_message: bool,
    /// Whether the broker closed.
    closed: bool,
    /// Frames that are not written.
    unsent: BytesMut,
    is_goodbye_said: bool,
}

impl WebSocket {
    /// After the handshake; `read` is what came behind it.
    pub(super) fn new(stream: Stream, read: BytesMut) -> Self {
        Self {
            stream,
            read,
            left: 0,
            in_message: false,
            closed: false,
            unsent: BytesMut::new(),
            is_goodbye_said: false,
        }
    }

    fn put(&mut self, kind: Kind, payload: &[u8]) {
        let [a, b, c, d, ..] = *Uuid::new_v4().as_bytes();
        frame::put(&mut self.unsent, kind, payload, [a, b, c, d]);
    }

    /// Looks at the next frame, where it has come: false where more has to be read first.
    fn next_frame(&mut self) -> io::Result<bool> {
        let Some(header) = frame::header(&self.read).map_err(io::Error::other)? else { return Ok(false) };
        match header.kind {
            Kind::Text => {
                return Err(io::Error::other("the broker sent text over WebSocket, which MQTT forbids"));
            }
            Kind::Continuation if !self.in_message => {
                return Err(io::Error::other("a WebSocket message goes on that never began"));
            }
            Kind::Binary if self.in_message => {
                return Err(io::Error::other("a WebSocket message begins within another"));
            }
            Kind::Binary | Kind::Continuation => {
                self.in_message = !header.last;
                self.left = header.payload;
                self.read.advance(header.length);
                return Ok(true);
            }
            Kind::Close | Kind::Ping | Kind::Pong => {}
        }
        // Small, so that they are taken whole.
        let whole = header.length + header.payload as usize;
        if self.read.len() < whole {
            return Ok(false);
        }
        let mut payload = self.read.split_to(whole);
        payload.advance(header.length);
        match header.kind {
            Kind::Close => self.closed = true,
            Kind::Ping if self.unsent.len() < MOST_PONGS => self.put(Kind::Pong, &payload),
            _ => {}
        }
        Ok(true)
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.unsent.advance(count),
            }
        }
        // Back to the beginning of the buffer.
        self.unsent.clear();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for WebSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.closed {
                return Poll::Ready(Ok(()));
            }
            if this.left > 0 && !this.read.is_empty() {
                let left = usize::try_from(this.left).unwrap_or(usize::MAX);
                let part = this.read.split_to(left.min(this.read.len()).min(buf.remaining()));
                this.left -= part.len() as u64;
                buf.put_slice(&part);
                return Poll::Ready(Ok(()));
            }
            if this.left == 0 && this.next_frame()? {
                continue;
            }
            this.read.reserve(CHUNK / 4);
            match poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.read) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    // Answers to pings; where they can't be written now, the next write takes them along.
                    if let Poll::Ready(Err(error)) = this.poll_unsent(cx) {
                        return Poll::Ready(Err(error));
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_unsent(cx))?;
        let taken = buf.get(..CHUNK).unwrap_or(buf);
        self.put(Kind::Binary, taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.is_goodbye_said, true) {
            // 1000: a normal end.
            self.put(Kind::Close, &[0x03, 0xe8]);
        }
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn pair(read: &[u8]) -> (WebSocket, DuplexStream) {
        let (ours, theirs) = duplex(1 << 20);
        (WebSocket::new(Box::new(ours), BytesMut::from(read)), theirs)
    }

    /// A frame that a broker sends.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        assert!(payload.len() < 126);
        [&[first, payload.len() as u8], payload].concat()
    }

    #[tokio::test]
    async fn messages_are_one_stream_wherever_they_are_cut() {
        let sent = [
            frame(0x82, b"ab"),
            frame(0x02, b"c"),
            frame(0x89, b"ping"),
            frame(0x00, b""),
            frame(0x80, b"d"),
            frame(0x8a, b"pong"),
            frame(0x82, b"e"),
            frame(0x88, &[0x03, 0xe8]),
        ]
        .concat();
        for cut in 0..sent.len() {
            let (mut socket, mut theirs) = pair(&sent[..cut]);
            theirs.write_all(&sent[cut..]).await.unwrap();
            let mut text = String::new();
            socket.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "abcde", "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn a_ping_is_answered_with_what_it_carries() {
        let (mut socket, mut theirs) = pair(&frame(0x89, b"are you there"));
        let mut buffer = [0; 1];
        let reading = tokio::spawn(async move { socket.read(&mut buffer).await });
        let mut pong = [0; 19];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!(pong[..2], [0x8a, 0x80 | 13]);
        let (mask, text) = pong[2..].split_at(4);
        let text: Vec<u8> = text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(text, b"are you there");
        drop(theirs);
        assert_eq!(reading.await.unwrap().unwrap(), 0, "the end of the stream");
    }

    #[tokio::test]
    async fn what_is_no_mqtt_over_websocket_ends_the_stream_with_an_error() {
        for frames in
            [frame(0x81, b"text"), frame(0x80, b"x"), [frame(0x02, b"a"), frame(0x82, b"b")].concat()]
        {
            let (mut socket, _theirs) = pair(&frames);
            let mut bytes = Vec::new();
            assert!(socket.read_to_end(&mut bytes).await.is_err(), "{frames:?}");
        }
    }

    #[tokio::test]
    async fn a_flood_of_pings_to_whom_nobody_writes_is_bounded() {
        let (ours, mut theirs) = duplex(64);
        let pings = frame(0x89, &[7; 125]).repeat(1000);
        let mut socket = WebSocket::new(Box::new(ours), BytesMut::from(&pings[..]));
        let mut buffer = [0; 1];
        let read = tokio::time::timeout(std::time::Duration::from_millis(50), socket.read(&mut buffer)).await;
        assert!(read.is_err(), "nothing but pings");
        assert!(socket.unsent.len() < 2 * MOST_PONGS, "{}", socket.unsent.len());
        theirs.shutdown().await.unwrap();
    }
}
