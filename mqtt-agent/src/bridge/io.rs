//! Serves a host over a stream: stdin and stdout, or any other.

use std::sync::Arc;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::io::{AsyncRead, AsyncWrite};

use super::caller::Caller;
use super::error::BridgeError;
use super::host::Host;
use super::shared::Shared;

/// Serves one host until its stream ends, or the bridge is stopped.
pub(super) async fn serve<R, W>(shared: Arc<Shared>, reader: R, writer: W) -> Result<(), BridgeError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let stopped = shared.stopped.child_token();
    let service = tokio::select! {
        service = Host::new(shared, Arc::new(Caller::bridge())).serve_with_ct((reader, writer), stopped.clone()) => service,
        () = stopped.cancelled() => return Ok(()),
    };
    match service {
        Ok(service) => {
            // How it ended is no matter: the host is gone.
            drop(service.waiting().await);
            Ok(())
        }
        // It came and went.
        Err(
            ServerInitializeError::ConnectionClosed(_)
            | ServerInitializeError::Cancelled
            | ServerInitializeError::TransportError { .. },
        ) => Ok(()),
        Err(error) => Err(BridgeError::Host { message: error.to_string() }),
    }
}
