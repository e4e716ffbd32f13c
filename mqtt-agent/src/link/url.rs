//! Broker addresses: what a url means.

use super::credentials::Credentials;
use super::error::ConnectError;

/// The kinds of transport, one for each scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// A parsed broker address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    /// The host name or address.
    pub(super) host: String,
    pub(super) port: u16,
    /// For messages, and for the WebSocket handshake: without credentials.
    pub(super) address: String,
    pub(super) credentials: Option<Credentials>,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidUrl { reason };
        // The address itself isn't repeated in errors: it may hold a password.
        let mut url = url::Url::parse(text).map_err(|error| invalid(error.to_string()))?;
        let scheme = match url.scheme() {
            "mqtt" => Scheme::Mqtt,
            "mqtts" => Scheme::Mqtts,
            "ws" => Scheme::Ws,
            "wss" => Scheme::Wss,
            // `localhost:1883` parses as the scheme `localhost`.
            other => return Err(invalid(format!("`{other}` is no scheme known here"))),
        };
        let host = match url.host() {
            Some(url::Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            _ => return Err(invalid("there is no host".to_owned())),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (username, password) => {
                Some(Credentials::new(decode(username)?, decode(password.unwrap_or_default())?))
            }
        };
        let address = match scheme {
            Scheme::Mqtt | Scheme::Mqtts => {
                if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
                    return Err(invalid(format!("nothing may follow the port after `{}://`", scheme.name())));
                }
                format!("{host}:{port}")
            }
            Scheme::Ws | Scheme::Wss => {
                // Can't fail: there is a host.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.set_fragment(None);
                url.into()
            }
        };
        Ok(Self { scheme, host, port, address, credentials })
    }

    /// Refuses a scheme whose feature is off, and TLS options without TLS.
    pub(super) fn check(&self, tls_options: bool) -> Result<(), ConnectError> {
        let secure = matches!(self.scheme, Scheme::Mqtts | Scheme::Wss);
        if !secure && tls_options {
            let reason = "it is set, but the url's scheme is not `mqtts` or `wss`".to_owned();
            return Err(ConnectError::InvalidOption { option: "tls", reason });
        }
        let missing =
            |feature| ConnectError::FeatureMissing { scheme: self.scheme.name().to_owned(), feature };
        if secure && !cfg!(feature = "tls") {
            return Err(missing("tls"));
        }
        if matches!(self.scheme, Scheme::Ws | Scheme::Wss) && !cfg!(feature = "websocket") {
            return Err(missing("websocket"));
        }
        Ok(())
    }
}

/// An address as it may be shown: without credentials. `None` for one that can't be read.
pub(crate) fn without_credentials(text: &str) -> Option<String> {
    let target = Target::parse(text).ok()?;
    Some(match target.scheme {
        Scheme::Mqtt | Scheme::Mqtts => format!("{}://{}", target.scheme.name(), target.address),
        Scheme::Ws | Scheme::Wss => target.address,
    })
}

/// Undoes percent-encoding, which a password with `@` or `/` needs in a url.
fn decode(text: &str) -> Result<String, ConnectError> {
    let invalid =
        || ConnectError::InvalidUrl { reason: "its user name or password is not well encoded".to_owned() };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit().ok_or_else(invalid)?, digit().ok_or_else(invalid)?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| invalid())?);
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn target(scheme: Scheme, host: &str, port: u16) -> Target {
        Target { scheme, host: host.to_owned(), port, address: format!("{host}:{port}"), credentials: None }
    }

    #[test]
    fn urls_mean_what_they_say() {
        let parse = |text| Target::parse(text).unwrap();
        assert_eq!(parse("mqtt://localhost"), target(Scheme::Mqtt, "localhost", 1883));
        assert_eq!(parse("mqtt://10.0.0.1:77/"), target(Scheme::Mqtt, "10.0.0.1", 77));
        assert_eq!(parse("mqtts://[::1]"), target(Scheme::Mqtts, "::1", 8883));
        assert_eq!(
            parse("ws://h/mqtt"),
            Target { address: "ws://h/mqtt".into(), ..target(Scheme::Ws, "h", 80) }
        );
        let wss = Target::parse("wss://me:p%40ss@h:8443/mqtt?x=1").unwrap();
        assert_eq!((wss.host.as_str(), wss.port), ("h", 8443));
        assert_eq!(wss.address, "wss://h:8443/mqtt?x=1");
        assert_eq!(wss.credentials, Some(Credentials::new("me", "p@ss")));
        let user = Target::parse("mqtt://me@h").unwrap();
        assert_eq!(user.credentials, Some(Credentials::new("me", "")));
    }

    #[test]
    fn wrong_urls_are_named_without_their_password() {
        for text in [
            "",
            "localhost",
            "localhost:1883",
            "http://h",
            "mqtt://",
            "mqtt://h/path",
            "mqtt://h?x",
            "mqtt://u:secret@h:x",
            "mqtt://u:secret%z@h",
        ] {
            match Target::parse(text) {
                Err(error @ ConnectError::InvalidUrl { .. }) => {
                    assert!(!error.to_string().contains("secret"), "{error}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_scheme_without_its_feature_names_the_feature() {
        let transport = |text| Target::parse(text).unwrap().check(false);
        assert_eq!(transport("mqtt://h"), Ok(()));
        let missing =
            |scheme: &str, feature| Err(ConnectError::FeatureMissing { scheme: scheme.into(), feature });
        if !cfg!(feature = "tls") {
            assert_eq!(transport("mqtts://h"), missing("mqtts", "tls"));
            assert_eq!(transport("wss://h"), missing("wss", "tls"));
        } else if !cfg!(feature = "websocket") {
            assert_eq!(transport("wss://h"), missing("wss", "websocket"));
        }
        if !cfg!(feature = "websocket") {
            assert_eq!(transport("ws://h"), missing("ws", "websocket"));
        }
    }

    #[test]
    fn tls_options_for_a_plain_url_are_a_mistake() {
        let target = Target::parse("mqtt://h").unwrap();
        let refused = target.check(true);
        assert!(matches!(refused, Err(ConnectError::InvalidOption { option: "tls", .. })));
    }
}
