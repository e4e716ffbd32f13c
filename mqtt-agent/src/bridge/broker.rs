//! [`Broker`]: the connection to the broker, which may be made after the host connects, and may be lost.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{Client, ConnectOptions};
use crate::error::{Error, Result};
use crate::link::{ConnectError, ConnectionState};

/// How long it is waited after what another attempt alone doesn't heal, as a wrong password.
const PAUSE: Duration = Duration::from_secs(30);

/// What there is of a connection.
#[derive(Debug, Clone)]
pub(super) enum Broker {
    Connecting,
    /// The broker does not let us in.
    Refused(Arc<str>),
    /// It was made once; it comes back by itself.
    Made(Client),
}

/// A connection that is being made.
pub(super) type Attempt = Pin<Box<dyn Future<Output = Result<Client>> + Send>>;

/// Begins to connect. What is wrong with the options themselves is an error at once.
pub(super) async fn begin(options: &ConnectOptions) -> Result<Attempt> {
    let mut attempt: Attempt = Box::pin(Client::connect(options.clone().retry_first_connection()));
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(attempt.as_mut().poll(cx)));
    match first.await {
        std::task::Poll::Ready(Err(error)) if is_permanent(&error) => Err(error),
        std::task::Poll::Ready(made) => Ok(Box::pin(std::future::ready(made))),
        std::task::Poll::Pending => Ok(attempt),
    }
}

/// Whether the options are wrong, whatever the broker says.
fn is_permanent(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid(_)
            | Error::Connect(
                ConnectError::InvalidUrl { .. }
                    | ConnectError::FeatureMissing { .. }
                    | ConnectError::InvalidOption { .. }
            )
    )
}

/// Connects, for as long as it takes.
pub(super) async fn connect(first: Attempt, options: ConnectOptions, told: watch::Sender<Broker>) {
    let mut attempt = first;
    loop {
        match attempt.await {
            Ok(client) => {
                told.send_replace(Broker::Made(client));
                return;
            }
            Err(error) => {
                crate::log::warn!(%error, "failed to connect to the broker; the next attempt is in 30 s");
                told.send_replace(Broker::Refused(error.to_string().into()));
                sleep(PAUSE).await;
                attempt = Box::pin(Client::connect(options.clone().retry_first_connection()));
            }
        }
    }
}

/// A client whose connection is up, or why there is none in time.
pub(super) async fn client(mut broker: watch::Receiver<Broker>, within: Duration) -> Result<Client, String> {
    let until = Instant::now() + within;
    let none = "there is no connection to the broker; is it running, and is the URL right?";
    let made = async {
        loop {
            match &*broker.borrow_and_update() {
                Broker::Made(client) => return Ok(client.clone()),
                Broker::Refused(error) => return Err(error.to_string()),
                Broker::Connecting => {}
            }
            broker.changed().await.map_err(|_| "the bridge was stopped".to_owned())?;
        }
    };
    let client = timeout_at(until, made).await.map_err(|_| none.to_owned())??;
    let mut connection = client.connection();
    let up = connection.wait_for(ConnectionState::is_connected);
    match timeout_at(until, up).await {
        Ok(Ok(_)) => {}
        _ => return Err(none.to_owned()),
    }
    Ok(client)
}
