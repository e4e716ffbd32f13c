//! The thread: common commits, errors, and its end.

use std::sync::mpsc;

use futures_util::future::join_all;
use futures_util::poll;

use super::*;

/// Keeps the thread busy until the sender is dropped, so that what is asked meanwhile makes one batch.
pub(super) async fn hold(store: &SqliteStore) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (entered_tx, mut entered) = tokio::sync::mpsc::unbounded_channel();
    let store = store.clone();
    tokio::spawn(async move {
        let wait = move |_: &rusqlite::Connection| {
            let _ = entered_tx.send(());
            let _ = held.recv();
            Ok(())
        };
        store.on_file(wait).await.unwrap();
    });
    entered.recv().await.unwrap();
    release
}

#[tokio::test]
async fn what_fails_leaves_no_trace_and_spoils_nothing() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let mut before = store.insert(TaskSide::Executor, record("before"));
    let mut broken = Box::pin(store.on_file(|file| {
        file.execute("UPDATE tasks SET open = 0", ())?;
        file.execute("INSERT INTO nowhere VALUES (1)", ())
    }));
    let mut after = store.insert(TaskSide::Executor, record("after"));
    assert!(poll!(&mut before).is_pending() && poll!(&mut broken).is_pending());
    assert!(poll!(&mut after).is_pending());
    drop(release);
    assert_eq!(before.await, Ok(None));
    assert!(unavailable(broken.await).contains("no such table: nowhere"));
    assert_eq!(after.await, Ok(None));
    assert_eq!(ids(&store).await, ["before", "after"]);
    store.close().await;
}

#[tokio::test]
async fn what_ends_the_transaction_spoils_nothing() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let mut before = store.insert(TaskSide::Executor, record("before"));
    let mut broken = Box::pin(store.on_file(|file| file.execute_batch("ROLLBACK; SELECT nothing")));
    let mut after = store.insert(TaskSide::Executor, record("after"));
    assert!(poll!(&mut before).is_pending() && poll!(&mut broken).is_pending());
    assert!(poll!(&mut after).is_pending());
    drop(release);
    assert_eq!(before.await, Ok(None));
    unavailable(broken.await);
    assert_eq!(after.await, Ok(None));
    assert_eq!(ids(&store).await, ["before", "after"]);
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_fails_what_has_no_room_and_nothing_else() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    store.on_file(|file| file.pragma_update_and_check(None, "max_page_count", 40, |_| Ok(()))).await.unwrap();
    let release = hold(&store).await;
    let mut large = record("large");
    large.task.title = "x".repeat(1_000_000);
    let all = vec![record("a"), large, record("b"), record("c")];
    let mut inserts: Vec<_> =
        all.into_iter().map(|record| store.insert(TaskSide::Executor, record)).collect();
    for insert in &mut inserts {
        assert!(poll!(insert).is_pending());
    }
    drop(release);
    let mut results = join_all(inserts).await;
    let error = full(results.remove(1));
    assert!(error.contains("database or disk is full"), "{error}");
    assert_eq!(results, [Ok(None), Ok(None), Ok(None)]);
    assert_eq!(ids(&store).await, ["a", "b", "c"]);
    store.close().await;
    assert_eq!(ids(&SqliteStore::open(&path).await.unwrap()).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_waits_is_committed_together() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let records: Vec<_> = (0..100).map(|number| record(&number.to_string())).collect();
    let mut inserts: Vec<_> =
        records.into_iter().map(|record| store.insert(TaskSide::Executor, record)).collect();
    for insert in &mut inserts {
        assert!(poll!(insert).is_pending());
    }
    // The last of the batch undoes the whole transaction the first time it runs, and so is tried again alone.
    let undo = std::sync::atomic::AtomicBool::new(true);
    let mut last = Box::pin(store.on_file(move |file| {
        let count: i64 = file.query_row("SELECT count(*) FROM tasks", (), |row| row.get(0))?;
        if undo.swap(false, std::sync::atomic::Ordering::SeqCst) {
            assert_eq!(count, 100);
            file.execute_batch("ROLLBACK")?;
        }
        Ok(count)
    }));
    assert!(poll!(&mut last).is_pending());
    drop(release);
    assert_eq!(join_all(inserts).await, vec![Ok(None); 100]);
    assert_eq!(last.await, Ok(100));
    store.close().await;
}

/// A record whose result was sent: that it was is to be stored.
fn sent(id: &str) -> TaskRecord {
    let mut record = TaskRecord { settled: true, ..record(id) };
    record.task.status = TaskState::Completed;
    record
}

#[tokio::test]
async fn that_a_result_was_sent_is_committed_with_what_comes_next_or_at_the_end() {
    let (_directory, path) = place();
    let settings = Settings { company: Duration::from_secs(3600), ..Settings::default() };
    let store = SqliteStore::open_with(path.clone(), settings).await.unwrap();
    for id in ["a", "b"] {
        store.insert(TaskSide::Executor, record(id)).await.unwrap();
    }
    let mut first = store.update(TaskSide::Executor, sent("a"));
    assert!(poll!(&mut first).is_pending());
    assert_eq!(store.insert(TaskSide::Executor, record("c")).await, Ok(None));
    assert_eq!(first.await, Ok(true));
    let mut last = store.update(TaskSide::Executor, sent("b"));
    assert!(poll!(&mut last).is_pending());
    store.close().await;
    assert_eq!(last.await, Ok(true));
    assert_eq!(ids(&SqliteStore::open(&path).await.unwrap()).await, ["c"]);
}

#[tokio::test]
async fn that_a_result_was_sent_is_committed_though_nothing_else_comes() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(TaskSide::Executor, record("a")).await.unwrap();
    assert_eq!(store.update(TaskSide::Executor, sent("a")).await, Ok(true));
    assert!(ids(&store).await.is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_thread_that_died_is_an_error() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(TaskSide::Executor, record("a")).await.unwrap();
    unavailable(store.on_file::<(), _>(|_| panic!("a fault of the test's")).await);
    let error = unavailable(store.get(TaskSide::Executor, "a").await);
    assert!(error.contains("was closed, or the thread that writes it died"), "{error}");
    unavailable(store.insert(TaskSide::Executor, record("b")).await);
    store.close().await;
    // The file is free, and what was acknowledged is in it.
    let store = SqliteStore::open_with(path, impatient()).await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    store.close().await;
}

#[tokio::test]
async fn a_store_that_is_dropped_does_what_was_queued() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    for number in 0..100 {
        let mut insert = store.insert(TaskSide::Executor, record(&number.to_string()));
        assert!(poll!(&mut insert).is_pending());
    }
    drop(store);
    drop(release);
    assert_eq!(ids(&SqliteStore::open(&path).await.unwrap()).await.len(), 100);
}

#[tokio::test]
async fn a_store_that_is_closed_did_what_was_queued_and_does_no_more() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let mut insert = store.insert(TaskSide::Executor, record("a"));
    assert!(poll!(&mut insert).is_pending());
    let (clone, other) = (store.clone(), store.clone());
    let mut closing = Box::pin(clone.close());
    assert!(poll!(&mut closing).is_pending());
    drop(release);
    tokio::join!(closing, other.close());
    assert_eq!(insert.await, Ok(None));
    unavailable(store.get(TaskSide::Executor, "a").await);
    store.close().await;
    let store = SqliteStore::open_with(path, impatient()).await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    store.close().await;
}

#[tokio::test]
async fn what_could_not_be_read_again_is_refused() {
    fn nested(levels: usize) -> TaskRecord {
        let mut value = serde_json::json!("[[ \" \\");
        for _ in 0..levels {
            value = serde_json::json!([value]);
        }
        let mut record = record(&levels.to_string());
        record.task.result = Some(value);
        record
    }
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let error = unstorable(store.insert(TaskSide::Executor, nested(126)).await);
    assert!(error.contains("`126` nests deeper than 127 levels"), "{error}");
    assert_eq!(ids(&store).await, Vec::<String>::new());
    store.insert(TaskSide::Executor, nested(125)).await.unwrap();
    assert_eq!(store.get(TaskSide::Executor, "125").await, Ok(Some(nested(125))));
    store.close().await;
}
