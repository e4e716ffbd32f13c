//! User name and password, and where they come from.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use tokio::sync::oneshot;

use crate::causes::chain;
use crate::spawn;

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
            Self::Callback(callback) => format!("{:p}", Arc::as_ptr(callback)),
        }
    }

    /// The credentials for one attempt to connect, or why there are none. A callback runs in a task of its own, so that one that
    /// panics ends nothing else.
    pub(crate) async fn ask(&self) -> Result<Credentials, String> {
        let callback = match self {
            Self::Fixed(credentials) => return Ok(credentials.clone()),
            Self::Callback(callback) => Arc::clone(callback),
        };
        let (tell, told) = oneshot::channel();
        let _task = spawn::owned(async move {
            let _ = tell.send(callback().await);
        });
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
            Self::Callback(_) => f.write_str("Callback"),
        }
    }
}
