//! [`Connection`]: the MCP connection to one server, from the handshake to its end.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientRequest, Implementation, PaginatedRequestParams, PingRequest,
    ServerPeerInfo, Tool,
};
use rmcp::service::{Peer, PeerRequestOptions, RunningService, ServiceError, serve_client};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ClientHandler, RoleClient};
use tokio::time::timeout;

use super::error::ServerError;
use super::group::Group;
#[cfg(feature = "mcp-publish-http")]
use super::http;
use super::lanes::{Lanes, Watched};
use super::refusal::{Presence, Refusal};
#[cfg(feature = "mcp-publish-http")]
use super::source::HttpServer;
use super::source::{McpServer, Place, ServerCommand};

/// How long a server may take to start and to say hello. `npx` may have to fetch it first.
const HELLO: Duration = Duration::from_secs(120);

/// How long a server may take to list what it has.
const LIST: Duration = Duration::from_secs(30);

/// How often a server that was not started here is pinged.
const PING: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 15 });

/// How long it may take to answer.
const PONG: Duration = Duration::from_secs(15);

/// How many tools of a server are looked at.
pub(super) const MOST_TOOLS: usize = 10_000;

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
    /// Its processes, where it was started here.
    group: Option<Group>,
}

impl Connection {
    /// Starts a server or connects to one, and waits until it said hello.
    pub(super) async fn open(server: &McpServer) -> Result<Self, ServerError> {
        match &server.0 {
            Place::Command(command) => Self::start(command).await,
            #[cfg(feature = "mcp-publish-http")]
            Place::Http(server) => Self::connect(server).await,
        }
    }

    async fn start(server: &ServerCommand) -> Result<Self, ServerError> {
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
        Ok(Self { line: Line { peer: service.peer().clone(), lanes }, service, group: Some(group) })
    }

    #[cfg(feature = "mcp-publish-http")]
    async fn connect(server: &HttpServer) -> Result<Self, ServerError> {
        let lanes = Arc::new(Lanes::with_places(http::AT_ONCE));
        let transport = Watched { transport: http::transport(server).await?, lanes: Arc::clone(&lanes) };
        let hello = timeout(LIST, serve_client(Plain, transport)).await;
        let service = match hello {
            Ok(Ok(service)) => service,
            Ok(Err(error)) => return Err(ServerError::Http { message: error.to_string() }),
            Err(_) => return Err(ServerError::Silent { within: LIST }),
        };
        Ok(Self { line: Line { peer: service.peer().clone(), lanes }, service, group: None })
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// What the server says of itself.
    pub(super) fn info(&self) -> Option<Arc<ServerPeerInfo>> {
        self.service.peer().peer_info()
    }

    /// Waits until the server is gone, and says how. Dropping it forgets pings without an answer.
    pub(super) async fn lost(&mut self) -> String {
        let closed = async {
            // Its end is only seen by looking.
            while !self.service.peer().is_transport_closed() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let ended = async {
            match &mut self.group {
                Some(group) => group.ended().await,
                None => self.line.silent().await,
            }
        };
        tokio::select! {
            status = ended => status,
            () = closed => "it closed the connection".to_owned(),
            () = self.line.lanes.stuck.cancelled() => "it reads nothing, so it was ended".to_owned(),
        }
    }

    /// Ends the server, and all its processes.
    pub(super) async fn end(self) {
        let Self { service, group, line } = self;
        drop(line);
        // Closes its stdin.
        drop(timeout(Duration::from_secs(1), service.cancel()).await);
        if let Some(group) = group {
            group.end().await;
        }
    }
}

impl Line {
    /// Waits until a server that was not started here does not answer pings any more.
    pub(super) async fn silent(&self) -> String {
        let mut missed = 0;
        loop {
            // What could not be sent is looked into at once.
            drop(timeout(PING, self.lanes.doubted.notified()).await);
            let ping = ClientRequest::PingRequest(PingRequest::default());
            let options = PeerRequestOptions::with_timeout(PONG);
            let answer = match self.peer.send_request_with_option(ping, options).await {
                Ok(asked) => asked.await_response().await,
                Err(error) => Err(error),
            };
            let error = match answer {
                // Whatever it says, it is there.
                Ok(_) | Err(ServiceError::McpError(_)) => {
                    missed = 0;
                    continue;
                }
                Err(error) => error,
            };
            let refusal = Refusal::of(&error);
            let is_over = match refusal.as_ref().map(Refusal::presence) {
                Some(Presence::There) => {
                    missed = 0;
                    continue;
                }
                Some(Presence::Doubtful) => false,
                Some(Presence::Over) => true,
                None => !matches!(error, ServiceError::Timeout { .. }),
            };
            if is_over || missed > 0 {
                return refusal.map_or_else(|| error.to_string(), |refusal| refusal.text);
            }
            missed += 1;
        }
    }

    /// All tools of the server. Cancel safe.
    pub(super) async fn tools(&self) -> Result<Vec<Tool>, ServerError> {
        let pages = async {
            let (mut tools, mut cursor) = (Vec::new(), None);
            loop {
                let from = PaginatedRequestParams::default().with_cursor(cursor);
                // Dropping it cancels the request, so one without an answer takes no place.
                let page = self.peer.list_tools(Some(from)).await?;
                tools.extend(page.tools);
                cursor = page.next_cursor;
                if cursor.is_none() || tools.len() > MOST_TOOLS {
                    return Ok(tools);
                }
            }
        };
        let listed = timeout(LIST, pages).await;
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
