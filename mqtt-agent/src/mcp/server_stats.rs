//! Asking a server what it counted, and whether it is there (`MCP-20`).

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::ask::ask;
use super::call::CallError;
use super::discover::FindServer;
use crate::link::Message;
use crate::session::SessionHandle;
use crate::wire::{DecodeError, Identifier, Namespace, ServerPing, ServerStats};

impl FindServer {
    /// Asks the server for its statistics (`MCP-20`): for how long it serves, and of each tool the calls, the errors by their
    /// type, what is in hand, and how long calls waited and ran. Waits as long as [`within`](Self::within) says.
    ///
    /// ```no_run
    /// # async fn example(client: mqtt_agent::Client) -> Result<(), mqtt_agent::CallError> {
    /// let stats = client.server("calculator").stats().await?;
    /// for (tool, of) in &stats.tools {
    ///     println!("{tool}: {} calls, 95 % within {} ms", of.calls, of.handling_ms.p95);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The counters are those of one process and begin at zero with it. Times are told with an error of an eighth.
    ///
    /// # Errors
    ///
    /// [`CallError::Unavailable`] where the broker says that nobody answers, [`CallError::Timeout`] where nobody does: the
    /// server is away, is no agent of this library, or may not subscribe the topic.
    pub fn stats(self) -> BoxFuture<'static, Result<ServerStats, CallError>> {
        Box::pin(async move { self.ask(Namespace::server_stats, ServerStats::read).await })
    }

    /// Asks the server whether it is there, and who it is (`MCP-20`). Unlike a card this tells of the process and not of
    /// what the broker keeps. Waits as long as [`within`](Self::within) says.
    ///
    /// # Errors
    ///
    /// Those of [`stats`](Self::stats).
    pub fn ping(self) -> BoxFuture<'static, Result<ServerPing, CallError>> {
        Box::pin(async move { self.ask(Namespace::server_ping, ServerPing::read).await })
    }

    async fn ask<T>(
        self,
        topic: fn(&Namespace, &str) -> String,
        read: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        let (session, id, within) = self.into_parts();
        if let Err(error) = Identifier::parse(&id) {
            return Err(CallError::InvalidName { message: error.to_string() });
        }
        let message = Message::json(topic(session.namespace(), &id), Bytes::from_static(b"{}"));
        let answer = ask(&SessionHandle::new(session), message, Some(within)).await?;
        read(&answer.payload)
            .map_err(|error| CallError::InvalidResponse { message: error.cause().to_string() })
    }
}
