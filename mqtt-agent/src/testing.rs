//! Helpers for tests (feature `broker`): an agent that runs on its own broker.
//!
//! [`#[mqtt_agent::test]`](macro@crate::test) passes a [`TestAgent`] to a test function; [`TestAgent::start`] starts
//! one anywhere. It uses the embedded [`crate::broker`]: real topics and messages over a loopback port, without
//! installing a broker. [`check_task_store`] checks a custom task store against the contract.

mod run;

pub use crate::store::conformance::{BrokenRule, check_task_store};
#[doc(hidden)]
pub use run::{agent, run};

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::agent::{Agent, Running};
use crate::broker::{Broker, BrokerError};
use crate::client::Client;
use crate::error::Error;
use crate::mcp::ToolCall;
use crate::shown::debug_as_display;

/// An agent on its own embedded broker, and a client that calls it.
///
/// Cheap to clone; all clones refer to the same agent. Tests are isolated from each other: every broker has its own
/// port.
///
/// ```
/// use mqtt_agent::prelude::*;
/// use mqtt_agent::testing::TestAgent;
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(a: f64, b: f64) -> f64 {
///     a + b
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let agent = TestAgent::start(Agent::new("calculator").tools(tools![add])).await?;
/// assert_eq!(agent.call("add", json!({"a": 1, "b": 2})).await?, json!(3.0));
/// agent.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestAgent {
    url: Arc<str>,
    client: Client,
    running: Arc<Mutex<Option<(Running, Broker)>>>,
}

impl TestAgent {
    /// Starts a broker on a free port of 127.0.0.1, the agent, and a client with its own connection.
    ///
    /// # Errors
    ///
    /// [`TestError::Agent`] with every problem when the agent is invalid; [`TestError::Broker`] when the embedded broker
    /// cannot listen.
    pub async fn start(agent: Agent) -> Result<Self, TestError> {
        // Before anything else: what is wrong with the agent is what the test is told.
        let agent = agent.build()?;
        let broker = Broker::start().await?;
        let url = broker.url();
        let running = agent.start(&url).await?;
        let client = Client::connect(&url).await?;
        Ok(Self { url: url.into(), client, running: Arc::new(Mutex::new(Some((running, broker)))) })
    }

    /// A client that does not share the agent's connection.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Calls a tool of the agent; see [`Client::call`].
    pub fn call(&self, tool: impl Into<String>, arguments: impl Serialize) -> ToolCall<Value> {
        self.client.call(tool, arguments)
    }

    /// The broker's URL: `mqtt://127.0.0.1:{port}`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the agent cleanly, and then its broker. [`#[mqtt_agent::test]`](macro@crate::test) does this automatically
    /// at the end of the test, also after a panic. A second call has no effect.
    pub async fn stop(&self) {
        let Some((running, broker)) = self.running.lock().await.take() else { return };
        self.client.clone().close().await;
        running.stop().await;
        broker.stop().await;
    }
}

/// The error of starting a [`TestAgent`].
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The broker did not start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The agent or its client did not start.
    #[error(transparent)]
    Agent(#[from] Error),
}

debug_as_display!(TestError);

/// The future of a test's parameter.
#[doc(hidden)]
pub type Made<'a, T> = Pin<Box<dyn Future<Output = Result<T, Box<dyn StdError + Send + Sync>>> + 'a>>;

/// A type that can be a parameter of a test with [`#[mqtt_agent::test]`](macro@crate::test).
///
/// [`TestAgent`] is the agent; each [`Client`] has its own connection. Implement this trait for the fixtures of your
/// tests:
///
/// ```
/// use mqtt_agent::testing::{FromTest, TestAgent};
///
/// struct Account(u64);
///
/// impl FromTest for Account {
///     async fn from_test(agent: &TestAgent) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Account(agent.call("open_account", ()).returning().await?))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a test",
    label = "not given by the test's agent",
    note = "take a `mqtt_agent::testing::TestAgent` or a `mqtt_agent::Client`, or implement `mqtt_agent::testing::FromTest`"
)]
pub trait FromTest: Sized {
    /// Makes the value. The agent is already started; an error fails the test.
    fn from_test(agent: &TestAgent) -> impl Future<Output = Result<Self, Box<dyn StdError + Send + Sync>>>;

    /// [`from_test`](Self::from_test) with a named future. With an unnamed one, the compiler would report a second
    /// error for a type without the trait.
    #[doc(hidden)]
    fn boxed_from_test<'a>(agent: &'a TestAgent) -> Made<'a, Self>
    where
        Self: 'a,
    {
        Box::pin(Self::from_test(agent))
    }
}

#[diagnostic::do_not_recommend]
impl FromTest for TestAgent {
    async fn from_test(agent: &TestAgent) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(agent.clone())
    }
}

#[diagnostic::do_not_recommend]
impl FromTest for Client {
    async fn from_test(agent: &TestAgent) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Client::connect(agent.url()).await?)
    }
}
