//! Broker addresses: parsing a URL.

use std::fmt;

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
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    /// The host name or address.
    pub(super) host: String,
    pub(super) port: u16,
    /// For messages: without credentials, and without the query, which may be a token.
    pub(super) address: String,
    /// What WebSocket's handshake asks for: path and query.
    pub(super) resource: String,
    pub(super) credentials: Option<Credentials>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidUrl { url: quotable(text), reason };
        if text.is_empty() {
            return Err(invalid("it is empty".to_owned()));
        }
        // `localhost:1883` parses as the scheme `localhost`.
        let has_scheme = text.contains("://");
        let mut url = url::Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => invalid(unreadable(text, "it has no scheme")),
            error => invalid(unreadable(text, &error.to_string())),
        })?;
        let scheme = match url.scheme() {
            "mqtt" => Scheme::Mqtt,
            "mqtts" => Scheme::Mqtts,
            "ws" => Scheme::Ws,
            "wss" => Scheme::Wss,
            _ if !has_scheme => return Err(invalid("it has no scheme".to_owned())),
            _ => return Err(invalid("its scheme is none of those known here".to_owned())),
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
                let decode = |text| {
                    let wrong =
                        "its user name or password has a `%` that encodes nothing (`%` itself is `%25`)";
                    decode(text).ok_or_else(|| invalid(wrong.to_owned()))
                };
                Some(Credentials::new(decode(username)?, decode(password.unwrap_or_default())?))
            }
        };
        let (address, resource) = match scheme {
            Scheme::Mqtt | Scheme::Mqtts => {
                if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
                    let reason = format!("nothing may follow the port after `{}://`", scheme.name());
                    return Err(invalid(unreadable(text, &reason)));
                }
                (format!("{host}:{port}"), String::new())
            }
            Scheme::Ws | Scheme::Wss => {
                // Can't fail: there is a host.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.set_fragment(None);
                let resource = url[url::Position::BeforePath..].to_owned();
                url.set_query(None);
                (url.into(), resource)
            }
        };
        Ok(Self { scheme, host, port, address, resource, credentials })
    }

    /// The port, where a broker that is started on this machine without further settings would be found.
    pub(super) fn port_here(&self) -> Option<u16> {
        let is_here = self.scheme == Scheme::Mqtt && matches!(self.host.as_str(), "localhost" | "127.0.0.1");
        is_here.then_some(self.port)
    }

    /// The header `Host`: the port only where it isn't the scheme's own.
    #[cfg(feature = "websocket")]
    pub(super) fn host_header(&self) -> String {
        let host = &self.host;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
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

/// Why an address can't be read. A password with `/`, `?` or `#` in it ends the host too early.
fn unreadable(text: &str, reason: &str) -> String {
    if !text.contains('@') {
        return reason.to_owned();
    }
    format!(
        "{reason}. If the password has `/`, `?`, `#`, `@`, `:` or `%` in it, percent-encode them (`/` as `%2F`), or give it with \
         `ConnectOptions::credentials`"
    )
}

/// An address as it may be shown: without credentials and query. `None` for one that can't be read.
pub(crate) fn without_credentials(text: &str) -> Option<String> {
    let target = Target::parse(text).ok()?;
    Some(match target.scheme {
        Scheme::Mqtt | Scheme::Mqtts => format!("{}://{}", target.scheme.name(), target.address),
        Scheme::Ws | Scheme::Wss => target.address,
    })
}

/// An address that is wrong, for a message: `…` is in place of all that may be a password or a token, and nothing of a query is
/// left.
fn quotable(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if KNOWN.contains(&scheme) => (format!("{scheme}://"), rest),
        Some((_, rest)) => ("…://".to_owned(), rest),
        None => (String::new(), text),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, query) = rest.split_at(end);
    let (before, address) = match address.rsplit_once('@') {
        // Which part the `@` ends can't be told.
        _ if query.contains('@') => return format!("{scheme}…"),
        Some((_, host)) => ("…@", host),
        None => ("", address),
    };
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let rest = if path.is_empty() { "" } else { "/…" };
    match is_host(host, scheme.is_empty() && before.is_empty()) {
        true => format!("{scheme}{before}{host}{rest}"),
        false => format!("{scheme}{before}…"),
    }
}

/// Schemes that users write. Another one may be anything.
const KNOWN: [&str; 10] = ["mqtt", "mqtts", "ws", "wss", "tcp", "ssl", "tls", "http", "https", "amqp"];

/// Whether a text looks like a host, perhaps with a port, and not like a password or a token. `bare`: nothing stands before
/// it, so that anything may have been given.
fn is_host(text: &str, bare: bool) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.[]:".contains(&byte);
    if text.is_empty() {
        return true;
    }
    let is_known = host == "localhost" || host.contains('.') || !bare;
    host.len() <= 64 && host.bytes().all(is_name) && port.is_none_or(is_port) && is_known
}

/// Undoes percent-encoding, which a password with `@` or `/` needs in a url.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn target(scheme: Scheme, host: &str, port: u16) -> Target {
        let address = format!("{host}:{port}");
        Target { scheme, host: host.to_owned(), port, address, resource: String::new(), credentials: None }
    }

    #[test]
    fn urls_mean_what_they_say() {
        let parse = |text| Target::parse(text).unwrap();
        assert_eq!(parse("mqtt://localhost"), target(Scheme::Mqtt, "localhost", 1883));
        assert_eq!(parse("mqtt://10.0.0.1:77/"), target(Scheme::Mqtt, "10.0.0.1", 77));
        assert_eq!(parse("mqtts://[::1]"), target(Scheme::Mqtts, "::1", 8883));
        assert_eq!(
            parse("ws://h/mqtt"),
            Target { address: "ws://h/mqtt".into(), resource: "/mqtt".into(), ..target(Scheme::Ws, "h", 80) }
        );
        assert_eq!(parse("ws://h").resource, "/");
        let wss = Target::parse("wss://me:p%40ss@h:8443/mqtt?x=1").unwrap();
        assert_eq!((wss.host.as_str(), wss.port), ("h", 8443));
        assert_eq!((wss.address.as_str(), wss.resource.as_str()), ("wss://h:8443/mqtt", "/mqtt?x=1"));
        assert_eq!(wss.credentials, Some(Credentials::new("me", "p@ss")));
        let user = Target::parse("mqtt://me@h").unwrap();
        assert_eq!(user.credentials, Some(Credentials::new("me", "")));
    }

    #[test]
    fn a_query_is_shown_nowhere() {
        let text = "wss://me:secret@h/mqtt?token=secret#secret";
        let target = Target::parse(text).unwrap();
        assert_eq!(target.resource, "/mqtt?token=secret");
        let shown = format!("{target:?} {} {:?}", target.address, without_credentials(text));
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn the_host_header_names_a_port_that_is_not_the_usual() {
        let header = |text| Target::parse(text).unwrap().host_header();
        assert_eq!(header("ws://h/mqtt"), "h");
        assert_eq!(header("wss://h:443"), "h");
        assert_eq!(header("ws://h:8080"), "h:8080");
        assert_eq!(header("ws://[::1]:8080"), "[::1]:8080");
    }

    #[test]
    fn wrong_urls_are_named_without_their_password() {
        for text in [
            "",
            "localhost",
            "localhost:1883",
            "secret",
            "secret://h",
            "eyJhbGciOiJIUzI1NiJ9.secret.secret",
            "mqtt://admin:secret",
            "mqtt://u:secret%40h",
            "http://h",
            "mqtt://",
            "mqtt://h/path",
            "mqtt://h?x",
            "mqtt://u:secret@h:x",
            "mqtt://u:secret%z@h",
            "u:secret@h",
            "u:secret@h:1883",
            "mqtt://u:secret@h/path?token=secret",
            "mqtt://u:sec#secret@h:1883",
            "mqtt://h?token=secret@secret",
            "http://u:secret@h",
            "u:secret@h://x",
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
    fn wrong_urls_are_quoted_and_what_to_write_is_said() {
        for (text, told) in [
            ("", "invalid broker url: it is empty; write"),
            ("localhost", "invalid broker url `localhost`: it has no scheme; write"),
            ("localhost:1883", "invalid broker url `localhost:1883`: it has no scheme; write"),
            ("u:p@h:1883", "invalid broker url `…@h:1883`: it has no scheme"),
            (
                "http://u:p@h",
                "invalid broker url `http://…@h`: its scheme is none of those known here; write",
            ),
            (
                "mqtt://localhost:99999",
                "invalid broker url `mqtt://localhost:99999`: invalid port number; write",
            ),
            (
                "mqtt://h/a?b",
                "invalid broker url `mqtt://h/…`: nothing may follow the port after `mqtt://`; write",
            ),
        ] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(told) && error.contains("write it as `mqtt://localhost:1883`"),
                "{error}"
            );
        }
    }

    #[test]
    fn of_a_password_that_ends_the_host_it_is_said_how_to_write_it() {
        for text in ["mqtt://me:p/ss@h", "mqtt://me:12/34@h", "mqtt://me:p#ss@h:1883", "mqtts://me:p?s@h"] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(
                error.contains("percent-encode") && error.contains("`ConnectOptions::credentials`"),
                "{error}"
            );
        }
        let error = Target::parse("mqtt://h:x").unwrap_err().to_string();
        assert!(!error.contains("password"), "{error}");
        for (text, password) in
            [("mqtt://me:p@ss@h", "p@ss"), ("mqtt://me:p:ss@h", "p:ss"), ("mqtt://me:p%2Fss@h", "p/ss")]
        {
            assert_eq!(Target::parse(text).unwrap().credentials, Some(Credentials::new("me", password)));
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
