//! [`Forms`]: the questions that a host of an earlier revision shows to its person. They stay open when the call ends that
//! brought them, for a person may take longer than a host waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rmcp::model::{ClientResult, ElicitRequest, ServerRequest};
use rmcp::service::{Peer, PeerRequestOptions, RequestHandle, RoleServer, ServiceError};
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::outcome::Failure;
use super::question::{self, Reply};
use super::shared::Shared;
use crate::spawn;

/// Those of one host, by their questions. Dropped, it waits for no answers.
#[derive(Debug, Default)]
pub(super) struct Forms(Mutex<HashMap<String, AbortOnDropHandle<()>>>);

/// A question of a task.
pub(super) struct Open {
    pub(super) id: String,
    pub(super) owner: Option<String>,
    pub(super) key: String,
    pub(super) text: String,
}

impl Forms {
    /// Shows a question, once. What the person says goes to the task.
    pub(super) async fn show(
        &self,
        shared: &Arc<Shared>,
        peer: &Peer<RoleServer>,
        open: Open,
    ) -> Result<(), Failure> {
        let name = format!("{}/{}", open.id, open.key);
        let mut forms = self.0.lock().await;
        forms.retain(|_, form| !form.is_finished());
        if forms.contains_key(&name) {
            return Ok(());
        }
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(question::form(&open.text)?));
        // Within the call: over HTTP the question goes to its stream.
        let sent = peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        // To a host that is gone nothing is shown; another one may be asked.
        if let Ok(sent) = sent {
            forms.insert(name, spawn::owned(hear(Arc::clone(shared), open, sent)));
        }
        Ok(())
    }
}

/// Waits for the answer. A question that is answered elsewhere, or taken back, is taken from the person.
async fn hear(shared: Arc<Shared>, open: Open, mut sent: RequestHandle<RoleServer>) {
    let Open { id, owner, key, .. } = open;
    let said = tokio::select! {
        said = &mut sent.rx => said,
        () = closed(&shared, &id, owner.as_deref(), &key) => {
            // A host that is gone shows nothing.
            drop(sent.cancel(Some("the question is not open any more".to_owned())).await);
            return;
        }
    };
    let answer = match said {
        Ok(Ok(ClientResult::ElicitResult(result))) => Reply::from(result).answer(),
        Ok(Ok(_)) => Err(question::failed(ServiceError::UnexpectedResponse)),
        Ok(Err(error @ ServiceError::McpError(_))) => Err(question::failed(error)),
        // The host is gone, and has not said anything: another one may be asked.
        Ok(Err(_)) | Err(_) => return,
    };
    shared.book.answer(&id, &key, answer);
}

/// Waits until a question is not open any more.
async fn closed(shared: &Shared, id: &str, owner: Option<&str>, key: &str) {
    while let Ok((asked, mut changes)) = shared.book.asked_now(id, owner, Instant::now()) {
        if asked.as_deref() != Some(key) || changes.changed().await.is_err() {
            return;
        }
    }
}
