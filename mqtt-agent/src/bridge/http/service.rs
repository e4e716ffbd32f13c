//! [`HttpService`]: handles one request.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::super::error::BridgeError;
use super::super::shared::Shared;
use super::Http;
use super::access::Access;
use super::inbound::Room;
use super::outbound::HttpBody;
use super::principals::Principals;
use super::refusal::Refusal;
use crate::spawn;

/// How often sessions are looked at that are unused.
const TIDY: Duration = Duration::from_secs(60);

/// A bridge as a `tower` service: MCP for `axum` and other servers, at any path. Clones share everything.
///
/// It limits the size of requests, the time for their bodies, and their total memory. The time for a client's headers
/// and the number of connections are up to the server;
/// [`RunningBridge::serve_http`](crate::bridge::RunningBridge::serve_http) limits those too.
///
/// ```no_run
/// use mqtt_agent::bridge::{Bridge, Http, Tokens};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let bridge = Bridge::new("mqtt://localhost").start().await?;
/// let http = Http::new().host("mcp.example").tokens(Tokens::from_file("/etc/mcp-tokens")?);
/// let router = axum::Router::new().nest_service("/mcp", bridge.http_service(http)?);
/// axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, router).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpService(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    access: Access,
    principals: Arc<Principals>,
    room: Room,
    most_body: usize,
    _upkeep: AbortOnDropHandle<()>,
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").field("access", &self.0.access).finish_non_exhaustive()
    }
}

impl HttpService {
    pub(in super::super) fn new(shared: Arc<Shared>, http: Http) -> Result<Self, BridgeError> {
        let (hosts, origins) = (http.allowed_hosts()?, http.allowed_origins()?);
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(hosts)
            .with_allowed_origins(origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(http.most_body);
        let principals = Arc::new(Principals::new(Arc::clone(&shared), config, http.most_sessions));
        let upkeep = spawn::owned(keep(http.access.clone(), Arc::clone(&principals)));
        let Http { access, most_body, .. } = http;
        Ok(Self(Arc::new(Inner {
            shared,
            access,
            principals,
            room: Room::default(),
            most_body,
            _upkeep: upkeep,
        })))
    }

    /// The metadata that tells clients where to get a token (RFC 9728), as JSON; `None` without
    /// [`OAuth`](super::OAuth). Serve it at `/.well-known/oauth-protected-resource` followed by the path of the
    /// resource, such as `/mcp`.
    #[must_use]
    pub fn metadata(&self) -> Option<String> {
        match &self.0.access {
            Access::OAuth(oauth) => Some(oauth.metadata().to_string()),
            Access::Open | Access::Tokens(_) => None,
        }
    }

    /// The answer to a request for that; `None` where this is no such path.
    pub(super) fn metadata_at(&self, path: &str) -> Option<Response<HttpBody>> {
        let Access::OAuth(oauth) = &self.0.access else { return None };
        let is_metadata = oauth.is_metadata(path);
        is_metadata.then(|| {
            let mut response = Response::new(HttpBody::of(oauth.metadata().to_string().into()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        })
    }

    pub(super) async fn answer<B: Body>(&self, request: Request<B>) -> Response<HttpBody> {
        match self.0.answer(request).await {
            Ok(response) => response,
            Err(refusal) => {
                let mut response = Response::from(refusal);
                let challenge = self.0.access.challenge(refusal).map(HeaderValue::try_from);
                if let Some(Ok(challenge)) = challenge {
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                response
            }
        }
    }
}

/// Ends what may not come in any more, and what is unused.
async fn keep(access: Access, principals: Arc<Principals>) {
    let narrowed = async {
        loop {
            access.narrowed().await;
            principals.retain(|identity| access.knows(identity));
        }
    };
    let tidied = async {
        loop {
            sleep(TIDY).await;
            principals.tidy().await;
        }
    };
    tokio::join!(narrowed, tidied);
}

impl Inner {
    async fn answer<B: Body>(&self, request: Request<B>) -> Result<Response<HttpBody>, Refusal> {
        if self.shared.stopped.is_cancelled() {
            return Err(Refusal::Stopped);
        }
        let grant = self.access.check(request.headers()).await?;
        let principal = self.principals.of(grant.identity.clone()).ok_or(Refusal::Busy)?;
        let place = Arc::clone(&principal.requests).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let (parts, body) = request.into_parts();
        let is_listening = parts.method == Method::GET
            || parts.headers.get("mcp-method").is_some_and(|method| method == "subscriptions/listen");
        let body = match parts.method {
            Method::POST => self.room.read(body, self.most_body).await?,
            _ => bytes::Bytes::new(),
        };
        let request = Request::from_parts(parts, Full::new(body));
        // A call may take long before anything comes of it.
        let response = tokio::select! {
            // These first: what ends with them answers nothing that is of use.
            biased;
            () = grant.ended.cancelled() => return Err(Refusal::Unauthorized { has_token: true }),
            () = self.shared.stopped.cancelled() => return Err(Refusal::Stopped),
            response = principal.service.handle(request) => response,
        };
        let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        Ok(response.map(|body| {
            if is_stream {
                HttpBody::events(body, grant.over(is_listening), place)
            } else {
                HttpBody::whole(body)
            }
        }))
    }
}

impl<B> tower_service::Service<Request<B>> for HttpService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        async move { Ok(service.answer(request).await) }.boxed()
    }
}
