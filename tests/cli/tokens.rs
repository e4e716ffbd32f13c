//! The tokens of those who come to a bridge over HTTP.

use std::path::PathBuf;

use crate::web::Web;

pub(crate) const SCOUT: &str = "scout-0123456789abcdef";
pub(crate) const PROBE: &str = "probe-0123456789abcdef";

/// A file of tokens in a folder of its own.
pub(crate) struct File(tempfile::TempDir);

impl File {
    pub(crate) fn new(text: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        file.write(text);
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("tokens")
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    /// A bridge that takes them.
    pub(crate) async fn web(&self, url: &str, arguments: &[&str]) -> Web {
        Web::start(url, &[arguments, &["--tokens", self.path().to_str().unwrap()]].concat()).await
    }
}

/// Those of two identities.
pub(crate) fn both() -> File {
    File::new(&format!("# who may come in\nscout {SCOUT}\nprobe {PROBE}\n"))
}
