//! [`OAuth`]: the bridge as a resource server of OAuth 2.1: it checks access tokens, and never issues one.

// From the lowest to the highest:
//
// - `jwt`: tokens and keys, without I/O; `fetch`: where keys come from

mod fetch;
mod jwt;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::Instant;
use url::{Position, Url};

use super::super::error::BridgeError;
use super::refusal::Refusal;
use crate::wire::Identifier;
use fetch::Source;
use jwt::{Keys, Unverified};

/// How often keys are read anew.
pub(super) const REFRESH: Duration = Duration::from_secs(600);

/// How often they are read anew at most because of a token that none of them fits.
const UNKNOWN: Duration = Duration::from_secs(60);

/// Whose metadata is at `{WELL_KNOWN}{path of the resource}` (RFC 9728).
pub(super) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Accepts the access tokens of an OAuth 2.1 authorization server: signed tokens (JWT), which are checked with the
/// server's keys (JWKS). Clones share the keys.
///
/// A token is accepted if it is signed with one of the keys (RS, PS, ES of P-256 and P-384, EdDSA), its `iss` is the
/// issuer, its `aud` contains this resource, and it is valid now, with a tolerance of 30 s. The identity is its `sub`,
/// or another [`claim`](Self::claim). When the token expires, open event streams end; running calls continue within
/// their time limits.
///
/// The keys are read at the first request and then every 10 min, and also when a token has an unknown key, at most once
/// a minute. If reading fails, the previous keys are used, and the log says so.
#[derive(Clone)]
pub struct OAuth {
    issuer: String,
    resource: Url,
    source: Source,
    claim: String,
    scope: Option<String>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    keys: Mutex<Arc<Keys>>,
    /// When they were last asked for. One asks at a time.
    asked: tokio::sync::Mutex<Option<Instant>>,
}

/// Whose a token is, and until when.
#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) identity: Identifier,
    pub(super) expires: Instant,
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("issuer", &self.issuer)
            .field("resource", &self.resource.as_str())
            .finish_non_exhaustive()
    }
}

impl OAuth {
    /// Accepts tokens of an issuer for a resource: the URL at which clients reach the bridge, such as
    /// `https://mcp.example/mcp`. `keys` is the URL of the issuer's keys (`jwks_uri` in its metadata), or the path of a
    /// file. The URL must be `https`, except on this machine.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Http`] if one of them is invalid.
    pub fn new(
        issuer: impl Into<String>,
        resource: impl AsRef<str>,
        keys: impl AsRef<str>,
    ) -> Result<Self, BridgeError> {
        let resource = resource.as_ref();
        let url = Url::parse(resource).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.fragment().is_none()
                && url.query().is_none()
        });
        let Some(url) = url else {
            let message = format!("`{resource}` is no resource; write it as `https://mcp.example/mcp`");
            return Err(BridgeError::Http { message });
        };
        let issuer = issuer.into();
        if !Url::parse(&issuer).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            let message = format!("`{issuer}` is no issuer; write it as `https://login.example`");
            return Err(BridgeError::Http { message });
        }
        let source = Source::parse(keys.as_ref())?;
        let (claim, scope, state) = ("sub".to_owned(), None, Arc::default());
        Ok(Self { issuer, resource: url, source, claim, scope, state })
    }

    /// Sets the claim that is the identity. Default: `sub`. A token whose claim is not a valid topic level is refused.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>) -> Self {
        self.claim = name.into();
        self
    }

    /// Sets a scope that tokens must have. Default: none.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The resource as tokens name it.
    fn audience(&self) -> &str {
        // A URL without a path gets one, which nobody writes.
        let text = self.resource.as_str();
        if self.resource.path() == "/" { text.trim_end_matches('/') } else { text }
    }

    /// Whose a token is.
    pub(super) async fn check(&self, token: &str) -> Result<Bearer, Refusal> {
        let invalid = Refusal::Unauthorized { has_token: true };
        let token = Unverified::read(token).ok_or(invalid)?;
        if self.keys().is_empty() || !token.may_be_of(&self.keys()) {
            self.refresh(UNKNOWN).await;
        }
        let keys = self.keys();
        if keys.is_empty() {
            return Err(Refusal::NoKeys);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = token.verify(&keys, &self.issuer, self.audience(), now.as_secs_f64()).ok_or(invalid)?;
        if self.scope.as_ref().is_some_and(|scope| !claims.has_scope(scope)) {
            return Err(Refusal::Scope);
        }
        let identity = claims.text(&self.claim).and_then(|claim| Identifier::parse(claim).ok());
        let identity = identity.ok_or(Refusal::NoIdentity)?;
        let left = Duration::try_from_secs_f64(claims.expires - now.as_secs_f64()).unwrap_or_default();
        let expires = Instant::now().checked_add(left).unwrap_or_else(|| Instant::now() + REFRESH);
        Ok(Bearer { identity, expires })
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.state.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys anew, unless that was done less than so long ago.
    pub(super) async fn refresh(&self, after: Duration) {
        let mut asked = self.state.asked.lock().await;
        if asked.is_some_and(|asked| asked.elapsed() < after) {
            return;
        }
        *asked = Some(Instant::now());
        match self.source.read().await.and_then(|text| Keys::read(&text)) {
            Ok(keys) => *self.state.keys.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys),
            Err(error) => {
                crate::log::warn!(%error, "failed to read the keys of the OAuth issuer; the previous keys are used");
            }
        }
    }

    /// What clients are told of the resource (RFC 9728).
    pub(super) fn metadata(&self) -> Value {
        let scopes: Vec<&String> = self.scope.iter().collect();
        json!({
            "resource": self.audience(),
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": scopes,
        })
    }

    /// Where that is, on this server.
    pub(super) fn is_metadata(&self, path: &str) -> bool {
        path.strip_prefix(WELL_KNOWN).is_some_and(|rest| rest.is_empty() || rest == self.resource.path())
    }

    /// What a client that may not come in is told.
    pub(super) fn challenge(&self, refusal: Refusal) -> Option<String> {
        let error = match refusal {
            Refusal::Unauthorized { has_token: false } => String::new(),
            Refusal::Unauthorized { has_token: true } => ", error=\"invalid_token\"".to_owned(),
            Refusal::Scope => ", error=\"insufficient_scope\"".to_owned(),
            _ => return None,
        };
        let origin = &self.resource[..Position::BeforePath];
        let path = self.resource.path().trim_end_matches('/');
        let scope = self.scope.as_ref().map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
        Some(format!(
            "Bearer realm=\"mqtt-agent\"{error}, resource_metadata=\"{origin}{WELL_KNOWN}{path}\"{scope}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_where_to_get_a_token() {
        let oauth =
            OAuth::new("https://as.example", "https://mcp.example/mcp", "keys.json").unwrap().scope("call");
        assert_eq!(
            oauth.challenge(Refusal::Unauthorized { has_token: false }).unwrap(),
            "Bearer realm=\"mqtt-agent\", resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\", \
             scope=\"call\""
        );
        assert_eq!(
            oauth.metadata(),
            json!({
                "resource": "https://mcp.example/mcp",
                "authorization_servers": ["https://as.example"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["call"],
            })
        );
        assert!(oauth.is_metadata(WELL_KNOWN) && oauth.is_metadata(&format!("{WELL_KNOWN}/mcp")));
        assert!(!oauth.is_metadata("/mcp") && !oauth.is_metadata(&format!("{WELL_KNOWN}/other")));
    }

    #[test]
    fn what_is_no_issuer_resource_or_place_of_keys_is_refused_at_the_start() {
        for (issuer, resource, keys) in [
            ("as.example", "https://mcp.example", "keys.json"),
            ("https://as.example", "mcp.example", "keys.json"),
            ("https://as.example", "https://mcp.example/#x", "keys.json"),
            ("https://as.example", "https://mcp.example", "http://as.example/keys"),
        ] {
            assert!(OAuth::new(issuer, resource, keys).is_err(), "{issuer} {resource} {keys}");
        }
    }
}
