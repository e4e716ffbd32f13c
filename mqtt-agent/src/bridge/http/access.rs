//! [`Access`]: who may come in, and as whom.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio_util::sync::CancellationToken;

use super::refusal::Refusal;
use super::tokens::{Granted, Tokens};
use crate::wire::Identifier;

/// Who may come in.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Everybody, as the bridge itself.
    Open,
    /// Whoever has a token, as whom it says.
    Tokens(Tokens),
}

/// A request that may come in.
#[derive(Debug)]
pub(super) struct Grant {
    /// `None`: the bridge itself.
    pub(super) identity: Option<Identifier>,
    /// It may not any more.
    pub(super) ended: CancellationToken,
}

impl Access {
    /// Whose a request is.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<Grant, Refusal> {
        let Self::Tokens(tokens) = self else {
            return Ok(Grant { identity: None, ended: CancellationToken::new() });
        };
        let token = bearer(headers).ok_or(Refusal::Unauthorized { has_token: false })?;
        let found = tokens.find(token).ok_or(Refusal::Unauthorized { has_token: true })?;
        let Granted { identity, ended } = found;
        Ok(Grant { identity: Some(identity), ended })
    }

    /// Whether an identity may come in at all.
    pub(super) fn knows(&self, identity: Option<&Identifier>) -> bool {
        match (self, identity) {
            (Self::Open, _) | (_, None) => true,
            (Self::Tokens(tokens), Some(identity)) => tokens.has(identity),
        }
    }

    /// Waits until somebody may not come in any more. Cancel safe.
    pub(super) async fn narrowed(&self) {
        match self {
            Self::Open => std::future::pending().await,
            Self::Tokens(tokens) => tokens.gone().await,
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

    fn check(values: &[&'static str]) -> Result<Option<String>, Refusal> {
        let access = Access::Tokens(Tokens::from_text("scout 0123456789abcdef").unwrap());
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        let grant = access.check(&headers)?;
        Ok(grant.identity.map(|identity| identity.as_str().to_owned()))
    }

    #[test]
    fn one_bearer_token_that_is_known_comes_in() {
        for value in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert_eq!(check(&[value]), Ok(Some("scout".to_owned())), "{value}");
        }
        let known = "Bearer 0123456789abcdef";
        for values in [&[][..], &["Basic 0123456789abcdef"], &["Bearer"], &["Bearer "], &[known, known]] {
            assert_eq!(check(values), Err(Refusal::Unauthorized { has_token: false }), "{values:?}");
        }
        assert_eq!(check(&["Bearer other"]), Err(Refusal::Unauthorized { has_token: true }));
    }
}
