//! Broker URLs.

use super::error::ConnectError;
use super::options::Credentials;

/// How the broker is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

/// A broker URL taken apart.
#[derive(Debug)]
pub(super) struct BrokerUrl {
    pub(super) scheme: Scheme,
    /// Host name or address; an IPv6 address in brackets, as a socket address wants it.
    pub(super) host: String,
    pub(super) port: u16,
    /// The whole URL without user and password, for WebSocket.
    pub(super) address: String,
    pub(super) credentials: Option<Credentials>,
}

impl BrokerUrl {
    pub(super) fn parse(text: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: &str| ConnectError::InvalidUrl { url: without_password(text), reason: reason.to_owned() };
        let url = url::Url::parse(text)
            .map_err(|error| invalid(&format!("{error}; write it as in `mqtt://localhost:1883`")))?;
        let (scheme, port) = match url.scheme() {
            "mqtt" => (Scheme::Mqtt, 1883),
            "mqtts" => (Scheme::Mqtts, 8883),
            "ws" => (Scheme::Ws, 80),
            "wss" => (Scheme::Wss, 443),
            _ => return Err(invalid("the scheme is none of `mqtt`, `mqtts`, `ws` and `wss`; write one of them")),
        };
        scheme.check_features(url.scheme())?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("it names no host; write it as in `mqtt://localhost:1883`"))?.to_owned();
        let web = matches!(scheme, Scheme::Ws | Scheme::Wss);
        if !web && !matches!(url.path(), "" | "/") {
            return Err(invalid("it has a path, which only `ws` and `wss` have; leave it out"));
        }
        let credentials = (!url.username().is_empty())
            .then(|| Credentials::new(decoded(url.username()), decoded(url.password().unwrap_or_default())));
        let port = url.port().unwrap_or(port);
        let mut address = url;
        // Both fail for URLs without a host only.
        let _ = address.set_username("");
        let _ = address.set_password(None);
        Ok(Self { scheme, host, port, address: address.into(), credentials })
    }
}

impl Scheme {
    fn check_features(self, name: &str) -> Result<(), ConnectError> {
        let missing = |feature| Err(ConnectError::FeatureMissing { scheme: name.to_owned(), feature });
        match self {
            Self::Ws | Self::Wss if cfg!(not(feature = "websocket")) => missing("websocket"),
            Self::Mqtts | Self::Wss if cfg!(not(feature = "tls")) => missing("tls"),
            _ => Ok(()),
        }
    }
}

fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => text.to_owned(),
    }
}

/// `%40` and the like.
fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map(|(key, _)| key.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_the_scheme() {
        let url = BrokerUrl::parse("mqtt://broker").unwrap();
        assert_eq!((url.scheme, url.host.as_str(), url.port), (Scheme::Mqtt, "broker", 1883));
        assert_eq!(BrokerUrl::parse("mqtt://[::1]:9").unwrap().host, "[::1]");
    }

    #[test]
    #[cfg(all(feature = "tls", feature = "websocket"))]
    fn a_web_socket_url_keeps_its_path_and_loses_its_user() {
        let url = BrokerUrl::parse("wss://me:p%40ss+word@broker/mqtt").unwrap();
        assert_eq!((url.address.as_str(), url.port), ("wss://broker/mqtt", 443));
        let credentials = url.credentials.unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("me", "p@ss+word"));
    }

    #[test]
    fn what_is_no_broker_url_says_what_to_write() {
        for (text, expected) in [
            ("localhost:1883", "the scheme is none of"),
            ("localhost", "write it as in `mqtt://localhost:1883`"),
            ("http://localhost", "the scheme is none of"),
            ("mqtt://", "write it as in"),
            ("mqtt://localhost/path", "it has a path"),
        ] {
            let error = BrokerUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = BrokerUrl::parse("http://me:secret@localhost").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
