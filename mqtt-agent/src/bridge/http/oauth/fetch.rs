//! Fetches an issuer's keys from a file or a web server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Position, Url};

use super::super::super::error::BridgeError;
use crate::spawn;

/// How long it may take.
const LONGEST: Duration = Duration::from_secs(10);

/// How much there may be, in bytes.
const LARGEST: usize = 1 << 20;

/// Where keys come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(Arc<Path>),
    Web(Url),
}

impl Source {
    /// A URL, or the path of a file.
    pub(super) fn parse(text: &str) -> Result<Self, BridgeError> {
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            _ => return Ok(Self::File(PathBuf::from(text).into())),
        };
        let is_local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let refused = |message: String| Err(BridgeError::Http { message });
        match url.scheme() {
            "https" if cfg!(feature = "tls") => Ok(Self::Web(url)),
            "https" => refused(format!("`{text}` needs the feature `tls`; build with it, or give a file")),
            _ if is_local => Ok(Self::Web(url)),
            _ => refused(format!("`{text}` is not protected; give an `https` URL, or a file")),
        }
    }

    /// What is there.
    pub(super) async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let path = Arc::clone(path);
                let read = tokio::task::spawn_blocking(move || file(&path)).await;
                read.unwrap_or_else(|error| Err(error.to_string()))
            }
            Self::Web(url) => match timeout(LONGEST, get(url)).await {
                Ok(read) => read.map_err(|error| format!("`{url}`: {error}")),
                Err(_) => Err(format!("`{url}`: no answer within 10 s")),
            },
        }
    }
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut text = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut text));
    read.map_err(|error| format!("`{}`: {error}", path.display()))?;
    if text.len() > LARGEST {
        return Err(format!("`{}` is larger than 1 MiB", path.display()));
    }
    Ok(text)
}

async fn get(url: &Url) -> Result<Vec<u8>, String> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("it has no host".to_owned());
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await.map_err(|error| error.to_string())?;
    #[cfg(feature = "tls")]
    if url.scheme() == "https" {
        let stream = crate::link::web_tls(bare, stream).await.map_err(|error| error.to_string())?;
        return ask(url, stream).await;
    }
    ask(url, stream).await
}

/// One request. No redirects are followed: keys come from where the operator said.
async fn ask<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    url: &Url,
    stream: S,
) -> Result<Vec<u8>, String> {
    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
    let _connection = spawn::owned(async move { drop(connection.await) });
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = Request::get(path).header(HOST, authority).header(ACCEPT, "application/json");
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(text)?;
    if response.status() != StatusCode::OK {
        return Err(format!("the answer is {}", response.status()));
    }
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(body.map_err(|error| error.to_string())?.to_bytes().to_vec())
}
