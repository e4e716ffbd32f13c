//! The options of a connection, as callers set them.

use std::time::Duration;

use super::credentials::CredentialSource;
use super::error::ConnectError;
use super::tls::Tls;
use super::will::Will;

/// However large messages may be, so many may be unacknowledged.
const LEAST: u16 = 16;

/// The largest packet that is accepted where nothing else was said. Peers that state none have the same (`SUB-14`).
pub(crate) const MAX_PACKET_SIZE: u32 = 1024 * 1024;

/// How to connect. Made by [`LinkOptions::new`]; every field has a working default then. Without `Debug`: the url may hold a
/// password.
#[derive(Clone)]
pub(crate) struct LinkOptions {
    /// `mqtt://`, `mqtts://`, `ws://` or `wss://`, with `user:password@` where wanted.
    pub(crate) url: String,
    /// The client id; two connections with one id throw each other out.
    pub(crate) client_id: String,
    /// Whether a session left by an earlier process is thrown away. This process's own session is kept either way.
    pub(crate) clean_start: bool,
    /// How long the broker keeps the session after the connection is lost.
    pub(crate) session_expiry: Duration,
    /// What the broker publishes when the connection is lost.
    pub(crate) will: Option<Will>,
    /// Where user name and password come from; over those in the url.
    pub(crate) credentials: Option<CredentialSource>,
    /// Whether the environment's variables decide about user name and password: for an error's advice.
    pub(crate) asks_env: bool,
    /// Certificate authority and client certificate; the system's authorities when left out.
    pub(crate) tls: Option<Tls>,
    /// How often a sign of life is exchanged, at least 5 s. A dead peer is noticed after one and a half; on a slow line
    /// it has to be longer than the largest packet takes, for nothing else can pass meanwhile.
    pub(crate) keep_alive: Duration,
    /// How long one attempt to connect may take, from name resolution to CONNACK.
    pub(crate) connect_timeout: Duration,
    /// The largest packet to receive, announced to the broker.
    pub(crate) max_packet_size: u32,
    /// How many received messages may be unacknowledged, announced to the broker.
    pub(crate) receive_maximum: u16,
    /// How many published messages may be unacknowledged; less where the broker says so.
    pub(crate) window: u16,
    /// How many messages may be unfinished, waiting or unacknowledged, before publishers wait.
    pub(crate) queue: usize,
    /// How many bytes of received messages may wait for their readers before the socket is not read any more.
    pub(crate) inbox_bytes: usize,
    /// The longest pause between two attempts to connect.
    pub(crate) max_backoff: Duration,
}

impl LinkOptions {
    /// The defaults: no session is kept beyond the connection, no will, no credentials.
    pub(crate) fn new(url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_id: client_id.into(),
            clean_start: true,
            session_expiry: Duration::ZERO,
            will: None,
            credentials: None,
            asks_env: false,
            tls: None,
            keep_alive: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_packet_size: MAX_PACKET_SIZE,
            receive_maximum: 256,
            window: 1024,
            queue: 1024,
            inbox_bytes: 64 << 20,
            max_backoff: Duration::from_secs(30),
        }
    }

    /// As many as fit into the inboxes at their largest, so that a broker that keeps to it never makes us stop reading: what
    /// handlers wait for comes by the same socket.
    pub(super) fn announced_receive_maximum(&self) -> u16 {
        let largest = usize::try_from(self.max_packet_size).unwrap_or(usize::MAX).max(1);
        let fit = u16::try_from(self.inbox_bytes / largest).unwrap_or(u16::MAX);
        self.receive_maximum.min(fit.max(LEAST))
    }

    /// Refuses values that can't work, or that would never let anything through.
    pub(super) fn check(&self) -> Result<(), ConnectError> {
        let wrong =
            |option, reason: &str| Err(ConnectError::InvalidOption { option, reason: reason.to_owned() });
        if self.client_id.is_empty() {
            return wrong(
                "client_id",
                "it must not be empty, for the broker could not find the session again",
            );
        }
        if self.client_id.len() > usize::from(u16::MAX) || self.client_id.contains('\0') {
            return wrong("client_id", "it must be at most 65535 bytes without NUL");
        }
        if !(5..=u64::from(u16::MAX)).contains(&self.keep_alive.as_secs()) {
            return wrong("keep_alive", "it must be 5 s to 65535 s");
        }
        if self.receive_maximum == 0 {
            return wrong("receive_maximum", "it must be at least 1");
        }
        if self.window == 0 {
            return wrong("window", "it must be at least 1");
        }
        if self.queue == 0 || self.queue > tokio::sync::Semaphore::MAX_PERMITS {
            return wrong("queue", "it must be at least 1");
        }
        if self.max_packet_size < 1024 {
            return wrong("max_packet_size", "it must be at least 1024 bytes");
        }
        if let Some(will) = &self.will
            && let Err(error) = will.message.check()
        {
            return Err(ConnectError::InvalidOption { option: "will", reason: error.to_string() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    type Change = fn(&mut LinkOptions);

    #[test]
    fn values_that_cannot_work_are_refused() {
        let cases: [(&str, Change); 7] = [
            ("client_id", |o| o.client_id.clear()),
            ("keep_alive", |o| o.keep_alive = Duration::from_secs(4)),
            ("keep_alive", |o| o.keep_alive = Duration::from_secs(70_000)),
            ("receive_maximum", |o| o.receive_maximum = 0),
            ("window", |o| o.window = 0),
            ("queue", |o| o.queue = 0),
            ("max_packet_size", |o| o.max_packet_size = 10),
        ];
        for (name, change) in cases {
            let mut options = LinkOptions::new("mqtt://localhost", "c");
            change(&mut options);
            match options.check() {
                Err(ConnectError::InvalidOption { option, .. }) => assert_eq!(option, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
