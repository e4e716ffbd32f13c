//! [`Refusal`]: what a server's host answers over HTTP instead of MCP.

use rmcp::service::ServiceError;
#[cfg(feature = "mcp-publish-http")]
use rmcp::transport::streamable_http_client::StreamableHttpError;

/// An answer that is not MCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `None` where the status says success.
    pub(super) status: Option<u16>,
    pub(super) text: String,
}

/// What a refused ping says of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is there, and does not want this request now.
    There,
    /// It may be a proxy that answers for a server that is away.
    Doubtful,
    /// Only a new connection helps, with a new token.
    Over,
}

impl Refusal {
    /// What was answered; `None` where nothing was, or where it was MCP.
    #[cfg(feature = "mcp-publish-http")]
    pub(super) fn of(error: &ServiceError) -> Option<Self> {
        let ServiceError::TransportSend(error) = error else { return None };
        let error = error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>()?;
        let status = match error {
            StreamableHttpError::HttpStatus(error) => Some(error.status),
            StreamableHttpError::AuthRequired(_) => Some(401),
            StreamableHttpError::InsufficientScope(_) => Some(403),
            StreamableHttpError::UnexpectedServerResponse(text) => status(text),
            StreamableHttpError::UnexpectedContentType(_)
            | StreamableHttpError::ResponseBodyTooLarge { .. } => None,
            _ => return None,
        };
        let text = match error {
            StreamableHttpError::UnexpectedServerResponse(text) => text.to_string(),
            // Its challenge says nothing more to a caller.
            _ => status.map_or_else(|| error.to_string(), |status| format!("HTTP {status}")),
        };
        Some(Self { status, text })
    }

    /// What was answered: over a pipe nothing.
    #[cfg(not(feature = "mcp-publish-http"))]
    pub(super) fn of(_: &ServiceError) -> Option<Self> {
        None
    }

    pub(super) fn presence(&self) -> Presence {
        match self.status {
            Some(401) => Presence::Over,
            None | Some(404 | 502..=504) => Presence::Doubtful,
            Some(_) => Presence::There,
        }
    }

    /// What its caller can do.
    pub(super) fn advice(&self) -> &'static str {
        match self.status {
            Some(401 | 403) => "look at the token and the headers that `publish` was given",
            Some(413) => "send less",
            Some(429 | 503) => "call less often, or later",
            _ => "the log of the server may say why",
        }
    }
}

/// The status in what rmcp says of an answer: `HTTP 413 Payload Too Large: ..`.
#[cfg(feature = "mcp-publish-http")]
fn status(text: &str) -> Option<u16> {
    text.strip_prefix("HTTP ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
#[cfg(feature = "mcp-publish-http")]
mod tests {
    use std::any::TypeId;

    use rmcp::transport::DynamicTransportError;
    use rmcp::transport::streamable_http_client::HttpStatusError;

    use super::*;

    fn refused(error: StreamableHttpError<reqwest::Error>) -> Option<Refusal> {
        let error = DynamicTransportError::from_parts("http", TypeId::of::<()>(), Box::new(error));
        Refusal::of(&ServiceError::TransportSend(error))
    }

    #[test]
    fn what_a_host_answers_says_whether_the_server_is_there() {
        let said = |text: &'static str| StreamableHttpError::UnexpectedServerResponse(text.into());
        let status = |status| StreamableHttpError::HttpStatus(HttpStatusError::new(status, None));
        for (error, expected, presence) in [
            (status(429), Some(429), Presence::There),
            (status(500), Some(500), Presence::There),
            (status(503), Some(503), Presence::Doubtful),
            (said("HTTP 413 Payload Too Large: "), Some(413), Presence::There),
            (said("HTTP 401 Unauthorized: no"), Some(401), Presence::Over),
            (said("HTTP 404 Not Found: no"), Some(404), Presence::Doubtful),
            (said("could not parse"), None, Presence::Doubtful),
        ] {
            let refusal = refused(error).unwrap();
            assert_eq!((refusal.status, refusal.presence()), (expected, presence), "{refusal:?}");
        }
    }

    #[test]
    fn where_nothing_was_answered_nothing_is_refused() {
        assert_eq!(refused(StreamableHttpError::TransportChannelClosed), None);
        assert_eq!(Refusal::of(&ServiceError::TransportClosed), None);
    }
}
