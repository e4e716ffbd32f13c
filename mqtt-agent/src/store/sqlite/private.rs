//! Makes the file readable by its owner only, because tasks and results are confidential. SQLite gives its companion
//! files the same permissions. On systems other than Unix, the permissions of the directory apply.

use std::path::Path;

/// Makes the file where there is none, so that it is never open to others, not even for a moment. What goes wrong is said by
/// SQLite, which opens it next.
pub(super) fn make(path: &Path) {
    #[cfg(unix)]
    unix::make(path);
    #[cfg(not(unix))]
    let _ = path;
}

/// Takes the rights of others from a file that was there, and from what a crash left beside it.
pub(super) fn close_to_others(path: &Path) {
    #[cfg(unix)]
    unix::close_to_others(path);
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::fs::{self, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    use crate::shown::shown;

    /// The rights of everybody but the owner.
    const OTHERS: u32 = 0o077;

    /// A process that closes a file loses all its locks on it. So nobody here may lock the file between its making and the
    /// closing that belongs to it.
    static MAKING: Mutex<()> = Mutex::new(());

    pub(super) fn make(path: &Path) {
        // SQLite's word for no file at all.
        if path.as_os_str() == ":memory:" {
            return;
        }
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        // Never one that is there already: it may be open and locked.
        drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
    }

    pub(super) fn close_to_others(path: &Path) {
        for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal")] {
            match close(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = path.display();
                    crate::log::warn!(path = %shown(&path), %error, "failed to close a file of the task store to others than its owner; run `chmod 600` on it");
                }
                Ok(()) => {}
            }
        }
    }

    /// By its name: it is not opened, and so no lock is lost.
    fn close(path: &Path) -> io::Result<()> {
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & OTHERS == 0 {
            Ok(())
        } else {
            fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))
        }
    }

    fn beside(path: &Path, ending: &str) -> PathBuf {
        let mut name = OsString::from(path);
        name.push(ending);
        name.into()
    }
}
