//! How a connection is made.

use std::fmt;
use std::time::Duration;

use super::message::Message;
use super::tls::Tls;

/// User name and password.
#[derive(Clone)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// A user name and its password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).field("password", &"…").finish()
    }
}

/// What the broker publishes when the connection is lost.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub(crate) message: Message,
    pub(crate) delay: Duration,
}

/// How a connection is made.
#[derive(Debug, Clone)]
pub(crate) struct LinkOptions {
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) session_expiry: Duration,
    pub(crate) will: Option<Will>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) tls: Option<Tls>,
    /// At least 5 s. A silent broker is given up after one and a half of it.
    pub(crate) keep_alive: Duration,
    /// What we accept, announced to the broker, in bytes.
    pub(crate) max_packet_size: u32,
    /// How many QoS 1 messages the broker may send before our acknowledgement.
    pub(crate) receive_maximum: u16,
    /// How many of our QoS 1 messages may be unacknowledged; the broker may want fewer.
    pub(crate) window: u16,
    /// How many messages may wait to be sent; then `publish` waits.
    pub(crate) queue: usize,
    /// The longest wait between two tries to connect.
    pub(crate) longest_backoff: Duration,
}

impl LinkOptions {
    pub(crate) fn new(url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_id: client_id.into(),
            session_expiry: Duration::from_secs(60),
            will: None,
            credentials: None,
            tls: None,
            keep_alive: Duration::from_secs(10),
            max_packet_size: 1 << 20,
            receive_maximum: 256,
            window: 256,
            queue: 1024,
            longest_backoff: Duration::from_secs(30),
        }
    }
}
