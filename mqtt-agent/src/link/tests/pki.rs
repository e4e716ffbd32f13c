//! A certificate authority, made once for all tests.

use std::path::Path;
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

pub(super) struct Pki {
    pub(super) ca: String,
    certificate: String,
    key: String,
}

impl Pki {
    pub(super) fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let key = KeyPair::generate().unwrap();
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
            Pki { ca: ca.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
        })
    }

    pub(super) fn write(&self, directory: &Path) {
        std::fs::write(directory.join("broker.pem"), &self.certificate).unwrap();
        std::fs::write(directory.join("broker.key"), &self.key).unwrap();
    }
}
