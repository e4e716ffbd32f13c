//! The transport to an MCP server over HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rustls::{ClientConfig, RootCertStore};

use super::error::ServerError;
use super::source::HttpServer;

/// How long the server's host may take to accept.
const CONNECT: Duration = Duration::from_secs(10);

/// How many calls are on their way at once; more wait.
pub(super) const AT_ONCE: usize = if cfg!(test) { 2 } else { 64 };

/// How many pings and lists are on their way beside them.
pub(super) const BESIDE: usize = 8;

/// Ready to shake hands.
pub(super) async fn transport(
    server: &HttpServer,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, ServerError> {
    let wrong = |message: String| ServerError::Http { message };
    let mut headers = HashMap::new();
    for (name, value) in &server.headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| {
            wrong(format!("`{name}` is no name of a header, which has letters, digits and `-`"))
        })?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| {
            wrong(format!("the value of the header `{name}` has a character that no header may have"))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let mut config = StreamableHttpClientTransportConfig::with_uri(server.url.as_str())
        .max_concurrent_requests(AT_ONCE + BESIDE)
        .custom_headers(headers);
    if let Some(bearer) = &server.bearer {
        let bearer = Arc::clone(bearer);
        let token = tokio::task::spawn_blocking(move || bearer()).await;
        let token = token.map_err(std::io::Error::other).and_then(|token| token);
        config = config.auth_header(token.map_err(|error| wrong(format!("there is no token: {error}")))?);
    }
    let mut client = reqwest::Client::builder().connect_timeout(CONNECT);
    // Without it, where the system has no certificate authorities, `http://` works all the same.
    let tls = tls();
    if let Some(tls) = tls {
        client = client.tls_backend_preconfigured(tls);
    } else if server.url.starts_with("https:") {
        return Err(wrong("the system has no certificate authorities".to_owned()));
    }
    let client = client.build().map_err(|error| wrong(error.to_string()))?;
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

/// As the connection to the broker has it: the provider is named, whatever a program installs.
fn tls() -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(builder.with_root_certificates(roots).with_no_client_auth())
}
