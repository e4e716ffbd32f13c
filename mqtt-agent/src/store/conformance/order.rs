//! Rules for `open`.

use std::sync::Arc;

use super::{Verdict, ended, ids, record, same, settled};
use crate::store::TaskSide::{Delegator, Executor};
use crate::store::{TaskRecord, TaskStore};

type Store = Arc<dyn TaskStore>;

pub(super) async fn open_gives_what_is_open_in_order_of_insertion(store: Store) -> Verdict {
    for id in ["c", "a", "d", "b"] {
        store.insert(Executor, record(id)?).await?;
        store.insert(Delegator, record(&format!("other-{id}"))?).await?;
    }
    same("at first", ids(&store.open(Executor, None, 10).await?), vec!["c", "a", "d", "b"])?;
    // Changes do not move them, and a second insertion neither.
    store.update(Executor, TaskRecord { attempts: 1, ..record("c")? }).await?;
    store.insert(Executor, record("a")?).await?;
    store.update(Executor, settled("d")?).await?;
    same("after changes", ids(&store.open(Executor, None, 10).await?), vec!["c", "a", "b"])
}

pub(super) async fn open_knows_what_is_left_to_do(store: Store) -> Verdict {
    store.insert(Executor, record("running")?).await?;
    store.insert(Executor, TaskRecord { settled: true, ..record("running and settled")? }).await?;
    store.insert(Executor, ended("ended")?).await?;
    store.insert(Executor, settled("ended and settled")?).await?;
    let open = store.open(Executor, None, 10).await?;
    same("`open`", ids(&open), vec!["running", "running and settled", "ended"])
}

pub(super) async fn open_gives_pages(store: Store) -> Verdict {
    let mut all = Vec::new();
    for number in 0..25 {
        let id = format!("t-{number}");
        store.insert(Executor, record(&id)?).await?;
        all.push(id);
    }
    let mut seen: Vec<String> = Vec::new();
    for page in [10, 10, 5, 0] {
        let records = store.open(Executor, seen.last().map(String::as_str), 10).await?;
        same("the length of a page", records.len(), page)?;
        seen.extend(ids(&records).into_iter().map(str::to_owned));
    }
    same("all pages", seen, all)
}

pub(super) async fn open_goes_on_after_a_task_that_was_closed(store: Store) -> Verdict {
    for id in ["a", "b", "c", "d"] {
        store.insert(Executor, record(id)?).await?;
    }
    store.update(Executor, settled("b")?).await?;
    store.update(Executor, settled("c")?).await?;
    same("after `a`", ids(&store.open(Executor, Some("a"), 10).await?), vec!["d"])?;
    same("after `b`", ids(&store.open(Executor, Some("b"), 10).await?), vec!["d"])?;
    same("after `d`", ids(&store.open(Executor, Some("d"), 10).await?), Vec::new())
}

pub(super) async fn open_begins_anew_after_a_task_that_is_not_kept(store: Store) -> Verdict {
    store.insert(Executor, record("a")?).await?;
    store.insert(Delegator, record("b")?).await?;
    same("after `b`", ids(&store.open(Executor, Some("b"), 10).await?), vec!["a"])
}

pub(super) async fn open_of_none_gives_none(store: Store) -> Verdict {
    store.insert(Executor, record("a")?).await?;
    same("a limit of 0", store.open(Executor, None, 0).await?, Vec::new())?;
    same("no limit", ids(&store.open(Executor, None, usize::MAX).await?), vec!["a"])
}
