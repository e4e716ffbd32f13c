//! Opens the file: locks it, makes it durable, sets its permissions and upgrades its schema.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::failure::{Failure, is_busy};
use super::migrations::{self, MIGRATIONS, MigrateError};
use super::private;
use crate::store::StoreError;
use crate::store::clock::Clock;

/// More than one process makes: from 2^40 on at the second opening, and so on.
const CHANGES: i64 = 1 << 40;

/// What tests change.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) clock: Clock,
    /// How long to wait for another process that has the file.
    pub(super) patience: Duration,
    pub(super) migrations: &'static [&'static str],
    /// How long an update that nobody waits for waits for the transaction of another operation.
    pub(super) company: Duration,
    /// `PRAGMA synchronous`.
    pub(super) synchronous: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            patience: Duration::from_secs(2),
            migrations: MIGRATIONS,
            company: Duration::from_millis(5),
            synchronous: "FULL",
        }
    }
}

/// Opens it, and gives the number that its first change has: greater than those of all before. Waits, so it is not for an
/// asynchronous thread.
pub(super) fn open(path: &Path, settings: &Settings) -> Result<(Connection, i64), StoreError> {
    let give_up = Instant::now() + settings.patience;
    loop {
        match attempt(path, settings) {
            Ok(opened) => return Ok(opened),
            // Two that open a new file at once may each keep the other from locking it. Both let go of it, which
            // `attempt` does by closing it, and the chance says who is first.
            Err(MigrateError::File(error)) if is_busy(&error) => {
                if Instant::now() >= give_up {
                    let reason =
                        format!("`{}` is open elsewhere, and belongs to one store at a time", path.display());
                    return Err(StoreError::InUse { reason });
                }
                thread::sleep(Duration::from_millis(fastrand::u64(5..40)));
            }
            Err(MigrateError::File(error)) => return Err(Failure::File(error).of(path)),
            Err(MigrateError::Refused(why)) => {
                return Err(StoreError::Unreadable { reason: format!("`{}` {why}", path.display()) });
            }
            Err(MigrateError::Later(why)) => {
                return Err(StoreError::LaterVersion { reason: format!("`{}` {why}", path.display()) });
            }
        }
    }
}

fn attempt(path: &Path, settings: &Settings) -> Result<(Connection, i64), MigrateError> {
    // Without `SQLITE_OPEN_URI`: a path is a path, whatever it looks like.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    private::make(path);
    let mut file = Connection::open_with_flags(path, flags)?;
    file.busy_timeout(Duration::from_millis(100))?;
    // Before anything is read. The lock is the process's, so it goes with it, and nothing is left to clear away after a
    // crash. Beside that the index of the log is then in memory and not in a file.
    file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    // One that may only be read is an error here.
    file.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    // Before it is changed: somebody else's file stays as it is.
    migrations::version(&file, settings.migrations.len())?;
    private::close_to_others(path);
    let mode: String = file.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(MigrateError::Refused("is no file on a disk".to_owned()));
    }
    file.pragma_update(None, "synchronous", settings.synchronous)?;
    // What syncs on macOS; elsewhere it says nothing.
    file.pragma_update(None, "fullfsync", true)?;
    file.pragma_update(None, "checkpoint_fullfsync", true)?;
    // In pages: what changes again soon is copied into the file once.
    file.pragma_update(None, "wal_autocheckpoint", 4000)?;
    // After one large record the log is cut down to this again, in bytes.
    file.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    let opened = migrations::migrate(&mut file, settings.migrations)?;
    file.busy_timeout(Duration::from_secs(5))?;
    file.set_prepared_statement_cache_capacity(32);
    Ok((file, opened.saturating_mul(CHANGES)))
}
