//! [`ConnectOptions`]: where a broker is, and how to connect to it.

mod env;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::link::{CredentialSource, Credentials, LinkOptions, MAX_PACKET_SIZE, Tls, without_credentials};

/// Waiting for a broker for as long as it takes: 136 years.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Where the broker is, and how to connect to it: for [`Client::connect`](crate::Client::connect),
/// [`Agent::start`](crate::Agent::start) and [`Agent::serve`](crate::Agent::serve).
///
/// All three take a URL where the defaults will do. [`from_env`](Self::from_env) reads the environment. Nothing is
/// checked before connecting; then all that is wrong is reported.
///
/// ```no_run
/// use std::time::Duration;
///
/// use mqtt_agent::prelude::*;
///
/// # async fn example() -> mqtt_agent::Result<()> {
/// let options = ConnectOptions::new("mqtts://broker.example:8883")
///     .credentials("scout", "s3cret")
///     .id("scout")
///     .retry_first_connection();
/// let client = Client::connect(options).await?;
/// # Ok(())
/// # }
/// ```
///
/// Its `Debug` output leaves passwords out, that of the URL as well.
#[derive(Debug, Clone)]
#[must_use = "options do nothing until something connects with them"]
pub struct ConnectOptions {
    url: Url,
    pub(crate) id: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) namespace: Option<String>,
    credentials: Option<CredentialSource>,
    tls: Option<Tls>,
    pub(crate) connect_timeout: Duration,
    retries_first: bool,
    pub(crate) session_expiry: Option<Duration>,
    pub(crate) will_delay: Duration,
    keep_alive: Option<Duration>,
    pub(crate) max_packet_size: u32,
    pub(crate) call_timeout: Duration,
}

/// The text of a URL; may have a password in it.
#[derive(Clone)]
struct Url(String);

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match without_credentials(&self.0) {
            Some(url) => fmt::Debug::fmt(&url, f),
            None => f.write_str("(invalid)"),
        }
    }
}

impl ConnectOptions {
    /// Connects to a broker: `mqtt://host:1883`, `mqtts://host:8883`, and with the feature `websocket`
    /// `ws://host:80/path` or `wss://host:443/path`. The port may be left out. A user name and a password may stand
    /// before the host, percent-encoded: `mqtt://user:password@host`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Url(url.into()),
            id: None,
            instance: None,
            namespace: None,
            credentials: None,
            tls: None,
            connect_timeout: Duration::from_secs(10),
            retries_first: false,
            session_expiry: None,
            will_delay: Duration::from_secs(5),
            keep_alive: None,
            max_packet_size: MAX_PACKET_SIZE,
            call_timeout: Duration::from_secs(30),
        }
    }

    /// The id of the agent or the client, over the one in its code. It is the MQTT client id, and the name that servers
    /// see as the caller's claim. Under a namespace other than the default the MQTT client id begins with that (`SUB-8`).
    /// Letters, digits, `_`, `.` and `-`, at most 128 (`SUB-4`). One connection at a time may use it. Default: that of
    /// the agent; a client has a random UUID.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Names this process of several with one id, over the name in its code; see
    /// [`Agent::instance`](crate::Agent::instance). The id becomes `{id}-{instance}`. A client without an id has a
    /// random one, and no instance.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// The prefix of all topics (`SUB-2`), over the one in the agent's code; several levels are allowed. Default: `a2a/v1`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// User name and password. They win over those in the URL.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some(CredentialSource::Fixed(Credentials::new(user, password)));
        self
    }

    /// Asks for user name and password before each attempt to connect, the first one and those after a lost connection:
    /// for tokens that expire and passwords that change. They win over those in the URL.
    ///
    /// An error or a panic of `ask` fails that attempt; the next one asks again, after the usual pause. It has 10 s, with
    /// all else that an attempt does, and is dropped when they are over. It runs on a thread for blocking work, so it may
    /// block: then the next attempt waits for its end, and never asks a second time beside it. Its error is logged and may
    /// be part of [`ConnectError::Timeout`](crate::ConnectError::Timeout): leave secrets out of it.
    ///
    /// ```
    /// use mqtt_agent::prelude::*;
    /// use mqtt_agent::Credentials;
    ///
    /// async fn token() -> std::io::Result<String> {
    ///     # Ok(String::new())
    ///     // Ask your identity provider.
    /// }
    ///
    /// let options = ConnectOptions::new("mqtts://broker.example")
    ///     .credentials_from(|| async { token().await.map(|token| Credentials::new("scout", token)) });
    /// ```
    pub fn credentials_from<F, R, E>(mut self, ask: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        self.credentials = Some(CredentialSource::asking(ask));
        self
    }

    /// Certificates for `mqtts://` and `wss://`. Default: the system's certificate authorities.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How long a start waits for the broker, and then for its answers to what has to be subscribed and published. Default:
    /// 10 s. From half a second on it is logged what is waited for, and printed on stderr where there is no log:
    /// [`logging`](crate::guide::logging). Connections that are lost later are made again without an end, with pauses that
    /// grow to 30 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Waits for the broker for as long as it takes, instead of [`connect_timeout`](Self::connect_timeout): for programs
    /// that may be started before their broker. Each attempt that fails is logged as a warning. What another attempt
    /// won't heal ends the start at once all the same: a wrong password, a certificate that is not accepted.
    pub fn retry_first_connection(mut self) -> Self {
        self.retries_first = true;
        self
    }

    /// How long the broker keeps the session after a lost connection or a stop (`SUB-8`), and what comes for it meanwhile:
    /// calls, tasks, answers and results. In whole seconds.
    ///
    /// Default for an agent: 1 h with skills alone, or with skills and a durable store; else 15 s, for a longer one makes a
    /// crashed replica swallow its share of the calls for as long (`SUB-8a`). Default for a client: 60 s, and 1 h with a durable
    /// [`store`](crate::ClientBuilder::store).
    pub fn session_expiry(mut self, expiry: Duration) -> Self {
        self.session_expiry = Some(expiry);
        self
    }

    /// How long the broker waits after a lost connection before it marks an agent offline (`SUB-9`). It has to be below the
    /// session expiry. A client has no Will. Default: 5 s.
    pub fn will_delay(mut self, delay: Duration) -> Self {
        self.will_delay = delay;
        self
    }

    /// The MQTT keep-alive, at least 5 s. A silent broker is noticed within one and a half of it. Default: 10 s.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = Some(interval);
        self
    }

    /// The largest packet that is accepted, in bytes, at least 1,024. Default: 1 MiB.
    ///
    /// The broker withholds larger ones, so cards and calls say it (`max_message_bytes`, `SUB-14`). What is sent is held to
    /// it too, less 128 bytes for what a broker adds: peers that say nothing have the same default. A message of more
    /// than 64 KiB is also held to what its receiver's card says.
    pub fn max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = bytes;
        self
    }

    /// The timeout of calls that set none. Default: 30 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }
}

/// What the crate reads of it.
impl ConnectOptions {
    /// How long the first connection is waited for.
    pub(crate) fn first_patience(&self) -> Duration {
        if self.retries_first { FOR_EVER } else { self.connect_timeout }
    }

    /// Whether it says anything of what an agent publishes.
    pub(crate) fn shapes_the_agent(&self) -> bool {
        let usual = Self::new("");
        self.id.is_some()
            || self.instance.is_some()
            || self.namespace.is_some()
            || self.session_expiry.is_some()
            || self.will_delay != usual.will_delay
            || self.max_packet_size != usual.max_packet_size
    }

    /// Whom it connects as, and where: never a password.
    #[cfg(feature = "mcp-stdio")]
    pub(crate) fn whom(&self) -> String {
        let place = without_credentials(&self.url.0);
        let user = match &self.credentials {
            Some(CredentialSource::Fixed(credentials)) => Some(credentials.username().to_owned()),
            Some(CredentialSource::Callback(_)) => None,
            None => url::Url::parse(&self.url.0).ok().map(|url| url.username().to_owned()),
        };
        format!("{place:?} {user:?} {:?} {:?} {:?}", self.namespace, self.id, self.instance)
    }

    /// What the link needs of it; the session of an earlier process is gone on with.
    pub(crate) fn link(self, client_id: String, session_expiry: Duration) -> LinkOptions {
        let mut link = LinkOptions::new(self.url.0, client_id);
        link.clean_start = false;
        link.session_expiry = session_expiry;
        link.credentials = self.credentials;
        link.tls = self.tls;
        link.keep_alive = self.keep_alive.unwrap_or(link.keep_alive);
        link.max_packet_size = self.max_packet_size;
        link
    }
}

impl From<&str> for ConnectOptions {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for ConnectOptions {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl From<&String> for ConnectOptions {
    fn from(url: &String) -> Self {
        Self::new(url)
    }
}

impl From<&Self> for ConnectOptions {
    fn from(options: &Self) -> Self {
        options.clone()
    }
}
