//! The errors of the file, and how they are reported to the user.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Why an operation on the file failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite says why.
    File(rusqlite::Error),
    /// The worker is gone: the store was closed, or its thread died.
    Ended,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

impl Failure {
    /// Of which file.
    pub(super) fn of(&self, path: &Path) -> StoreError {
        let path = path.display();
        match &self {
            Self::Ended => StoreError::Unavailable {
                reason: format!("`{path}` was closed, or the thread that writes it died"),
            },
            Self::File(error) => {
                let reason = format!("`{path}`: {error}");
                if is_damage(error) {
                    StoreError::Unreadable { reason }
                } else if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
                    StoreError::Full { reason }
                } else {
                    StoreError::Unavailable { reason }
                }
            }
        }
    }
}

/// Whether somebody else has the file.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether the file can be read, and what it holds makes no sense.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        error => {
            matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        }
    }
}
