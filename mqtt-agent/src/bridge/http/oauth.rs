//! [`OAuth`]: the bridge as a resource server of OAuth 2.1: it checks access tokens, and never issues one.

// From the lowest to the highest:
//
// - `jwt`: tokens and keys, without I/O; `fetch`: where keys come from

mod fetch;
mod jwt;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;
use url::{Position, Url};

use super::super::error::BridgeError;
use super::refusal::Refusal;
use crate::spawn;
use crate::wire::Identifier;
use fetch::Source;
use jwt::{Keys, Unverified};

/// How often keys are read anew.
const REFRESH: Duration = Duration::from_secs(600);

/// How often they are read anew at most because of a token that none of them fits, or because they could not be read.
const AGAIN: Duration = Duration::from_secs(60);

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
/// a minute. If reading fails, the previous keys are used, the log says so, and they are read again a minute later. A
/// client that does not wait for its answer does not end the reading.
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
    keys: Arc<Mutex<Known>>,
    /// What reads them. Requests only wait for it: one that is dropped takes nothing from the others.
    reading: Mutex<Option<Reading>>,
}

/// The keys, and how old they are.
#[derive(Debug, Default)]
struct Known {
    keys: Arc<Keys>,
    /// When they were last asked for.
    asked: Option<Instant>,
    /// When they were last read.
    read: Option<Instant>,
}

impl Known {
    /// When they are to be read without a request that needs it.
    fn due(&self) -> Option<Instant> {
        let old = self.read.map(|read| read + REFRESH);
        let again = self.asked.map(|asked| asked + AGAIN);
        old.max(again)
    }

    fn may_be_asked(&self) -> bool {
        self.asked.is_none_or(|asked| asked.elapsed() >= AGAIN)
    }
}

struct Reading {
    /// Closed at its end.
    end: watch::Receiver<()>,
    _task: AbortOnDropHandle<()>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
            self.refresh().await;
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
        Arc::clone(&locked(&self.state.keys).keys)
    }

    /// Waits until the keys are old, and reads them anew. Cancel safe.
    pub(super) async fn renewed(&self) {
        let due = locked(&self.state.keys).due();
        sleep_until(due.unwrap_or_else(|| Instant::now() + REFRESH)).await;
        // A request may have had them read meanwhile.
        if locked(&self.state.keys).due().is_none_or(|due| due <= Instant::now()) {
            self.refresh().await;
        }
    }

    /// Reads the keys anew, unless that was tried a short time ago. Cancel safe: the reading goes on.
    async fn refresh(&self) {
        let Some(mut end) = self.reading() else { return };
        // Nothing is ever sent.
        drop(end.changed().await);
    }

    /// The end of the reading that goes on, or that begins now.
    fn reading(&self) -> Option<watch::Receiver<()>> {
        let mut reading = locked(&self.state.reading);
        if let Some(Reading { end, .. }) = &*reading
            && end.has_changed().is_ok()
        {
            return Some(end.clone());
        }
        {
            let mut known = locked(&self.state.keys);
            if !known.may_be_asked() {
                return None;
            }
            known.asked = Some(Instant::now());
        }
        let (source, known) = (self.source.clone(), Arc::clone(&self.state.keys));
        let (told, end) = watch::channel(());
        let task = spawn::owned(async move {
            let _told = told;
            match source.read().await.and_then(|text| Keys::read(&text)) {
                Ok(keys) => {
                    let mut known = locked(&known);
                    (known.keys, known.read) = (Arc::new(keys), Some(Instant::now()));
                }
                Err(error) => {
                    crate::log::warn!(%error, "failed to read the keys of the OAuth issuer; the previous keys are used");
                }
            }
        });
        *reading = Some(Reading { end: end.clone(), _task: task });
        Some(end)
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn keys_come_though_the_client_that_asked_first_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (has_asked, may_go) = (Arc::clone(&asked), Arc::clone(&go));
        let _serving = spawn::owned(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            has_asked.notify_one();
            may_go.notified().await;
            let body = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            std::future::pending().await
        });
        let oauth = OAuth::new("https://as.example", "https://mcp.example/mcp", url).unwrap();
        // As a connection that is closed drops its request.
        tokio::select! {
            () = oauth.refresh() => panic!("there are no keys yet"),
            () = asked.notified() => {}
        }
        go.notify_one();
        timeout(SOON, oauth.refresh()).await.unwrap();
        assert!(!oauth.keys().is_empty());
    }

    #[test]
    fn keys_are_due_by_when_they_were_read_and_not_by_when_they_were_asked_for() {
        let now = Instant::now();
        let due = |asked, read| Known { asked, read, ..Known::default() }.due();
        assert_eq!(due(None, None), None);
        assert_eq!(due(Some(now), None), Some(now + AGAIN));
        assert_eq!(due(Some(now), Some(now)), Some(now + REFRESH));
        // Asked for in vain since then.
        let later = now + REFRESH - Duration::from_secs(1);
        assert_eq!(due(Some(later), Some(now)), Some(later + AGAIN));
    }

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
