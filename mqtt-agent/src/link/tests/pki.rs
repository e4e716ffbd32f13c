//! A certificate authority, made once for all tests.

use std::path::Path;
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

pub(super) struct Pki {
    pub(super) ca: String,
    certificate: String,
    key: String,
    pub(super) client: (String, String),
}

/// With a subject of its own: OpenSSL takes a certificate with its issuer's name for a self-signed one.
fn named(name: &str, addresses: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(addresses).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Pki {
    pub(super) fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| {
            let mut params = named("authority", Vec::new());
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let key = KeyPair::generate().unwrap();
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let certificate = named("broker", names).signed_by(&key, &ca).unwrap();
            let client_key = KeyPair::generate().unwrap();
            let client = named("client", Vec::new()).signed_by(&client_key, &ca).unwrap();
            Pki {
                ca: ca.pem(),
                certificate: certificate.pem(),
                key: key.serialize_pem(),
                client: (client.pem(), client_key.serialize_pem()),
            }
        })
    }

    pub(super) fn write(&self, directory: &Path) {
        std::fs::write(directory.join("broker.pem"), &self.certificate).unwrap();
        std::fs::write(directory.join("ca.pem"), &self.ca).unwrap();
        std::fs::write(directory.join("broker.key"), &self.key).unwrap();
    }
}
