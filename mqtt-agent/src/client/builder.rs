//! [`ClientBuilder`]: builds a client.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::Client;
use super::connect_options::ConnectOptions;
use crate::a2a::{MemoryStore, Retention, TaskStore};
use crate::error::{Error, Problem, Result};
use crate::link::Link;
use crate::session::{Session, SessionHandle};
use crate::store::Guarded;
use crate::wire::{Identifier, Namespace};

/// Settings of a [`Client`] that do not concern its connection: where its tasks are stored.
///
/// ```no_run
/// use mqtt_agent::a2a::MemoryStore;
/// use mqtt_agent::prelude::*;
///
/// # async fn example() -> mqtt_agent::Result<()> {
/// let options = ConnectOptions::new("mqtt://localhost").id("planner");
/// let client = Client::builder().store(MemoryStore::new()).connect(options).await?;
/// # client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientBuilder {
    store: Option<Arc<dyn TaskStore>>,
    retention: Retention,
}

impl ClientBuilder {
    /// Sets the store for delegated tasks, which keeps them until their results are taken. With a durable store and an
    /// [`id`](ConnectOptions::id), results that arrive after a restart are still reported by [`Client::results`], and
    /// the client receives results as soon as it connects. Default: memory.
    #[must_use]
    pub fn store(mut self, store: impl TaskStore) -> Self {
        self.store = Some(Guarded::around(store));
        self
    }

    /// Limits how many ended tasks the store keeps. Default: 10,000, for 7 days.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Connects to a broker (a URL or [`ConnectOptions`]), and waits until it accepts the connection.
    ///
    /// # Errors
    ///
    /// Those of [`Client::connect`].
    pub async fn connect(self, to: impl Into<ConnectOptions>) -> Result<Client> {
        self.boxed_open(to.into()).await
    }

    // In a box of ours: its code is compiled once, and not again in each program that connects.
    fn boxed_open(self, options: ConnectOptions) -> BoxFuture<'static, Result<Client>> {
        Box::pin(self.open(options))
    }

    async fn open(self, options: ConnectOptions) -> Result<Client> {
        let (id, namespace) = identity(&options)?;
        let store: Arc<dyn TaskStore> = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let durable = store.is_durable();
        // SUB-8: what a caller without an identity takes; one that keeps its tasks comes back for the results.
        let usual = if durable { Duration::from_secs(3600) } else { Duration::from_secs(60) };
        let expiry = options.session_expiry.unwrap_or(usual);
        let (patience, first, call_timeout) =
            (options.connect_timeout, options.first_patience(), options.call_timeout);
        let link = Link::open(options.link(namespace.client_id(id.as_str()), expiry))?;
        let session = Session::new(link.clone(), namespace, id, call_timeout, store, Some(self.retention));
        let connected = link.connected(first);
        if durable {
            // The session may have results already: they are asked for with the first packets.
            let mut results = pin!(session.receive_results());
            let granted = async {
                tokio::select! {
                    biased;
                    granted = &mut results => Some(granted),
                    connected = link.connected(first) => match connected {
                        Ok(()) => timeout(patience, results).await.ok(),
                        // The other wait says it.
                        Err(_) => None,
                    }
                }
            };
            let (connected, granted) = tokio::join!(connected, granted);
            connected?;
            session.took_up_results(granted);
        } else {
            connected.await?;
        }
        link.ready(None);
        Ok(Client::new(SessionHandle::new(Arc::new(session))))
    }
}

/// The client's id and namespace, or all problems with them.
fn identity(options: &ConnectOptions) -> Result<(Identifier, Namespace)> {
    let mut problems = Vec::new();
    let id = match (&options.id, &options.instance) {
        (None, _) => Ok(Identifier::random()),
        (Some(id), None) => Identifier::portable(id),
        (Some(id), Some(instance)) => Identifier::portable(&format!("{id}-{instance}")),
    };
    let id = id.map_err(|error| problems.push(Problem::new(format!("the client id: {error}")))).ok();
    let namespace = options.namespace.as_deref().map_or_else(|| Ok(Namespace::default()), Namespace::parse);
    let namespace = namespace.map_err(|error| problems.push(Problem::new(error.to_string()))).ok();
    id.zip(namespace).ok_or(Error::Invalid(problems))
}
