//! [`Scope`]: what a call inherits from the handler that makes it, and [`SessionHandle`]: a session as used in a handler.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Session;
use super::windows::Windows;
use crate::deadline;
use crate::wire::{CallPath, TraceContext};

/// What a call inherits from the call in whose handler it is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancellation: Option<CancellationToken>,
    pub(crate) trace: Option<TraceContext>,
    /// Whose places it holds.
    pub(crate) path: CallPath,
    /// A handler's calls have windows of their own: they wait for each other and for no call that may wait for the
    /// handler, so calls in calls cannot come to a standstill.
    pub(crate) windows: Option<Arc<Windows>>,
}

/// That of calls outside of handlers: nothing is inherited.
static OUTSIDE: Scope =
    Scope { deadline: None, cancellation: None, trace: None, path: CallPath::NONE, windows: None };

impl Scope {
    /// Whether the handler is cancelled, or has ended: then it asks for nothing more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Ends when the handler is cancelled that makes the call; never outside of one.
    pub(crate) async fn cancelled(&self) {
        match &self.cancellation {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

/// A session, as the code of one handler sees it, or anybody outside of handlers.
#[derive(Debug, Clone)]
pub(crate) struct SessionHandle {
    session: Arc<Session>,
    // Shared: each call has a handle, and most are made outside of handlers.
    scope: Option<Arc<Scope>>,
}

impl SessionHandle {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, scope: None }
    }

    /// The same session, seen from a handler.
    pub(crate) fn scoped(&self, scope: Scope) -> Self {
        Self { session: Arc::clone(&self.session), scope: Some(Arc::new(scope)) }
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn scope(&self) -> &Scope {
        self.scope.as_deref().unwrap_or(&OUTSIDE)
    }

    /// The windows of its calls.
    pub(crate) fn windows(&self) -> &Windows {
        self.scope().windows.as_deref().unwrap_or_else(|| self.session.windows())
    }

    /// When a call with this timeout ends: with the session's where it has none, and with the handler that makes it.
    pub(crate) fn deadline(&self, timeout: Option<Duration>) -> Instant {
        let own = deadline::within(timeout.unwrap_or_else(|| self.session.timeout()));
        self.scope().deadline.map_or(own, |inherited| inherited.min(own))
    }
}
