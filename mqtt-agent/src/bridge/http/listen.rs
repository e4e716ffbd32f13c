//! The bridge's own HTTP server, with a limited number of connections and time limits for slow clients.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::super::error::BridgeError;
use super::super::shared::Shared;
use super::Http;
use super::refusal::Refusal;
use super::service::HttpService;
use crate::log_rate::limited;

/// Where MCP is.
const PATH: &str = "/mcp";

/// How many connections there are at once; more wait to be accepted.
const MOST: usize = 1024;

/// How long a client may take for the head of a request, and a connection wait for the next one.
const HEAD: Duration = Duration::from_secs(30);

/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 64 << 10;

/// How long a client may take nothing of a response.
const STALL: Duration = Duration::from_secs(60);

/// How long a stop waits for responses.
const STOP: Duration = Duration::from_secs(2);

/// How long it is waited after a connection could not be accepted, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the bridge is stopped.
pub(in super::super) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    http: Http,
) -> Result<(), BridgeError> {
    let address = listener.local_addr().map_err(|error| BridgeError::Http { message: error.to_string() })?;
    if http.is_open() && !address.ip().is_loopback() {
        let message =
            format!("`{address}` can be reached from other machines; give tokens, or listen on `127.0.0.1`");
        return Err(BridgeError::Http { message });
    }
    let stopped = shared.stopped.clone();
    let service = HttpService::new(shared, http)?;
    let places = Arc::new(Semaphore::new(MOST));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            Some(_) = connections.join_next() => continue,
            () = stopped.cancelled() => break,
        };
        let (stream, place) = accepted;
        let (service, stopped) = (service.clone(), stopped.clone());
        connections.spawn(async move {
            let _place = place;
            connection(stream, service, stopped).await;
        });
    }
    // Those that are left are dropped with the set.
    let all = async { while connections.join_next().await.is_some() {} };
    drop(timeout(STOP, all).await);
    Ok(())
}

/// The next connection, when there is a place for it. Cancel safe.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // Nobody closes it.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                limited!(warn, "failed to accept a connection", %error);
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, service: HttpService, stopped: CancellationToken) {
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL));
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move {
            let response = match request.uri().path() {
                PATH => service.answer(request).await,
                path => service.metadata_at(path).unwrap_or_else(|| Refusal::NotFound.into()),
            };
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        crate::log::debug!(%error, "a connection of an MCP host ended");
    }
}
