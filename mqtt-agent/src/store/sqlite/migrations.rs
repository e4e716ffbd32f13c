//! The schema of the file and its versions. The file contains its version (`PRAGMA user_version`), and the id of its
//! application (`PRAGMA application_id`).

use rusqlite::{Connection, TransactionBehavior};

/// What makes each version of the one before; the first makes version 1 of nothing. What was released never changes:
/// a new version is a new line.
pub(super) const MIGRATIONS: &[&str] = &[
    // `record` is the whole `TaskRecord` as JSON. Of the columns beside it, `number` is the order of insertion and
    // `change` that of the last changes; `changed_at` is when that was, in milliseconds since 1970. A record that has
    // ended and is not open is settled, whatever its JSON says.
    "CREATE TABLE tasks (
        number INTEGER PRIMARY KEY,
        side TEXT NOT NULL,
        task_id TEXT NOT NULL,
        ended INTEGER NOT NULL,
        open INTEGER NOT NULL,
        change INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (side, task_id)
    ) STRICT;
    CREATE INDEX tasks_open ON tasks (side, number) WHERE open = 1;
    CREATE INDEX tasks_ended ON tasks (side, change, changed_at) WHERE ended = 1;
    CREATE INDEX tasks_change ON tasks (change);",
    // `change` begins with how often the file was opened, so that nothing has to look for the last one: an index less is
    // written with each change.
    "DROP INDEX tasks_change;
    CREATE TABLE opened (times INTEGER NOT NULL) STRICT;
    INSERT INTO opened VALUES (0);",
    // Who gave the task: a query of one delegator's tasks looks at no others.
    "ALTER TABLE tasks ADD COLUMN sender TEXT;
    UPDATE tasks SET sender = json_extract(record, '$.task.from') WHERE json_valid(record);
    CREATE INDEX tasks_sender ON tasks (side, sender, number);",
];

/// `A2At` in ASCII.
pub(super) const APPLICATION: i32 = 0x4132_4174;

/// Why a file cannot be brought up to date.
#[derive(Debug)]
pub(super) enum MigrateError {
    File(rusqlite::Error),
    /// It is no file of a store; in words that follow its name.
    Refused(String),
    /// It is of a version that is not known; in words that follow its name.
    Later(String),
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

/// The version of the file, 0 of an empty one. Changes nothing.
pub(super) fn version(file: &Connection, known: usize) -> Result<usize, MigrateError> {
    let number = |pragma| file.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let things: i64 = file.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let empty = application == 0 && version == 0 && things == 0;
    if application != APPLICATION && !empty {
        return Err(MigrateError::Refused("is a database of something else".to_owned()));
    }
    match usize::try_from(version) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(MigrateError::Later(format!(
            "has version {version}, and this program knows versions up to {known}"
        ))),
    }
}

/// Brings the file up to date in one transaction, and gives how often it was opened: where a step fails, the program that wrote
/// the file can still open it. It writes in any case, so that a file that cannot be written is found now and not by the first
/// task.
pub(super) fn migrate(file: &mut Connection, migrations: &[&str]) -> Result<i64, MigrateError> {
    let from = version(file, migrations.len())?;
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in migrations.iter().skip(from) {
        transaction.execute_batch(migration)?;
    }
    stamp(&transaction, migrations.len())?;
    let count = "UPDATE opened SET times = times + 1 RETURNING times";
    let opened = transaction.query_row(count, (), |row| row.get(0))?;
    transaction.commit()?;
    Ok(opened)
}

fn stamp(file: &Connection, version: usize) -> rusqlite::Result<()> {
    file.pragma_update(None, "application_id", APPLICATION)?;
    file.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))
}
