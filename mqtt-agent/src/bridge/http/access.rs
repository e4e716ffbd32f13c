//! [`Access`]: which callers are accepted, and their identities.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::oauth::{Bearer, OAuth};
use super::refusal::Refusal;
use super::tokens::{Granted, Tokens};
use crate::wire::Identifier;

/// Who may come in.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Everybody, as the bridge itself.
    Open,
    /// A caller with a token, as whom it says.
    Tokens(Tokens),
    /// A caller with a token of an OAuth server, as whom it says.
    OAuth(Box<OAuth>),
}

/// A request that may come in.
#[derive(Debug)]
pub(super) struct Grant {
    /// `None`: the bridge itself.
    pub(super) identity: Option<Identifier>,
    /// It may not any more.
    pub(super) ended: CancellationToken,
    /// Until when it may begin anything.
    expires: Option<Instant>,
}

impl Grant {
    /// Ends when it may not go on any more: what only listens ends with its token too.
    pub(super) fn over(&self, is_listening: bool) -> BoxFuture<'static, ()> {
        let (ended, expires) = (self.ended.clone(), self.expires.filter(|_| is_listening));
        async move {
            match expires {
                Some(expires) => tokio::select! {
                    () = ended.cancelled() => {}
                    () = sleep_until(expires) => {}
                },
                None => ended.cancelled().await,
            }
        }
        .boxed()
    }
}

impl Access {
    /// Whose a request is.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<Grant, Refusal> {
        let none = Refusal::Unauthorized { has_token: false };
        match self {
            Self::Open => Ok(Grant { identity: None, ended: CancellationToken::new(), expires: None }),
            Self::Tokens(tokens) => {
                let found = tokens.find(bearer(headers).ok_or(none)?);
                let Granted { identity, ended } = found.ok_or(Refusal::Unauthorized { has_token: true })?;
                Ok(Grant { identity: Some(identity), ended, expires: None })
            }
            Self::OAuth(oauth) => {
                let Bearer { identity, expires } = oauth.check(bearer(headers).ok_or(none)?).await?;
                Ok(Grant {
                    identity: Some(identity),
                    ended: CancellationToken::new(),
                    expires: Some(expires),
                })
            }
        }
    }

    /// What a client is told that may not come in, where that is more than usual.
    pub(super) fn challenge(&self, refusal: Refusal) -> Option<String> {
        match self {
            Self::OAuth(oauth) => oauth.challenge(refusal),
            Self::Open | Self::Tokens(_) => None,
        }
    }

    /// Whether an identity may come in at all.
    pub(super) fn knows(&self, identity: Option<&Identifier>) -> bool {
        match (self, identity) {
            (Self::Open | Self::OAuth(_), _) | (_, None) => true,
            (Self::Tokens(tokens), Some(identity)) => tokens.has(identity),
        }
    }

    /// Waits until somebody may not come in any more. Cancel safe.
    pub(super) async fn narrowed(&self) {
        match self {
            Self::Open => std::future::pending().await,
            Self::Tokens(tokens) => tokens.gone().await,
            // Its tokens end by themselves; its keys may change.
            Self::OAuth(oauth) => oauth.renewed().await,
        }
    }
}

/// The bearer token, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    async fn check(values: &[&'static str]) -> Result<Option<String>, Refusal> {
        let access = Access::Tokens(Tokens::from_text("scout 0123456789abcdef").unwrap());
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        let grant = access.check(&headers).await?;
        Ok(grant.identity.map(|identity| identity.as_str().to_owned()))
    }

    #[tokio::test]
    async fn one_bearer_token_that_is_known_comes_in() {
        for value in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert_eq!(check(&[value]).await, Ok(Some("scout".to_owned())), "{value}");
        }
        let known = "Bearer 0123456789abcdef";
        for values in [&[][..], &["Basic 0123456789abcdef"], &["Bearer"], &["Bearer "], &[known, known]] {
            assert_eq!(check(values).await, Err(Refusal::Unauthorized { has_token: false }), "{values:?}");
        }
        assert_eq!(check(&["Bearer other"]).await, Err(Refusal::Unauthorized { has_token: true }));
    }
}
