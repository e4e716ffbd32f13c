//! [`Principals`]: the state of each identity: its client on the broker, and its sessions, which no other identity can
//! use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::caller::Caller;
use super::super::host::Host;
use super::super::shared::Shared;
use super::sessions::Sessions;
use crate::shown::shown;
use crate::wire::Identifier;

/// How many identities are kept.
const MOST: usize = 1024;

/// How many requests of one identity run at once, streams among them.
const MOST_REQUESTS: usize = 512;

/// What is kept for one identity. Dropped, its sessions and its streams end.
pub(super) struct Principal {
    pub(super) service: StreamableHttpService<Host, Sessions>,
    sessions: Arc<Sessions>,
    /// Places for requests.
    pub(super) requests: Arc<Semaphore>,
    used: Mutex<Instant>,
    _ended: DropGuard,
}

impl Principal {
    fn used(&self) -> MutexGuard<'_, Instant> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.requests.available_permits() == MOST_REQUESTS
    }
}

/// All of them.
pub(super) struct Principals {
    shared: Arc<Shared>,
    config: StreamableHttpServerConfig,
    most_sessions: usize,
    book: Mutex<HashMap<Option<Identifier>, Arc<Principal>>>,
}

impl Principals {
    pub(super) fn new(shared: Arc<Shared>, config: StreamableHttpServerConfig, most_sessions: usize) -> Self {
        Self { shared, config, most_sessions, book: Mutex::default() }
    }

    fn book(&self) -> MutexGuard<'_, HashMap<Option<Identifier>, Arc<Principal>>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept for an identity; `None` where there is no room for one more.
    pub(super) fn of(&self, identity: Option<Identifier>) -> Option<Arc<Principal>> {
        let mut book = self.book();
        let mut out = None;
        if !book.contains_key(&identity) && book.len() >= MOST {
            let idle = book.iter().filter(|(_, principal)| principal.is_idle());
            let oldest =
                idle.min_by_key(|(_, principal)| *principal.used()).map(|(identity, _)| identity.clone())?;
            out = book.remove(&oldest);
        }
        let principal = book.entry(identity.clone()).or_insert_with(|| self.make(identity));
        let principal = Arc::clone(principal);
        *principal.used() = Instant::now();
        drop(book);
        // Not under the lock: much ends with it.
        drop(out);
        Some(principal)
    }

    fn make(&self, identity: Option<Identifier>) -> Arc<Principal> {
        let caller = Arc::new(identity.map_or_else(Caller::bridge, Caller::of));
        let ended: CancellationToken = self.shared.stopped.child_token();
        let sessions = Arc::new(Sessions::new(self.most_sessions));
        let shared = Arc::clone(&self.shared);
        let service = StreamableHttpService::new(
            move || Ok(Host::new(Arc::clone(&shared), Arc::clone(&caller))),
            Arc::clone(&sessions),
            self.config.clone().with_cancellation_token(ended.clone()),
        );
        Arc::new(Principal {
            service,
            sessions,
            requests: Arc::new(Semaphore::new(MOST_REQUESTS)),
            used: Mutex::new(Instant::now()),
            _ended: ended.drop_guard(),
        })
    }

    /// Ends those that may not come in any more.
    pub(super) fn retain(&self, is_known: impl Fn(Option<&Identifier>) -> bool) {
        let is_unknown = |identity: &Option<Identifier>, _: &mut Arc<Principal>| !is_known(identity.as_ref());
        let gone: Vec<_> = self.book().extract_if(is_unknown).collect();
        for (identity, principal) in gone {
            let identity = identity.as_ref().map_or("", Identifier::as_str);
            crate::log::info!(identity = %shown(identity), "ended the sessions of an identity without a token");
            // Requests that run hold it too.
            principal.service.config.cancellation_token.cancel();
        }
        // Also those of identities that were left out since, for they were idle.
        self.shared.book.retain(|owner| match owner {
            Some(owner) => Identifier::parse(owner).is_ok_and(|owner| is_known(Some(&owner))),
            None => is_known(None),
        });
    }

    /// Ends sessions that are unused for too long.
    pub(super) async fn tidy(&self) {
        let all: Vec<_> = self.book().values().map(|principal| Arc::clone(&principal.sessions)).collect();
        for sessions in all {
            sessions.tidy().await;
        }
    }
}
