//! [`PasswordFile`]: a file with the password, read before each attempt to connect.

use std::io;
use std::path::PathBuf;
use std::thread;

use tokio::sync::oneshot;

/// A user name, and the file with its password.
pub(crate) struct PasswordFile {
    user: String,
    path: PathBuf,
    /// How it is called in errors.
    named: String,
}

impl PasswordFile {
    pub(crate) fn new(user: String, path: PathBuf, named: String) -> Self {
        Self { user, path, named }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn named(&self) -> &str {
        &self.named
    }

    /// The current content of the file without its line end. `turn` is kept until the file was read.
    ///
    /// It is read on a thread of its own: on a disk that hangs nothing can interrupt it, and a thread of the runtime's would
    /// keep the runtime from ending.
    pub(super) async fn read(&self, turn: impl Send + 'static) -> Result<String, String> {
        let (path, (tell, told)) = (self.path.clone(), oneshot::channel());
        let read = move || {
            let text = std::fs::read_to_string(path);
            drop(turn);
            // An error says that nobody waits for it any more.
            let _ = tell.send(text);
        };
        let text = match thread::Builder::new().name("mqtt-agent-password".to_owned()).spawn(read) {
            Ok(_) => told.await.unwrap_or_else(|_| Err(io::Error::other("the thread that reads it ended"))),
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| format!("{}: {error}", self.named))?;
        let password = text.strip_suffix('\n').unwrap_or(&text);
        Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
    }
}
