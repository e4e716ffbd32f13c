//! Certificates for `mqtts://` and `wss://`.

/// Certificates for `mqtts://` and `wss://`, in PEM. Without any, the system's certificate authorities are trusted.
#[derive(Clone, Default)]
pub struct Tls {
    authorities: Vec<u8>,
    client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// The system's certificate authorities, and no client certificate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these certificate authorities instead of the system's. PEM, one or more certificates.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = pem.into();
        self
    }

    /// Shows this certificate to the broker. PEM, the certificate with its chain, and its private key.
    #[must_use]
    pub fn client_certificate(mut self, certificate_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        self.client = Some((certificate_pem.into(), key_pem.into()));
        self
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ca_bytes, client_certificate) = (self.authorities.len(), self.client.is_some());
        f.debug_struct("Tls").field("ca_bytes", &ca_bytes).field("client_certificate", &client_certificate).finish()
    }
}

#[cfg(feature = "tls")]
mod config {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ClientConfig, RootCertStore};

    use super::Tls;
    use crate::link::ConnectError;

    impl Tls {
        pub(in crate::link) fn config(&self) -> Result<Arc<ClientConfig>, ConnectError> {
            let error = |what: &str, error: &dyn std::fmt::Display| ConnectError::Tls(format!("{what}: {error}"));
            // Named, not taken from the process: the user's program may have another one as its default.
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|e| error("protocol versions", &e))?
                .with_root_certificates(self.roots()?);
            let config = match &self.client {
                None => builder.with_no_client_auth(),
                Some((certificate, key)) => {
                    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
                    let chain = chain.map_err(|e| error("the client certificate", &e))?;
                    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| error("the client's private key", &e))?;
                    builder.with_client_auth_cert(chain, key).map_err(|e| error("the client certificate", &e))?
                }
            };
            Ok(Arc::new(config))
        }

        fn roots(&self) -> Result<RootCertStore, ConnectError> {
            let mut roots = RootCertStore::empty();
            if self.authorities.is_empty() {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    let text = "the system has no certificate authorities; give some with `Tls::ca_pem`";
                    return Err(ConnectError::Tls(text.to_owned()));
                }
                return Ok(roots);
            }
            for certificate in CertificateDer::pem_slice_iter(&self.authorities) {
                let certificate = certificate.map_err(|e| ConnectError::Tls(format!("the authorities' PEM: {e}")))?;
                roots.add(certificate).map_err(|e| ConnectError::Tls(format!("an authority's certificate: {e}")))?;
            }
            if roots.is_empty() {
                return Err(ConnectError::Tls("the authorities' PEM holds no certificate".to_owned()));
            }
            Ok(roots)
        }
    }
}
