//! [`Caller`]: the identity of a host on the broker: the bridge's, or its own.
//!
//! A host's own identity comes from its credentials. It is the `client` of its calls, has its own reply topic, which
//! the broker's rules may deny (`SUB-7`), and decides which tools are listed (`MCP-18`). All identities share one
//! connection.

use std::sync::OnceLock;

use tokio::sync::Semaphore;

use crate::client::Client;
use crate::wire::Identifier;

/// How many calls of one identity run at once; more are refused, so that no identity takes the places of the others.
pub(super) const MOST_CALLS: usize = 256;

/// Who a host is on the broker.
#[derive(Debug)]
pub(super) struct Caller {
    /// `None`: the bridge itself.
    identity: Option<Identifier>,
    client: OnceLock<Client>,
    pub(super) calls: Semaphore,
}

impl Caller {
    /// The bridge itself, for hosts that nobody tells apart.
    pub(super) fn bridge() -> Self {
        Self { identity: None, client: OnceLock::new(), calls: Semaphore::new(Semaphore::MAX_PERMITS) }
    }

    /// Somebody with an identity.
    #[cfg(feature = "mcp-http")]
    pub(super) fn of(identity: Identifier) -> Self {
        Self { identity: Some(identity), client: OnceLock::new(), calls: Semaphore::new(MOST_CALLS) }
    }

    /// `None`: the bridge itself.
    pub(super) fn identity(&self) -> Option<&str> {
        self.identity.as_ref().map(Identifier::as_str)
    }

    /// Its client on the bridge's connection.
    pub(super) fn client(&self, bridge: &Client) -> Client {
        match &self.identity {
            // Two of one identity would share a reply topic, and the answers.
            Some(identity) if identity.as_str() != bridge.id() => {
                self.client.get_or_init(|| bridge.of_caller(identity.clone())).clone()
            }
            _ => bridge.clone(),
        }
    }
}
