//! Records as rows, and the statements that read and change them. All of them run in a transaction of the worker.

use rusqlite::{Connection, OptionalExtension as _, Row as Columns, named_params, params};

use crate::store::{StoreError, TaskRecord, TaskSide};

/// A record on its way into the file.
pub(super) struct Row {
    side: TaskSide,
    task_id: String,
    sender: String,
    ended: bool,
    settled: bool,
    json: String,
    now: i64,
}

/// A record as it is in the file.
pub(super) struct Kept {
    pub(super) task_id: String,
    // Bytes: text that is no UTF-8 is one record's fault, and not the file's.
    json: Vec<u8>,
    settled: bool,
}

const KEPT: &str = "task_id, record, ended = 1 AND open = 0";

impl Row {
    /// The JSON is made here, so that callers do it in parallel and the worker only writes.
    pub(super) fn of(side: TaskSide, record: &TaskRecord, now: i64) -> Result<Self, StoreError> {
        let id = record.task.task_id.as_str();
        let refused = |why: String| StoreError::Unstorable { reason: format!("task `{id}` {why}") };
        let json = serde_json::to_string(record).map_err(|error| refused(format!("is no JSON: {error}")))?;
        if depth(&json) > DEEPEST {
            return Err(refused(format!(
                "nests deeper than {DEEPEST} levels, could not be read again and was not kept"
            )));
        }
        Ok(Self {
            side,
            task_id: id.to_owned(),
            sender: record.task.from.clone(),
            ended: record.task.status.is_terminal(),
            settled: record.settled,
            json,
            now,
        })
    }

    /// Whether something is left to do, as [`TaskRecord::is_open`].
    fn open(&self) -> bool {
        !(self.ended && self.settled)
    }

    /// `change`: the number of this change.
    pub(super) fn insert(&self, file: &Connection, change: i64) -> rusqlite::Result<Option<Kept>> {
        let sql = "INSERT INTO tasks (side, task_id, sender, ended, open, change, changed_at, record)
            VALUES (:side, :id, :sender, :ended, :open, :change, :now, :json)
            ON CONFLICT (side, task_id) DO NOTHING";
        let inserted = file.prepare_cached(sql)?.execute(named_params! {
            ":side": self.side.as_str(), ":id": self.task_id, ":sender": self.sender, ":ended": self.ended,
            ":open": self.open(), ":change": change, ":now": self.now, ":json": self.json,
        })?;
        if inserted == 0 { get(file, self.side, &self.task_id) } else { Ok(None) }
    }

    pub(super) fn update(&self, file: &Connection, change: i64) -> rusqlite::Result<bool> {
        // What has not ended is open. Columns that stay as they are are not named: their indexes are not written then.
        let sql = match (self.ended, self.open()) {
            (false, _) => {
                "UPDATE tasks SET changed_at = :now, record = :json, change = :change
                WHERE side = :side AND task_id = :id AND ended = 0"
            }
            (true, true) => {
                "UPDATE tasks SET ended = 1, changed_at = :now, record = :json, change = :change
                WHERE side = :side AND task_id = :id AND ended = 0"
            }
            (true, false) => {
                "UPDATE tasks SET ended = 1, open = 0, changed_at = :now, record = :json, change = :change
                WHERE side = :side AND task_id = :id AND ended = 0"
            }
        };
        let changed = file.prepare_cached(sql)?.execute(named_params! {
            ":side": self.side.as_str(), ":id": self.task_id, ":change": change, ":now": self.now,
            ":json": self.json,
        })?;
        if changed > 0 {
            return Ok(true);
        }
        if self.settled {
            let settle = "UPDATE tasks SET open = 0, changed_at = ?3, change = ?4
                WHERE side = ?1 AND task_id = ?2 AND ended = 1 AND open = 1";
            let parameters = params![self.side.as_str(), self.task_id, self.now, change];
            if file.prepare_cached(settle)?.execute(parameters)? > 0 {
                return Ok(true);
            }
        }
        let exists = "SELECT 1 FROM tasks WHERE side = ?1 AND task_id = ?2";
        file.prepare_cached(exists)?.exists(params![self.side.as_str(), self.task_id])
    }
}

impl Kept {
    fn read(columns: &Columns<'_>) -> rusqlite::Result<Self> {
        let task_id = String::from_utf8_lossy(columns.get_ref(0)?.as_bytes()?).into_owned();
        Ok(Self { task_id, json: columns.get_ref(1)?.as_bytes()?.to_vec(), settled: columns.get(2)? })
    }

    /// What is wrong with it where it cannot be read.
    pub(super) fn record(self) -> Result<TaskRecord, String> {
        let mut record: TaskRecord =
            serde_json::from_slice(&self.json).map_err(|error| format!("its record is no task: {error}"))?;
        if record.task.task_id.as_str() != self.task_id {
            return Err(format!("its record is of the task `{}`", record.task.task_id));
        }
        record.settled |= self.settled;
        Ok(record)
    }
}

pub(super) fn get(file: &Connection, side: TaskSide, id: &str) -> rusqlite::Result<Option<Kept>> {
    let sql = format!("SELECT {KEPT} FROM tasks WHERE side = ?1 AND task_id = ?2");
    file.prepare_cached(&sql)?.query_row(params![side.as_str(), id], Kept::read).optional()
}

pub(super) fn open(
    file: &Connection,
    side: TaskSide,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Kept>> {
    let after = number(file, side, after)?;
    let sql = format!(
        "SELECT {KEPT} FROM tasks WHERE side = ?1 AND open = 1 AND number > ?2 ORDER BY number LIMIT ?3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = file.prepare_cached(&sql)?;
    let rows = statement.query_map(params![side.as_str(), after, limit], Kept::read)?;
    rows.collect()
}

/// Those of one sender, ended ones too. A record that is no JSON is nobody's.
pub(super) fn of_sender(
    file: &Connection,
    side: TaskSide,
    from: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Kept>> {
    let after = number(file, side, after)?;
    let sql = format!(
        "SELECT {KEPT} FROM tasks WHERE side = ?1 AND sender = ?4 AND number > ?2 ORDER BY number LIMIT ?3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = file.prepare_cached(&sql)?;
    let rows = statement.query_map(params![side.as_str(), after, limit, from], Kept::read)?;
    rows.collect()
}

/// The number of a task; 0 of one that is not kept.
fn number(file: &Connection, side: TaskSide, task_id: Option<&str>) -> rusqlite::Result<i64> {
    let Some(id) = task_id else { return Ok(0) };
    let sql = "SELECT number FROM tasks WHERE side = ?1 AND task_id = ?2";
    let number = file.prepare_cached(sql)?.query_row(params![side.as_str(), id], |row| row.get(0));
    Ok(number.optional()?.unwrap_or(0))
}

/// Removes what changed at `before` or earlier, and of each side all but the latest `count`.
pub(super) fn prune(file: &Connection, before: i64, count: usize) -> rusqlite::Result<usize> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut removed = 0;
    for side in [TaskSide::Executor, TaskSide::Delegator] {
        // The surplus first, and it counts what is old as well, so that the order of the two makes no difference.
        let surplus =
            "DELETE FROM tasks WHERE number IN (SELECT number FROM tasks WHERE side = ?1 AND ended = 1
            ORDER BY change DESC LIMIT -1 OFFSET ?2)";
        removed += file.prepare_cached(surplus)?.execute(params![side.as_str(), count])?;
        let old = "DELETE FROM tasks WHERE side = ?1 AND ended = 1 AND changed_at <= ?2";
        removed += file.prepare_cached(old)?.execute(params![side.as_str(), before])?;
    }
    Ok(removed)
}

/// The deepest JSON that serde_json reads.
const DEEPEST: usize = 127;

/// How deep arrays and objects nest in it.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
