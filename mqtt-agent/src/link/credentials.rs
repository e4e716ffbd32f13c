//! User name and password, and their sources.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::password_file::PasswordFile;
use crate::causes::chain;

/// User name and password for the broker. The `Debug` output omits the password.
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

    pub(super) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a callback for credentials comes to.
pub(crate) type Asked = Result<Credentials, Box<dyn Error + Send + Sync>>;

/// Where the credentials come from.
#[derive(Clone)]
pub(crate) enum CredentialSource {
    /// The same for all connections.
    Fixed(Credentials),
    /// Read before each attempt to connect.
    File(Arc<PasswordFile>),
    /// Asked before each attempt to connect.
    Callback(Arc<dyn Fn() -> BoxFuture<'static, Asked> + Send + Sync>),
}

impl CredentialSource {
    /// One that asks a callback.
    pub(crate) fn asking<F, R, E>(ask: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Self::Callback(Arc::new(move || ask().map_err(Into::into).boxed()))
    }

    /// The user name; of a callback, which may name anybody, what is the same for its clones alone.
    pub(super) fn user(&self) -> String {
        match self {
            Self::Fixed(credentials) => credentials.username.clone(),
            Self::File(file) => file.user().to_owned(),
            Self::Callback(callback) => format!("{:p}", Arc::as_ptr(callback)),
        }
    }

    /// What is said where they do not come in time.
    pub(super) fn late(&self) -> String {
        match self {
            Self::File(file) => format!("{} could not be read in time", file.named()),
            Self::Fixed(_) | Self::Callback(_) => {
                "the callback for the credentials did not answer in time".to_owned()
            }
        }
    }

    /// The credentials for one attempt to connect, or why there are none.
    ///
    /// A callback runs on a thread for blocking work: one that blocks keeps up neither the connection nor anybody's worker,
    /// and one that panics ends nothing else. It is dropped with the attempt. One that blocks can't be: then the next attempt
    /// waits for its end, at `turns`, and doesn't begin a second one beside it.
    pub(crate) async fn ask(&self, turns: &Arc<Semaphore>) -> Result<Credentials, String> {
        let callback = match self {
            Self::Fixed(credentials) => return Ok(credentials.clone()),
            Self::File(file) => {
                let password = file.read(Arc::clone(turns).acquire_owned().await).await?;
                return Ok(Credentials::new(file.user(), password));
            }
            Self::Callback(callback) => Arc::clone(callback),
        };
        let turn = Arc::clone(turns).acquire_owned().await;
        let given_up = CancellationToken::new();
        let _guard = given_up.clone().drop_guard();
        let runtime = Handle::current();
        let (tell, told) = oneshot::channel();
        let ask = move || {
            // Also where the callback panics: it is over then.
            let _turn = turn;
            let asked = given_up.run_until_cancelled_owned(async move { callback().await });
            if let Some(asked) = runtime.block_on(asked) {
                let _ = tell.send(asked);
            }
        };
        drop(tokio::task::spawn_blocking(ask));
        match told.await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(chain(&*error)),
            Err(_) => Err("their callback panicked".to_owned()),
        }
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(credentials) => credentials.fmt(f),
            Self::File(file) => f.debug_tuple("File").field(&file.user()).finish(),
            Self::Callback(_) => f.write_str("Callback"),
        }
    }
}
