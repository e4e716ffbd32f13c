//! Where `watch` reads: the changes of agents and servers, and subscriptions to the topics of calls and tasks.

use futures_util::{Stream, StreamExt};
use mqtt_agent::a2a::{AgentChange, AgentChanges};
use mqtt_agent::topic::{Incoming, Messages};
use mqtt_agent::wire::Namespace;
use mqtt_agent::{
    Client, ConnectionState, DiscoverError, Error, ServerChange, ServerChanges, SubscribeError,
};
use tokio::sync::watch;

use crate::exit::Failure;

/// What can be watched.
pub(super) const KINDS: [&str; 3] = ["presence", "calls", "tasks"];

/// The sources, each `None` where it is not wanted or the broker refuses it.
pub(super) struct Sources {
    connection: watch::Receiver<ConnectionState>,
    agents: Option<AgentChanges>,
    servers: Option<ServerChanges>,
    /// All in one, so that a call is told before its answer.
    messages: Option<Messages>,
    /// The kinds of which there is a source.
    pub(super) kinds: Vec<&'static str>,
    /// What the broker refused.
    pub(super) refused: Vec<(&'static str, SubscribeError)>,
}

/// What came.
pub(super) enum Got {
    Connection(ConnectionState),
    Agent(Box<AgentChange>),
    Server(Box<ServerChange>),
    Message(Box<Incoming>),
}

/// The filters of calls, their cancellations and answers, and of tasks and their results.
fn filters(namespace: &Namespace) -> [(&'static str, String); 6] {
    [
        ("calls", namespace.tool_call("+")),
        ("calls", namespace.cancel("+")),
        ("calls", namespace.responses("+")),
        ("tasks", namespace.inbox("+")),
        ("tasks", namespace.results("+")),
        ("tasks", namespace.task_result("+")),
    ]
}

impl Sources {
    /// Subscribes. A source that the broker refuses is left out; when no source is left, that is the error of the command.
    pub(super) async fn open(client: &Client, is_wanted: impl Fn(&str) -> bool) -> Result<Self, Failure> {
        let mut connection = client.connection();
        connection.borrow_and_update();
        let (kinds, refused) = (Vec::new(), Vec::new());
        let mut sources = Self { connection, agents: None, servers: None, messages: None, kinds, refused };
        if is_wanted("presence") {
            let agents = client.agents().watch().await.map_err(subscribing);
            sources.agents = sources.granted("presence", agents)?;
            let servers = client.servers().watch().await.map_err(subscribing);
            sources.servers = sources.granted("presence", servers)?;
        }
        for (kind, filter) in filters(client.namespace()).into_iter().filter(|(kind, _)| is_wanted(kind)) {
            let subscribe = client.subscribe(filter).without_retained();
            match &mut sources.messages {
                Some(messages) => {
                    let joined = subscribe.join(messages).await.map_err(Ok);
                    sources.granted(kind, joined)?;
                }
                None => {
                    let messages = subscribe.await.map_err(Ok);
                    sources.messages = sources.granted(kind, messages)?;
                }
            }
        }
        match sources.refused.pop() {
            Some((_, error)) if sources.kinds.is_empty() => Err(Error::from(error).into()),
            last => {
                sources.refused.extend(last);
                Ok(sources)
            }
        }
    }

    /// Notes that there is a source of a kind, or that the broker refuses it.
    fn granted<T>(
        &mut self,
        kind: &'static str,
        source: Result<T, Result<SubscribeError, Failure>>,
    ) -> Result<Option<T>, Failure> {
        use SubscribeError::{Denied, Rejected, Unsupported};
        match source {
            Ok(source) => {
                if self.kinds.last() != Some(&kind) {
                    self.kinds.push(kind);
                }
                Ok(Some(source))
            }
            Err(Ok(error @ (Denied { .. } | Rejected { .. } | Unsupported { .. }))) => {
                self.refused.push((kind, error));
                Ok(None)
            }
            Err(Ok(error)) => Err(Error::from(error).into()),
            Err(Err(failure)) => Err(failure),
        }
    }

    /// Waits for what comes next; `None` when the connection was closed.
    pub(super) async fn next(&mut self) -> Option<Got> {
        let Self { connection, agents, servers, messages, .. } = self;
        tokio::select! {
            changed = connection.changed() => {
                changed.ok().map(|()| Got::Connection(connection.borrow_and_update().clone()))
            }
            change = next(agents) => change.map(|change| Got::Agent(Box::new(change))),
            change = next(servers) => change.map(|change| Got::Server(Box::new(change))),
            message = next(messages) => message.map(|message| Got::Message(Box::new(message))),
        }
    }

    /// How many messages were dropped because they came faster than they were told.
    pub(super) fn missed(&self) -> u64 {
        self.messages.as_ref().map_or(0, Messages::missed)
    }
}

fn subscribing(error: DiscoverError) -> Result<SubscribeError, Failure> {
    match error {
        DiscoverError::Subscribe(error) => Ok(error),
        error => Err(error.into()),
    }
}

/// The next item of a source; never, where there is no source.
async fn next<S: Stream + Unpin>(source: &mut Option<S>) -> Option<S::Item> {
    match source {
        Some(source) => source.next().await,
        None => std::future::pending().await,
    }
}
