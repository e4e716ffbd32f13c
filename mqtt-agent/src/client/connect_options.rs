//! [`ConnectOptions`]: the broker's address, and how to connect to it.

mod env;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::link::{
    CredentialSource, Credentials, LinkOptions, MAX_PACKET_SIZE, PasswordFile, Tls, without_credentials,
};

/// The time limit for waiting without a limit: 136 years.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The broker's address, and how to connect to it: for [`Client::connect`](crate::Client::connect),
/// [`Agent::start`](crate::Agent::start) and [`Agent::serve`](crate::Agent::serve).
///
/// All three also take a plain URL. [`from_env`](Self::from_env) reads the environment. The options are checked when
/// connecting, and all problems are reported together.
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
/// The `Debug` output omits passwords, also a password in the URL.
#[derive(Debug, Clone)]
#[must_use = "options do nothing until something connects with them"]
pub struct ConnectOptions {
    url: Url,
    pub(crate) id: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) namespace: Option<String>,
    credentials: Option<CredentialSource>,
    /// Whether the environment was asked for them.
    asks_env: bool,
    tls: Option<Tls>,
    pub(crate) connect_timeout: Duration,
    retries_first: bool,
    pub(crate) session_expiry: Option<Duration>,
    pub(crate) will_delay: Duration,
    keep_alive: Option<Duration>,
    pub(crate) max_packet_size: u32,
    pub(crate) call_timeout: Duration,
}

/// The text of a URL, which may contain a password.
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
    /// Options for the broker at a URL: `mqtt://host:1883`, `mqtts://host:8883`, and with the feature `websocket`
    /// `ws://host:80/path` or `wss://host:443/path`. The port may be omitted. The URL may contain a user name and a
    /// password, percent-encoded: `mqtt://user:password@host`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Url(url.into()),
            id: None,
            instance: None,
            namespace: None,
            credentials: None,
            asks_env: false,
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

    /// Sets the id of the agent or the client, overriding an agent's id in code. The id is the MQTT client id, and the
    /// id that servers see as the caller's claim. In a namespace other than the default, the MQTT client id begins with
    /// the namespace (`SUB-8`). 1 to 128 letters, digits, `_`, `.` and `-` (`SUB-4`). Only one connection at a time may
    /// use an id. Default: the id of the agent; for a client a random UUID.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Names one of several processes with the same id, overriding the instance in code; see
    /// [`Agent::instance`](crate::Agent::instance). The id becomes `{id}-{instance}`. It has no effect on a client
    /// without an id.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Sets the prefix of all topics (`SUB-2`), overriding the namespace in an agent's code; several levels are
    /// allowed. Default: `a2a/v1`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Sets user name and password. They override those in the URL.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some(CredentialSource::Fixed(Credentials::new(user, password)));
        self.asks_env = false;
        self
    }

    /// Calls a function for user name and password before each attempt to connect, also after a lost connection: for
    /// tokens that expire and passwords that change. They override those in the URL.
    ///
    /// An error or a panic of `ask` fails that attempt; the next attempt calls it again, after the usual pause. An
    /// attempt has 10 s in total; then the future is dropped. `ask` runs on a thread for blocking work, so it may
    /// block. The next attempt waits until `ask` returns, so it never runs twice concurrently. Its error is logged and
    /// may be part of [`ConnectError::Timeout`](crate::ConnectError::Timeout): do not put secrets in it.
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
        self.asks_env = false;
        self
    }

    /// Sets the user name, and a file with the password. The file is read before each attempt to connect; the line end
    /// is removed. If the file cannot be read, or not within the 10 s of an attempt, the attempt fails and is repeated
    /// like any other.
    pub fn credentials_from_file(self, user: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        let (user, file) = (user.into(), file.into());
        let named = format!("`{}`", file.display());
        self.credentials_in(PasswordFile::new(user, file, named))
    }

    /// Sets the certificates for `mqtts://` and `wss://`. Default: the system's certificate authorities.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Limits how long a start waits for the connection, and then for each of the broker's answers to subscriptions and
    /// cards. Default: 10 s. After half a second the log says what the start waits for; if there is no log, stderr
    /// does: [`logging`](crate::guide::logging). After a lost connection, the library reconnects without a time limit,
    /// with pauses that grow to 30 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Waits for the broker without a time limit, instead of [`connect_timeout`](Self::connect_timeout): for programs
    /// that may start before their broker. Each failed attempt is logged as a warning. Permanent errors still end the
    /// start at once: a wrong password, an untrusted certificate.
    pub fn retry_first_connection(mut self) -> Self {
        self.retries_first = true;
        self
    }

    /// Sets how long the broker keeps the session after a lost connection or a stop (`SUB-8`), with the calls, tasks,
    /// answers and results that arrive in the meantime. In whole seconds.
    ///
    /// Default for an agent: 1 h with only skills, or with skills and a durable store; else 15 s, because the broker
    /// may still assign calls to a crashed replica until its session expires (`SUB-8a`). Default for a client: 60 s, or
    /// 1 h with a durable [`store`](crate::ClientBuilder::store).
    pub fn session_expiry(mut self, expiry: Duration) -> Self {
        self.session_expiry = Some(expiry);
        self
    }

    /// Sets how long the broker waits after a lost connection before it marks an agent offline (`SUB-9`). It must be
    /// shorter than the session expiry. A client has no Will. Default: 5 s.
    pub fn will_delay(mut self, delay: Duration) -> Self {
        self.will_delay = delay;
        self
    }

    /// Sets the MQTT keep-alive, 5 s to 65,535 s. An unresponsive broker is detected within 1.5 times this interval.
    /// Default: 10 s.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = Some(interval);
        self
    }

    /// Sets the maximum packet size that is accepted, in bytes, at least 1,024. Default: 1 MiB.
    ///
    /// The broker silently drops larger packets, so cards and calls state the limit (`max_message_bytes`, `SUB-14`).
    /// The limit, less 128 bytes for what a broker adds, also applies to sent packets, because peers that state no
    /// limit have the same default. For a message of more than 64 KiB the limit on its receiver's card applies as well.
    pub fn max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = bytes;
        self
    }

    /// Sets the default timeout of calls, requests and queries of tasks, and how long a publish waits for the broker's
    /// acknowledgement. Default: 30 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }
}

/// Access for this crate.
impl ConnectOptions {
    fn credentials_in(mut self, file: PasswordFile) -> Self {
        self.credentials = Some(CredentialSource::File(Arc::new(file)));
        self.asks_env = false;
        self
    }

    /// How long to wait for the first connection.
    pub(crate) fn first_patience(&self) -> Duration {
        if self.retries_first { FOR_EVER } else { self.connect_timeout }
    }

    /// Whether an option changes what an agent publishes.
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
            Some(CredentialSource::File(file)) => Some(file.user().to_owned()),
            Some(CredentialSource::Callback(_)) => None,
            None => url::Url::parse(&self.url.0).ok().map(|url| url.username().to_owned()),
        };
        format!("{place:?} {user:?} {:?} {:?} {:?}", self.namespace, self.id, self.instance)
    }

    /// The options of the link. It resumes the session of an earlier process.
    pub(crate) fn link(self, client_id: String, session_expiry: Duration) -> LinkOptions {
        let mut link = LinkOptions::new(self.url.0, client_id);
        link.clean_start = false;
        link.session_expiry = session_expiry;
        link.credentials = self.credentials;
        link.asks_env = self.asks_env;
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
