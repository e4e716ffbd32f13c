//! Statistics and ping of a server (`MCP-20`).

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::ask::ask;
use super::call::CallError;
use super::discover::FindServer;
use crate::link::Message;
use crate::session::SessionHandle;
use crate::wire::{DecodeError, Identifier, Namespace, ServerPing, ServerStats};

impl FindServer {
    /// Requests the server's statistics (`MCP-20`): its uptime, and for each tool the calls, the errors by type, the
    /// pending calls, and how long calls waited and ran. Waits for at most [`within`](Self::within).
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
    /// The counters start at zero with the server's process. Times have a relative error of up to 1/8.
    ///
    /// # Errors
    ///
    /// [`CallError::Unavailable`] if the broker reports that there is no receiver, [`CallError::Timeout`] if there is
    /// no answer: the server is offline, does not use this library, or is not allowed to subscribe to the topic.
    pub fn stats(self) -> BoxFuture<'static, Result<ServerStats, CallError>> {
        Box::pin(async move { self.ask(Namespace::server_stats, ServerStats::read).await })
    }

    /// Pings the server (`MCP-20`). Unlike a card, which the broker retains, the answer comes from the running process.
    /// Waits for at most [`within`](Self::within).
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
        let answer = ask(&SessionHandle::new(session), message, Some(within), "within").await?;
        read(&answer.payload)
            .map_err(|error| CallError::InvalidResponse { message: error.cause().to_string() })
    }
}
