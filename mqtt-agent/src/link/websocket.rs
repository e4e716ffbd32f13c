//! MQTT over WebSocket: the bytes of the stream are those of the binary messages, whose borders mean nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::disconnect::Ended;
use super::error::ConnectError;
use super::stream::Stream;

/// The largest message or frame that is taken, at least; MQTT packets may span several.
const LARGEST: usize = 16 << 20;

/// Shakes hands over a connection that is there.
pub(super) async fn open(stream: Stream, address: &str, most: usize) -> Result<Stream, Ended> {
    let mut request = address.into_client_request().map_err(|error| refused(&error))?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(most.max(LARGEST)))
        .max_frame_size(Some(most.max(LARGEST)));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(Box::new(Bytestream { socket, unread: Bytes::new() })),
        Err(Error::Io(error)) => Err(Ended::attempt_io(&error)),
        Err(error) => Err(refused(&error)),
    }
}

/// A proxy's 5xx may pass, the rest won't.
fn refused(error: &Error) -> Ended {
    let passing = matches!(error, Error::Http(response) if response.status().is_server_error());
    let failure = (!passing).then(|| ConnectError::Protocol { reason: error.to_string() });
    Ended::attempt(error.to_string(), failure)
}

struct Bytestream {
    socket: WebSocketStream<Stream>,
    unread: Bytes,
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::UnexpectedEof.into(),
        error => io::Error::other(error.to_string()),
    }
}

impl AsyncRead for Bytestream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.unread = bytes,
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Err(io::Error::other(
                        "the broker sent text over WebSocket, which MQTT forbids",
                    )));
                }
                // Pings are answered by the library.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
            }
        }
        let count = self.unread.len().min(buf.remaining());
        let part = self.unread.split_to(count);
        buf.put_slice(part.chunk());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bytestream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(io_error)?;
        let message = Message::Binary(Bytes::copy_from_slice(buf));
        Pin::new(&mut self.socket).start_send(message).map_err(io_error)?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(io_error)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(io_error)
    }
}
