//! Looks up whether an agent is online, when it sent no result in time: for the error's text.

use std::sync::Arc;
use std::time::Duration;

use crate::a2a::discover::FindAgent;
use crate::session::{DelegateError, LOOK, Session};
use crate::wire::{Identifier, Status};

/// The error of a task without a result in time.
pub(super) async fn late(
    session: &Arc<Session>,
    task_id: &Identifier,
    agent: String,
    after: Duration,
) -> DelegateError {
    let online = is_online(session, &agent).await;
    let near = match online {
        Some(false) => {
            session.delegations().near(&agent, session.id().as_str()).as_deref().map(str::to_owned)
        }
        Some(true) | None => None,
    };
    DelegateError::Timeout { task_id: task_id.to_string(), agent, after, online, near }
}

/// Whether the agent is online, as far as can be seen; `None` where that can't be known, as of replicas.
async fn is_online(session: &Arc<Session>, agent: &str) -> Option<bool> {
    if session.delegations().is_online(agent) {
        return Some(true);
    }
    if session.delegations().is_there(agent) {
        // Its id begins as that of a replica does.
        return None;
    }
    // Not every agent has a status, and a broker may have dropped one among many.
    let find = FindAgent::new(Arc::clone(session), agent.to_owned()).within(LOOK / 2);
    let look = async {
        let card = find.await.ok()?;
        Some(card.is_some_and(|card| card.status == Status::Online))
    };
    session.seen_agents().is_online(&agent.into(), look).await
}
