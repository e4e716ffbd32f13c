//! [`Connection`]: MCP with one server, from its handshake to its end.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ServerPeerInfo, Tool};
use rmcp::service::{Peer, RunningService, ServiceError, serve_client};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ClientHandler, RoleClient};
use tokio::time::timeout;

use super::error::ServerError;
use super::group::Group;
use super::lanes::{Lanes, Watched};
use super::source::McpServer;

/// How long a server may take to start and to say hello. `npx` may have to fetch it first.
const HELLO: Duration = Duration::from_secs(120);

/// How long a server may take to list what it has.
const LIST: Duration = Duration::from_secs(30);

/// How many tools of a server are looked at.
const MOST_TOOLS: usize = 10_000;

/// What this client can do for servers: nothing.
#[derive(Debug)]
struct Plain;

impl ClientHandler for Plain {
    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("mqtt-agent", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), implementation)
    }
}

/// What calls need of a connection.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) peer: Peer<RoleClient>,
    pub(super) lanes: Arc<Lanes>,
}

/// A server that said hello.
pub(super) struct Connection {
    line: Line,
    service: RunningService<RoleClient, Plain>,
    group: Group,
}

impl Connection {
    /// Starts a server, and waits until it said hello.
    pub(super) async fn open(server: &McpServer) -> Result<Self, ServerError> {
        let (mut group, stdout, stdin) =
            Group::start(server).map_err(|error| ServerError::start(server, &error))?;
        let lanes = Arc::new(Lanes::default());
        let transport =
            Watched { transport: AsyncRwTransport::new(stdout, stdin), lanes: Arc::clone(&lanes) };
        let hello = timeout(HELLO, serve_client(Plain, transport));
        // One that ends at once closes its stdout as well, which alone would not say why.
        let service = tokio::select! {
            hello = hello => match hello {
                Ok(Ok(service)) => service,
                Ok(Err(error)) => {
                    return Err(match timeout(Duration::from_secs(1), group.ended()).await {
                        Ok(status) => ServerError::Ended { status },
                        Err(_) => ServerError::Handshake { message: error.to_string() },
                    });
                }
                Err(_) => return Err(ServerError::Silent { within: HELLO }),
            },
            status = group.ended() => return Err(ServerError::Ended { status }),
        };
        Ok(Self { line: Line { peer: service.peer().clone(), lanes }, service, group })
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// What the server says of itself.
    pub(super) fn info(&self) -> Option<Arc<ServerPeerInfo>> {
        self.service.peer().peer_info()
    }

    /// Waits until the server is gone, and says how. Cancel safe.
    pub(super) async fn lost(&mut self) -> String {
        let closed = async {
            // Its end is only seen by looking.
            while !self.service.peer().is_transport_closed() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            status = self.group.ended() => status,
            () = closed => "it closed its stdout".to_owned(),
            () = self.line.lanes.stuck.cancelled() => "it reads nothing, so it was ended".to_owned(),
        }
    }

    /// Ends the server, and all its processes.
    pub(super) async fn end(self) {
        let Self { service, group, line } = self;
        drop(line);
        // Closes its stdin.
        drop(timeout(Duration::from_secs(1), service.cancel()).await);
        group.end().await;
    }
}

impl Line {
    /// All tools of the server.
    pub(super) async fn tools(&self) -> Result<Vec<Tool>, ServerError> {
        let listed = timeout(LIST, self.peer.list_all_tools()).await;
        let mut tools = listed.map_err(|_| ServerError::Silent { within: LIST })?.map_err(refused)?;
        if tools.len() > MOST_TOOLS {
            crate::log::warn!(tools = tools.len(), "dropped the tools of a server beyond the first 10,000");
            tools.truncate(MOST_TOOLS);
        }
        Ok(tools)
    }
}

fn refused(error: ServiceError) -> ServerError {
    ServerError::Handshake { message: error.to_string() }
}
