//! MCP over Streamable HTTP, in both of its eras.

// From the lowest to the highest:
//
// - `refusal`: what is answered to a request that is not served; `inbound`: a request's body, within bounds
// - `outbound`: a response's body, for clients that may not read it
// - `tokens`, `oauth`, `access`: who may come in, and as whom
// - `sessions`: the sessions of legacy hosts; `principals`: what is kept for each identity
// - `service`: one request; `listen`: connections

mod access;
mod inbound;
mod listen;
mod oauth;
mod outbound;
mod principals;
mod refusal;
mod service;
mod sessions;
mod tokens;

pub use oauth::OAuth;
pub use outbound::HttpBody;
pub use service::HttpService;
pub use tokens::Tokens;

pub(super) use listen::serve;

use url::{Host, Url};

use super::error::BridgeError;
use access::Access;

/// The largest body of a request.
const MOST_BODY: usize = 4 << 20;

/// How many sessions of legacy hosts there are of each identity.
const MOST_SESSIONS: usize = 256;

/// How a bridge is served over HTTP (feature `mcp-http`): for which hosts and origins, and for which callers.
///
/// By default it accepts only requests to this machine (`Host` is `localhost`, `127.0.0.1` or `[::1]`), and none from
/// web pages (`Origin`), so that a page in a browser cannot reach it by DNS rebinding. Every program on this machine
/// can call it, unless [`tokens`](Self::tokens) or [`oauth`](Self::oauth) are set.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until a bridge is served with them"]
pub struct Http {
    hosts: Vec<String>,
    origins: Vec<String>,
    access: Access,
    most_body: usize,
    most_sessions: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// The default: for programs on this machine.
    pub fn new() -> Self {
        Self {
            hosts: Vec::new(),
            origins: Vec::new(),
            access: Access::Open,
            most_body: MOST_BODY,
            most_sessions: MOST_SESSIONS,
        }
    }

    /// Adds a host name by which clients may call this server, such as `mcp.example` or `mcp.example:8080`. Requests
    /// with another `Host` are answered with 403.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Adds an origin of web pages that may call this server, such as `https://app.example`. Requests with another
    /// `Origin` are answered with 403. The CORS headers for browsers have to come from a layer or a proxy in front of
    /// the server.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Accepts only callers with one of these bearer tokens, each with the token's identity; others are answered with
    /// 401.
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.access = Access::Tokens(tokens);
        self
    }

    /// Accepts only callers with an access token of this OAuth server, each with the token's identity. Others are
    /// answered with 401, and told where to get a token (RFC 9728). It replaces [`tokens`](Self::tokens).
    pub fn oauth(mut self, oauth: OAuth) -> Self {
        self.access = Access::OAuth(Box::new(oauth));
        self
    }

    /// Sets the largest body of a request, in bytes; larger ones are answered with 413. Default: 4 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.most_body = bytes;
        self
    }

    /// Sets how many sessions each identity may have; one more ends the session that was unused for longest. Only hosts
    /// that speak an MCP version before 2026-07-28 have sessions. Default: 256.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.most_sessions = sessions.max(1);
        self
    }

    /// Whether anybody who reaches it comes in.
    fn is_open(&self) -> bool {
        matches!(self.access, Access::Open)
    }

    /// The names that `Host` may have.
    fn allowed_hosts(&self) -> Result<Vec<String>, BridgeError> {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).into();
        for name in &self.hosts {
            let is_host =
                !name.contains(['/', '*', '@', '?', '#']) && Url::parse(&format!("http://{name}")).is_ok();
            if !is_host {
                let message = format!("`{name}` is no name of a host; write it as `mcp.example`");
                return Err(BridgeError::Http { message });
            }
            hosts.push(name.clone());
        }
        Ok(hosts)
    }

    /// The values that `Origin` may have, each with its port.
    fn allowed_origins(&self) -> Result<Vec<String>, BridgeError> {
        let origin = |text: &String| {
            let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let url =
                url.filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty());
            let parts =
                url.as_ref().and_then(|url| Some((url.scheme(), url.host()?, url.port_or_known_default()?)));
            let Some((scheme, host, port)) = parts else {
                let message = format!("`{text}` is no origin; write it as `https://app.example`");
                return Err(BridgeError::Http { message });
            };
            Ok(match host {
                Host::Ipv6(address) => format!("{scheme}://[{address}]:{port}"),
                host => format!("{scheme}://{host}:{port}"),
            })
        };
        self.origins.iter().map(origin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_the_port_of_its_scheme() {
        let http =
            Http::new().origin("https://App.example").origin("http://[::1]:6274").origin("http://localhost");
        let expected = ["https://app.example:443", "http://[::1]:6274", "http://localhost:80"];
        assert_eq!(http.allowed_origins().unwrap(), expected);
    }

    #[test]
    fn what_is_no_host_or_origin_is_refused_at_the_start() {
        for origin in
            ["null", "*", "app.example", "ftp://app.example", "https://app.example/page", "https://"]
        {
            assert!(Http::new().origin(origin).allowed_origins().is_err(), "{origin}");
        }
        for host in ["", "*/", "mcp.example/mcp", "me@mcp.example", "mcp.example?x"] {
            assert!(Http::new().host(host).allowed_hosts().is_err(), "{host}");
        }
        assert!(Http::new().host("mcp.example:8080").allowed_hosts().is_ok());
    }
}
