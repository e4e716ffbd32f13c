//! The stream to the broker: TCP, TLS or WebSocket behind one type.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Any of the transports.
pub(super) type Stream = Box<dyn Duplex>;

/// A TCP connection that acknowledges at once where it has nothing to say.
///
/// A broker that writes PUBACK and PUBLISH apart, with Nagle's algorithm on as Mosquitto has by default, holds the second
/// back until our system has acknowledged the first; and our system waits 40 ms for something to send along. So when we are
/// about to wait, and have written nothing since the last read, the acknowledgement is asked for (Linux).
pub(super) struct Quick {
    stream: TcpStream,
    /// Whether something was read and nothing written since.
    owes: bool,
    /// Whether something will be written in a moment, so that nothing need be asked for.
    writes_soon: Arc<AtomicBool>,
}

impl Quick {
    pub(super) fn new(stream: TcpStream, writes_soon: Arc<AtomicBool>) -> Self {
        Self { stream, owes: false, writes_soon }
    }

    fn acknowledge(&mut self) {
        self.owes = false;
        #[cfg(target_os = "linux")]
        // Fails on a broken connection, which the next read tells.
        let _ = socket2::SockRef::from(&self.stream).set_tcp_quickack(true);
    }
}

impl AsyncRead for Quick {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &read {
            Poll::Ready(Ok(())) if buf.filled().len() > before => self.owes = true,
            Poll::Pending if self.owes && !self.writes_soon.load(Ordering::Relaxed) => self.acknowledge(),
            _ => {}
        }
        read
    }
}

impl AsyncWrite for Quick {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if written.is_ready() {
            self.owes = false;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
