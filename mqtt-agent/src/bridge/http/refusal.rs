//! [`Refusal`]: the answer to a request that is not served.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::outbound::HttpBody;

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody is known by what it has for a token, or it has none.
    Unauthorized {
        has_token: bool,
    },
    /// Its token is not for what it asks for.
    Scope,
    /// Who its token says that it is cannot be anybody on the broker.
    NoIdentity,
    /// Tokens cannot be checked now.
    NoKeys,
    TooLarge,
    /// Its body did not come in time.
    Slow,
    /// Its body ended before its end.
    Broken,
    /// There is no room for it now.
    Busy,
    /// The bridge was stopped.
    Stopped,
    NotFound,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized { has_token: false } => {
                (StatusCode::UNAUTHORIZED, "there is no bearer token; send `Authorization: Bearer TOKEN`")
            }
            Self::Unauthorized { has_token: true } => (
                StatusCode::UNAUTHORIZED,
                "the bearer token is not known, or not any more; ask for another one",
            ),
            Self::Scope => (StatusCode::FORBIDDEN, "the bearer token lacks a scope; ask for one that has it"),
            Self::NoIdentity => (
                StatusCode::FORBIDDEN,
                "the identity in the bearer token cannot be one level of a topic; the operator may name another claim",
            ),
            Self::NoKeys => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the keys of the issuer cannot be read now; try again later",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large; send less"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "the body did not come within 30 s; send it faster"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body ended too early; send all of it"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many requests run already; try again later"),
            Self::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "the bridge was stopped; start it again"),
            Self::NotFound => (StatusCode::NOT_FOUND, "there is nothing here; MCP is at `/mcp`"),
        }
    }
}

impl From<Refusal> for Response<HttpBody> {
    fn from(refusal: Refusal) -> Self {
        let (status, text) = refusal.parts();
        let mut response = Self::new(HttpBody::of(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        let mut header = |name, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
        header(CONTENT_TYPE, "text/plain; charset=utf-8");
        match refusal {
            Refusal::Unauthorized { has_token: false } => {
                header(WWW_AUTHENTICATE, "Bearer realm=\"mqtt-agent\"");
            }
            Refusal::Unauthorized { has_token: true } => {
                header(WWW_AUTHENTICATE, "Bearer realm=\"mqtt-agent\", error=\"invalid_token\"");
            }
            Refusal::Busy | Refusal::NoKeys => {
                header(RETRY_AFTER, "5");
            }
            _ => {}
        }
        response
    }
}
