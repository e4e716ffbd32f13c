//! TLS: the trusted authorities, and the client's certificate.

use std::fmt;

/// Certificates for `mqtts://` and `wss://`. Without any, the system's certificate authorities are trusted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    ca: Option<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Trusts the system's certificate authorities and presents no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts only the authorities in this PEM text.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Presents this certificate (chain) with its private key, both as PEM text.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.client = Some((certificate.into(), key.into()));
        self
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &if self.ca.is_some() { "own" } else { "system" })
            .field("client_certificate", &self.client.is_some())
            .finish()
    }
}

#[cfg(all(feature = "tls", feature = "mcp-http"))]
pub(crate) use rustls_configuration::web_tls;
#[cfg(feature = "tls")]
pub(super) use rustls_configuration::{configuration, open};

#[cfg(feature = "tls")]
mod rustls_configuration {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};

    use tokio_rustls::TlsConnector;

    use super::super::disconnect::Ended;
    use super::super::error::ConnectError;
    use super::super::stream::Stream;
    use super::Tls;

    /// Shakes hands over a connection that is there; an error of the socket or of TLS is for the caller to tell.
    pub(in super::super) async fn open(
        stream: Stream,
        host: &str,
        config: &Arc<ClientConfig>,
    ) -> Result<std::io::Result<Stream>, Ended> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            let failure = ConnectError::Tls { reason: error.to_string() };
            Ended::attempt(failure.to_string(), Some(failure))
        })?;
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name, stream).await;
        Ok(stream.map(|stream| -> Stream { Box::new(stream) }))
    }

    /// Shakes hands with a web server, whose certificate is of an authority that the system trusts.
    #[cfg(feature = "mcp-http")]
    pub(crate) async fn web_tls(
        host: &str,
        stream: tokio::net::TcpStream,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let config = configuration(None).map_err(|error| std::io::Error::other(error.to_string()))?;
        TlsConnector::from(config).connect(name, stream).await
    }

    /// The configuration. The provider is named, so that it doesn't matter which others a program links or installs.
    pub(in super::super) fn configuration(tls: Option<&Tls>) -> Result<Arc<ClientConfig>, ConnectError> {
        let default = Tls::new();
        let tls = tls.unwrap_or(&default);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed("the protocol versions"))?
            .with_root_certificates(roots(tls)?);
        let config = match &tls.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate, "client certificate")?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(failed("the client key"))?;
                builder.with_client_auth_cert(chain, key).map_err(failed("the client certificate"))?
            }
        };
        Ok(Arc::new(config))
    }

    fn roots(tls: &Tls) -> Result<RootCertStore, ConnectError> {
        let mut roots = RootCertStore::empty();
        let Some(pem) = &tls.ca else {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
            if roots.is_empty() {
                let reason = "the system has no certificate authorities".to_owned();
                return Err(ConnectError::Tls { reason });
            }
            return Ok(roots);
        };
        for certificate in certificates(pem, "certificate authority")? {
            roots.add(certificate).map_err(failed("the certificate authority"))?;
        }
        Ok(roots)
    }

    fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(failed(what))?;
        if certificates.is_empty() {
            return Err(ConnectError::Tls {
                reason: format!("there is no certificate in the {what}'s PEM text"),
            });
        }
        Ok(certificates)
    }

    fn failed<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> ConnectError {
        move |error| ConnectError::Tls { reason: format!("{what}: {error}") }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn text_without_a_certificate_is_refused() {
            for pem in
                ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
            {
                let refused = configuration(Some(&Tls::new().ca_pem(pem)));
                assert!(matches!(refused, Err(ConnectError::Tls { .. })), "{pem}");
            }
        }
    }
}
