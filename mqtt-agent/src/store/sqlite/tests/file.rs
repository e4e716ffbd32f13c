//! Which stores can open the file, and which files a store accepts.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use super::*;

#[tokio::test]
async fn what_is_kept_survives_a_reopen() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    for id in ["c", "a", "b"] {
        store.insert(TaskSide::Executor, record(id)).await.unwrap();
    }
    store.update(TaskSide::Executor, ended("a")).await.unwrap();
    store.update(TaskSide::Executor, TaskRecord { settled: true, ..ended("a") }).await.unwrap();
    store.close().await;

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(ids(&store).await, ["c", "b"]);
    let settled = TaskRecord { settled: true, ..ended("a") };
    assert_eq!(store.get(TaskSide::Executor, "a").await.unwrap(), Some(settled));
    store.insert(TaskSide::Executor, record("0")).await.unwrap();
    assert_eq!(ids(&store).await, ["c", "b", "0"]);
    store.close().await;
}

#[tokio::test]
async fn a_commit_is_synced_and_the_log_is_written_ahead() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let pragma = |name: &'static str| {
        let store = store.clone();
        async move {
            let read = move |file: &rusqlite::Connection| {
                file.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            };
            store.on_file(read).await.unwrap()
        }
    };
    assert_eq!(pragma("synchronous").await, 2.into());
    assert_eq!(pragma("journal_mode").await, "wal".to_owned().into());
    assert_eq!(pragma("locking_mode").await, "exclusive".to_owned().into());
    store.close().await;
}

#[tokio::test]
async fn a_second_opener_is_refused() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let error = in_use(SqliteStore::open_with(path.clone(), impatient()).await);
    assert!(error.contains("is open elsewhere, and belongs to one store at a time"), "{error}");
    // The first one has not lost it by that.
    store.insert(TaskSide::Executor, record("a")).await.unwrap();
    in_use(SqliteStore::open_with(path.clone(), impatient()).await);
    store.close().await;
    let store = SqliteStore::open_with(path, impatient()).await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    store.close().await;
}

#[tokio::test]
async fn of_8_openers_of_a_new_file_at_once_one_has_it() {
    let (_directory, path) = place();
    let settings = Settings { patience: Duration::from_millis(500), ..Settings::default() };
    let openers: Vec<_> =
        (0..8).map(|_| tokio::spawn(SqliteStore::open_with(path.clone(), settings.clone()))).collect();
    let mut stores = Vec::new();
    for opener in openers {
        match opener.await.unwrap() {
            Ok(store) => stores.push(store),
            refused => drop(in_use(refused)),
        }
    }
    assert_eq!(stores.len(), 1);
}

#[tokio::test]
async fn an_opener_waits_for_one_that_closes() {
    let (_directory, path) = place();
    for round in 0..10 {
        // Dropped, not closed: its thread may still be at work.
        let store = SqliteStore::open(&path).await.unwrap();
        store.insert(TaskSide::Executor, record(&round.to_string())).await.unwrap();
    }
    assert_eq!(ids(&SqliteStore::open(&path).await.unwrap()).await.len(), 10);
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
    let (_directory, path) = place();
    fs::write(&path, "no database at all, and longer than the header of one ".repeat(40)).unwrap();
    let before = fs::read(&path).unwrap();
    let error = unreadable(SqliteStore::open(&path).await);
    assert!(error.contains("file is not a database"), "{error}");
    assert!(fs::read(&path).unwrap() == before);

    let (_directory, path) = place();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let error = unreadable(SqliteStore::open(&path).await);
    assert!(
        error.contains("is a database of something else; put a good copy in its place, or take another file"),
        "{error}"
    );
    assert!(fs::read(&path).unwrap() == before);
}

#[tokio::test]
async fn damage_is_an_error_and_no_loss_in_silence() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    for number in 0..200 {
        let mut record = record(&format!("t-{number}"));
        record.task.title = "x".repeat(1000);
        store.insert(TaskSide::Executor, record).await.unwrap();
    }
    store.close().await;
    let good = fs::read(&path).unwrap();
    assert!(good.len() > 200_000);
    // A page of it each time, from the second on.
    for page in 1..good.len() / 4096 {
        let mut bad = fs::OpenOptions::new().write(true).open(&path).unwrap();
        bad.seek(SeekFrom::Start(page as u64 * 4096)).unwrap();
        bad.write_all(&[0xa5; 4096]).unwrap();
        drop(bad);
        match SqliteStore::open(&path).await {
            Err(error) => assert!(matches!(error, StoreError::Unreadable { .. }), "{error}"),
            Ok(store) => {
                match store.open(TaskSide::Executor, None, 1000).await {
                    Err(error) => assert!(matches!(error, StoreError::Unreadable { .. }), "{error}"),
                    // Not a page that this reads.
                    Ok(records) => assert_eq!(records.len(), 200, "page {page}"),
                }
                store.close().await;
            }
        }
        fs::write(&path, &good).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error() {
    let (directory, path) = place();
    let error = unavailable(SqliteStore::open(directory.path()).await);
    assert!(error.contains("unable to open database file"), "{error}");
    unavailable(SqliteStore::open(directory.path().join("missing").join("tasks.db")).await);
    unavailable(SqliteStore::open("a\0b").await);

    SqliteStore::open(&path).await.unwrap().close().await;
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    // Who may do everything may write it all the same.
    if fs::OpenOptions::new().write(true).open(&path).is_err() {
        let error = unavailable(SqliteStore::open(&path).await);
        assert!(error.contains("readonly"), "{error}");
    }
}

#[tokio::test]
async fn a_path_is_a_path() {
    let error = unreadable(SqliteStore::open(":memory:").await);
    assert!(error.contains("is no file on a disk"), "{error}");
    let (directory, _) = place();
    let path = directory.path().join("задачи 任务?mode=memory.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    assert!(path.exists());
}

/// `mount -t tmpfs -o size=16k tmpfs /tmp/tiny`, then with `MQTT_AGENT_TEST_TINY_DISK=/tmp/tiny` and `-- --ignored`.
#[tokio::test]
#[ignore = "needs a disk that is nearly full"]
async fn a_disk_without_room_for_a_new_file_is_an_error() {
    let path = PathBuf::from(std::env::var_os("MQTT_AGENT_TEST_TINY_DISK").unwrap()).join("tasks.db");
    let error = full(SqliteStore::open(&path).await);
    assert!(error.contains("make room on its disk"), "{error}");
}
