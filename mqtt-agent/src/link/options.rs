//! How to connect: what callers set, and what the client library is given.

use std::fmt;
use std::time::Duration;

use rumqttc::NetworkOptions;
use rumqttc::v5::MqttOptions;

use super::convert;
use super::error::ConnectError;
use super::message::Message;
use super::tls::Tls;
use super::url::Target;

/// User name and password for the broker. Its `Debug` output leaves the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// A user name with its password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), password: password.into() }
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.username
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What the broker publishes for a client that is gone.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    /// The message.
    pub(crate) message: Message,
    /// How long the broker waits for the client to come back first.
    pub(crate) delay: Duration,
}

/// How to connect. Made by [`LinkOptions::new`]; every field has a working default then.
#[derive(Debug, Clone)]
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
    /// User name and password; over those in the url.
    pub(crate) credentials: Option<Credentials>,
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
            tls: None,
            keep_alive: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_packet_size: 1024 * 1024,
            receive_maximum: 256,
            window: 256,
            queue: 1024,
            max_backoff: Duration::from_secs(30),
        }
    }

    /// Refuses values that the client library would panic at, or that would never let anything through.
    fn check(&self) -> Result<(), ConnectError> {
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

    /// How many requests the client library's channel holds: whatever may be on its way at once, so that handing over
    /// fails only under a flood of QoS 0.
    pub(super) fn requests(&self) -> usize {
        usize::from(self.window) + usize::from(self.receive_maximum) + 64
    }

    /// How many packet ids are used: twice the window, so that ids come round later than acknowledgements do.
    pub(super) fn packet_ids(&self) -> u16 {
        self.window.saturating_mul(2).max(64)
    }

    /// The client library's options.
    pub(super) fn client(&self) -> Result<MqttOptions, ConnectError> {
        self.check()?;
        let target = Target::parse(&self.url)?;
        let mut options = MqttOptions::new(self.client_id.clone(), target.host.clone(), target.port);
        options.set_transport(target.transport(self.tls.as_ref())?);
        let mut network = NetworkOptions::new();
        // Without it each acknowledged publish waits for the peer's delayed TCP acknowledgement, some 40 ms.
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        options.set_connection_timeout(self.connect_timeout.as_secs().max(1));
        options.set_keep_alive(self.keep_alive);
        options.set_clean_start(self.clean_start);
        options.set_manual_acks(true);
        // Sizes a table that is exchanged before it is used; the default would take megabytes at each attempt.
        options.set_outgoing_inflight_upper_limit(1);
        options.set_session_expiry_interval(Some(convert::seconds(self.session_expiry)));
        options.set_receive_maximum(Some(self.receive_maximum));
        // Unannounced, larger messages would end the connection at each delivery; announced, the broker keeps them.
        options.set_max_packet_size(Some(self.max_packet_size));
        if let Some(Credentials { username, password }) =
            self.credentials.as_ref().or(target.credentials.as_ref())
        {
            options.set_credentials(username, password);
        }
        if let Some(will) = &self.will {
            options.set_last_will(convert::will(will));
        }
        Ok(options)
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
            match options.client() {
                Err(ConnectError::InvalidOption { option, .. }) => assert_eq!(option, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_password_is_not_in_debug_output() {
        let mut options = LinkOptions::new("mqtt://localhost", "c");
        options.credentials = Some(Credentials::new("me", "secret"));
        assert!(!format!("{options:?}").contains("secret"));
    }
}
