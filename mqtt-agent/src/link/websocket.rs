//! MQTT over WebSocket (RFC 6455): the handshake, and the byte stream in the binary messages.
//!
//! This is not from a library. `tungstenite` and `async-tungstenite` log what they send, at level `TRACE` through the
//! crate `log`, including the password in CONNECT and the query of the URL. `tokio-websockets` 0.13 reads a handshake
//! answer of any length, and panics at a `Sec-WebSocket-Accept` that is too long; a broker's bytes are not trusted.

mod frame;
mod stream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::disconnect::Ended;
use super::error::ConnectError;
use super::stream::Stream;
use stream::WebSocket;

/// The most that an answer to the handshake may take.
const LARGEST_ANSWER: usize = 16 * 1024;

/// The most headers that it may have.
const MOST_HEADERS: usize = 100;

/// What RFC 6455 appends to the key.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Shakes hands over a connection that is there. `host` is the header, `resource` the path with its query.
pub(super) async fn open(mut stream: Stream, host: &str, resource: &str) -> Result<Stream, Ended> {
    let key = STANDARD.encode(Uuid::new_v4().as_bytes());
    let request = format!(
        "GET {resource} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    );
    let io = |error: std::io::Error| Ended::attempt_io(&error);
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    stream.flush().await.map_err(io)?;
    let mut read = BytesMut::with_capacity(1024);
    loop {
        if stream.read_buf(&mut read).await.map_err(io)? == 0 {
            // It may pass, as where a proxy restarts.
            return Err(Ended::attempt(
                "the broker closed the connection during the WebSocket handshake",
                None,
            ));
        }
        if let Some(length) = answer(&read, &accept(&key))? {
            let rest = read.split_off(length);
            return Ok(Box::new(WebSocket::new(stream, rest)));
        }
        if read.len() >= LARGEST_ANSWER {
            return Err(refused("its answer to the WebSocket handshake is too long"));
        }
    }
}

/// What the broker has to answer to a key.
fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize())
}

/// Looks at what came of the answer: how long it is where it is whole and accepts.
fn answer(bytes: &[u8], accept: &str) -> Result<Option<usize>, Ended> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(refused("its answer to the WebSocket handshake is no HTTP")),
    };
    match response.code {
        Some(101) => {}
        // Request timeout, too early, too many requests, and the server's or a proxy's own trouble.
        Some(code @ (408 | 425 | 429 | 500..=599)) => {
            return Err(Ended::attempt(format!("the broker {}", answered_with(code)), None));
        }
        code => return Err(refused(&format!("it {}", answered_with(code.unwrap_or_default())))),
    }
    let headers = &*response.headers;
    let has = |name, wanted: &str| {
        values(headers, name)
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    if !has("Upgrade", "websocket") || !has("Connection", "Upgrade") {
        return Err(refused("it did not switch to WebSocket"));
    }
    if !values(headers, "Sec-WebSocket-Accept").any(|value| value == accept) {
        return Err(refused("its answer to the WebSocket handshake belongs to another request"));
    }
    if !has("Sec-WebSocket-Protocol", "mqtt") {
        return Err(refused("it does not take the WebSocket subprotocol `mqtt`"));
    }
    Ok(Some(length))
}

/// The values of all headers of a name.
fn values<'h>(headers: &'h [httparse::Header<'h>], name: &'h str) -> impl Iterator<Item = &'h str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.filter_map(|header| std::str::from_utf8(header.value).ok()).map(str::trim)
}

fn answered_with(code: u16) -> String {
    format!("answered the WebSocket handshake with HTTP status {code}")
}

/// What trying again won't heal.
fn refused(reason: &str) -> Ended {
    let failure = ConnectError::Protocol { reason: reason.to_owned() };
    Ended::attempt(failure.to_string(), Some(failure))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// The example of RFC 6455.
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn switching(headers: &str) -> String {
        format!("HTTP/1.1 101 Switching Protocols\r\n{headers}\r\n")
    }

    fn right() -> String {
        format!(
            "upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\
             Sec-WebSocket-Protocol: mqtt\r\n"
        )
    }

    #[test]
    fn a_key_has_one_answer() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), ACCEPT);
    }

    #[test]
    fn an_answer_that_accepts_is_taken_when_it_is_whole() {
        let text = switching(&right());
        for length in 0..text.len() {
            assert_eq!(answer(&text.as_bytes()[..length], ACCEPT).unwrap(), None);
        }
        let more = [text.as_bytes(), b"\x82\x00"].concat();
        assert_eq!(answer(&more, ACCEPT).unwrap(), Some(text.len()));
    }

    #[test]
    fn what_another_attempt_may_heal_is_told_from_what_it_will_not() {
        let passes = |text: &str| answer(text.as_bytes(), ACCEPT).unwrap_err().failure.is_none();
        for code in [408, 425, 429, 500, 502, 503, 504] {
            assert!(passes(&format!("HTTP/1.1 {code} Later\r\n\r\n")), "{code}");
        }
        for code in [200, 301, 400, 401, 403, 404, 426] {
            assert!(!passes(&format!("HTTP/1.1 {code} No\r\n\r\n")), "{code}");
        }
        assert!(!passes("SSH-2.0-OpenSSH_9.6\r\n\r\n"));
        for missing in ["upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"] {
            assert!(!passes(&switching(&right().replace(missing, "Other"))), "{missing}");
        }
    }
}
