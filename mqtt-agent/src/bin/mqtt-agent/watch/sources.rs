//! Where `watch` reads: the changes of agents and servers, and subscriptions to the topics of calls and tasks.

use futures_util::{Stream, StreamExt};
use mqtt_agent::a2a::{AgentChange, AgentChanges};
use mqtt_agent::topic::{Incoming, Messages};
use mqtt_agent::wire::Namespace;
use mqtt_agent::{Client, Error, ServerChange, ServerChanges, SubscribeError};

use crate::exit::Failure;

/// What can be watched.
pub(super) const KINDS: [&str; 3] = ["presence", "calls", "tasks"];

/// The sources, each `None` where it is not wanted or the broker denies it.
#[derive(Default)]
pub(super) struct Sources {
    agents: Option<AgentChanges>,
    servers: Option<ServerChanges>,
    /// All in one, so that a call is told before its answer.
    messages: Option<Messages>,
}

/// What came.
pub(super) enum Got {
    Agent(Box<AgentChange>),
    Server(Box<ServerChange>),
    Message(Box<Incoming>),
}

/// The filters of calls, their cancellations and answers, and of tasks and their results.
fn filters(namespace: &Namespace) -> [(&'static str, String); 5] {
    [
        ("calls", namespace.tool_call("+")),
        ("calls", namespace.cancel("+")),
        ("calls", namespace.responses("+")),
        ("tasks", namespace.inbox("+")),
        ("tasks", namespace.results("+")),
    ]
}

impl Sources {
    /// Subscribes. A source that the broker denies is left out, and given with its error; when no source is left, that is the
    /// error of the command.
    pub(super) async fn open(
        client: &Client,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<(Self, Vec<(&'static str, SubscribeError)>), Failure> {
        let (mut sources, mut denied) = (Self::default(), Vec::new());
        if is_wanted("presence") {
            sources.agents = Some(client.agents().watch().await?);
            sources.servers = Some(client.servers().watch().await?);
        }
        for (kind, filter) in filters(client.namespace()).into_iter().filter(|(kind, _)| is_wanted(kind)) {
            let subscribe = client.subscribe(filter).without_retained();
            let subscribed = match &mut sources.messages {
                Some(messages) => subscribe.join(messages).await,
                None => subscribe.await.map(|messages| sources.messages = Some(messages)),
            };
            match subscribed {
                Ok(()) => {}
                Err(error @ SubscribeError::Denied { .. }) => denied.push((kind, error)),
                Err(error) => return Err(Error::from(error).into()),
            }
        }
        match denied.pop() {
            Some((_, error)) if sources.agents.is_none() && sources.messages.is_none() => {
                Err(Error::from(error).into())
            }
            last => {
                denied.extend(last);
                Ok((sources, denied))
            }
        }
    }

    /// Waits for the next message; `None` when the connection was closed.
    pub(super) async fn next(&mut self) -> Option<Got> {
        let Self { agents, servers, messages } = self;
        tokio::select! {
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

/// The next item of a source; never, where there is no source.
async fn next<S: Stream + Unpin>(source: &mut Option<S>) -> Option<S::Item> {
    match source {
        Some(source) => source.next().await,
        None => std::future::pending().await,
    }
}
