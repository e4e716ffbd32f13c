//! More operations than fit into the thread's queue or into one transaction: each gets its own outcome, also when the
//! store is closed meanwhile, and what was reported is what is in the file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::poll;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::work::hold;
use super::*;

const DEADLINE: Duration = Duration::from_secs(60);
/// More than twice what the queue holds.
const MANY: usize = 2500;

type Inserted = (String, Result<Option<TaskRecord>, StoreError>);

/// Inserts records of these numbers, each in a task of its own, while the thread is held; what each of them comes to.
async fn insert_all(store: &SqliteStore, numbers: Range<usize>) -> Vec<JoinHandle<Inserted>> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = numbers.len();
    let insert = |number: usize| {
        let (store, id, asked) = (store.clone(), format!("t-{number}"), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut insert = store.insert(TaskSide::Executor, record(&id));
            assert!(poll!(&mut insert).is_pending());
            asked.fetch_add(1, Ordering::SeqCst);
            (id, insert.await)
        })
    };
    let inserts = numbers.map(insert).collect();
    let all = async {
        while asked.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, all).await.expect("each asks");
    inserts
}

async fn in_file(path: PathBuf) -> BTreeSet<String> {
    let store = SqliteStore::open(path).await.unwrap();
    let ids = ids(&store).await.into_iter().collect();
    store.close().await;
    ids
}

#[tokio::test]
async fn what_waits_for_a_place_when_the_store_is_closed_is_still_done() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let inserts = insert_all(&store, 0..MANY).await;
    let mut closing = Box::pin(store.close());
    assert!(poll!(&mut closing).is_pending());
    drop(release);
    timeout(DEADLINE, closing).await.expect("it closes");
    let results = timeout(DEADLINE, join_all(inserts)).await.expect("each ends");
    for result in results {
        let (id, inserted) = result.unwrap();
        assert_eq!(inserted, Ok(None), "{id}");
    }
    assert_eq!(in_file(path).await.len(), MANY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_comes_while_the_store_closes_the_file_has_what_was_reported_and_nothing_else() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let mut inserts = insert_all(&store, 0..MANY).await;
    let mut closing = Box::pin(store.close());
    assert!(poll!(&mut closing).is_pending());
    // Behind the closing, which itself waits for its turn.
    inserts.extend(insert_all(&store, MANY..2 * MANY).await);
    drop(release);
    timeout(DEADLINE, closing).await.expect("it closes");
    let mut reported = BTreeSet::new();
    let mut refused = 0;
    for result in timeout(DEADLINE, join_all(inserts)).await.expect("each ends") {
        match result.unwrap() {
            (id, Ok(None)) => drop(reported.insert(id)),
            (_, late) => {
                assert!(unavailable(late).contains("was closed"));
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "all came in time");
    assert_eq!(in_file(path).await, reported);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_keeps_nobody_from_closing() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let inserts = insert_all(&store, 0..MANY).await;
    for insert in &inserts {
        insert.abort();
    }
    drop(release);
    timeout(DEADLINE, store.close()).await.expect("it closes");
    for insert in inserts {
        assert!(insert.await.unwrap_err().is_cancelled());
    }
    // Those that had a place were done, and nobody was told.
    let ids = in_file(path).await;
    assert!(ids.len() < MANY, "{}", ids.len());
}

#[tokio::test]
async fn of_a_large_batch_with_one_that_fails_all_others_are_stored() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let release = hold(&store).await;
    let count = 600;
    let mut all = insert_all(&store, 0..count).await;
    let mut broken = Box::pin(store.on_file(|file| {
        file.execute("DELETE FROM tasks", ())?;
        file.execute("INSERT INTO nowhere VALUES (1)", ())
    }));
    assert!(poll!(&mut broken).is_pending());
    all.extend(insert_all(&store, count..count + 100).await);
    drop(release);
    let error = unavailable(timeout(DEADLINE, broken).await.expect("it ends"));
    assert!(error.contains("no such table: nowhere"), "{error}");
    for result in timeout(DEADLINE, join_all(all)).await.expect("each ends") {
        let (id, inserted) = result.unwrap();
        assert_eq!(inserted, Ok(None), "{id}");
    }
    store.close().await;
    assert_eq!(in_file(path).await.len(), count + 100);
}
