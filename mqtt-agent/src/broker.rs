//! An embedded MQTT 5 broker for development and tests (feature `broker`).
//!
//! It listens on a loopback address and accepts every client, or only clients with a password. It keeps everything in
//! memory and loses it when it stops, unless it has a [folder](BrokerBuilder::folder). In production run a separate broker, such as Mosquitto.

mod users;

use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt5::MqttError;
use mqtt5::broker::config::{AuthConfig, BrokerConfig, StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::files::own_folder;
use crate::shown::debug_as_display;
use users::Users;

/// What the broker's library says when it cannot listen; it has one kind of error for this and for a folder.
const BIND: &str = "Failed to bind";

/// How long `stop` waits for the broker's tokio tasks.
const STOP: Duration = Duration::from_secs(5);

/// A broker in this process. Dropping it stops it.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mqtt_agent::broker::Broker;
///
/// let broker = Broker::start().await?;
/// let client = mqtt_agent::Client::connect(&broker.url()).await?;
/// client.close().await;
/// broker.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct Broker {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    task: Option<JoinHandle<()>>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The error of starting the embedded broker.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// It cannot listen.
    #[error("the embedded broker cannot listen on `{address}`: {reason}; take another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// It cannot use its [folder](BrokerBuilder::folder).
    #[error("the embedded broker cannot use the folder `{}`: {reason}; take another folder", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
}

impl BrokerError {
    fn folder(folder: &Path, reason: String) -> Self {
        Self::Folder { folder: folder.to_owned(), reason }
    }
}

debug_as_display!(BrokerError);

/// The configuration of an embedded broker: an address, and the users that may connect.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mqtt_agent::broker::Broker;
/// use mqtt_agent::{Client, ConnectOptions};
///
/// let broker = Broker::builder().user("press", "steel").start().await?;
/// let options = ConnectOptions::new(broker.url());
/// let client = Client::connect(options.clone().credentials("press", "steel")).await?;
/// assert!(Client::connect(options).await.is_err());
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a broker listens once it is started"]
pub struct BrokerBuilder {
    address: SocketAddr,
    users: HashMap<String, String>,
    folder: Option<PathBuf>,
}

impl fmt::Debug for BrokerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, users, folder } = self;
        let users: Vec<_> = users.keys().collect();
        let mut debug = f.debug_struct("BrokerBuilder");
        debug.field("address", address).field("users", &users).field("folder", folder).finish()
    }
}

impl BrokerBuilder {
    /// The address to listen on. Default: a free port of 127.0.0.1.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Adds a user with its password. Default: no users, so every client that can reach the address can connect. With
    /// users, only these can connect.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.insert(name.into(), password.into());
        self
    }

    /// A folder for retained messages, sessions and the messages that wait for them: a later broker with this folder has them
    /// again. It is created if it does not exist; one broker at a time can use it. Default: none, everything is in memory.
    ///
    /// Retained messages are written before their publisher is answered, or an error is logged. The rest is written within a
    /// second: a process that is killed may lose it. There are no `$SYS` topics, which would be written every 10 s.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Starts the broker.
    ///
    /// # Errors
    ///
    /// When it cannot listen, or cannot use its folder.
    pub async fn start(self) -> Result<Broker, BrokerError> {
        let Self { address, users, folder } = self;
        let storage = match &folder {
            None => StorageConfig::new().with_backend(StorageBackend::Memory),
            Some(folder) => {
                // What is in it may be secret.
                own_folder(folder).map_err(|e| BrokerError::folder(folder, e.to_string()))?;
                StorageConfig::new().with_backend(StorageBackend::File).with_base_dir(folder.clone())
            }
        };
        let mut config = BrokerConfig::default()
            .with_bind_address(address)
            // Where there are users, they decide.
            .with_auth(AuthConfig::new().with_allow_anonymous(true))
            .with_storage(storage);
        // They would be written again and again.
        config.sys_topics_enabled = folder.is_none();
        let error = |reason: String| BrokerError::Listen { address, reason };
        let mut broker = MqttBroker::with_config(config).await.map_err(|e| match (e, &folder) {
            (MqttError::Configuration(reason), Some(folder)) if !reason.contains(BIND) => {
                BrokerError::folder(folder, reason)
            }
            (e, _) => error(e.to_string()),
        })?;
        if !users.is_empty() {
            broker = broker.with_auth_provider(Arc::new(Users(users)));
        }
        let address = broker.local_addr().ok_or_else(|| error("it has no address".to_owned()))?;
        let (shutdown, mut ready) = (broker.shutdown_handle(), broker.ready_receiver());
        let (ended, end) = oneshot::channel();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                crate::log::error!(%error, "the embedded broker ended");
                // Nobody waits for it any more once it is ready.
                let _ = ended.send(error.to_string());
            }
            // What connections gave back when they were closed.
            if let Some(storage) = broker.storage()
                && let Err(error) = storage.shutdown().await
            {
                crate::log::error!(%error, "failed to write what the embedded broker keeps");
            }
        });
        let started = Broker { address, shutdown, task: Some(task) };
        tokio::select! {
            biased;
            Ok(_) = ready.wait_for(|ready| *ready) => Ok(started),
            Ok(reason) = end => Err(match &folder {
                Some(folder) => BrokerError::folder(folder, reason),
                None => error(reason),
            }),
            else => Err(error("it ended".to_owned())),
        }
    }
}

impl Broker {
    /// A broker with users, or at an address: see [`BrokerBuilder`].
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder { address: (Ipv4Addr::LOCALHOST, 0).into(), users: HashMap::new(), folder: None }
    }

    /// Starts on a free port of 127.0.0.1, for every client.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub async fn start() -> Result<Self, BrokerError> {
        Self::builder().start().await
    }

    /// Starts on a given address, for example on the port of a broker that was stopped. Every client that can reach the
    /// address can connect.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub async fn start_at(address: SocketAddr) -> Result<Self, BrokerError> {
        Self::builder().address(address).start().await
    }

    /// The broker's URL: `mqtt://127.0.0.1:{port}`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the broker: it closes its connections. Without a [folder](BrokerBuilder::folder), sessions and retained messages
    /// are gone.
    pub async fn stop(mut self) {
        self.shutdown.shutdown();
        let Some(mut task) = self.task.take() else { return };
        if tokio::time::timeout(STOP, &mut task).await.is_err() {
            task.abort();
            drop(task.await);
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shutdown.shutdown();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
