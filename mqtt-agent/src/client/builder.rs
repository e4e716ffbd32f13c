//! [`ClientBuilder`]: how a client connects.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::Client;
use crate::a2a::{MemoryStore, Retention, TaskStore};
use crate::error::{Error, Problem, Result};
use crate::link::{Credentials, Link, LinkOptions, Tls};
use crate::session::{Session, SessionHandle};
use crate::wire::{Identifier, Namespace};

/// How a [`Client`] connects.
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    id: Option<String>,
    namespace: Option<String>,
    credentials: Option<Credentials>,
    tls: Option<Tls>,
    timeout: Duration,
    connect_timeout: Duration,
    session_expiry: Option<Duration>,
    max_packet_size: Option<u32>,
    keep_alive: Option<Duration>,
    store: Option<Arc<dyn TaskStore>>,
    retention: Retention,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            id: None,
            namespace: None,
            credentials: None,
            tls: None,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            session_expiry: None,
            max_packet_size: None,
            keep_alive: None,
            store: None,
            retention: Retention::default(),
        }
    }
}

impl ClientBuilder {
    /// The MQTT client id, and the name that servers see as the caller's claim. One connection at a time may use it. Under a
    /// namespace other than the default the MQTT client id begins with that (`SUB-8`).
    /// Letters, digits, `_`, `.` and `-`, at most 128. Default: a random UUID.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The prefix of all topics (`SUB-2`). Default: `a2a/v1`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// User name and password. They win over those in the URL.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some(Credentials::new(user, password));
        self
    }

    /// Certificates for `mqtts://` and `wss://`. Default: the system's certificate authorities.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The timeout of calls that set none. Default: 30 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long [`connect`](Self::connect) waits for the broker. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the broker keeps answers and results after a lost connection (`SUB-8`), in whole seconds. Default: 60 s, and
    /// one hour with a durable [`store`](Self::store).
    #[must_use]
    pub fn session_expiry(mut self, expiry: Duration) -> Self {
        self.session_expiry = Some(expiry);
        self
    }

    /// The largest packet that is accepted, in bytes. Default: 1 MiB.
    ///
    /// The broker withholds larger ones, so calls say it (`max_message_bytes`, `SUB-14`). What is sent is held to it too, less
    /// 128 bytes for what a broker adds: peers that say nothing have the same default. A message of more than 64 KiB is also
    /// held to what its receiver's card says.
    #[must_use]
    pub fn max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = Some(bytes);
        self
    }

    /// The MQTT keep-alive, at least 5 s. A silent broker is noticed within one and a half of it.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = Some(interval);
        self
    }

    /// Where delegated tasks are kept until their results are taken. With a durable store and an [`id`](Self::id), results
    /// that come after a restart still find their owner: [`Client::results`]. Results are then received from the moment of
    /// connecting. Default: memory.
    #[must_use]
    pub fn store(mut self, store: impl TaskStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// What the store keeps of delegated tasks that ended.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Connects, and waits for the broker to accept.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id or a namespace that breaks the rules, [`Error::Connect`] when the broker refuses or
    /// can't be reached in time.
    pub async fn connect(self, url: &str) -> Result<Client> {
        self.boxed_open(url).await
    }

    // In a box of ours: its code is compiled once, and not again in each program that connects.
    fn boxed_open(self, url: &str) -> BoxFuture<'_, Result<Client>> {
        Box::pin(self.open(url))
    }

    async fn open(self, url: &str) -> Result<Client> {
        let mut problems = Vec::new();
        let id = match &self.id {
            None => Identifier::random(),
            Some(id) => Identifier::portable(id).unwrap_or_else(|error| {
                problems.push(Problem::new(format!("the client id: {error}")));
                Identifier::random()
            }),
        };
        let namespace = match &self.namespace {
            None => Namespace::default(),
            Some(text) => Namespace::parse(text).unwrap_or_else(|error| {
                problems.push(Problem::new(error.to_string()));
                Namespace::default()
            }),
        };
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mut options = LinkOptions::new(url, namespace.client_id(id.as_str()));
        options.clean_start = false;
        let store: Arc<dyn TaskStore> = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let durable = store.is_durable();
        // SUB-8: what a caller without an identity takes; one that keeps its tasks comes back for the results.
        let expiry = if durable { Duration::from_secs(3600) } else { Duration::from_secs(60) };
        options.session_expiry = self.session_expiry.unwrap_or(expiry);
        options.credentials = self.credentials;
        options.tls = self.tls;
        options.max_packet_size = self.max_packet_size.unwrap_or(options.max_packet_size);
        options.keep_alive = self.keep_alive.unwrap_or(options.keep_alive);
        let link = Link::open(options)?;
        let session = Session::new(link.clone(), namespace, id, self.timeout, store, Some(self.retention));
        let receive = async {
            // The session may have results already.
            if durable {
                match timeout(self.connect_timeout, session.receive_results()).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "results of earlier tasks are not received yet"),
                    Err(_) => tracing::warn!("the broker did not grant the subscription to results in time"),
                }
            }
            Ok(())
        };
        tokio::try_join!(link.connected(self.connect_timeout), receive)?;
        link.ready(None);
        Ok(Client::new(SessionHandle::new(Arc::new(session))))
    }
}
